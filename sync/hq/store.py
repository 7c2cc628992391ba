"""The head office's store: streams of records, and the books that follow from them.

A batch is one transaction: the stream's row is read, the records, the books and the stream's new end are
written, and only after COMMIT may an acknowledgement be signed.
"""

from collections.abc import Sequence
from pathlib import Path

from sync.hq.append import Appender, Work
from sync.hq.database import Database
from sync.hq.grants import Grants
from sync.hq.master import MasterStore
from sync.hq.opening import open_database
from sync.hq.reader import Ask
from sync.hq.streams import Held, Stream, Streams
from sync.protocol.batch import BATCH_BYTES_MAX, Batch
from sync.protocol.hello import Hello
from sync.protocol.state import TillState

REFUSED_MAX = 200
"""Refused messages kept for a person; the oldest are dropped."""
TOPIC_CHARS_MAX = 200


class Store:
    """The writing connection. One thread only."""

    appender_kind = Appender

    def __init__(self, data: Path | str | Database) -> None:
        """Open the database at ``data``, a path or ``postgresql://…``, made if absent, or take an open one.

        Raises:
            StoreError: It is no database of ours, or of a later version, or cannot be opened.
        """
        self._database = open_database(data) if isinstance(data, Path | str) else data
        self._sql = self._database.sql
        self._streams = Streams(self._database)
        self._appender = self.appender_kind(self._database, self._streams)
        self.master = MasterStore(self._database)
        self.grants = Grants(self._database)

    @property
    def database(self) -> Database:
        """The writing connection, for those who write on the loop's thread."""
        return self._database

    @property
    def ask(self) -> Ask:
        """Return the answer to a question on the loop's thread."""
        return self._sql.execute

    def close(self) -> None:
        """Copy the log into the database and let go of it."""
        self._database.close()

    @property
    def timeline(self) -> int:
        """Raised whenever this database turned out to be older than what it had signed."""
        return int(self._database.one("SELECT value FROM state WHERE name = 'timeline'")[0])

    def raise_timeline(self, above: int) -> int:
        """Open a timeline higher than ours and than ``above``; return it."""
        with self._database.transaction():
            self._sql.execute(
                "UPDATE state SET value = 1 + CASE WHEN value > ?1 THEN value ELSE ?1 END"
                " WHERE name = 'timeline'",
                (above,),
            )
            return self.timeline

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

    def tills(self) -> int:
        """Return how many tills there are."""
        return int(self._database.one("SELECT count(*) FROM till_key")[0])

    def streams(self, ledger_id: str) -> list[Stream]:
        """Return the streams of a ledger, the first one first."""
        return self._streams.of(ledger_id)

    def open_ledger(self, hello: Hello, key_id: bytes, start: bytes, now_ms: int) -> Stream:
        """Return the first stream of a ledger that is new here; ``start`` is what its chain starts with."""
        who = (hello.ledger_id, hello.terminal)
        before = (hello.previous, hello.previous_seq, hello.previous_hash)
        new = Stream(0, hello.ledger_id, 0, hello.terminal, key_id, None, 0, start, 0, start)
        with self._database.transaction():
            self._sql.execute(
                "INSERT INTO lineage VALUES (?, ?, ?, ?, ?, ?)", (*who, hello.ordinal, *before)
            )
            return self._streams.add(new, now_ms)

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
        return self._streams.digest_at(stream, seq)

    def append(self, batch: Batch, digests: list[bytes], now_ms: int) -> Held:
        """Store what is new of ``batch``, books included, in one transaction.

        Raises:
            StoreError: Nothing was stored.
            CommitUnknownError: End the process.
        """
        return self.append_all([Work.of(batch, digests)], now_ms)[0]

    def append_all(self, works: Sequence[Work], now_ms: int) -> list[Held]:
        """Store what is new of several ledgers' batches; see :meth:`sync.hq.append.Appender.append`."""
        return self._appender.append(works, now_ms)

    def append_within(self, batch: Batch, digests: list[bytes], now_ms: int) -> Held:
        """Store what is new of ``batch`` in the caller's transaction, who made room before."""
        return self._appender.within([Work.of(batch, digests)], now_ms)[0]

    def heard(self, stream: Stream, head_seq: int, now_ms: int) -> None:
        """Take note that a till said hello."""
        with self._database.transaction():
            self._sql.execute(
                "UPDATE stream SET head_seq = CASE WHEN ?1 > last_seq THEN ?1 ELSE last_seq END,"
                " connected = 1, heard_ms = ?2, revision = revision + 1 WHERE id = ?3",
                (head_seq, now_ms, stream.id),
            )

    def note_state(self, state: TillState, now_ms: int) -> None:
        """Take note of what a till, or its last will, says; a will of an older connection is not news."""
        with self._database.transaction():
            self._sql.execute(
                "UPDATE stream SET head_seq = CASE WHEN ?1 > last_seq THEN ?1 ELSE last_seq END,"
                " connected = ?2, session = ?3,"
                " heard_ms = CASE WHEN ?2 <> 0 THEN ?4 ELSE heard_ms END, revision = revision + 1"
                " WHERE ledger_id = ?5 AND branch = ?6 AND (?2 <> 0 OR session IN (?3, x''))",
                (
                    state.head_seq,
                    int(state.connected),
                    state.session,
                    now_ms,
                    state.ledger_id,
                    state.branch,
                ),
            )

            if state.connected and state.program:
                self._sql.execute(
                    "INSERT INTO till_health VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (terminal) DO UPDATE SET at_ms = excluded.at_ms,"
                    " program = excluded.program, rules = excluded.rules,"
                    " rules_since_ms = excluded.rules_since_ms, rules_fault = excluded.rules_fault,"
                    " paper = excluded.paper, disk_mb = excluded.disk_mb, clock = excluded.clock",
                    (
                        state.terminal, now_ms, state.program, state.rules, state.rules_since_ms,
                        state.rules_fault, state.paper, state.disk_mb, state.clock,
                    ),
                )  # fmt: skip

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
