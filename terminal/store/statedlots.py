"""Lots of points as the head office last stated them, in ``members.db``.

Of each lot stands what it holds over all ledgers, and (``base``) what of this till's own ledger that
already contains: what the till moved since is the difference, as for balances.
"""

import sqlite3
from collections.abc import Iterable

from terminal.core.points.entries import LotPart

TABLES = (
    """CREATE TABLE stated_lot (
        account TEXT NOT NULL, ledger TEXT NOT NULL, seq INTEGER NOT NULL, part INTEGER NOT NULL,
        points INTEGER NOT NULL, base INTEGER NOT NULL, usable_on INTEGER NOT NULL,
        lapses_on INTEGER NOT NULL, PRIMARY KEY (account, ledger, seq, part)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE stated_standing (
        account TEXT PRIMARY KEY, points INTEGER NOT NULL, base INTEGER NOT NULL)
        STRICT, WITHOUT ROWID""",
)
NAMES = ("stated_lot", "stated_standing")
Based = tuple[LotPart, int]
"""A lot, and what of it this till's ledger put there or took."""


def put(
    connection: sqlite3.Connection,
    account: str,
    lots: Iterable[Based],
    standing: tuple[int, int],
) -> None:
    """Put what the head office states of one account in the place of what it stated before."""
    connection.execute("DELETE FROM stated_lot WHERE account = ?", (account,))
    connection.executemany(
        "INSERT INTO stated_lot VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (account, p.ledger, p.seq, p.part, p.points, base, p.usable_on, p.lapses_on)
            for p, base in lots
        ],
    )
    connection.execute("DELETE FROM stated_standing WHERE account = ?", (account,))
    if any(standing):
        connection.execute("INSERT INTO stated_standing VALUES (?, ?, ?)", (account, *standing))


def lots(connection: sqlite3.Connection, account: str, own: str) -> tuple[LotPart, ...]:
    """Return the stated lots less what of ledger ``own`` they contain; its own lots have no name."""
    rows = connection.execute(
        "SELECT ledger, seq, part, points - base, usable_on, lapses_on FROM stated_lot"
        " WHERE account = ?",
        (account,),
    ).fetchall()
    return tuple(LotPart("" if row[0] == own else row[0], *row[1:]) for row in rows)


def standing(connection: sqlite3.Connection, account: str) -> tuple[int, int]:
    """Return the stated standing points, and the signed balance of this till that they contain."""
    row = connection.execute(
        "SELECT points, base FROM stated_standing WHERE account = ?", (account,)
    ).fetchone()
    return row or (0, 0)
