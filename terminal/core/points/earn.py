"""Earning: how many points the paid lines of a sale give.

All factors multiply first, then the sale is rounded **down once**, then the points are shared over the
lines by largest remainder. The caller leaves out what earns nothing.
"""

from collections.abc import Sequence

from terminal.core.pricing.rules import EarnRule
from terminal.core.rounding import share
from terminal.core.units import Minor, Points

_PLAIN_PERCENT = 100

Why = tuple[str, str, Points, str, int]
"""Rule, version, points, name, percent."""


def earn(
    paid: Sequence[Minor], tier: str, rule: EarnRule | None
) -> tuple[Points, tuple[Points, ...], tuple[Why, ...]]:
    """Return the points of a sale, each line's share of them, and why.

    ``paid`` has one amount per line, zero for a line that earns nothing; ``tier`` is empty for somebody
    who is no member and earns nothing here (a walk-in claims later, with the receipt).

    >>> rule = EarnRule("e", "1", "1 per yuan", 100, 1, 5000, (("gold", 150),))
    >>> earn([250, 1149, 0], "gold", rule)
    (20, (4, 16, 0), (('e', '1', 20, '1 per yuan', 150),))
    """
    if rule is None or not tier:
        return 0, (), ()
    percent = next((part for name, part in rule.tier_percent if name == tier), _PLAIN_PERCENT)
    points = sum(paid) * rule.points * percent // (rule.spend * _PLAIN_PERCENT)
    points = min(points, rule.points_max)
    if not points:
        return 0, (), ()
    why = (rule.id, rule.version, points, rule.name, percent)
    return points, share(points, paid), (why,)
