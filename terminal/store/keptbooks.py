"""The rules this till priced by, by the record from which on they were in force: to explain its sales.

Local state beside the records: it is not sealed, no rebuild makes it, and only so much of it is kept. What
was in force is kept before the first sale under it.
"""

import sqlite3

BOOKS_MAX = 60
"""Changes of rules that are kept; a year of weekly ones. Earlier sales cannot be worked out again here."""


def keep(
    connection: sqlite3.Connection, since: tuple[int, int], digest: bytes, packed: bytes
) -> None:
    """Note, inside the transaction that is open, since which record and wall time ``packed`` prices."""
    run = connection.execute
    run("INSERT INTO book VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, packed))
    run(
        "INSERT INTO book_since VALUES (?, ?, ?)"
        " ON CONFLICT (seq) DO UPDATE SET digest = excluded.digest, since_ms = excluded.since_ms",
        (since[0], digest, since[1]),
    )
    run(
        "DELETE FROM book_since WHERE seq NOT IN"
        " (SELECT seq FROM book_since ORDER BY seq DESC LIMIT ?)",
        (BOOKS_MAX,),
    )
    run("DELETE FROM book WHERE digest NOT IN (SELECT digest FROM book_since)")


def newest(connection: sqlite3.Connection) -> tuple[bytes, int] | None:
    """Return the digest of the book noted last and since when it prices; None when there is none."""
    found: tuple[bytes, int] | None = connection.execute(
        "SELECT digest, since_ms FROM book_since ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    return found


def at(connection: sqlite3.Connection, seq: int) -> bytes | None:
    """Return the packed book that priced record ``seq``; None when it is kept no more, or never was."""
    row = connection.execute(
        "SELECT book.body FROM book_since JOIN book USING (digest)"
        " WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
        (seq,),
    ).fetchone()
    return row[0] if row else None
