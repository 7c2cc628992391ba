"""What a reader, a person or the head office says of the money on a card."""

from dataclasses import dataclass

from terminal.core.purse.words import Doubt, Outcome, Wish
from terminal.core.refusal import Key
from terminal.core.units import Minor


@dataclass(frozen=True, slots=True)
class CardAsked:
    """Somebody wants something of a card."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class CardDropped:
    """The card is no longer awaited: the customer pays otherwise."""


@dataclass(frozen=True, slots=True)
class CardReady:
    """The card for order ``sequence`` lies there, open and authenticated; nothing has moved."""

    sequence: int
    purse: str
    family: str
    counter: int
    balance: Minor
    key_version: int
    member: str
    """Account of whose card it is; empty: nobody's that is known."""
    known: int
    """The highest counter that this till ever saw of the card."""
    is_lost: bool
    doubts: tuple[Doubt, ...]
    """What the card can settle, this till's and others'."""


@dataclass(frozen=True, slots=True)
class CardMoved:
    """The card has done it, and proved it."""

    sequence: int
    counter: int
    balance: Minor
    proof: bytes
    signed: bytes


@dataclass(frozen=True, slots=True)
class CardUnmoved:
    """It has surely not been done: the command that commits was never sent, or nothing was asked."""

    sequence: int
    key: Key
    is_torn: bool
    """Whether the same card, laid on again, may well do it."""


@dataclass(frozen=True, slots=True)
class CardDoubtful:
    """The command that commits was sent, and no answer to it can be believed."""

    sequence: int


@dataclass(frozen=True, slots=True)
class CardSettled:
    """The card's word on a doubt: ``PAID``, ``VOID``, or ``UNKNOWN`` when it cannot tell any more."""

    doubt: Doubt
    outcome: Outcome
    balance: Minor
    proof: bytes
    how: str = "record"
    """``record``: the card said so here; ``witness``: it said so at another till."""


@dataclass(frozen=True, slots=True)
class OfficeSettled:
    """A person has decided a doubt that no card can settle, or another till saw the card."""

    doubt: Doubt
    outcome: Outcome
    how: str


@dataclass(frozen=True, slots=True)
class CashGiven:
    """What is owed for ``doubt`` was given back in cash."""

    doubt: Doubt


Event = (
    CardAsked
    | CardDropped
    | CardReady
    | CardMoved
    | CardUnmoved
    | CardDoubtful
    | CardSettled
    | OfficeSettled
    | CashGiven
)
