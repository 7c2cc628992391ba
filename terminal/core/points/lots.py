"""Lots: where a member's points lie, each with its origin, the day it may be used and the day it lapses.

What can be done with them is in :mod:`terminal.core.points.moves`.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

from terminal.core.points.dates import NEVER, BusinessDate, after_days, after_months
from terminal.core.points.rules import Lapse, Terms
from terminal.core.units import Points


class Origin(NamedTuple):
    """The entry a lot comes from, and which of its lots."""

    ledger: str
    seq: int
    part: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one origin. ``left`` is what may still be used, ``lapsed`` what is gone for good."""

    origin: Origin
    granted: Points
    left: Points
    usable_on: BusinessDate
    """First day they may be used; 0: at once."""
    lapses_on: BusinessDate
    """First day they are gone; 0: never."""
    lapsed: Points = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Points taken from one lot, with what is needed to give them back there."""

    origin: Origin
    points: Points
    usable_on: BusinessDate
    lapses_on: BusinessDate


@dataclass(frozen=True, slots=True)
class Flows:
    """What moved, by the lines of the books."""

    earned: Points = 0
    transferred_in: Points = 0
    adjusted: Points = 0
    burned: Points = 0
    lapsed: Points = 0
    clawed_back: Points = 0
    transferred_out: Points = 0

    def __add__(self, other: "Flows") -> "Flows":
        return Flows(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(Flows))
        )

    def net(self) -> Points:
        """Return by how much the member's points grew."""
        came = self.earned + self.transferred_in + self.adjusted
        return came - self.burned - self.lapsed - self.clawed_back - self.transferred_out


@dataclass(frozen=True, slots=True)
class Holding:
    """A member's spendable points."""

    lots: tuple[Lot, ...] = ()
    debt: Points = 0

    def available(self, date: BusinessDate) -> Points:
        """Return what may be used on ``date``, for a holding settled to it; debt is negative."""
        return sum(lot.left for lot in self.lots if lot.usable_on <= date) - self.debt

    def pending(self, date: BusinessDate) -> Points:
        """Return what waits on ``date`` for its return period to pass."""
        return sum(lot.left for lot in self.lots if lot.usable_on > date)

    def lot(self, origin: Origin) -> Lot | None:
        """Return the lot of ``origin``."""
        return next((lot for lot in self.lots if lot.origin == origin), None)


def dates_of(terms: Terms, earned_on: BusinessDate) -> tuple[BusinessDate, BusinessDate]:
    """Return the first day that points may be used (0: at once) and the first day they are gone.

    Points never lapse before they may be used: when the return period reaches past their end, the end
    counts from the first usable day.

    >>> dates_of(Terms(0, Lapse.MONTHS, 12), 20261121), dates_of(Terms(7, Lapse.YEAR_END, 0), 20261228)
    ((0, 20271122), (20270104, 20280101))
    """
    usable_on = after_days(earned_on, terms.pending_days) if terms.pending_days else NEVER
    lapses_on = _gone_on(terms, earned_on)
    if lapses_on and lapses_on <= usable_on:
        lapses_on = _gone_on(terms, usable_on)
    return usable_on, lapses_on


def _gone_on(terms: Terms, date: BusinessDate) -> BusinessDate:
    match terms.lapse:
        case Lapse.NEVER:
            return NEVER
        case Lapse.MONTHS:
            return after_days(after_months(date, terms.after), 1)
        case Lapse.YEAR_END:
            return (date // 10000 + terms.after + 1) * 10000 + 101


def burn_order(lot: Lot) -> tuple[bool, BusinessDate, Origin]:
    """Sort key of lots: soonest lapse first, never-lapsing last, equal dates by origin."""
    return lot.lapses_on == NEVER, lot.lapses_on, lot.origin
