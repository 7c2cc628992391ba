"""Clawback: what a refund takes back of the points that its sale earned.

Over all refunds of a sale so far, what is taken back is points earned − points computed on what remains:
it depends on what remains and not on the steps that led there, so many small refunds equal one big one.
Under rules that give more for less the sum never falls below zero, and points may come back.

Taken first from the sale's own lots, also pending ones; what of them has lapsed is gone already and is not
taken twice; then from what else may be used, in the order of burning. If that is not enough, the choice of
the shop is named in the result. Never silently.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from terminal.core.points.accrue import EarnLine, accrue
from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.lots import Flows, Holding, Lot, Origin, Part, burn_order
from terminal.core.points.moves import Moved, out, put_back, usable
from terminal.core.points.occasion import Occasion
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.points.rules import BurnRule, RuleSet
from terminal.core.rounding import half_up
from terminal.core.units import Minor, Points


class Shortfall(StrEnum):
    """Who bears what the member no longer has."""

    FROM_REFUND = "from-refund"
    """The member, out of the money: at the rate of burning."""
    DEBT = "debt"
    """The member, later: the next earnings pay it."""
    WAIVED = "waived"
    """The shop, with approval."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen in case points are short: tried in turn."""

    turns: tuple[Shortfall, ...]
    rate: BurnRule | None
    """What a point is worth, for ``FROM_REFUND``."""
    money_max: Minor
    """The most that may be kept of this refund's money."""
    approved_by: str
    """Who waived; empty: nobody."""


NO_CHOICE = Choice((), None, 0, "")


@dataclass(frozen=True, slots=True)
class Clawback:
    """How a clawback was met: the numbers add up to what was asked."""

    moved: Moved
    taken: Points
    """Out of lots."""
    lapsed_before: Points
    """Of the sale's own lots, gone already."""
    from_refund: Points
    money_kept: Minor
    """What ``from_refund`` was worth: the customer gets so much less."""
    debt: Points
    waived: Points
    approved_by: str


def clawed_back(
    earned: tuple[Points, Points],
    already: tuple[Points, Points],
    remaining: Sequence[EarnLine],
    occasion: Occasion,
    sets: Sequence[RuleSet],
) -> tuple[Points, Points]:
    """Return what this refund takes back of spendable and of standing points.

    ``earned`` and ``already`` (taken back by refunds before) are pairs of spendable and standing;
    ``occasion`` and ``sets`` are those of the sale, not of today.
    """
    now = accrue(remaining, occasion, sets)
    return (
        max(0, earned[0] - now.spendable.points) - already[0],
        max(0, earned[1] - now.standing.points) - already[1],
    )


def claw_back(
    holding: Holding, sale: tuple[str, int], points: Points, date: BusinessDate, choice: Choice
) -> Clawback | Refused:
    """Take ``points`` that ``sale`` earned out of a settled holding.

    ``sale`` is the ledger and sequence of its entry. Negative ``points`` come back to its lot.
    """
    if points < 0:
        return _come_back(holding, sale, -points, date)
    own = [lot for lot in holding.lots if lot.origin[:2] == sale]
    order = sorted(own, key=burn_order)
    order += [lot for lot in usable(holding, date) if lot.origin[:2] != sale]
    taken_own = min(points, sum(lot.left for lot in own))
    covered = min(points - taken_own, sum(lot.lapsed for lot in own))
    after, parts = out(holding, points - covered, order)
    taken = sum(part.points for part in parts)
    return _met(
        Moved(_counted(after, sale, covered), parts, Flows(clawed_back=taken)),
        (points, taken, covered),
        choice,
    )


def _come_back(
    holding: Holding, sale: tuple[str, int], points: Points, date: BusinessDate
) -> Clawback:
    own = sorted((lot for lot in holding.lots if lot.origin[:2] == sale), key=burn_order)
    # A lot that is no longer kept had lapsed: its points lapse again at once.
    gone = Lot(Origin(*sale), 0, 0, NEVER, date)
    lot = own[0] if own else gone
    moved = put_back(holding, (Part(lot.origin, points, lot.usable_on, lot.lapses_on),), date)
    flows = Flows(clawed_back=-points, lapsed=moved.lapsed_again)
    return Clawback(replace(moved, flows=flows), -points, 0, 0, 0, 0, 0, "")


def _counted(holding: Holding, sale: tuple[str, int], covered: Points) -> Holding:
    """Return ``holding`` with ``covered`` lapsed points of the sale counted, so that they count once."""
    lots: list[Lot] = []
    for lot in holding.lots:
        here = min(covered, lot.lapsed) if lot.origin[:2] == sale else 0
        covered -= here
        lots.append(replace(lot, lapsed=lot.lapsed - here))
    return replace(holding, lots=tuple(lots))


def _met(moved: Moved, asked: tuple[Points, Points, Points], choice: Choice) -> Clawback | Refused:
    """Return how the clawback is met when the lots gave ``taken`` of it and ``covered`` had lapsed."""
    points, taken, covered = asked
    short = points - taken - covered
    paid = kept = debt = waived = 0
    for turn in choice.turns if short else ():
        match turn:
            case Shortfall.FROM_REFUND:
                paid, kept = _worth(short, choice.rate, choice.money_max)
                short -= paid
            case Shortfall.DEBT:
                debt, short = short, 0
            case Shortfall.WAIVED if short and not choice.approved_by:
                return refused(Reason.APPROVAL_MISSING, short=short)
            case Shortfall.WAIVED:
                waived, short = short, 0
    if short:
        return refused(Reason.CHOICE_MISSING, short=short)
    holding = replace(moved.holding, debt=moved.holding.debt + debt)
    flows = Flows(clawed_back=taken + debt)
    approved_by = choice.approved_by if waived else ""
    return Clawback(
        replace(moved, holding=holding, flows=flows),
        taken, covered, paid, kept, debt, waived, approved_by,
    )  # fmt: skip


def _worth(short: Points, rate: BurnRule | None, money_max: Minor) -> tuple[Points, Minor]:
    """Return how many of ``short`` points the money pays, and with how much."""
    if rate is None:
        return 0, 0
    points = min(short, money_max * rate.points // rate.money)
    return points, half_up(points, rate.money, rate.points)
