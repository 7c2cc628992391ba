"""Tallies in the ledger's file: what was given before, see :mod:`terminal.core.points.tallies`."""

import sqlite3

from terminal.core.points.tallies import NONE_YET, Tallied, Tally

_ADD = (
    "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
    " count = count + excluded.count, day = excluded.day, text = excluded.text"
)
_SET = (
    "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
    " count = excluded.count, day = excluded.day, text = excluded.text"
)


def apply(connection: sqlite3.Connection, changes: tuple[Tallied, ...]) -> None:
    """Apply what an entry counts, inside the transaction that is open."""
    for each in changes:
        tally = each.tally
        connection.execute(
            _SET if each.is_set else _ADD, (each.name, tally.count, tally.day, tally.text)
        )


def tally_of(connection: sqlite3.Connection, name: str) -> Tally:
    """Return the tally of this name; nothing where nothing was counted."""
    row = connection.execute(
        "SELECT count, day, text FROM tally WHERE name = ?", (name,)
    ).fetchone()
    return Tally(*row) if row else NONE_YET
