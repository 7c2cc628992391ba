"""Movements on cards that other tills announced and nobody settled, as the head office tells them.

Kept as they came. Of this till's own it tells what another till saw of the card.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sync.protocol.master import Row
from terminal.codec import master
from terminal.codec.master import PurseTold
from terminal.store.swap import BUSY_MS, MasterDataError

MARK = 0x74707270
TOLD_MAX = 10_000
_TABLE = "CREATE TABLE told (key TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID"


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, empty."""
    connection.execute(f"PRAGMA application_id = {MARK}")
    connection.execute(_TABLE)


def clear(connection: sqlite3.Connection) -> None:
    """Take away all rows."""
    connection.execute("DELETE FROM told")


def put(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Put ``rows`` in the place of what was under their keys.

    Raises:
        UnreadableRowError: One means nothing here.
    """
    for kind, key, body in rows:
        if kind != master.PURSE:
            raise master.UnreadableRowError(f"unknown rows: {kind}")
        connection.execute("DELETE FROM told WHERE key = ?", (key,))
        if body is not None:
            master.read(master.purses_told, body)
            connection.execute("INSERT INTO told VALUES (?, ?)", (key, body))


def told(folder: Path) -> tuple[PurseTold, ...]:
    """Return what the head office tells, in the order of its keys.

    Raises:
        MasterDataError: The file cannot be read.
    """
    path = folder / "purses.db"
    if not path.exists():
        return ()
    try:
        with closing(sqlite3.connect(path.resolve(), timeout=BUSY_MS / 1_000)) as connection:
            rows = connection.execute(
                "SELECT body FROM told ORDER BY key LIMIT ?", (TOLD_MAX,)
            ).fetchall()
    except sqlite3.Error as error:
        raise MasterDataError(f"{path}: {error}") from error
    return tuple(master.read(master.purses_told, body) for (body,) in rows)
