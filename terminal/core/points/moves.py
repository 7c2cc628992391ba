"""Moves of points: granted, settled to a date, burned, given back, handed on.

Nothing changes in place: each move returns the holding after it and the
:class:`~terminal.core.points.lots.Flows` that it adds to the books, so that opening + earned +
transferred in + adjusted = burned + lapsed + clawed back + transferred out + available + pending holds
after every move. Debt is negative available.

A holding is settled to a date before it is used (:func:`settled`): lots lapse and ripen in the order of
their days, so that settling daily or once a year comes to the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.lots import Flows, Holding, Lot, Origin, Part, burn_order, dates_of
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.points.rules import Terms
from terminal.core.units import Points


@dataclass(frozen=True, slots=True)
class Moved:
    """An act on a holding: what it left, from or into which lots, and what the books say."""

    holding: Holding
    parts: tuple[Part, ...]
    flows: Flows
    lapsed_again: Points = 0
    """Of points given back: what lapsed at once because its lot's day is past. The entry says so."""


def granted(
    holding: Holding, origin: Origin, points: Points, terms: Terms, date: BusinessDate
) -> Moved:
    """Return ``holding`` with a new lot; what may be used at once pays a debt first."""
    assert points > 0
    assert holding.lot(origin) is None
    usable_on, lapses_on = dates_of(terms, date)
    new = Lot(origin, points, points, usable_on, lapses_on)
    after = with_debt_paid(replace(holding, lots=(*holding.lots, new)), date)
    return Moved(after, (Part(origin, points, usable_on, lapses_on),), Flows(earned=points))


def settled(holding: Holding, date: BusinessDate) -> Moved:
    """Return ``holding`` as it is on ``date``: lots lapsed and ripened, debts paid, day by day."""
    days = {lot.usable_on for lot in holding.lots if lot.left and lot.usable_on <= date}
    days |= {lot.lapses_on for lot in holding.lots if lot.left and NEVER < lot.lapses_on <= date}
    parts: list[Part] = []
    for day in sorted(days):
        holding, gone = _lapsed_on(holding, day)
        parts += gone
        holding = with_debt_paid(holding, day)
    return Moved(holding, tuple(parts), Flows(lapsed=sum(part.points for part in parts)))


def _lapsed_on(holding: Holding, day: BusinessDate) -> tuple[Holding, list[Part]]:
    lots: list[Lot] = []
    gone: list[Part] = []
    for lot in holding.lots:
        if lot.left and NEVER < lot.lapses_on <= day:
            gone.append(Part(lot.origin, lot.left, lot.usable_on, lot.lapses_on))
            lots.append(replace(lot, left=0, lapsed=lot.lapsed + lot.left))
        else:
            lots.append(lot)
    return replace(holding, lots=tuple(lots)), gone


def with_debt_paid(holding: Holding, day: BusinessDate) -> Holding:
    """Return ``holding`` with as much debt paid from usable lots as they hold. The books do not move."""
    ripe = sum(lot.left for lot in holding.lots if lot.usable_on <= day)
    paid = min(ripe, holding.debt)
    if not paid:
        return holding
    after, _ = out(holding, paid, usable(holding, day))
    return replace(after, debt=holding.debt - paid)


def usable(holding: Holding, date: BusinessDate) -> list[Lot]:
    """Return the lots that may be used on ``date``, in the order they are burned."""
    return sorted((lot for lot in holding.lots if lot.usable_on <= date), key=burn_order)


def out(holding: Holding, points: Points, order: Iterable[Lot]) -> tuple[Holding, tuple[Part, ...]]:
    """Take up to ``points`` out of the lots of ``order``, in that order."""
    parts: list[Part] = []
    for lot in order:
        taken = min(points, lot.left)
        if taken:
            parts.append(Part(lot.origin, taken, lot.usable_on, lot.lapses_on))
            points -= taken
    left = {part.origin: part.points for part in parts}
    lots = tuple(replace(lot, left=lot.left - left.get(lot.origin, 0)) for lot in holding.lots)
    return replace(holding, lots=lots), tuple(parts)


def taken(holding: Holding, points: Points, date: BusinessDate) -> Moved | Refused:
    """Burn ``points`` from a settled holding, in :func:`burn_order`."""
    assert points > 0
    available = holding.available(date)
    if points > available:
        return refused(Reason.NOT_ENOUGH, available=max(available, 0), asked=points)
    after, parts = out(holding, points, usable(holding, date))
    return Moved(after, parts, Flows(burned=points))


def last_taken(parts: Sequence[Part], already: Points, points: Points) -> tuple[Part, ...]:
    """Return which of the burned ``parts`` come back next: last taken first, after ``already``.

    Raises:
        ValueError: More would come back than was burned.
    """
    back: list[Part] = []
    for part in reversed(parts):
        skipped = min(already, part.points)
        already -= skipped
        here = min(points, part.points - skipped)
        points -= here
        if here:
            back.append(replace(part, points=here))
    if points or already:
        raise ValueError("more points would come back than were burned")
    return tuple(back)


def put_back(holding: Holding, parts: Sequence[Part], date: BusinessDate) -> Moved:
    """Give burned points back to their own lots with their own days, on a settled holding.

    What belongs to a lot that has lapsed meanwhile lapses again at once.
    """
    points = sum(part.points for part in parts)
    after, gone = _lapsed_on(into(holding, parts), date)
    again = sum(part.points for part in gone)
    held = with_debt_paid(after, date)
    return Moved(held, tuple(parts), Flows(burned=-points, lapsed=again), again)


def into(holding: Holding, parts: Sequence[Part]) -> Holding:
    """Return ``holding`` with ``parts`` in their lots; a lot it does not know is opened again."""
    lots = {lot.origin: lot for lot in holding.lots}
    for part in parts:
        empty = Lot(part.origin, 0, 0, part.usable_on, part.lapses_on)
        lot = lots.get(part.origin, empty)
        lots[part.origin] = replace(lot, left=lot.left + part.points)
    return replace(holding, lots=tuple(lots.values()))


def transferred(
    giver: Holding, taker: Holding, points: Points, date: BusinessDate
) -> tuple[Moved, Moved] | Refused:
    """Move ``points`` between two settled holdings; they keep their days."""
    out = taken(giver, points, date)
    if isinstance(out, Refused):
        return out
    after = with_debt_paid(into(taker, out.parts), date)
    return (
        replace(out, flows=Flows(transferred_out=points)),
        Moved(after, out.parts, Flows(transferred_in=points)),
    )


def pruned(holding: Holding, before: BusinessDate) -> Holding:
    """Return ``holding`` without the empty lots that lapsed before ``before``.

    A part that comes back to such a lot opens it again with its own days, and lapses at once.
    """
    lots = (lot for lot in holding.lots if lot.left or not NEVER < lot.lapses_on < before)
    return replace(holding, lots=tuple(lots))
