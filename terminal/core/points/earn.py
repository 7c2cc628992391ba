"""Earning: how many points the paid lines of a sale give.

All factors multiply first, then the sale is rounded **down once**, then the points are shared over the
lines by largest remainder. The caller leaves out what earns nothing. This is the quick way for one plain
rule; :mod:`terminal.core.points.accrue` knows all of them and comes to the same for this one.
"""

from collections.abc import Sequence

from terminal.core.points.accrue import Earned
from terminal.core.points.conditions import ALL_GOODS, ALL_MEMBERS, ALWAYS, Whom
from terminal.core.points.rules import (
    AT_ONCE_FOR_EVER,
    Band,
    Basis,
    Coefficient,
    Kind,
    Ladder,
    RuleSet,
    Shape,
)
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


def as_why(earned: Earned) -> tuple[Why, ...]:
    """Return the reasons of an accrual in the shape that quotes and entries keep."""
    return tuple(
        (each.rule.id, each.rule.version, each.points, each.rule.name, each.percent)
        for each in earned.because
        if each.points
    )


def as_rule_set(rule: EarnRule) -> RuleSet:
    """Return the plain rule as a rule set, for refunds and for computing again."""
    tiers = tuple(
        Coefficient(name, percent, Whom(tiers=frozenset({name})))
        for name, percent in rule.tier_percent
    )
    return RuleSet(
        id=rule.id,
        version=rule.version,
        name=rule.name,
        kind=Kind.SPENDABLE,
        group="",
        priority=0,
        whom=ALL_MEMBERS,
        which=ALL_GOODS,
        when=ALWAYS,
        basis=Basis.AMOUNT,
        ladder=Ladder(Shape.MARGINAL, (Band(0, rule.spend, rule.points),)),
        coefficients=tiers,
        multiples=(),
        multiples_stack=True,
        points_max=rule.points_max,
        product_caps=(),
        terms=AT_ONCE_FOR_EVER,
    )
