"""Makes our application on a DESFire, rolls its keys over, and takes it away again.

As steps (see :mod:`drivers.cards.steps`): each reads the card to learn whether it is done, so an
issue interrupted at any command is simply begun again, and issuing a card with old keys anew rolls
them over while its money stays. Content comes first, keys after it, the application's master key
last; each new key is proven by authenticating with it.

Source: AN12343 and MF3D(H)x2 data sheet (commands); the layout is ours.
"""

from dataclasses import dataclass
from functools import partial

from drivers.cards.desfire.card import AES_KEYS, AID_LENGTH, Card
from drivers.cards.desfire.codes import KEY_NEVER, Mode, Status, refused, rights
from drivers.cards.desfire.files import Files
from drivers.cards.desfire.purse import (
    AID,
    CREDIT_KEY,
    DEBIT_KEY,
    MASTER_KEY,
    MEMBER_FILE,
    MEMBER_LENGTH,
    MEMBER_RIGHTS,
    PURPOSES,
    READ_KEY,
    RECORD_FILE,
    RECORD_RIGHTS,
    RECORDS_KEPT,
    TRANSACTION_FILE,
    VALUE_FILE,
    VALUE_RIGHTS,
    Make,
)
from drivers.cards.desfire.settings import Generation
from drivers.cards.keys import Keys, Purpose, UnknownVersionError
from drivers.cards.purse import RECORD_LENGTH, TERMINAL_LENGTH, Kind, Record
from drivers.cards.seam import CardRefusedError
from drivers.cards.steps import Step

PICC = bytes(AID_LENGTH)
FACTORY_KEY = bytes(16)
FACTORY_VERSION = 0
OPEN_SETTINGS = 0x0F
FINAL_SETTINGS = 0x09
"""The master key alone may change keys and settings, and make, delete and list files."""
_TRANSACTION_RIGHTS = rights(DEBIT_KEY, KEY_NEVER, KEY_NEVER, MASTER_KEY)
_NOT_THAT_KEY = (
    refused(Status.WRONG_KEY),
    refused(Status.NO_SUCH_KEY),
    refused(Status.ILLEGAL_COMMAND),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make of a card."""

    uid: bytes
    member: bytes
    """What its member file holds, at most 64 bytes."""
    ceiling: int
    """The most its purse may ever hold, in minor units."""
    make: Make

    def __post_init__(self) -> None:
        assert len(self.member) <= MEMBER_LENGTH
        assert self.make.generation is not None


def issue(card: Card, keys: Keys, wanted: Wanted) -> tuple[Step, ...]:
    """Return the steps that make a card into what is wanted, whatever was made of it before.

    A purse that holds money keeps it. Any step may raise what a command may raise, and
    UnknownVersionError when the card's keys are of a version without a master here.
    """
    maker = _Maker(card, keys, wanted)
    change = [
        Step(f"key {number}", partial(maker.has_key, number), partial(maker.change_key, number))
        for number in (READ_KEY, CREDIT_KEY, DEBIT_KEY)
    ]
    own = Step("master key", partial(maker.has_key, MASTER_KEY), maker.change_master)
    return (
        Step("application", maker.has_application, maker.create_application),
        Step("files", maker.has_files, maker.create_files),
        Step("member", maker.has_member, maker.write_member),
        Step("first record", maker.has_record, maker.write_record),
        *change,
        Step("settings", maker.has_settings, maker.change_settings),
        own,
    )


def wipe(card: Card, keys: Keys, wanted: Wanted) -> tuple[Step, ...]:
    """Return the step that deletes our application with all that is in it, money included."""
    maker = _Maker(card, keys, wanted)
    return (Step("delete", lambda: not maker.has_application(), maker.delete_application),)


def take_over(card: Card, keys: Keys, wanted: Wanted) -> tuple[Step, ...]:
    """Return the step that gives the whole card our key, so that nobody else can format it."""
    maker = _Maker(card, keys, wanted)
    return (Step("the card's own key", maker.is_ours, maker.change_card_key),)


class _Maker:
    """Does the steps. Each begins with a selection and an authentication of its own."""

    def __init__(self, card: Card, keys: Keys, wanted: Wanted) -> None:
        self._card = card
        self._files = Files(card)
        self._keys = keys
        self._newest = keys.versions[0]
        self._wanted = wanted

    def has_application(self) -> bool:
        try:
            self._card.select(AID)
        except CardRefusedError as error:
            if error.status != refused(Status.NO_APPLICATION):
                raise
            return False
        return True

    def create_application(self) -> None:
        self._begin_card()
        self._card.create_application(AID, OPEN_SETTINGS, len(PURPOSES))

    def delete_application(self) -> None:
        self._begin_card()
        self._card.delete_application(AID)

    def has_files(self) -> bool:
        return self.has_application() and not self._missing()

    def create_files(self) -> None:
        for file in self._missing():
            self._create(file)

    def has_member(self) -> bool:
        if not self.has_files():
            return False
        self._begin(READ_KEY)
        content = self._files.read_data(MEMBER_FILE, MEMBER_LENGTH, Mode.MAC)
        return content == self._member()

    def write_member(self) -> None:
        self._begin(MASTER_KEY)
        self._files.write_data(MEMBER_FILE, self._member(), Mode.MAC)

    def has_record(self) -> bool:
        if not self.has_files():
            return False
        self._begin(MASTER_KEY)
        return self._card.file_settings(RECORD_FILE).records > 0

    def write_record(self) -> None:
        self._begin(DEBIT_KEY)
        first = Record(Kind.ISSUE, 0, 0, bytes(TERMINAL_LENGTH), 0, 0)
        self._files.write_record(RECORD_FILE, first.pack(), Mode.FULL)
        if self._wanted.make.has_transaction_mac:
            self._files.commit_with_mac()
        else:
            self._files.commit()

    def has_key(self, number: int) -> bool:
        if not self.has_application() or self._card.key_version(number) != self._newest:
            return False
        self._begin(number)
        return True

    def change_key(self, number: int) -> None:
        old = self._key(number)
        self._begin(MASTER_KEY)
        self._card.change_key(number, old, self._new(number), self._newest)

    def change_master(self) -> None:
        self._begin(MASTER_KEY)
        self._card.change_own_key(self._new(MASTER_KEY), self._newest)

    def has_settings(self) -> bool:
        if not self.has_application():
            return False
        self._begin(MASTER_KEY)
        return self._card.key_settings() == bytes((FINAL_SETTINGS, AES_KEYS | len(PURPOSES)))

    def change_settings(self) -> None:
        self._begin(MASTER_KEY)
        self._card.change_key_settings(FINAL_SETTINGS)

    def is_ours(self) -> bool:
        self._card.select(PICC)
        if self._card.key_version(0) != self._newest:
            return False
        self._card.begin_ev1(0, self._keys.aes_key(Purpose.PICC, self._newest, self._wanted.uid))
        return True

    def change_card_key(self) -> None:
        self._begin_card()
        new = self._keys.aes_key(Purpose.PICC, self._newest, self._wanted.uid)
        self._card.change_own_key(new, self._newest, AES_KEYS)

    def _missing(self) -> list[int]:
        wanted = [MEMBER_FILE, VALUE_FILE, RECORD_FILE]
        if self._wanted.make.has_transaction_mac:
            wanted.append(TRANSACTION_FILE)
        self._begin(MASTER_KEY)
        there = self._card.files()
        return [file for file in wanted if file not in there]

    def _create(self, file: int) -> None:
        files = self._files
        if file == MEMBER_FILE:
            files.create_data(file, Mode.MAC, MEMBER_RIGHTS, MEMBER_LENGTH, backup=False)
        elif file == VALUE_FILE:
            files.create_value(file, Mode.FULL, VALUE_RIGHTS, (0, self._wanted.ceiling, 0))
        elif file == RECORD_FILE:
            shape = (RECORD_LENGTH, RECORDS_KEPT)
            files.create_records(file, Mode.FULL, RECORD_RIGHTS, shape, cyclic=True)
        else:
            secret = self._keys.aes_key(Purpose.TRANSACTION, self._newest, self._wanted.uid)
            files.create_transaction_mac(file, _TRANSACTION_RIGHTS, secret, self._newest)

    def _member(self) -> bytes:
        return self._wanted.member.ljust(MEMBER_LENGTH, b"\0")

    def _new(self, number: int) -> bytes:
        return self._keys.aes_key(PURPOSES[number], self._newest, self._wanted.uid)

    def _key(self, number: int) -> bytes:
        """Return the key that the card says it has there, by its version."""
        self._card.select(AID)
        version = self._card.key_version(number)
        if version == FACTORY_VERSION:
            return FACTORY_KEY
        if version not in self._keys.versions:
            raise UnknownVersionError(f"key {number}", version)
        return self._keys.aes_key(PURPOSES[number], version, self._wanted.uid)

    def _begin(self, number: int) -> None:
        key = self._key(number)
        if self._wanted.make.generation is Generation.EV1:
            self._card.begin_ev1(number, key)
        else:
            self._card.begin_ev2(number, key)

    def _begin_card(self) -> None:
        """Authenticate with the card's own key: the factory's, or one of ours."""
        self._card.select(PICC)
        try:
            self._card.begin_des(0, FACTORY_KEY)
        except CardRefusedError as error:
            if error.status not in _NOT_THAT_KEY:
                raise
            version = self._card.key_version(0)
            if version not in self._keys.versions:
                raise UnknownVersionError("the card's own key", version) from None
            self._card.begin_ev1(0, self._keys.aes_key(Purpose.PICC, version, self._wanted.uid))
