"""Which calls were carried out already, so that asking twice acts once.

A call's key stands in its record's row. Ids are random, so an index of all of them would dirty a page of
its own for each sale: 13 kB more written at a million entries. Therefore the newest are found in memory
(read again when the file is opened), those before in a small index that is written for a thousand at a
time, and that one is merged into the large one when it is full.
"""

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

from terminal.codec.entry import decode

INDEX_EVERY = 1_024
"""So many records gather before the index is brought up to date when idle."""
INDEX_MAX = 2_048
"""So many records gather at most."""
MERGE_AT = 32_768
"""So many calls the small index holds before it is merged; takes about 0.1 s, once in months."""


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
            row = run(
                "SELECT seq FROM call_recent WHERE hash = ?1"
                " UNION ALL SELECT seq FROM call WHERE hash = ?1",
                (hashed,),
            ).fetchone()
            if row is None:
                return None
            seq = row[0]
        body, asked = run("SELECT body, asked FROM record WHERE seq = ?", (seq,)).fetchone()
        # Two ids with the same 64 bits: not met in the life of a till, and never mistaken.
        return Answered(seq, asked) if decode(body).call_id == call_id else None


def extend_index(connection: sqlite3.Connection) -> None:
    """Bring the indexes of receipts and calls up to the newest record, inside an open transaction."""
    run = connection.execute
    run(
        "INSERT INTO receipt SELECT number, seq FROM record"
        " WHERE seq > (SELECT found FROM state) AND number IS NOT NULL"
    )
    run(
        "INSERT INTO call_recent SELECT call, seq FROM record"
        " WHERE seq > (SELECT found FROM state) AND call IS NOT NULL"
        " ON CONFLICT (hash) DO NOTHING"
    )
    run("UPDATE state SET found = outbox")
    if run("SELECT count(*) FROM call_recent").fetchone()[0] >= MERGE_AT:
        run(
            "INSERT INTO call SELECT hash, seq FROM call_recent WHERE true ORDER BY hash"
            " ON CONFLICT (hash) DO NOTHING"
        )
        run("DELETE FROM call_recent")
