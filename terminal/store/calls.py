"""Which calls were carried out already, so that asking twice acts once.

A call's key stands in its record's row. The index that finds old ones is written for hundreds of records
at a time; the newest are kept in memory and read again when the file is opened.
"""

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

from terminal.codec.entry import decode

INDEX_EVERY = 256
"""So many records gather before the index is brought up to date when idle."""
INDEX_MAX = 1_024
"""So many records gather at most."""


@dataclass(frozen=True, slots=True)
class CallKey:
    """The id that the caller drew for a change, and a digest of what was asked."""

    id: str
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that was carried out: the record it made and the digest of what was asked."""

    seq: int
    body_digest: bytes


def hash_of(call_id: str) -> int:
    """Return the 64 bits (signed, as SQLite counts) under which ``call_id`` is looked up."""
    return int.from_bytes(sha256(call_id.encode()).digest()[:8], "big", signed=True)


class Calls:
    """Answers for every call ever carried out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._recent: dict[int, int] = dict(
            connection.execute(
                "SELECT call, seq FROM record WHERE seq > (SELECT found FROM state)"
                " AND call IS NOT NULL"
            ).fetchall()
        )

    def remember(self, hashed: int, seq: int) -> None:
        """Note that record ``seq`` was made by the call; its commit is done."""
        self._recent[hashed] = seq

    def forget_recent(self) -> None:
        """Drop from memory what the index holds now."""
        self._recent.clear()

    def answered(self, call_id: str) -> Answered | None:
        """Return what the call did, or None when it was never carried out."""
        hashed = hash_of(call_id)
        seq = self._recent.get(hashed)
        run = self._connection.execute
        if seq is None:
            row = run("SELECT seq FROM call WHERE hash = ?", (hashed,)).fetchone()
            if row is None:
                return None
            seq = row[0]
        body, asked = run("SELECT body, asked FROM record WHERE seq = ?", (seq,)).fetchone()
        # Two ids with the same 64 bits: not met in the life of a till, and never mistaken.
        return Answered(seq, asked) if decode(body).call_id == call_id else None


def extend_index(connection: sqlite3.Connection) -> None:
    """Bring ``receipt`` and ``call`` up to the newest record, inside the transaction that is open."""
    run = connection.execute
    run(
        "INSERT INTO receipt SELECT number, seq FROM record"
        " WHERE seq > (SELECT found FROM state) AND number IS NOT NULL"
    )
    run(
        "INSERT INTO call SELECT call, seq FROM record"
        " WHERE seq > (SELECT found FROM state) AND call IS NOT NULL"
        " ON CONFLICT (hash) DO NOTHING"
    )
    run("UPDATE state SET found = outbox")
