"""The last tap of each tag that counts and signs its taps: a copied address is never newer than the original.

Local state, kept through restarts and power cuts, and left alone by a rebuild. Another till has seen other
taps: an address copied before it was shown anywhere is taken once, by whoever is first.
"""

import sqlite3

TAGS_MAX = 1_000_000
"""Tags remembered; the one that came first is forgotten when one more comes."""
_TAKE = (
    "INSERT INTO tag_tap VALUES (?, ?) ON CONFLICT (tag) DO UPDATE SET counter = excluded.counter"
    " WHERE excluded.counter > counter RETURNING rowid"
)
_FORGET = "DELETE FROM tag_tap WHERE rowid <= ?"


def seen(connection: sqlite3.Connection) -> list[tuple[bytes, int]]:
    """Return every tag with its last tap, in the order in which they came first."""
    return connection.execute("SELECT tag, counter FROM tag_tap ORDER BY rowid").fetchall()


def take(
    connection: sqlite3.Connection, tag: bytes, counter: int, tags_max: int = TAGS_MAX
) -> bool:
    """Remember the tap, inside the transaction that is open; return whether it is newer than any before."""
    taken = connection.execute(_TAKE, (tag, counter)).fetchall()
    if taken:
        connection.execute(_FORGET, (taken[0][0] - tags_max,))
    return bool(taken)
