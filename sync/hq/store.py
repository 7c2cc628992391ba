"""The head office's store: streams of records, and the books that follow from them.

A batch is one transaction: the stream's row is read, the records, the books and the stream's new end are
written, and only after COMMIT may an acknowledgement be signed.
"""

from dataclasses import dataclass
from pathlib import Path

from sync.hq.books import Sums, sum_up
from sync.hq.database import Database
from sync.hq.master import MasterStore, touch
from sync.hq.schema import record_id
from sync.protocol.ack import Status
from sync.protocol.batch import BATCH_BYTES_MAX, Batch
from sync.protocol.hello import Hello
from sync.protocol.state import TillState

BRANCHES_MAX = 100
"""Of one ledger. A card copied more often than this is no accident; a person must look."""
REFUSED_MAX = 200
"""Refused messages kept for a person; the oldest are dropped."""
TOPIC_CHARS_MAX = 200

_STREAM = (
    "SELECT id, ledger_id, branch, terminal, key_id, parent, base_seq, base_digest, last_seq,"
    " last_digest FROM stream"
)


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


class Store:
    """The writing connection. One thread only."""

    def __init__(self, path: Path) -> None:
        """Open the database at ``path``, made if absent.

        Raises:
            StoreError: It is no database of ours, or of a later version, or cannot be opened.
        """
        self._database = Database(path)
        self._sql = self._database.sql
        self.master = MasterStore(self._database)

    def close(self) -> None:
        """Copy the log into the database and let go of it."""
        self._database.close()

    @property
    def timeline(self) -> int:
        """Raised whenever this database turned out to be older than what it had signed."""
        return int(self._database.one("SELECT value FROM state WHERE name = 'timeline'")[0])

    def raise_timeline(self, above: int) -> int:
        """Open a timeline higher than ours and than ``above``; return it."""
        timeline = max(self.timeline, above) + 1
        with self._database.transaction():
            self._sql.execute("UPDATE state SET value = ? WHERE name = 'timeline'", (timeline,))
        return timeline

    def key(self, key_id: bytes) -> tuple[bytes, str] | None:
        """Return public key and terminal of a till's key, or ``None``."""
        row = self._sql.execute(
            "SELECT public_key, terminal FROM till_key WHERE key_id = ?", (key_id,)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def key_of(self, terminal: str) -> bytes | None:
        """Return the public key of a till, or ``None``."""
        row = self._sql.execute(
            "SELECT public_key FROM till_key WHERE terminal = ?", (terminal,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def enrol(self, terminal: str, key_id: bytes, public_key: bytes, now_ms: int) -> None:
        """Keep a till's key."""
        with self._database.transaction():
            self._sql.execute(
                "INSERT INTO till_key VALUES (?, ?, ?, ?)", (key_id, public_key, terminal, now_ms)
            )

    def streams(self, ledger_id: str) -> list[Stream]:
        """Return the streams of a ledger, the first one first."""
        rows = self._sql.execute(_STREAM + " WHERE ledger_id = ? ORDER BY branch", (ledger_id,))
        return [Stream(*row) for row in rows]

    def open_ledger(self, hello: Hello, key_id: bytes, start: bytes, now_ms: int) -> Stream:
        """Return the first stream of a ledger that is new here; ``start`` is what its chain starts with."""
        with self._database.transaction():
            self._add_stream(hello.ledger_id, 0, hello.terminal, key_id, None, (0, start), now_ms)
            self._sql.execute(
                "INSERT INTO lineage VALUES (?, ?, ?, ?, ?, ?)",
                (
                    hello.ledger_id,
                    hello.terminal,
                    hello.ordinal,
                    hello.previous,
                    hello.previous_seq,
                    hello.previous_hash,
                ),
            )
        return self.streams(hello.ledger_id)[0]

    def ordinals(self, terminal: str, apart_from: str) -> int:
        """Return the highest ordinal of a till's ledgers but one, 0 when there is no other."""
        (highest,) = self._database.one(
            "SELECT coalesce(max(coalesce(lineage.ordinal, 1)), 0) FROM stream"
            " LEFT JOIN lineage ON lineage.ledger_id = stream.ledger_id"
            " WHERE stream.terminal = ? AND stream.ledger_id <> ?",
            terminal,
            apart_from,
        )
        return int(highest)

    def digest_at(self, stream: Stream, seq: int) -> bytes | None:
        """Return the digest of record ``seq`` of a stream, or ``None`` if it is not held."""
        if seq == stream.last_seq:
            return stream.last_digest
        while seq < stream.base_seq and stream.parent is not None:
            stream = Stream(*self._database.one(_STREAM + " WHERE id = ?", stream.parent))
        if seq == stream.base_seq:
            return stream.base_digest
        row = self._sql.execute(
            "SELECT digest FROM record WHERE id = ?", (record_id(stream.id, seq),)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def append(self, batch: Batch, digests: list[bytes], now_ms: int) -> Held:
        """Store what is new of ``batch``, books included, in one transaction.

        Raises:
            StoreError: Nothing was stored.
            CommitUnknownError: End the process.
        """
        sums = sum_up(batch.records)  # Before the lock is taken.
        with self._database.transaction():
            streams = self.streams(batch.ledger_id)
            for stream in streams:
                is_next = stream.last_seq == batch.first_seq - 1
                if is_next and stream.last_digest == batch.prev_hash:
                    return self._extend(stream, batch, digests, sums, now_ms)
            return self._elsewhere(streams, batch, digests, now_ms)

    def _elsewhere(
        self, streams: list[Stream], batch: Batch, digests: list[bytes], now_ms: int
    ) -> Held:
        """A batch that continues no stream: seen before, too early, or the branch of a copied card."""
        attached = [s for s in streams if self.digest_at(s, batch.first_seq - 1) == batch.prev_hash]
        if not attached:
            stream = next((s for s in streams if s.branch == batch.branch), streams[0])
            return Held(Status.GAP, stream.branch, stream.last_seq, stream.last_digest)
        known = [(self._shared(stream, batch, digests), stream) for stream in attached]
        count, stream = max(known, key=lambda pair: pair[0])
        seq = batch.first_seq + count - 1
        if count == len(digests) or seq == stream.last_seq:
            digest = digests[count - 1] if count else batch.prev_hash
            return Held(Status.DUP, stream.branch, seq, digest)
        if len(streams) >= BRANCHES_MAX:
            return Held(
                Status.REFUSED, stream.branch, stream.last_seq, stream.last_digest, "branches"
            )
        base = (seq, digests[count - 1] if count else batch.prev_hash)
        who = (batch.ledger_id, streams[-1].branch + 1, stream.terminal, stream.key_id)
        self._add_stream(*who, stream.id, base, now_ms)
        branch = self.streams(batch.ledger_id)[-1]
        rest = batch.records[count:]
        return self._extend(branch, batch, digests[count:], sum_up(rest), now_ms)

    def _shared(self, stream: Stream, batch: Batch, digests: list[bytes]) -> int:
        """Return how many of the batch's first records the stream holds."""
        for count, digest in enumerate(digests):
            if self.digest_at(stream, batch.first_seq + count) != digest:
                return count
        return len(digests)

    def _extend(
        self, stream: Stream, batch: Batch, digests: list[bytes], sums: Sums, now_ms: int
    ) -> Held:
        """Store the last ``len(digests)`` records of ``batch`` as the next of ``stream``."""
        run = self._sql.executemany
        first = record_id(stream.id, stream.last_seq + 1)
        bodies = batch.records[-len(digests) :]
        rows = zip(bodies, digests, strict=True)
        run(
            "INSERT INTO record VALUES (?, ?, ?, ?)",
            [(first + n, body, digest, now_ms) for n, (body, digest) in enumerate(rows)],
        )
        changes = sorted(sums.deltas.items())
        run(
            "INSERT INTO balance VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            [(account, unit, amount) for (account, unit), amount in changes],
        )
        touch(self._sql, sorted({account for (account, _), amount in changes if amount}))
        run(
            "INSERT INTO sale (record, member) VALUES (?, ?)",
            [(first + n, member) for n, member in sums.sales],
        )
        run(
            "INSERT INTO day VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " sales = sales + excluded.sales, amount = amount + excluded.amount,"
            " discount = discount + excluded.discount, earned = earned + excluded.earned",
            [(day, *sold) for day, sold in sorted(sums.days.items())],
        )
        run("INSERT INTO quarantine VALUES (?, ?)", [(first + n, why) for n, why in sums.faults])
        self._database.grown(sum(len(body) for body in bodies))
        last = stream.last_seq + len(digests)
        self._move(stream, (last, digests[-1]), batch, sums, now_ms)
        return Held(Status.OK, stream.branch, last, digests[-1])

    def _move(
        self, stream: Stream, end: tuple[int, bytes], batch: Batch, sums: Sums, now_ms: int
    ) -> None:
        skew = sums.last_wall_ms - now_ms if sums.last_wall_ms else 0
        self._sql.execute(
            "UPDATE stream SET last_seq = ?1, last_digest = ?2, head_seq = max(?3, ?1), heard_ms = ?4,"
            " record_ms = CASE WHEN ?5 THEN ?5 ELSE record_ms END, skew_ms = ?6, sales = sales + ?7,"
            " sales_amount = sales_amount + ?8, quarantined = quarantined + ?9, refusal = '',"
            " revision = revision + 1 WHERE id = ?10",
            (
                *end,
                batch.till_head,
                now_ms,
                sums.last_wall_ms,
                skew,
                len(sums.sales),
                sums.sales_amount,
                len(sums.faults),
                stream.id,
            ),
        )

    def _add_stream(  # noqa: PLR0913, PLR0917 - the columns of one row
        self,
        ledger_id: str,
        branch: int,
        terminal: str,
        key_id: bytes,
        parent: int | None,
        base: tuple[int, bytes],
        now_ms: int,
    ) -> None:
        self._sql.execute(
            "INSERT INTO stream (ledger_id, branch, terminal, key_id, parent, base_seq, base_digest,"
            " last_seq, last_digest, heard_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (ledger_id, branch, terminal, key_id, parent, *base, *base, now_ms),
        )

    def heard(self, stream: Stream, head_seq: int, now_ms: int) -> None:
        """Take note that a till said hello."""
        with self._database.transaction():
            self._sql.execute(
                "UPDATE stream SET head_seq = max(?, last_seq), connected = 1, heard_ms = ?,"
                " revision = revision + 1 WHERE id = ?",
                (head_seq, now_ms, stream.id),
            )

    def note_state(self, state: TillState, now_ms: int) -> None:
        """Take note of what a till, or its last will, says; a will of an older connection is not news."""
        with self._database.transaction():
            self._sql.execute(
                "UPDATE stream SET head_seq = max(?1, last_seq), connected = ?2, session = ?3,"
                " heard_ms = CASE WHEN ?2 THEN ?4 ELSE heard_ms END, revision = revision + 1"
                " WHERE ledger_id = ?5 AND branch = ?6 AND (?2 OR session IN (?3, x''))",
                (
                    state.head_seq,
                    int(state.connected),
                    state.session,
                    now_ms,
                    state.ledger_id,
                    state.branch,
                ),
            )

    def refuse(self, topic: str, envelope: bytes, reason: str, now_ms: int) -> None:
        """Keep a message that was not taken, and drop the oldest such beyond :data:`REFUSED_MAX`."""
        with self._database.transaction():
            self._sql.execute(
                "INSERT INTO refused (received_ms, topic, reason, size, envelope) VALUES (?, ?, ?, ?, ?)",
                (
                    now_ms,
                    topic[:TOPIC_CHARS_MAX],
                    reason,
                    len(envelope),
                    envelope[:BATCH_BYTES_MAX],
                ),
            )
            self._sql.execute(
                "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (REFUSED_MAX,)
            )

    def flag(self, ledger_id: str, branch: int, reason: str) -> None:
        """Show at a stream that its till's last batch was refused."""
        with self._database.transaction():
            self._sql.execute(
                "UPDATE stream SET refusal = ?, revision = revision + 1"
                " WHERE ledger_id = ? AND branch = ?",
                (reason, ledger_id, branch),
            )

    @property
    def is_log_long(self) -> bool:
        """Whether a checkpoint should not wait for a quiet moment."""
        return self._database.is_log_long

    def checkpoint(self) -> None:
        """Copy the log into the database, as far as nobody reads from it. Called in quiet moments.

        Raises:
            StoreError: The disk failed; records are safe in the log.
        """
        self._database.checkpoint()
