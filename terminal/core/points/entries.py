"""What entries keep of points: lots that came, and parts of lots that went.

A lot is named by the ledger and the record it comes from; an empty ledger is the entry's own, so that an
entry need not know its own ledger's name. Points that may be used at once and never lapse have no lot of
their own: all of them lie together in the lot :data:`UNDATED`, which is what a balance holds beyond its
dated lots.
"""

from dataclasses import dataclass

from terminal.core.allowance import Spent
from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.lots import Lot, Origin, Part
from terminal.core.points.lottery import Prize
from terminal.core.units import Minor, Points

UNDATED = Origin("", 0, 0)
"""Where points without any date lie."""


@dataclass(frozen=True, slots=True)
class GrantedLot:
    """Points that came, with the days that bound them; its number is its place in the entry."""

    points: Points
    usable_on: BusinessDate
    """First day they may be used; 0: at once."""
    lapses_on: BusinessDate
    """First day they are gone; 0: never."""


@dataclass(frozen=True, slots=True)
class LotPart:
    """Points of one lot; what may be used again comes back to it with these days."""

    ledger: str
    """Empty: the ledger of the entry itself."""
    seq: int
    part: int
    points: Points
    usable_on: BusinessDate
    lapses_on: BusinessDate


@dataclass(frozen=True, slots=True)
class PointsUsed:
    """Points used as cash in a sale, with all shares: a discount and no revenue."""

    rule: str
    version: str
    why: str
    """The rule's name as the shop gave it."""
    points: Points
    money: Minor
    by_line: tuple[Minor, ...]
    points_by_line: tuple[Points, ...]
    parts: tuple[LotPart, ...]
    """The lots they come from, in the order they were taken; add up to ``points``."""


@dataclass(frozen=True, slots=True)
class PointsGiven:
    """Points given without a sale: for joining, bringing somebody, checking in, by hand, for a period."""

    account: str
    cause: str
    """One of ``registration referral top-up event check-in by-hand import period``."""
    rule: str
    """Empty when given by hand."""
    version: str
    why: str
    """The rule's name, or the reason that a person gave."""
    points: Points
    unit: str
    """``points`` or ``standing``."""
    lots: tuple[GrantedLot, ...]
    """The dated ones; the rest is undated."""
    key: str = ""
    """Names what must not be given twice, such as a rule, a period and the member."""
    n: int = 0
    """Of a check-in: how many days in a row it makes. Of a referral: its level, 1 is the nearest."""
    member: str = ""
    """Of a referral: who joined."""
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class PointsTaken:
    """Points taken as a penalty, for a reason that a person gave; what was not there is a debt."""

    account: str
    why: str
    points: Points
    parts: tuple[LotPart, ...]
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class GiftGiven:
    """A gift for points, or for points and money (积分兑换)."""

    account: str
    gift: str
    version: str
    name: str
    what: str
    """``goods virtual privilege coupon upgrade``."""
    grants: str
    """What it leads to: an article, a coupon's campaign, a tier."""
    until: BusinessDate
    """Last day of a privilege, coupon or upgrade; 0: without end, or does not matter."""
    pieces: int
    points: Points
    money: Minor
    tender: str
    """How the money was paid: ``cash`` or ``external``; empty without any."""
    reference: str
    parts: tuple[LotPart, ...]
    code: str = ""
    """What the member shows to get a virtual good: printed on the slip."""
    spent: tuple[Spent, ...] = ()
    """Against which allowances; empty where the till is the authority."""

    @property
    def value_spent(self) -> tuple[Spent, ...]:
        """What is spent, and against which allowances."""
        return self.spent


@dataclass(frozen=True, slots=True)
class LotteryOpened:
    """A lottery with its published odds, and the end of the chain that fixes every draw."""

    lottery: str
    version: str
    name: str
    prizes: tuple[Prize, ...]
    draws_max: int
    commitment: bytes
    points: Points
    member_max: int


@dataclass(frozen=True, slots=True)
class LotteryDrawn:
    """One draw: what was revealed proves it the moment it is made."""

    account: str
    opened: int
    """The record of this ledger that opened the lottery."""
    lottery: str
    n: int
    ticket: bytes
    revealed: bytes
    roll: int
    prize: str
    """Empty: none."""
    name: str
    points: Points
    parts: tuple[LotPart, ...]
    version: str = ""
    """Of the lottery."""
    spent: tuple[Spent, ...] = ()
    """Against which allowances; empty where the till is the authority."""

    @property
    def value_spent(self) -> tuple[Spent, ...]:
        """What is spent, and against which allowances."""
        return self.spent


@dataclass(frozen=True, slots=True)
class PeriodComputed:
    """A rule was computed over a period, and all it gives stands in the entries before this."""

    rule: str
    version: str
    why: str
    first: BusinessDate
    last: BusinessDate
    members: int
    points: Points


def as_parts(parts: tuple[Part, ...]) -> tuple[LotPart, ...]:
    """Return ``parts`` as an entry keeps them."""
    return tuple(
        LotPart(*part.origin, part.points, part.usable_on, part.lapses_on) for part in parts
    )


def dated(lots: tuple[GrantedLot, ...]) -> tuple[GrantedLot, ...]:
    """Return those of ``lots`` that some date binds; the others lie in :data:`UNDATED`."""
    return tuple(lot for lot in lots if lot.usable_on or lot.lapses_on != NEVER)


def as_lot(part: LotPart) -> Lot:
    """Return the lot of a row of the lots' projection."""
    origin = Origin(part.ledger, part.seq, part.part)
    return Lot(origin, part.points, part.points, part.usable_on, part.lapses_on)
