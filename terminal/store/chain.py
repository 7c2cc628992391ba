"""Checks the chain of records: contiguous numbers, digests that hold, the outbox at the end."""

import sqlite3
from collections.abc import Iterator

from sync.protocol.record import genesis, seal
from terminal.codec.entry import UndecodableError, decode
from terminal.core.journal import Entry
from terminal.store.errors import DamagedError

_STEP = 500
"""Records read at a time: at most 24 MB."""


def check_tail(connection: sqlite3.Connection, count: int) -> bytes:
    """Check the last ``count`` records and return the digest at the end of the ledger.

    Raises:
        DamagedError: They contradict each other or the outbox.
    """
    end: int = connection.execute("SELECT outbox FROM state").fetchone()[0]
    last = connection.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()[0]
    if last != end:
        raise DamagedError(f"the last record is {last}, the outbox ends at {end}")
    first = max(1, end - count + 1)
    sealed = [digest_before(connection, first)]
    sealed += [digest for _, _, digest in follow(connection, first, sealed[0])]
    return sealed[-1]


def meaning(seq: int, body: bytes) -> Entry:
    """Return the entry of record ``seq``, whose bytes are ``body``.

    Raises:
        DamagedError: It means nothing to this program.
    """
    try:
        return decode(body)
    except UndecodableError as error:
        raise DamagedError(f"record {seq} means nothing: {error}") from error


def digest_before(connection: sqlite3.Connection, seq: int) -> bytes:
    """Return the digest that record ``seq`` follows.

    Raises:
        DamagedError: The record before is missing.
    """
    if seq == 1:
        ledger_id, key = connection.execute("SELECT ledger_id, public_key FROM state").fetchone()
        return genesis(ledger_id, key)
    row = connection.execute("SELECT digest FROM record WHERE seq = ?", (seq - 1,)).fetchone()
    if row is None:
        raise DamagedError(f"record {seq - 1} is missing")
    found: bytes = row[0]
    return found


def follow(
    connection: sqlite3.Connection, first: int, digest: bytes
) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, body and digest of each record from ``first`` on, which follows ``digest``.

    Raises:
        DamagedError: A number is missing, or a digest does not seal its record and those before.
    """
    expected = first
    while rows := connection.execute(
        "SELECT seq, body, digest FROM record WHERE seq >= ? ORDER BY seq LIMIT ?",
        (expected, _STEP),
    ).fetchall():
        for seq, body, sealed in rows:
            if seq != expected:
                raise DamagedError(f"record {expected} is missing")
            digest = seal(digest, body)
            if sealed != digest:
                raise DamagedError(f"record {seq} is not what was sealed")
            yield seq, body, digest
            expected += 1
