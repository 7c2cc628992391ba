"""Promotions as values: what one is for, when it holds, what it gives.

A promotion belongs to a group. Groups stack in their order, each on the net that the group before left; one
unit takes part in at most one promotion of a group. Nothing here computes a price.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from terminal.core.pricing.basket import Goods
from terminal.core.units import Minor, Percent, Points

PROMOTIONS_MAX = 20_000
STEPS_MAX = 20
SET_MAX = 100
"""The most units one set or bundle is made of."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which goods: all the sets that are given must hold the article; none given means all goods."""

    products: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    not_products: frozenset[str] = frozenset()
    not_categories: frozenset[str] = frozenset()
    price_min: Minor = 0
    """Of the unit price in force, discounts not counted."""
    price_max: Minor | None = None

    def takes(self, goods: Goods, price: Minor) -> bool:
        """Return whether an article at this unit price is meant."""
        return (
            (not self.products or goods.code in self.products)
            and (not self.categories or goods.category in self.categories)
            and (not self.brands or goods.brand in self.brands)
            and goods.code not in self.not_products
            and goods.category not in self.not_categories
            and price >= self.price_min
            and (self.price_max is None or price <= self.price_max)
        )


ALL_GOODS = Selector()


@dataclass(frozen=True, slots=True)
class When:
    """When a promotion holds; what is empty asks nothing. A fact that is not known satisfies nothing."""

    tiers: frozenset[str] = frozenset()
    card_types: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    """Any of them."""
    segments: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    since: int = 0
    """First business date, such as 20261101."""
    until: int = 0
    """Last business date, itself included."""
    hours: tuple[tuple[int, int], ...] = ()
    """Windows in minutes of the day, the end not included."""
    birthday: str = ""
    """``day``, ``week`` or ``month``."""
    first_purchase: bool = False
    coupon: str = ""
    """Campaign of a coupon that must lie on the counter."""
    chosen: bool = False
    """Whether the cashier must have chosen the rule."""
    amount_min: Minor = 0
    """Of the lines it names, before any discount."""
    pieces_min: int = 0
    """Whole pieces of the lines it names."""

    def holds(self, read: Callable[[str], Any], rule: str) -> bool:
        """Return whether the facts allow ``rule``, reading no more of them than it takes."""
        return (
            (not self.tiers or read("tier") in self.tiers)
            and (not self.since or read("date") >= self.since)
            and (not self.until or 0 < read("date") <= self.until)
            and (not self.weekdays or read("weekday") in self.weekdays)
            and (not self.hours or _within(read("minute"), self.hours))
            and (not self.stores or read("store") in self.stores)
            and (not self.card_types or read("card_type") in self.card_types)
            and (not self.levels or read("level") in self.levels)
            and (not self.tags or not self.tags.isdisjoint(read("tags")))
            and (not self.segments or not self.segments.isdisjoint(read("segments")))
            and (not self.birthday or self.birthday in read("birthday"))
            and (not self.first_purchase or bool(read("first_purchase")))
            and (not self.coupon or self.coupon in read("coupons"))
            and (not self.chosen or rule in read("chosen"))
        )


ALWAYS = When()


def _within(minute: int, hours: tuple[tuple[int, int], ...]) -> bool:
    return any(start <= minute < end for start, end in hours)


@dataclass(frozen=True, slots=True)
class PercentOff:
    """The line goes for ``percent`` of what it costs."""

    percent: Percent


@dataclass(frozen=True, slots=True)
class AmountOff:
    """Each unit goes for ``amount`` less, of weighed goods each kilogram."""

    amount: Minor


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Each unit goes for ``price``."""

    price: Minor


@dataclass(frozen=True, slots=True)
class LevelPrice:
    """Each unit goes for the article's price at ``level``; articles without one keep theirs."""

    level: str


@dataclass(frozen=True, slots=True)
class Nth:
    """Sets are formed from the dearest down; in each set the n-th unit goes for ``percents[n]``.

    (100, 50) is the second at half price, (100, 100, 0) three for two.
    """

    percents: tuple[Percent, ...]
    same: bool = False
    """Whether a set is of one article only."""


@dataclass(frozen=True, slots=True)
class SetPrice:
    """Each ``count`` units, formed from the dearest down, go for ``price`` together."""

    count: int
    price: Minor
    same: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """One set of different parts goes for ``price``; of each part the dearest units come first."""

    parts: tuple[tuple[Selector, int], ...]
    price: Minor


@dataclass(frozen=True, slots=True)
class Step:
    """From ``start`` on: ``amount`` off, or ``percent`` to pay where that is not None."""

    start: int
    amount: Minor = 0
    percent: Percent | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """Spend so much, pay less: judged on the net of the lines it names at its group's turn."""

    steps: tuple[Step, ...]
    """By rising start."""
    mode: Literal["highest", "each", "marginal"] = "highest"
    """The highest step reached; each full start again, higher steps first; or each band at its percent."""
    by_pieces: bool = False
    """Whether starts count pieces and not money."""


@dataclass(frozen=True, slots=True)
class SpendGet:
    """Spend ``start`` on what the rule names, get ``count`` units of ``gets`` for ``percent`` or ``price``.

    A gift goes for 0 percent. What can be got does not count as spent.
    """

    start: Minor
    gets: Selector
    count: int
    percent: Percent | None
    price: Minor = 0
    each: bool = False


@dataclass(frozen=True, slots=True)
class PointsPrice:
    """Each unit goes for ``points`` and ``price``; as many as the member's points reach for."""

    points: Points
    price: Minor


LineGives = PercentOff | AmountOff | FixedPrice | LevelPrice
SetGives = Nth | SetPrice | Bundle | Threshold | SpendGet | PointsPrice
Gives = LineGives | SetGives


@dataclass(frozen=True, slots=True)
class Limit:
    """How many units a rule may be used for; None is no limit."""

    per_sale: int | None = None
    per_member: int | None = None
    per_day: int | None = None
    total: int | None = None

    @property
    def is_counted(self) -> bool:
        """Whether it takes the sales before this one to know what is left."""
        return (self.per_member, self.per_day, self.total) != (None, None, None)


NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class Promotion:
    """One rule of prices."""

    id: str
    version: str
    name: str
    group: str
    priority: int
    gives: Gives
    on: Selector = ALL_GOODS
    when: When = ALWAYS
    limit: Limit = NO_LIMIT
    cap: Minor | None = None
    """The most it takes off in one sale."""


@dataclass(frozen=True, slots=True)
class Group:
    """Promotions that do not stack on each other."""

    id: str
    policy: Literal["best", "always"] = "best"
    """``best``: a rule is left out where that is better for the member. ``always``: rules are not."""
    excludes: frozenset[str] = frozenset()
    """Groups that do not take the units this one took, and the other way round."""


@dataclass(frozen=True, slots=True)
class RoundDown:
    """The total goes down to a multiple of ``unit``: 10 or 100 fen (抹零)."""

    id: str
    version: str
    name: str
    unit: Minor
    cash_only: bool

    def __post_init__(self) -> None:
        assert self.unit > 1


def order(promotion: Promotion) -> tuple[int, str]:
    """Return the place of a rule among rules of its group: higher priority first, then the smaller id."""
    return (-promotion.priority, promotion.id)
