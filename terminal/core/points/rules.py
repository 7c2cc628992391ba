"""The rules of points, as values: whom they serve, what they count, when they are in force, how much.

Every rule has an id, a version and the name that the shop gave it, which stand wherever its points are
shown. Their conditions are in :mod:`terminal.core.points.conditions`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import lcm

from terminal.core.points.conditions import ALL_GOODS, ALL_MEMBERS, ALWAYS, When, Which, Whom
from terminal.core.units import Minor, Percent, Points

SETS_MAX = 200
"""Rule sets of one shop."""
BANDS_MAX = 50
COEFFICIENTS_MAX = 500
MULTIPLES_MAX = 100
PERCENT_MAX: Percent = 10_000
"""A hundredfold: more is a slip of the hand."""
_MEMO_MAX = 20_000


class Kind(StrEnum):
    """Two kinds of points side by side."""

    SPENDABLE = "spendable"
    """May be burned and lapses."""
    STANDING = "standing"
    """Only grows: decides tiers; never burned, never lapses. A refund undoes the sale that grew it."""


class Basis(StrEnum):
    """What a rule set counts."""

    AMOUNT = "amount"
    """Minor units paid."""
    QUANTITY = "quantity"
    """Thousandths of a unit sold."""
    SALE = "sale"
    """One for each sale."""


class Shape(StrEnum):
    """How the bands of a ladder work together."""

    MARGINAL = "marginal"
    """Each band at its own rate, like income tax."""
    WHOLE = "whole"
    """The band that is reached gives its rate to everything."""


class Around(StrEnum):
    """How near to the birthday."""

    DAY = "day"
    WEEK = "week"
    """Monday to Sunday around it, also over New Year."""
    MONTH = "month"


class Lapse(StrEnum):
    """When points lapse."""

    NEVER = "never"
    MONTHS = "months"
    """Usable through the same day so many months later."""
    YEAR_END = "year-end"
    """Usable through 31 December, so many years ahead (0: of the same year)."""


@dataclass(frozen=True, slots=True)
class Band:
    """From ``start`` on: ``points`` for each ``per`` of what is counted."""

    start: int
    per: int
    points: Points

    def __post_init__(self) -> None:
        assert self.start >= 0
        assert self.per > 0
        assert self.points >= 0


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rates by amount. Below the first band's start nothing is earned."""

    shape: Shape
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        starts = [band.start for band in self.bands]
        assert 1 <= len(starts) <= BANDS_MAX
        assert all(lower < upper for lower, upper in pairwise(starts))

    def at(self, amount: int) -> tuple[int, int]:
        """Return the exact points for ``amount`` as numerator and denominator; nothing is rounded.

        >>> bands = (Band(0, 100, 1), Band(10000, 100, 2))
        >>> Ladder(Shape.MARGINAL, bands).at(15050), Ladder(Shape.WHOLE, bands).at(15050)
        ((20100, 100), (30100, 100))
        """
        bands = self.bands
        if self.shape is Shape.WHOLE:
            reached = [band for band in bands if band.start <= amount]
            return (amount * reached[-1].points, reached[-1].per) if reached else (0, 1)
        denominator = lcm(*(band.per for band in bands))
        numerator = 0
        for n, band in enumerate(bands):
            upper = bands[n + 1].start if n + 1 < len(bands) else amount
            part = min(amount, upper) - band.start
            if part > 0:
                numerator += part * band.points * (denominator // band.per)
        return numerator, denominator


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A factor for some members, some goods, some hours. All that match multiply."""

    name: str
    percent: Percent
    """100 changes nothing, 150 is one and a half times, 0 earns nothing."""
    whom: Whom = ALL_MEMBERS
    which: Which = ALL_GOODS
    when: When = ALWAYS

    def __post_init__(self) -> None:
        assert 0 <= self.percent <= PERCENT_MAX


@dataclass(frozen=True, slots=True)
class Birthday:
    """A multiple around the member's birthday (生日双倍 is 200)."""

    name: str
    percent: Percent
    around: Around

    def __post_init__(self) -> None:
        assert 0 <= self.percent <= PERCENT_MAX


@dataclass(frozen=True, slots=True)
class Festival:
    """A multiple on some days."""

    name: str
    percent: Percent
    when: When

    def __post_init__(self) -> None:
        assert 0 <= self.percent <= PERCENT_MAX


Multiple = Birthday | Festival


@dataclass(frozen=True, slots=True)
class Terms:
    """When points become usable and when they lapse."""

    pending_days: int
    """Days until the return period has passed; 0: usable at once."""
    lapse: Lapse
    after: int
    """Months for ``MONTHS``, years ahead for ``YEAR_END``, 0 for ``NEVER``."""

    def __post_init__(self) -> None:
        assert 0 <= self.pending_days <= 366  # noqa: PLR2004 - a year
        assert 0 <= self.after <= 1200  # noqa: PLR2004 - a hundred years in months
        assert self.after > 0 or self.lapse is not Lapse.MONTHS


AT_ONCE_FOR_EVER = Terms(0, Lapse.NEVER, 0)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One way of earning. Of a group only the set that gives most counts; an empty group is none."""

    id: str
    version: str
    name: str
    kind: Kind
    group: str
    priority: int
    """Decides between sets of a group that give the same; higher first, then the smaller id."""
    whom: Whom
    which: Which
    when: When
    basis: Basis
    ladder: Ladder
    coefficients: tuple[Coefficient, ...]
    multiples: tuple[Multiple, ...]
    multiples_stack: bool
    """True: birthday and festival multiply. False: the greatest counts alone (不叠加)."""
    points_max: Points
    """The most one sale may earn: limits the damage of a mistyped price."""
    product_caps: tuple[tuple[str, Points], ...]
    """Product and the most points one unit of it may earn."""
    terms: Terms
    memo: dict[tuple[str, str, str], tuple[int, ...] | None] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Memo of :meth:`coefficients_for`; a pure function of the other fields."""

    def __post_init__(self) -> None:
        assert len(self.coefficients) <= COEFFICIENTS_MAX
        assert len(self.multiples) <= MULTIPLES_MAX
        assert self.points_max >= 0
        assert all(cap >= 0 for _, cap in self.product_caps)

    def coefficients_for(self, category: str, brand: str, product: str) -> tuple[int, ...] | None:
        """Return which coefficients such goods may take, None when the set does not count them."""
        key = (category, brand, product)
        if key not in self.memo:
            if len(self.memo) >= _MEMO_MAX:
                self.memo.clear()
            self.memo[key] = (
                tuple(
                    n
                    for n, each in enumerate(self.coefficients)
                    if each.which != ALL_GOODS and each.which.holds(*key)
                )
                if self.which.holds(*key)
                else None
            )
        return self.memo[key]


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Points as cash (积分抵现). ``points`` are worth ``money``."""

    id: str
    version: str
    name: str
    points: Points
    money: Minor
    points_min: Points
    step: Points
    """Only multiples of it; chosen so that a step is worth whole minor units and nothing rounds."""
    points_max: Points
    """For one sale."""
    bill_percent_max: Percent
    """The share of the bill that may be paid so; what it allows is rounded down."""
    bill_min: Minor
    never_below_cost: bool
    whom: Whom
    which: Which
    when: When

    def __post_init__(self) -> None:
        assert self.points > 0
        assert self.money > 0
        assert self.step > 0
        assert self.step * self.money % self.points == 0
        assert 0 <= self.bill_percent_max <= 100  # noqa: PLR2004 - percent
