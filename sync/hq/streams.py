"""Streams of records: where each one stands, and which digest it holds at a number."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync.hq.database import Database
from sync.hq.schema import record_id
from sync.protocol.ack import Status

_COLUMNS = (
    "id, ledger_id, branch, terminal, key_id, parent, base_seq, base_digest, last_seq, last_digest"
)
_STREAM = f"SELECT {_COLUMNS} FROM stream"  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class Stream:
    """Where one stream of records stands."""

    id: int
    ledger_id: str
    branch: int
    terminal: str
    key_id: bytes
    parent: int | None
    base_seq: int
    """0, or the last record shared with the parent."""
    base_digest: bytes
    last_seq: int
    last_digest: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What became of a batch: how, and which record of which stream the answer may name."""

    status: Status
    branch: int
    seq: int
    digest: bytes
    reason: str = ""


class Streams:
    """The table of streams. One thread only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, ledger_id: str) -> list[Stream]:
        """Return the streams of a ledger, the first one first."""
        rows = self._database.sql.execute(
            _STREAM + " WHERE ledger_id = ? ORDER BY branch", (ledger_id,)
        )
        return [Stream(*row) for row in rows]

    def locked(self, ledger_ids: Sequence[str]) -> dict[str, list[Stream]]:
        """Return the streams of several ledgers; until the transaction ends nobody else moves them."""
        wanted = list(ledger_ids)
        # Few different statements, so that the server may keep their plans.
        wanted += wanted[-1:] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
        marks = ", ".join("?" for _ in wanted)
        rows = self._database.sql.execute(
            f"{_STREAM} WHERE ledger_id IN ({marks}) ORDER BY id{self._database.for_update}",
            wanted,
        )
        found: dict[str, list[Stream]] = {ledger_id: [] for ledger_id in ledger_ids}
        for row in rows:
            found[row[1]].append(Stream(*row))
        return found  # Branches come later than what they left, and have higher ids.

    def add(self, stream: Stream, now_ms: int) -> Stream:
        """Begin a stream, whose id is not known yet, within a transaction; return it with its id."""
        self._database.sql.execute(
            "INSERT INTO stream (ledger_id, branch, terminal, key_id, parent, base_seq, base_digest,"
            " last_seq, last_digest, heard_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                stream.ledger_id, stream.branch, stream.terminal, stream.key_id, stream.parent,
                stream.base_seq, stream.base_digest, stream.last_seq, stream.last_digest, now_ms,
            ),
        )  # fmt: skip
        return self.of(stream.ledger_id)[-1]

    def digest_at(self, stream: Stream, seq: int) -> bytes | None:
        """Return the digest of record ``seq`` of a stream, or ``None`` if it is not held."""
        if seq == stream.last_seq:
            return stream.last_digest
        while seq < stream.base_seq and stream.parent is not None:
            stream = Stream(*self._database.one(_STREAM + " WHERE id = ?", stream.parent))
        if seq == stream.base_seq:
            return stream.base_digest
        row = self._database.sql.execute(
            "SELECT digest FROM record WHERE id = ?", (record_id(stream.id, seq),)
        ).fetchone()
        return None if row is None else bytes(row[0])
