"""Makes, checks, rolls over and takes away our application on a DESFire.

Every step first looks whether it is done, so an issue that was interrupted anywhere, at any
command, is simply begun again. Until the keys are ours the application holds nothing; the keys are
changed last, the application's own master key last of them, and each is proven by authenticating
with it. A new record is committed before the keys change, so a purse is never without one.

Source: AN12343 and MF3D(H)x2 data sheet (commands); the layout is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass

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

PICC = bytes(AID_LENGTH)
FACTORY_KEY = bytes(16)
FACTORY_VERSION = 0
_FINAL_SETTINGS = 0x09
"""Master key may be changed and settings too; creating and deleting files needs it; listing not."""
_OPEN_SETTINGS = 0x0F
_TRANSACTION_RIGHTS = rights(DEBIT_KEY, KEY_NEVER, KEY_NEVER, MASTER_KEY)

Progress = Callable[[str], None]
"""Is told each step, in words without secrets."""


@dataclass(frozen=True, slots=True)
class Issue:
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


def issue(card: Card, keys: Keys, wanted: Issue, tell: Progress) -> None:
    """Make a factory card, a half-made one or one of ours into what is ``wanted``.

    A purse that holds money already keeps it.

    Raises:
        CardTornError: Begin again with the same card.
        CardRefusedError, BadMacError: As of any command.
    """
    tell("application")
    _create_application(card, keys, wanted)
    key, version = _begin_master(card, keys, wanted)
    tell("files")
    files = Files(card)
    _create_files(card, files, keys, wanted)
    tell("content")
    _write_content(card, files, wanted, key)
    tell("keys")
    _change_keys(card, keys, wanted, (key, version))
    tell("verify")
    verify(card, keys, wanted)


def verify(card: Card, keys: Keys, wanted: Issue) -> None:
    """Read back what was issued: all keys, the member file, and that a record is there.

    Raises:
        CardRefusedError: Something is not as wanted; says what.
    """
    generation, newest = wanted.make.generation, keys.versions[0]
    for number in reversed(PURPOSES):
        card.select(AID)
        _begin(card, generation, number, keys.aes_key(PURPOSES[number], newest, wanted.uid))
        if card.key_version(number) != newest:
            raise CardRefusedError(f"key {number} is not of version {newest}")
    card.select(AID)
    _begin(card, generation, READ_KEY, keys.aes_key(Purpose.READ, newest, wanted.uid))
    member = Files(card).read_data(MEMBER_FILE, MEMBER_LENGTH, Mode.MAC)
    if member != wanted.member.ljust(MEMBER_LENGTH, b"\0"):
        raise CardRefusedError("the member file holds something else")
    _begin(card, generation, DEBIT_KEY, keys.aes_key(Purpose.DEBIT, newest, wanted.uid))
    Record.parse(Files(card).read_record(RECORD_FILE, 0, RECORD_LENGTH, Mode.FULL))


def wipe(card: Card, keys: Keys, uid: bytes) -> None:
    """Delete our application, whatever is in it.

    Raises:
        CardTornError, CardRefusedError: As of any command.
    """
    card.select(PICC)
    _begin_picc(card, keys, uid)
    if AID in card.applications():
        card.delete_application(AID)


def take_over(card: Card, keys: Keys, uid: bytes, generation: Generation) -> None:
    """Give the card itself our master key, so that nobody else can delete what is on it.

    Raises:
        CardTornError: Begin again.
        CardRefusedError: The card does not take the key, or is another's.
    """
    newest = keys.versions[0]
    new = keys.aes_key(Purpose.PICC, newest, uid)
    card.select(PICC)
    try:
        card.begin_des(0, FACTORY_KEY)
        card.change_own_key(new, newest, AES_KEYS)
        card.select(PICC)
    except CardRefusedError as error:
        if error.status not in (refused(Status.WRONG_KEY), refused(Status.NO_SUCH_KEY)):
            raise
        card.select(PICC)
    _begin(card, generation, 0, new)


def _create_application(card: Card, keys: Keys, wanted: Issue) -> None:
    card.select(PICC)
    try:
        card.select(AID)
    except CardRefusedError as error:
        if error.status != refused(Status.NO_APPLICATION):
            raise
        card.select(PICC)
        _begin_picc(card, keys, wanted.uid)
        card.create_application(AID, _OPEN_SETTINGS, len(PURPOSES))
        card.select(AID)


def _begin_picc(card: Card, keys: Keys, uid: bytes) -> None:
    try:
        card.begin_des(0, FACTORY_KEY)
    except CardRefusedError as error:
        if error.status not in (refused(Status.WRONG_KEY), refused(Status.NO_SUCH_KEY)):
            raise
        card.select(PICC)
        version = card.key_version(0)
        if version not in keys.versions:
            raise UnknownVersionError("the card's own master key", version) from None
        card.begin_ev1(0, keys.aes_key(Purpose.PICC, version, uid))


def _begin_master(card: Card, keys: Keys, wanted: Issue) -> tuple[bytes, int]:
    """Authenticate with the application's master key, ours or the factory's; return it."""
    version = card.key_version(MASTER_KEY)
    key = FACTORY_KEY
    if version in keys.versions:
        key = keys.aes_key(Purpose.MASTER, version, wanted.uid)
    elif version != FACTORY_VERSION:
        raise UnknownVersionError("the application's master key", version)
    _begin(card, wanted.make.generation, MASTER_KEY, key)
    return key, version


def _create_files(card: Card, files: Files, keys: Keys, wanted: Issue) -> None:
    there = card.files()
    if MEMBER_FILE not in there:
        files.create_data(MEMBER_FILE, Mode.MAC, MEMBER_RIGHTS, MEMBER_LENGTH, backup=False)
    if VALUE_FILE not in there:
        files.create_value(VALUE_FILE, Mode.FULL, VALUE_RIGHTS, (0, wanted.ceiling, 0))
    if RECORD_FILE not in there:
        shape = (RECORD_LENGTH, RECORDS_KEPT)
        files.create_records(RECORD_FILE, Mode.FULL, RECORD_RIGHTS, shape, cyclic=True)
    if wanted.make.has_transaction_mac and TRANSACTION_FILE not in there:
        newest = keys.versions[0]
        key = keys.aes_key(Purpose.TRANSACTION, newest, wanted.uid)
        files.create_transaction_mac(TRANSACTION_FILE, _TRANSACTION_RIGHTS, key, newest)


def _write_content(card: Card, files: Files, wanted: Issue, master: bytes) -> None:
    files.write_data(MEMBER_FILE, wanted.member.ljust(MEMBER_LENGTH, b"\0"), Mode.MAC)
    if card.file_settings(RECORD_FILE).records:
        return
    # Only the debit key may write a record. While there is none it is still the factory's.
    generation = wanted.make.generation
    _begin(card, generation, DEBIT_KEY, FACTORY_KEY)
    first = Record(Kind.ISSUE, 0, 0, bytes(TERMINAL_LENGTH), 0, 0)
    files.write_record(RECORD_FILE, first.pack(), Mode.FULL)
    if wanted.make.has_transaction_mac:
        files.commit_with_mac()
    else:
        files.commit()
    _begin(card, generation, MASTER_KEY, master)


def _change_keys(card: Card, keys: Keys, wanted: Issue, master: tuple[bytes, int]) -> None:
    newest = keys.versions[0]
    for number in (READ_KEY, CREDIT_KEY, DEBIT_KEY):
        version = card.key_version(number)
        if version != newest:
            old = _key_of(keys, number, version, wanted.uid)
            new = keys.aes_key(PURPOSES[number], newest, wanted.uid)
            card.change_key(number, old, new, newest)
    card.change_key_settings(_FINAL_SETTINGS)
    if master[1] != newest:
        card.change_own_key(keys.aes_key(Purpose.MASTER, newest, wanted.uid), newest)


def _key_of(keys: Keys, number: int, version: int, uid: bytes) -> bytes:
    if version in keys.versions:
        return keys.aes_key(PURPOSES[number], version, uid)
    if version != FACTORY_VERSION:
        raise UnknownVersionError(f"key {number}", version)
    return FACTORY_KEY


def _begin(card: Card, generation: Generation | None, number: int, key: bytes) -> None:
    if generation is Generation.EV1:
        card.begin_ev1(number, key)
    else:
        card.begin_ev2(number, key)
