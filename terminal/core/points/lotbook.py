"""What entries do to the lots of points: one pure function that till and head office share.

Both keep, for each dated lot, the sum of what entries put in and took out; so a till may take from a lot
that another till's entry opened, and the sums still add up wherever the entries meet. What lies in no
dated lot is the rest of the balance. Nothing here lapses: a lot whose day has passed is simply not usable
(:func:`holding_of`), and only the head office's own ledger books that it is gone.
"""

from collections.abc import Iterable

from terminal.core.journal import Body, SalePosted
from terminal.core.officebook import AccountsMerged
from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.entries import (
    UNDATED,
    GiftGiven,
    GrantedLot,
    LotPart,
    LotteryDrawn,
    PointsGiven,
    PointsTaken,
    as_lot,
)
from terminal.core.points.lots import Holding, Lot
from terminal.core.points.moves import settled
from terminal.core.units import Points

Changes = tuple[tuple[str, LotPart], ...]
"""Account number and what is added to a lot of it; negative when taken out."""
NO_CHANGES: Changes = ()


def lot_changes(seq: int, body: Body | None) -> Changes:
    """Return what record ``seq`` of the entry's own ledger does to dated lots."""
    match body:
        case SalePosted(bill=bill) if bill.points is not None and bill.buyer is not None:
            used = bill.points.used
            account = bill.buyer.account
            return (
                *_came(account, seq, bill.points.lots),
                *_went(account, used.parts if used else ()),
                *_went(account, bill.points.cost),
            )
        case PointsGiven(account=account, lots=lots):
            return _came(account, seq, lots)
        case PointsTaken() | GiftGiven() | LotteryDrawn():
            return _went(body.account, body.parts)
        case AccountsMerged():
            return body.point_moves()
        case _:
            return NO_CHANGES


def _came(account: str, seq: int, lots: tuple[GrantedLot, ...]) -> Changes:
    return tuple(
        (account, LotPart("", seq, n, lot.points, lot.usable_on, lot.lapses_on))
        for n, lot in enumerate(lots)
    )


def _went(account: str, parts: tuple[LotPart, ...]) -> Changes:
    return tuple(
        (
            account,
            LotPart(p.ledger, p.seq, p.part, -p.points, p.usable_on, p.lapses_on),
        )
        for p in parts
        if p.seq != UNDATED.seq
    )


def holding_of(points: Points, lots: Iterable[LotPart], date: BusinessDate) -> Holding:
    """Return what a member holds on ``date``: a balance of ``points``, of which ``lots`` are dated.

    What the dated lots do not hold is undated; a balance below them is a debt, which the usable pay. What
    has lapsed is left out, though nobody has booked it yet.

    >>> lots = [LotPart("", 1, 0, 30, 0, 20261201), LotPart("", 2, 0, 20, 20261130, 0)]
    >>> held = holding_of(100, lots, 20261121)
    >>> held.available(20261121), held.pending(20261121), next_lapse(held)
    (80, 20, (30, 20261201))
    """
    held = [as_lot(part) for part in lots if part.points > 0]
    rest = points - sum(lot.left for lot in held)
    if rest > 0:
        held.append(Lot(UNDATED, rest, rest, 0, NEVER))
    return settled(Holding(tuple(held), max(0, -rest)), date).holding


def next_lapse(holding: Holding) -> tuple[Points, BusinessDate]:
    """Return how many points lapse next, and on which day; zeros when none will."""
    days = [lot.lapses_on for lot in holding.lots if lot.left and lot.lapses_on != NEVER]
    if not days:
        return 0, NEVER
    day = min(days)
    return sum(lot.left for lot in holding.lots if lot.lapses_on == day), day
