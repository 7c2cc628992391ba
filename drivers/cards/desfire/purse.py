"""Our purse on a DESFire: a value and a log of records that change in one commit.

A purchase takes eight commands: UID, select, two to authenticate, the latest record, debit, new
record, commit. The latest record holds counter and balance, which the value file would have cost a
ninth command to tell; :meth:`Purse.audit` compares the two where time does not matter.

The application's layout is ours; see :mod:`drivers.cards.desfire.issue` for how it is made.
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import CardTornError
from drivers.cards.apdu import get_uid
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.codes import Command, Mode, Status, refused, rights
from drivers.cards.desfire.files import Files
from drivers.cards.desfire.settings import Generation
from drivers.cards.keys import Keys, Purpose, UnknownVersionError, WrongKeyError
from drivers.cards.purse import (
    COUNTER_MAX,
    RECORD_LENGTH,
    DoubtError,
    Evidence,
    Kind,
    Movement,
    Outcome,
    PurseState,
    Record,
    RolledBackError,
    Settlement,
)
from drivers.cards.seam import BadMacError, CardRefusedError, Draw, Transmit

AID = b"TAL"
MASTER_KEY, DEBIT_KEY, CREDIT_KEY, READ_KEY = range(4)
MEMBER_FILE, VALUE_FILE, RECORD_FILE, TRANSACTION_FILE = 1, 2, 3, 15
MEMBER_LENGTH = 64
RECORDS_KEPT = 16
UID_LENGTH = 7
MEMBER_RIGHTS = rights(READ_KEY, MASTER_KEY, DEBIT_KEY, MASTER_KEY)
VALUE_RIGHTS = rights(DEBIT_KEY, CREDIT_KEY, CREDIT_KEY, MASTER_KEY)
RECORD_RIGHTS = rights(DEBIT_KEY, DEBIT_KEY, CREDIT_KEY, MASTER_KEY)

PURPOSES = {
    MASTER_KEY: Purpose.MASTER,
    DEBIT_KEY: Purpose.DEBIT,
    CREDIT_KEY: Purpose.CREDIT,
    READ_KEY: Purpose.READ,
}


@dataclass(frozen=True, slots=True)
class Make:
    """What is known of a card before it is spoken to; HQ's card table or an earlier tap tells."""

    generation: Generation | None
    """None: try EV2, then EV1; an EV1 then costs one command more."""
    has_transaction_mac: bool


UNKNOWN_MAKE = Make(None, has_transaction_mac=False)
EV1_MAKE = Make(Generation.EV1, has_transaction_mac=False)
EV2_MAKE = Make(Generation.EV2, has_transaction_mac=True)
"""As our cards are issued: every EV2 has a transaction MAC."""


class Purse:
    """An open purse: authenticated, its state read, ready for one movement."""

    def __init__(self, files: Files, latest: Record, state: PurseState, make: Make) -> None:
        self._files = files
        self._make = make
        self.latest = latest
        """The latest record; the state is taken from it."""
        self.state = state

    def prepare(self, _movement: Movement) -> PurseState:
        """Return how the purse stands; it was read when the purse was opened."""
        return self.state

    @property
    def make(self) -> Make:
        """What the card turned out to be; it saves an EV1 a command the next time."""
        return self._make

    def member(self, length: int) -> bytes:
        """Return the first bytes of the member file, in one command more.

        Raises:
            CardTornError, CardRefusedError, BadMacError: As of any command.
        """
        return self._files.read_data(MEMBER_FILE, length, Mode.MAC)

    def move(self, movement: Movement) -> Evidence:
        """Debit or credit the purse, with its record, in one commit.

        Raises:
            CardRefusedError: It refused before the commit; 91BE means not enough money, or too
                much of it. Nothing has moved.
            CardTornError, BadMacError: Before the commit. Nothing has moved.
            DoubtError: The commit was sent. Only the card's next tap tells.
        """
        record = self._next(movement)
        command = Command.CREDIT if movement.kind.is_credit else Command.DEBIT
        self._files.change_value(command, VALUE_FILE, movement.amount, Mode.FULL)
        self._files.write_record(RECORD_FILE, record.pack(), Mode.FULL)
        assert record.balance is not None
        try:
            proof, signed = self._commit()
        except (CardTornError, CardRefusedError, BadMacError) as error:
            # A refusal carries no MAC: whoever sits between could have made it up.
            raise DoubtError(error) from error
        return Evidence(record.counter, record.balance, proof, signed)

    def settle(self, movement: Movement, before: int) -> Settlement:
        """Return what became of a movement; see :class:`~drivers.cards.purse.OpenPurse`.

        Raises:
            RolledBackError: The counter is lower than it was.
        """
        if self.state.counter < before:
            raise RolledBackError("the card's counter has gone back")
        if self.state.counter == before:
            return Settlement(Outcome.DID_NOT, None, b"")
        record = self.find(before + 1)
        if record is None:
            return Settlement(Outcome.UNPROVEN, None, b"")
        if record.is_of(movement):
            return Settlement(Outcome.HAPPENED, record, b"")
        return Settlement(Outcome.DID_NOT, None, b"")

    def find(self, counter: int) -> Record | None:
        """Return the record of the movement numbered ``counter``; None when it has aged out.

        Raises:
            CardTornError, CardRefusedError, BadMacError: As of any command.
        """
        back = self.state.counter - counter
        if not back:
            return self.latest
        if not 0 < back < RECORDS_KEPT:
            return None
        record = Record.parse(self._files.read_record(RECORD_FILE, back, RECORD_LENGTH, Mode.FULL))
        if record.counter != counter:
            raise CardRefusedError(f"record {record.counter} where {counter} must be")
        return record

    def audit(self) -> int:
        """Return by how much the value file differs from the latest record; 0 if all is well."""
        return self._files.get_value(VALUE_FILE, Mode.FULL) - self.state.balance

    def _next(self, movement: Movement) -> Record:
        assert movement.kind is not Kind.ISSUE
        signed = movement.amount if movement.kind.is_credit else -movement.amount
        balance = self.state.balance + signed
        counter = self.state.counter + 1
        if balance < 0 or counter > COUNTER_MAX:
            raise CardRefusedError("debit", refused(Status.BOUNDARY))
        return Record(
            movement.kind, counter, movement.amount, movement.terminal, movement.sequence, balance
        )

    def _commit(self) -> tuple[bytes, bytes]:
        if not self._make.has_transaction_mac:
            self._files.commit()
            return b"", b""
        mac, signed = self._files.commit_with_mac()
        return mac.pack(), signed


def open_purse(
    transmit: Transmit,
    draw: Draw,
    keys: Keys,
    make: Make | Callable[[bytes], Make],
    key: int = DEBIT_KEY,
) -> Purse:
    """Return the purse of the card at the other end, in five commands with a key of this year.

    ``key`` is ``DEBIT_KEY`` to pay and ``CREDIT_KEY`` to credit. ``make`` may be asked for by UID; of
    :data:`UNKNOWN_MAKE` the card tells itself what it is.

    Raises:
        CardTornError: The card left. Nothing has moved.
        WrongKeyError: It is another shop's card.
        UnknownVersionError: Its keys are older or newer than ours.
        BadMacError: It is no card of ours, or someone sits between.
        CardRefusedError: It has no purse of ours, or speaks nonsense.
    """
    uid = transmit(get_uid()).expect_ok("GET UID")
    if len(uid) != UID_LENGTH:
        raise CardRefusedError(f"identifier of {len(uid)} bytes, which no purse has")
    if not isinstance(make, Make):
        make = make(uid)
    card = Card(transmit, draw)
    card.select(AID)
    version = begin(card, keys, key, uid, make.generation)
    if make.generation is None:
        make = EV2_MAKE if card.is_ev2 else EV1_MAKE
    files = Files(card)
    latest = Record.parse(files.read_record(RECORD_FILE, 0, RECORD_LENGTH, Mode.FULL))
    assert latest.balance is not None
    state = PurseState(uid, latest.counter, latest.balance, version)
    return Purse(files, latest, state, make)


def begin(card: Card, keys: Keys, key: int, uid: bytes, generation: Generation | None) -> int:
    """Authenticate with our key numbered ``key``; return the version it turned out to have.

    Raises:
        WrongKeyError, UnknownVersionError, BadMacError, CardRefusedError, CardTornError: As
            :func:`open_purse`.
    """
    newest = keys.versions[0]
    try:
        _begin(card, key, keys.aes_key(PURPOSES[key], newest, uid), generation)
    except WrongKeyError:
        version = card.key_version(key)
        if version == newest:
            raise
        if version not in keys.versions:
            raise UnknownVersionError("authenticate", version) from None
        _begin(card, key, keys.aes_key(PURPOSES[key], version, uid), generation)
        return version
    return newest


def _begin(card: Card, number: int, key: bytes, generation: Generation | None) -> None:
    if generation is not Generation.EV1:
        try:
            card.begin_ev2(number, key)
        except CardRefusedError as error:
            if generation is not None or error.status != refused(Status.ILLEGAL_COMMAND):
                raise
        else:
            return
    card.begin_ev1(number, key)
