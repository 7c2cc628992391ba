"""Burning: points as cash (积分抵现) at the till.

Points used at the till are a discount. What they are worth is shared over the lines that may take them, by
largest remainder over their nets; a line takes no more than its room above cost, and what it cannot take
falls on the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from terminal.core.points.occasion import Occasion, is_in_force, serves
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.points.rules import BurnRule
from terminal.core.rounding import share
from terminal.core.units import Minor, Points

_WHOLE_TAX = 10_000
_WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class BurnLine:
    """One line of the quote as burning sees it."""

    net: Minor
    """What it costs now, tax included."""
    cost: Minor | None
    """What the whole line cost the shop, without tax; None: unknown, and then no floor."""
    tax_basis_points: int
    category: str
    brand: str
    product: str
    burns: bool
    """False for goods and cards that points may not pay for."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the cashier may choose from: zero, or ``points_min`` to ``points_max`` in ``step``."""

    rule: BurnRule
    points_min: Points
    points_max: Points
    step: Points
    rooms: tuple[Minor, ...]
    """The most that each line takes."""


@dataclass(frozen=True, slots=True)
class Burned:
    """Points used as cash: ``money`` off, with its and the points' shares by line."""

    rule: BurnRule
    points: Points
    money: Minor
    by_line: tuple[Minor, ...]
    points_by_line: tuple[Points, ...]


def offer(
    lines: Sequence[BurnLine], occasion: Occasion, available: Points, rule: BurnRule
) -> Offer | Refused:
    """Return how many points may be used for ``lines``, or why none.

    The bill is all lines; excluded ones count for its size but take nothing.
    """
    if not occasion.account or not serves(rule.whom, occasion):
        return refused(Reason.NOT_FOR_MEMBER, rule=rule.id)
    if not is_in_force(rule.when, occasion):
        return refused(Reason.NOT_IN_FORCE, rule=rule.id)
    bill = sum(line.net for line in lines)
    if bill < rule.bill_min:
        return refused(Reason.BILL_TOO_SMALL, bill=bill, bill_min=rule.bill_min)
    rooms = tuple(_room(line, rule) for line in lines)
    money_max = min(sum(rooms), bill * rule.bill_percent_max // _WHOLE_PERCENT)
    most = min(available, rule.points_max, money_max * rule.points // rule.money)
    most -= most % rule.step
    least = max(rule.points_min, rule.step)
    least += -least % rule.step
    if most < least:
        return refused(Reason.BELOW_MINIMUM, points_min=least, points_max=max(most, 0))
    return Offer(rule, least, most, rule.step, rooms)


def burn(lines: Sequence[BurnLine], offered: Offer, points: Points) -> Burned | Refused:
    """Return what the chosen ``points`` take off, line by line."""
    if points < offered.points_min:
        return refused(Reason.BELOW_MINIMUM, points_min=offered.points_min)
    if points > offered.points_max:
        return refused(Reason.OVER_MAXIMUM, points_max=offered.points_max)
    if points % offered.step:
        return refused(Reason.NOT_A_STEP, step=offered.step)
    rule = offered.rule
    money = points * rule.money // rule.points  # Whole: a step is worth whole minor units.
    by_line = share_within(money, [line.net for line in lines], offered.rooms)
    return Burned(rule, points, money, by_line, share(points, by_line))


def share_within(total: int, weights: Sequence[int], rooms: Sequence[int]) -> tuple[int, ...]:
    """Share ``total`` over ``weights``, no share larger than its room; the rooms hold all of it.

    Lines that would overflow are filled, and the rest is shared over the others, until all fit.

    >>> share_within(100, [100, 100, 100], [10, 100, 0]), share_within(3, [1, 1], [2, 2])
    ((10, 90, 0), (2, 1))
    """
    assert 0 <= total <= sum(rooms)
    given = [0] * len(rooms)
    open_lines = [n for n, room in enumerate(rooms) if room and weights[n]]
    while total:
        shares = share(total, [weights[n] for n in open_lines])
        over = [n for n, part in zip(open_lines, shares, strict=True) if part > rooms[n]]
        if not over:
            for n, part in zip(open_lines, shares, strict=True):
                given[n] = part
            break
        for n in over:
            given[n] = rooms[n]
            total -= rooms[n]
        open_lines = [n for n in open_lines if n not in set(over)]
    return tuple(given)


def _room(line: BurnLine, rule: BurnRule) -> Minor:
    """Return how much points may take off a line: down to cost, both without tax, when the rule says so."""
    if not line.burns or not rule.which.holds(line.category, line.brand, line.product):
        return 0
    if not rule.never_below_cost or line.cost is None:
        return line.net
    with_tax = -(-line.cost * (_WHOLE_TAX + line.tax_basis_points) // _WHOLE_TAX)
    return max(0, line.net - with_tax)
