"""The append-only ledger: one record for each business event, committed before anything else is done.

One commit holds the record, the balances it moves, the receipt's number (which is the intent to print it)
and the outbox's end. Positions of what was printed and acknowledged are local: they may be lost in a
power cut and are then asked for again. Used by one thread at a time, the loop's.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sync.protocol.record import genesis, seal
from terminal.codec.entry import decode
from terminal.core.journal import NUMBERED, Entry
from terminal.core.purse.words import Doubt
from terminal.store import (
    chain,
    keptbooks,
    prints,
    projections,
    purses,
    schema,
    taps,
    uses,
)
from terminal.store.accounts import Accounts
from terminal.store.calls import (
    INDEX_EVERY,
    INDEX_MAX,
    Answered,
    CallKey,
    Calls,
    extend_index,
    hash_of,
)
from terminal.store.commit import Disk
from terminal.store.errors import DamagedError, LedgerError
from terminal.store.prints import PrintState, UnfinishedPrint
from terminal.store.projections import OpenPayment
from terminal.store.schema import Identity

TAIL = 200
"""So many of the newest records are checked whenever the file is opened."""
CHECKPOINT_EVERY = 200
"""So many entries gather in the write-ahead log before an idle till moves them into the file."""
CHECKPOINT_MAX = 2_000
"""So many gather at most (about 60 MB), idle or not."""


@dataclass(frozen=True, slots=True)
class Acked:
    """The last acknowledgement of the head office that held."""

    seq: int
    digest: bytes
    timeline: int
    proof: bytes
    """The signed message, to show it again."""


class Ledger(Accounts):
    """Reads and appends; made by :meth:`open`."""

    def __init__(self, disk: Disk, identity: Identity) -> None:
        """Read where the ledger stands, or begin it.

        Raises:
            LedgerError: The file does not belong to ``identity`` or to this program.
            DamagedError: Its last records contradict each other.
        """
        self._disk = disk
        self._run = disk.run
        version = schema.check_version(disk.connection)
        if not version:
            with disk.commit():
                schema.create(disk.connection, identity)
            disk.sync_folder()
        elif version < schema.SCHEMA_VERSION:
            with disk.commit():
                schema.move_up(disk.connection)
                uses.fill(disk.connection)
        row = self._run("SELECT * FROM state").fetchone()
        _, self.ledger_id, self.public_key, self.ordinal, outbox, receipts, found, *acked = row
        if self.public_key != identity.public_key:
            raise LedgerError("the ledger was begun with another key")
        self.head_seq: int = outbox
        self.receipts: int = receipts
        """How many sales were posted."""
        self.head_digest: bytes = chain.check_tail(disk.connection, TAIL)
        self.acked = Acked(*acked)
        self._ack_waits = False
        self._calls = Calls(disk.connection)
        self._open_sales = projections.open_sales(disk.connection)
        self._unfound = outbox - found
        self._gathered = CHECKPOINT_EVERY
        self._marked = 0

    @classmethod
    def open(cls, path: Path, identity: Identity, boot: str) -> Self:
        """Open or make the ledger at ``path`` and check its tail; ``boot`` names this boot of the machine.

        Raises:
            LedgerError: In use, unreadable, of a later version, or begun with another key.
            DamagedError: Its last records contradict each other.
        """
        disk = Disk(path)
        try:
            ledger = cls(disk, identity)
            with disk.commit_locally():
                prints.settle_after_restart(disk.connection, boot)
            disk.keep_reserve()
            ledger._marked = prints.highest(disk.connection)
        except (sqlite3.DatabaseError, DamagedError) as error:
            disk.close()
            raise DamagedError(f"{path}: {error}") from error
        except BaseException:
            disk.close()
            raise
        return ledger

    def close(self) -> None:
        """Bring the file in order and let go of it."""
        try:
            self.checkpoint(now=True)
        finally:
            self._disk.close()

    def next_receipt(self) -> int:
        """Return the number that the next sale posted gets."""
        return self.receipts + 1

    def post(
        self,
        entry: Entry,
        data: bytes,
        call: CallKey | None,
        meanwhile: Callable[[], None] | None = None,
        before: tuple[Entry, bytes] | None = None,
    ) -> int:
        """Commit ``entry``, whose record's bytes are ``data``, and return its sequence number.

        ``before`` is an entry that is committed just before it, both or neither; it is no sale.

        ``meanwhile`` is called when only the commit itself is left, which takes as long as the disk does: it
        may have another thread get something ready, and must not take the entry for posted.

        Raises:
            LedgerError: It could not be done (disk full) and nothing was changed.
            CommitUnknownError: The disk failed at the commit; the process must end.
            UnbalancedError, RecordTooLargeError: The entry is no entry; a bug. Nothing was changed.
        """
        seq, digest = self.head_seq + 1, self.head_digest
        if before is not None:
            seq, digest = seq + 1, seal(digest, before[1])
        first, digest = digest, seal(digest, data)
        sale = isinstance(entry.body, NUMBERED)
        receipts = self.receipts + sale
        hashed, asked = (hash_of(call.id), call.body_digest) if call else (None, None)
        with self._disk.commit():
            open_sales = self._open_sales
            if before is not None:
                self._run(
                    "INSERT INTO record VALUES (?, ?, ?, NULL, NULL, NULL)",
                    (seq - 1, before[1], first),
                )
                projections.apply(self._disk.connection, seq - 1, before[0], open_sales)
                open_sales = projections.open_sales(self._disk.connection)
            self._run(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)",
                (seq, data, digest, receipts if sale else None, hashed, asked),
            )
            projections.apply(self._disk.connection, seq, entry, open_sales)
            self._advance(seq, receipts)
            if meanwhile is not None:
                meanwhile()
        self.head_seq, self.head_digest, self.receipts = seq, digest, receipts
        self._ack_waits = False
        if hashed is not None:
            self._calls.remember(hashed, seq)
        if self._open_sales or open_sales or not sale:
            self._open_sales = projections.open_sales(self._disk.connection)
        self._tidy()
        return seq

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of record ``seq``, or None when there is none."""
        row = self._run("SELECT body FROM record WHERE seq = ?", (seq,)).fetchone()
        return decode(row[0]) if row else None

    def receipt(self, number: int) -> Entry | None:
        """Return the sale with receipt ``number``, or None when there is none."""
        return self.entry(prints.find_seq(self._disk.connection, number))

    def answered(self, call_id: str) -> Answered | None:
        """Return what the call with this id did, or None when it was never carried out."""
        return self._calls.answered(call_id)

    def open_payments(self) -> tuple[OpenPayment, ...]:
        """Return payments taken for sales that are not posted, oldest first."""
        return projections.open_payments(self._disk.connection)

    def purse_doubts(self) -> tuple[Doubt, ...]:
        """Return movements on cards that this till announced and that are not settled, oldest first."""
        return purses.doubts(self._disk.connection)

    def purse_waited_for(self) -> Entry | None:
        """Return the newest intent whose sale goes on and waits for it, or None."""
        seq = purses.live(self._disk.connection)
        return self.entry(seq) if seq else None

    def next_purse_sequence(self) -> int:
        """Return the number of this terminal's next movement on a card."""
        return purses.next_sequence(self._disk.connection)

    def purse_counter(self, purse: str, line: str) -> int:
        """Return the highest counter that this till ever saw of a card, 0 if none."""
        return purses.known(self._disk.connection, purse, line)

    def pins(self) -> dict[str, str]:
        """Return the verifiers of PINs changed at this till, by operator."""
        return dict(self._run("SELECT operator, verifier FROM pin").fetchall())

    def locks(self) -> dict[str, int]:
        """Return until when (milliseconds since 1970) operators were locked out, by operator."""
        return dict(self._run("SELECT operator, until_ms FROM lockout").fetchall())

    def copies(self, receipt: str) -> int:
        """Return how many copies of the receipt were asked for."""
        row = self._run("SELECT copies FROM copy WHERE receipt = ?", (receipt,)).fetchone()
        return row[0] if row else 0

    def history(self, counted: Sequence[str], date: int) -> uses.LedgerHistory:
        """Return the past as rules ask for it, on business date ``date``; ``counted`` are limited rules."""
        return uses.LedgerHistory(self._disk.connection, counted, date)

    def take_tap(self, tag: bytes, counter: int) -> bool:
        """Remember a signed tap of a tag for good; return whether it is newer than any before.

        Raises:
            LedgerError: It could not be done (disk full) and nothing was changed.
            CommitUnknownError: The disk failed at the commit; the process must end.
        """
        with self._disk.commit():
            return taps.take(self._disk.connection, tag, counter)

    def take_taps(self, seen: Iterable[tuple[bytes, int]]) -> None:
        """Remember taps that a ledger before this one has seen."""
        with self._disk.commit():
            for tag, counter in seen:
                taps.take(self._disk.connection, tag, counter)

    def keep_book(self, digest: bytes, packed: bytes, now_ms: int) -> int:
        """Keep the rules that price from the next record on, and return since when (wall time) they do.

        Raises:
            LedgerError: The disk is full; nothing was changed.
            CommitUnknownError: The disk failed.
        """
        held = keptbooks.newest(self._disk.connection)
        if held is not None and held[0] == digest:
            return held[1]
        with self._disk.commit():
            since = (self.head_seq + 1, now_ms)
            keptbooks.keep(self._disk.connection, since, digest, packed)
        return now_ms

    def print_started(self, number: int) -> None:
        """Note that the first byte of receipt ``number`` is about to be sent."""
        self._mark(number, PrintState.STARTED)

    def print_done(self, number: int) -> None:
        """Note that it is printed, or that a person settled it, or that it need not be printed."""
        self._mark(number, PrintState.DONE)

    def print_unknown(self, number: int) -> None:
        """Note that it may be on paper or not."""
        self._mark(number, PrintState.UNKNOWN)

    def print_not_started(self, number: int) -> None:
        """Note that no byte was sent after all."""
        self._mark(number, PrintState.INTENDED)

    def unfinished_prints(self) -> tuple[UnfinishedPrint, ...]:
        """Return the receipts that are not known to be printed, oldest first."""
        return prints.unfinished(self._disk.connection)

    def doubt(self, receipts: Iterable[str]) -> None:
        """Keep receipts of the ledger before that may be on paper or not."""
        with self._disk.commit_locally():
            self._disk.connection.executemany(
                "INSERT OR IGNORE INTO old_doubt VALUES (?)", [(name,) for name in receipts]
            )

    def old_doubts(self) -> tuple[str, ...]:
        """Return the receipts of earlier ledgers that may be on paper or not."""
        return tuple(row[0] for row in self._run("SELECT receipt FROM old_doubt ORDER BY 1"))

    def settle_old(self, receipt: str) -> None:
        """Note that a receipt of an earlier ledger is on paper now."""
        with self._disk.commit_locally():
            self._run("DELETE FROM old_doubt WHERE receipt = ?", (receipt,))

    def acknowledge(self, seq: int, digest: bytes, proof: bytes, timeline: int = 1) -> bool:
        """Keep the head office's word that it holds all up to ``seq``; return whether it was news.

        It is written with the next commit. It never goes back within a timeline, and is refused when the
        digest is not ours. The caller has checked the signature.
        """
        held = self.acked
        if timeline < held.timeline or (timeline == held.timeline and seq <= held.seq):
            return False
        if digest != self._digest_of(seq):
            return False
        self.acked = Acked(seq, digest, timeline, proof)
        self._ack_waits = True
        return True

    def checkpoint(self, *, now: bool = False) -> None:
        """Move the write-ahead log into the file when enough gathered, or ``now``; for idle moments.

        Raises:
            LedgerError: The disk is full; nothing is lost.
            CommitUnknownError: The disk failed; the process must end.
        """
        if now and self._ack_waits:
            with self._disk.commit_locally():
                self._advance(self.head_seq, self.receipts)
            self._ack_waits = False
        if self._unfound >= INDEX_EVERY:
            self._extend_index()
        if now or self._gathered >= CHECKPOINT_EVERY:
            self._disk.checkpoint()
            self._gathered = 0

    def _tidy(self) -> None:
        """Count what gathers, and see to it in time even when the till is never idle."""
        self._unfound += 1
        self._gathered += 1
        if self._unfound >= INDEX_MAX:
            self._extend_index()
        if self._gathered >= CHECKPOINT_MAX:
            self._disk.checkpoint()
            self._gathered = 0

    def _extend_index(self) -> None:
        with self._disk.commit_locally():
            extend_index(self._disk.connection)
            prints.forget_done(self._disk.connection)
        self._calls.forget_recent()
        self._unfound = 0

    def _digest_of(self, seq: int) -> bytes | None:
        if not seq:
            return genesis(self.ledger_id, self.public_key)
        row = self._run("SELECT digest FROM record WHERE seq = ?", (seq,)).fetchone()
        return row[0] if row else None

    def _mark(self, number: int, state: PrintState) -> None:
        assert 0 < number <= self.receipts, f"receipt {number} is not posted"
        if number <= self._marked + 1:
            self._disk.change_locally(prints.SET, (number, state))
        else:
            with self._disk.commit_locally():
                prints.mark(self._disk.connection, number, state)
        self._marked = max(number, self._marked)

    def _advance(self, seq: int, receipts: int) -> None:
        if self._ack_waits:
            acked = self.acked
            self._run(
                "UPDATE state SET outbox = ?, receipts = ?,"
                " acked = ?, acked_digest = ?, timeline = ?, proof = ?",
                (seq, receipts, acked.seq, acked.digest, acked.timeline, acked.proof),
            )
        else:
            self._run("UPDATE state SET outbox = ?, receipts = ?", (seq, receipts))
