"""Words of the card purse: movements, orders to a reader, doubts, and what a shop allows."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from terminal.core.journal import PaymentTaken, PurseIntent, Tender
from terminal.core.units import Minor

PURSE = "purse"
"""The tender's name."""
VIRTUAL_PURSE = "purse:"
"""Before the number of a card, as a virtual reader is given it: one with money on it."""
VIRTUAL_TORN = ":torn"
"""After such a number: the card is torn away as soon as it has moved money, before it has said so."""
TERMINAL_BYTES = 6
"""A terminal's number on cards. Source: JR/T 0025.1, terminal number."""
NAMED_MAX, ANONYMOUS_MAX = 500_000, 100_000
"""Most that a single-purpose prepaid card may hold, in fen: with its holder's name, and without."""
TOP_UP_MAX = 50_000
"""Most that a cashier loads at once, unless the settings say otherwise; a supervisor, up to the ceiling."""


class Move(StrEnum):
    """What may happen to the money on a card."""

    DEBIT = "debit"
    TOP_UP = "top-up"
    REFUND = "refund"
    """Money taken in a sale that had ended otherwise goes back."""
    VOID = "void"
    """Money taken for a sale that is called off goes back."""


class Outcome(StrEnum):
    """What became of a movement."""

    PAID = "paid"
    """It happened, whichever way the money went."""
    VOID = "void"
    UNKNOWN = "unknown"


class DoubtState(StrEnum):
    """How far a movement is from being settled."""

    OPEN = "open"
    """Announced, and being made at this moment."""
    UNKNOWN = "unknown"
    """The card's next tap tells."""
    UNPROVEN = "unproven"
    """The card itself cannot tell any more: the head office decides by the gaps in its counter."""
    OWED = "owed"
    """It happened although its sale had ended otherwise: the money is owed to the customer."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the shop allows at this till; amounts in minor units."""

    named_max: Minor = NAMED_MAX
    anonymous_max: Minor = ANONYMOUS_MAX
    top_up_max: Minor = TOP_UP_MAX


@dataclass(frozen=True, slots=True)
class Around:
    """What a step of the purse may use besides state and event."""

    terminal: str
    """This terminal as cards know it, in hexadecimal."""
    sequence: int
    """The next that is free."""
    when: str
    """The local time, ``YYYYMMDDhhmmss``."""
    allowed: Allowed
    is_supervisor: bool = False


NOWHERE = Around("000000000000", 0, "20000101000000", Allowed())
"""Of a till that takes no purses."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody at the counter wants of a card."""

    move: Move
    amount: Minor
    purse: str = ""
    """Only this card; empty: any."""
    tender: Tender | None = None
    """How a top-up was paid for."""
    about: int = 0
    """Sequence of the movement that is to be given back."""


@dataclass(frozen=True, slots=True)
class Order:
    """A wish that a reader may carry out once, under a number that is never given again."""

    wish: Wish
    terminal: str
    sequence: int
    when: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A movement that is not settled."""

    purse: str
    terminal: str
    sequence: int
    move: str
    amount: Minor
    counter: int
    """Before the movement."""
    balance: Minor
    """Before the movement."""
    when: str
    family: str
    sale_id: str
    state: str
    is_own: bool = True
    """Whether this till announced it."""
    tender: Tender | None = None
    about: int = 0

    @property
    def line(self) -> str:
        """Which of the card's counters it moves."""
        return line_of(self.family, self.move)

    def after(self, outcome: Outcome) -> Minor:
        """Return what the card holds after it came out so, if nothing else happened to it."""
        signed = -self.amount if self.move == Move.DEBIT else self.amount
        return self.balance + (signed if outcome is Outcome.PAID else 0)


def doubt_of(intent: PurseIntent, state: str) -> Doubt:
    """Return ``intent`` as long as nobody knows what became of it."""
    return Doubt(
        intent.purse, intent.terminal, intent.sequence, intent.move, intent.amount, intent.counter,
        intent.balance, intent.when, intent.family, intent.bill.sale_id if intent.bill else "", state,
        tender=intent.tender, about=intent.about,
    )  # fmt: skip


def taken_off(intent: PurseIntent) -> PaymentTaken:
    """Return the payment that a movement on a card turned out to be."""
    assert intent.bill is not None
    reference = reference_of(intent.purse, intent.sequence, intent.balance, intent.amount)
    return PaymentTaken(intent.bill, Tender(PURSE, intent.amount, reference))


def line_of(family: str, move: str) -> str:
    """Return which counter of a card a movement is counted by; most families have one."""
    return "load" if family == "cpu" and move != Move.DEBIT else ""


def terminal_number(terminal: str) -> str:
    """Return the terminal as cards know it, in hexadecimal.

    >>> terminal_number("S01-T1")
    'd3543abaa46c'
    """
    return hashlib.sha256(terminal.encode()).digest()[:TERMINAL_BYTES].hex()


def reference_of(purse: str, sequence: int, balance: Minor, amount: Minor) -> str:
    """Return the reference of a tender off a card: the card, the movement, the money before and after.

    >>> reference_of("04782e21801d80", 7, 5000, 1250)
    '04782e21801d80/7/5000/3750'
    """
    return f"{purse}/{sequence}/{balance}/{balance - amount}"


def parse_reference(reference: str) -> tuple[str, int, Minor, Minor] | None:
    """Return what :func:`reference_of` wrote; None for anything else."""
    parts = reference.split("/")
    if len(parts) != len(["card", " movement", " before", " after"]):
        return None
    purse, *numbers = parts
    if not all(number.isdecimal() and number.isascii() for number in numbers):
        return None
    sequence, before, after = map(int, numbers)
    return purse, sequence, before, after


def tail(purse: str) -> str:
    """Return as much of a card's number as is shown.

    >>> tail("04782e21801d80")
    '1D80'
    """
    return purse[-4:].upper()
