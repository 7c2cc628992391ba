"""Refund arithmetic: what lines that come back are worth, in money, tenders and points.

* A line returns its **final net**; thresholds are not judged again, unless the shop says so
  (:func:`judged_again`). A part of a line returns the difference of the shares of all that came back
  before and after, so that the parts add up to the line whatever the steps.
* Each tender, and each lot of stored value, gets back in proportion of what remains of it, by largest
  remainder; when the last line is back, each has all of its own.
* Points earned are taken back (:mod:`terminal.core.points.clawback`); points burned return to their own
  lots, last taken first (:func:`terminal.core.points.moves.put_back`).

Everything is computed from the sale and from what came back before; nothing is looked up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from terminal.core.points.accrue import EarnLine
from terminal.core.points.clawback import clawed_back
from terminal.core.points.lots import Part
from terminal.core.points.moves import last_taken
from terminal.core.points.occasion import Occasion
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.points.rules import RuleSet
from terminal.core.rounding import half_up, share
from terminal.core.units import Minor, Points, Thousandths


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of the sale, with its shares of everything that fell on several."""

    n: int
    quantity: Thousandths
    net: Minor
    """What it cost in the end: after all discounts, points, coupons, bonus money and 抹零."""
    bonus: Minor
    """Bonus money that went into it."""
    burned: Points
    """Points that went into it."""
    earn: EarnLine
    """What it earned on."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One tender, or one lot of stored value, and what it paid net of change."""

    tender: str
    lot: str
    amount: Minor


@dataclass(frozen=True, slots=True)
class Sold:
    """A posted sale as a refund needs it."""

    lines: tuple[SoldLine, ...]
    legs: tuple[Leg, ...]
    """Add up to the lines' nets."""
    bonus_legs: tuple[Leg, ...]
    """Add up to the lines' bonus money."""
    burned: tuple[Part, ...]
    """Lots that points were burned from, in the order they were taken; add up to the lines' points."""
    earned: tuple[Points, Points]
    """Spendable and standing."""
    occasion: Occasion
    sets: tuple[RuleSet, ...]
    """The rules of the sale's own version."""

    def __post_init__(self) -> None:
        assert sum(leg.amount for leg in self.legs) == sum(line.net for line in self.lines)
        assert sum(leg.amount for leg in self.bonus_legs) == sum(line.bonus for line in self.lines)
        assert sum(part.points for part in self.burned) == sum(line.burned for line in self.lines)


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back of a sale so far: the sum of its refunds."""

    quantities: tuple[tuple[int, Thousandths], ...]
    """Line number and how much; a line that is not named is whole."""
    legs: tuple[Minor, ...]
    bonus_legs: tuple[Minor, ...]
    clawed_back: tuple[Points, Points]
    """Spendable and standing; whatever way it was met."""


@dataclass(frozen=True, slots=True)
class LineBack:
    """One line of a refund."""

    n: int
    quantity: Thousandths
    amount: Minor
    bonus: Minor
    burned: Points


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund, worked out."""

    lines: tuple[LineBack, ...]
    amount: Minor
    legs: tuple[Minor, ...]
    """What goes back to each leg of the sale; adds up to ``amount``."""
    bonus_legs: tuple[Minor, ...]
    points_back: tuple[Part, ...]
    """Burned points, to their own lots, last taken first."""
    clawback: tuple[Points, Points]
    """Spendable and standing to take back; how it is met is chosen afterwards."""
    after: Returned


def untouched(sold: Sold) -> Returned:
    """Return that nothing of ``sold`` came back yet."""
    return Returned((), (0,) * len(sold.legs), (0,) * len(sold.bonus_legs), (0, 0))


def refund(
    sold: Sold, before: Returned, asked: Sequence[tuple[int, Thousandths]]
) -> Refund | Refused:
    """Return what the lines ``asked`` for (number and quantity) give back."""
    done = dict(before.quantities)
    lines = {line.n: line for line in sold.lines}
    now = dict(done)
    for n, quantity in asked:
        if n not in lines:
            return refused(Reason.NO_SUCH_LINE, line=n)
        now[n] = now.get(n, 0) + quantity
        if quantity <= 0 or now[n] > lines[n].quantity:
            left = lines[n].quantity - done.get(n, 0)
            return refused(Reason.MORE_THAN_SOLD, line=n, left=left)
    back = tuple(_line_back(lines[n], done.get(n, 0), now[n]) for n in sorted(dict(asked)))
    amount = sum(line.amount for line in back)
    legs = _to_legs(amount, sold.legs, before.legs)
    bonus_legs = _to_legs(sum(line.bonus for line in back), sold.bonus_legs, before.bonus_legs)
    already = sum(_upto(line.burned, done.get(line.n, 0), line.quantity) for line in sold.lines)
    parts = last_taken(sold.burned, already, sum(line.burned for line in back))
    remaining = [_remaining(line, now.get(line.n, 0)) for line in sold.lines]
    claw = clawed_back(sold.earned, before.clawed_back, remaining, sold.occasion, sold.sets)
    after = Returned(
        tuple(sorted(now.items())),
        _added(before.legs, legs),
        _added(before.bonus_legs, bonus_legs),
        (before.clawed_back[0] + claw[0], before.clawed_back[1] + claw[1]),
    )
    return Refund(back, amount, legs, bonus_legs, parts, claw, after)


def judged_again(paid: Minor, returned: Minor, price_of_rest: Minor) -> Minor:
    """Return what a refund gives when thresholds are judged again: the rest is charged at its new price.

    ``paid`` is the whole sale, ``returned`` what went back before. Never negative: nobody pays to return.

    >>> judged_again(28000, 0, 19000), judged_again(28000, 9000, 0), judged_again(100, 0, 120)
    (9000, 19000, 0)
    """
    return max(0, paid - price_of_rest - returned)


def _upto(whole: int, quantity: Thousandths, of: Thousandths) -> int:
    """Return the share of ``whole`` that the first ``quantity`` of a line stands for."""
    return half_up(whole, quantity, of)


def _line_back(line: SoldLine, done: Thousandths, now: Thousandths) -> LineBack:
    of = line.quantity
    amount, bonus, burned = (
        _upto(whole, now, of) - _upto(whole, done, of)
        for whole in (line.net, line.bonus, line.burned)
    )
    return LineBack(line.n, now - done, amount, bonus, burned)


def _to_legs(amount: Minor, legs: Sequence[Leg], returned: Sequence[Minor]) -> tuple[Minor, ...]:
    remains = [leg.amount - back for leg, back in zip(legs, returned, strict=True)]
    assert 0 <= amount <= sum(remains)
    return share(amount, remains)


def _remaining(line: SoldLine, back: Thousandths) -> EarnLine:
    paid = line.earn.paid - _upto(line.earn.paid, back, line.quantity)
    return replace(line.earn, paid=paid, quantity=line.quantity - back)


def _added(one: Iterable[int], other: Iterable[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
