"""Conditions of the rules of points: which members, which goods, when.

An empty set means "no condition"; sets that are not empty must all hold.
"""

from dataclasses import dataclass

from terminal.core.points.dates import NEVER, BusinessDate

MINUTES_A_DAY = 24 * 60

_ANYBODY: frozenset[str] = frozenset()
_ANY_DAY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Whom:
    """Which members."""

    tiers: frozenset[str] = _ANYBODY
    card_types: frozenset[str] = _ANYBODY
    stores: frozenset[str] = _ANYBODY
    tags: frozenset[str] = _ANYBODY
    """One of them is enough."""
    segments: frozenset[str] = _ANYBODY
    """One of them is enough."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which goods."""

    categories: frozenset[str] = _ANYBODY
    brands: frozenset[str] = _ANYBODY
    products: frozenset[str] = _ANYBODY
    not_categories: frozenset[str] = _ANYBODY
    not_brands: frozenset[str] = _ANYBODY
    not_products: frozenset[str] = _ANYBODY

    def holds(self, category: str, brand: str, product: str) -> bool:
        """Return whether goods with these names are meant."""
        return (
            (not self.categories or category in self.categories)
            and (not self.brands or brand in self.brands)
            and (not self.products or product in self.products)
            and category not in self.not_categories
            and brand not in self.not_brands
            and product not in self.not_products
        )


@dataclass(frozen=True, slots=True)
class When:
    """When in force: business dates, weekdays, days of the month, and a window of the clock."""

    first: BusinessDate = NEVER
    """First day, 0: has always been in force."""
    last: BusinessDate = NEVER
    """Last day, included; 0: without end."""
    weekdays: frozenset[int] = _ANY_DAY
    """1 for Monday to 7 for Sunday."""
    days: frozenset[int] = _ANY_DAY
    """Days of the month, such as the 18th for members' day (会员日)."""
    from_minute: int = 0
    to_minute: int = MINUTES_A_DAY
    """Not included. Smaller than ``from_minute``: the window reaches over midnight."""

    def __post_init__(self) -> None:
        assert not self.last or self.first <= self.last
        assert self.weekdays <= set(range(1, 8))
        assert self.days <= set(range(1, 32))
        assert 0 <= self.from_minute < MINUTES_A_DAY
        assert 0 < self.to_minute <= MINUTES_A_DAY


ALL_MEMBERS, ALL_GOODS, ALWAYS = Whom(), Which(), When()
