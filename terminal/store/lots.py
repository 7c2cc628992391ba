"""Dated lots of points in the ledger's file: a projection of entries, one row for each lot that moved here.

A row says what this ledger's entries put into a lot and took out of it, so a lot of another till that was
burned from here is negative. An empty ``ledger`` is this one. A row that comes to nothing is removed.
"""

import sqlite3
from collections.abc import Iterable

from terminal.core.journal import Body
from terminal.core.points.entries import LotPart
from terminal.core.points.lotbook import lot_changes

_ADD = (
    "INSERT INTO lot VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, ledger, seq, part)"
    " DO UPDATE SET points = points + excluded.points"
)
_EMPTY = "DELETE FROM lot WHERE account = ? AND ledger = ? AND seq = ? AND part = ? AND points = 0"
_OF = "SELECT ledger, seq, part, points, usable_on, lapses_on FROM lot WHERE account = ?"


def apply(connection: sqlite3.Connection, seq: int, body: Body) -> None:
    """Apply the body of record ``seq``, inside the transaction that is open."""
    changes = lot_changes(seq, body)
    if not changes:
        return
    connection.executemany(
        _ADD,
        [
            (account, p.ledger, p.seq, p.part, p.points, p.usable_on, p.lapses_on)
            for account, p in changes
        ],
    )
    gone = [(account, p.ledger, p.seq, p.part) for account, p in changes if p.points < 0]
    if gone:
        connection.executemany(_EMPTY, gone)


def lots_of(connection: sqlite3.Connection, account: str) -> tuple[LotPart, ...]:
    """Return what this ledger did to the dated lots of the member with this account number."""
    return tuple(LotPart(*row) for row in connection.execute(_OF, (account,)).fetchall())


def merged(*parts: Iterable[LotPart]) -> tuple[LotPart, ...]:
    """Return ``parts`` added up lot by lot.

    >>> merged([LotPart("", 1, 0, 9, 0, 5)], [LotPart("", 1, 0, -4, 0, 5)])
    (LotPart(ledger='', seq=1, part=0, points=5, usable_on=0, lapses_on=5),)
    """
    sums: dict[tuple[str, int, int], LotPart] = {}
    for each in (part for some in parts for part in some):
        key = (each.ledger, each.seq, each.part)
        had = sums.get(key)
        points = each.points + (had.points if had else 0)
        sums[key] = LotPart(*key, points, each.usable_on, each.lapses_on)
    return tuple(part for part in sums.values() if part.points)
