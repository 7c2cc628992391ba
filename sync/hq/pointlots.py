"""A member's points as lots that may be granted: dated ones by name, and the rest as one without dates."""

from collections.abc import Mapping

from sync.hq.database import Sql
from terminal.core import accounts
from terminal.core.allowance import LOTS_MAX, LotShare
from terminal.core.burning import lot_name
from terminal.core.points.dates import NEVER
from terminal.core.points.entries import UNDATED
from terminal.core.points.lots import Holding, Lot, Origin, burn_order
from terminal.core.points.moves import out

NAME_CHARS_MAX = 48
"""What a message takes; a lot of a ledger with a longer name is granted to nobody."""
_LOTS = (
    "SELECT ledger, seq, n, sum(points), max(usable_on), max(lapses_on) FROM lot_part"
    " WHERE account = ? GROUP BY ledger, seq, n HAVING sum(points) > 0"
)
_HELD = (
    "SELECT coalesce((SELECT points FROM holding WHERE account = ?1), 0)"
    " - coalesce((SELECT sum(amount) FROM balance_part WHERE account = ?2 AND unit = ?3), 0)"
)


def points_of(sql: Sql, account: str) -> dict[tuple[str, str], LotShare]:
    """Return what a member holds in points, by unit and lot; a debt is paid by the lots that lapse first."""
    rows = sql.execute(_LOTS, (account,)).fetchall()
    lots = tuple(Lot(Origin(*row[:3]), row[3], row[3], row[4], row[5]) for row in rows)
    (whole,) = sql.execute(_HELD, (account, accounts.member(account), accounts.POINTS)).fetchone()
    rest = int(whole) - sum(lot.left for lot in lots)
    holding = Holding((*lots, Lot(UNDATED, max(0, rest), max(0, rest), 0, NEVER)))
    if rest < 0:
        holding, _ = out(holding, -rest, sorted(holding.lots, key=burn_order))
    shares = (
        LotShare(lot_name(lot.origin), lot.left, 0, lot.usable_on, lot.lapses_on)
        for lot in sorted(holding.lots, key=burn_order)
        if lot.left
    )
    return {
        (accounts.POINTS, share.lot): share for share in shares if len(share.lot) <= NAME_CHARS_MAX
    }


def soonest(free: Mapping[tuple[str, str], LotShare]) -> tuple[LotShare, ...]:
    """Return the free lots of points to grant: those that lapse first, as many as an allowance names."""
    mine = [share for (unit, _), share in free.items() if unit == accounts.POINTS]
    mine.sort(key=lambda share: (share.lapses_on == NEVER, share.lapses_on, share.lot))
    return tuple(mine[:LOTS_MAX])
