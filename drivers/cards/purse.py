"""Money on a card: what moves it, what the card keeps as evidence, and what may be in doubt.

Every family with a purse keeps the same record of every movement, in the same commit as the new
balance: the card's counter, the terminal and its sequence number, the amount. Whether a torn
movement happened is asked of the counter, never of the balance.

Amounts are in minor units. A movement's kind tells its direction; its amount is never negative.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

from drivers.cards.seam import CardRefusedError

TERMINAL_LENGTH = 6
"""A terminal's number on cards. Source: JR/T 0025.1 (PBOC), terminal number."""
RECORD_LENGTH = 24
"""In full mode 17 to 28 bytes cost as many blocks on the air as 16 do."""
COUNTER_MAX = 0xFFFFFFFF
SEQUENCE_MAX = 0xFFFFFFFF
AMOUNT_MAX = 0x7FFFFFFF
_FORMAT = 1


class Kind(IntEnum):
    """What a movement was."""

    ISSUE = 0
    """The first record, written when the purse was made; moves nothing."""
    DEBIT = 1
    TOP_UP = 2
    REFUND = 3
    """Money back for goods."""
    VOID = 4
    """Money back because a sale was called off."""

    @property
    def is_credit(self) -> bool:
        """Return whether it adds to the balance."""
        return self in (Kind.TOP_UP, Kind.REFUND, Kind.VOID)


@dataclass(frozen=True, slots=True)
class Movement:
    """What a till wants of a purse. It is in the ledger as an intent before the card hears of it."""

    kind: Kind
    amount: int
    terminal: bytes
    sequence: int
    """The terminal's own running number; with ``terminal`` it names the movement for ever."""
    when: str
    """The terminal's local time, ``YYYYMMDDhhmmss``; evidence, never an order."""

    def __post_init__(self) -> None:
        assert 0 < self.amount <= AMOUNT_MAX
        assert len(self.terminal) == TERMINAL_LENGTH
        assert 0 <= self.sequence <= SEQUENCE_MAX
        assert len(self.when) == len("YYYYMMDDhhmmss")
        assert self.when.isdecimal()


@dataclass(frozen=True, slots=True)
class Record:
    """What the card kept of one movement."""

    kind: Kind
    counter: int
    amount: int
    terminal: bytes
    sequence: int | None
    """None where the family's own record has no room for it; a proof then stands for it."""
    balance: int | None
    """The balance after the movement; None where the record does not tell."""

    def is_of(self, movement: Movement) -> bool:
        """Return whether this is the record of ``movement``."""
        return (self.kind, self.amount, self.terminal) == (
            movement.kind,
            movement.amount,
            movement.terminal,
        ) and self.sequence in (None, movement.sequence)

    def pack(self) -> bytes:
        """Return the record as our cards hold it, 24 bytes."""
        assert self.sequence is not None
        assert self.balance is not None
        fields = (self.counter, self.amount, self.sequence, self.balance)
        numbers = b"".join(field.to_bytes(4, "big") for field in fields)
        return bytes((_FORMAT, self.kind)) + self.terminal + numbers

    @classmethod
    def parse(cls, raw: bytes) -> "Record":
        """Return the record in ``raw``.

        Raises:
            CardRefusedError: It is none of ours.
        """
        kinds = [kind.value for kind in Kind]
        if len(raw) != RECORD_LENGTH or raw[0] != _FORMAT or raw[1] not in kinds:
            raise CardRefusedError("a purse record that is none of ours")
        counter, amount, sequence, balance = (
            int.from_bytes(raw[at : at + 4], "big") for at in range(8, RECORD_LENGTH, 4)
        )
        if amount > AMOUNT_MAX or balance > AMOUNT_MAX:
            raise CardRefusedError("a purse record with impossible amounts")
        return cls(Kind(raw[1]), counter, amount, raw[2:8], sequence, balance)


@dataclass(frozen=True, slots=True)
class PurseState:
    """How a purse stands, authenticated. It goes into the intent."""

    card: bytes
    """The number that the card's keys hang on: its UID, or its application serial number."""
    counter: int
    balance: int
    key_version: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that a movement happened."""

    counter: int
    """The card's counter of this movement; one more than the state before it."""
    balance: int
    """The balance after it."""
    proof: bytes
    """What a third party can check: TMC and TMV of a DESFire EV2, TAC of a wallet; may be empty."""
    signed: bytes
    """What ``proof`` is the MAC of."""


class Outcome(StrEnum):
    """What became of a movement whose outcome was unknown."""

    HAPPENED = "happened"
    DID_NOT = "did not"
    UNPROVEN = "unproven"
    """The card was used since, and nothing on it proves the movement any more; HQ decides."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The card's word on a movement whose outcome was unknown."""

    outcome: Outcome
    record: Record | None
    """The record that shows it. With UNPROVEN it is a hint without a MAC, or None."""
    proof: bytes


class DoubtError(Exception):
    """The command that commits was sent, and no answer to it can be believed.

    The money may have moved. The counter at the card's next tap tells; nothing else does. Every
    other error from a movement was raised before that command, so nothing has moved.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.status = cause.status if isinstance(cause, CardRefusedError) else None
        """The status word, if the card seemed to refuse; it carries no MAC and proves nothing."""


class RolledBackError(CardRefusedError):
    """The card is older than it was: somebody wrote an old image back."""


class OpenPurse(Protocol):
    """A purse on a card that lies on the reader. The same calls for every family."""

    def prepare(self, movement: Movement) -> PurseState:
        """Return how the purse stands, for the intent; moves nothing.

        Raises:
            CardTornError, CardRefusedError, BadMacError: Nothing has moved.
        """

    def move(self, movement: Movement) -> Evidence:
        """Make the prepared movement. Its intent is in the ledger by now.

        Raises:
            CardTornError, CardRefusedError, BadMacError: Nothing has moved.
            DoubtError: It may have moved.
        """

    def settle(self, movement: Movement, before: int) -> Settlement:
        """Return what became of ``movement``, whose intent found the counter at ``before``.

        Raises:
            CardTornError, CardRefusedError, BadMacError: It is not settled yet.
        """
