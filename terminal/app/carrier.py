"""The way to the head office over all of a till's ledgers: the closed ones first, then the one in use.

What a closed ledger holds and the head office lacks must be there before the next one's statements can be
right, and nothing that was posted may wait for a person to look at an old file.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from config.schema import Link
from sync.protocol.keys import PublicKey, SecretKey
from sync.uplink.api import (
    Acked,
    Follows,
    LedgerOutrun,
    Mirror,
    Progress,
    TillIdentity,
    UplinkEvent,
)
from sync.uplink.worker import Uplink
from terminal.app.records import LedgerRecords
from terminal.store.older import Head, Older
from terminal.store.succession import write_small


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends to whom, whatever ledger it is about."""

    link: Link
    terminal: str
    key: SecretKey
    trusted: PublicKey | None

    def identity(self, head: Head, before: Head | None) -> TillIdentity:
        """Return the till with one of its ledgers."""
        follows = None
        if before is not None:
            follows = Follows(before.ledger_id, before.seq, digest_at_end(before))
        other = b"" if head.public_key == self.key.public.raw else head.public_key
        return TillIdentity(
            self.terminal, head.ledger_id, self.key, self.trusted,
            ordinal=head.ordinal, ledger_key=other, follows=follows,
        )  # fmt: skip


@dataclass(slots=True)
class Carrier:
    """One thread's whole work, :meth:`run`; the rest may be called from any thread."""

    party: Party
    folder: Path
    live: Head
    mirror: Mirror | None
    emit: Callable[[UplinkEvent], None]
    _uplink: Uplink | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _head: int = 0

    def run(self) -> None:
        """Sync until stopped."""
        self._head = self.live.seq
        closed = Older(self.folder).heads()
        for before, head in zip([None, *closed], closed, strict=False):
            if self._stop.is_set():
                return
            if not is_drained(head):
                self._drain(self.party.identity(head, before), head)
        if not self._stop.is_set():
            last = closed[-1] if closed else None
            self._carry(self.party.identity(self.live, last), self.live, self.mirror, self.emit)

    def poke(self, head_seq: int) -> None:
        """Take note that the ledger in use has grown."""
        self._head = head_seq
        uplink = self._uplink
        if uplink is not None:
            uplink.poke(head_seq)

    def stop(self) -> None:
        """Have :meth:`run` return soon."""
        self._stop.set()
        uplink = self._uplink
        if uplink is not None:
            uplink.wake()

    def _drain(self, identity: TillIdentity, head: Head) -> None:
        done = threading.Event()

        def emit(event: UplinkEvent) -> None:
            is_word = isinstance(event, Acked | LedgerOutrun) and event.seq >= head.seq
            if is_word:
                done.set()
                write_small(drained_mark(head.path), head.ledger_id)
                self._wake()
            elif not isinstance(event, Acked | LedgerOutrun):
                self.emit(event)

        with closing(LedgerRecords(head.path)) as records:
            self._uplink = Uplink(
                self.party.link, identity, records, Progress(head.seq, head.proof), emit
            )
            self._uplink.run(_Either((done, self._stop)))
            self._uplink = None

    def _carry(
        self,
        identity: TillIdentity,
        head: Head,
        mirror: Mirror | None,
        emit: Callable[[UplinkEvent], None],
    ) -> None:
        start = Progress(max(head.seq, self._head), head.proof)
        with closing(LedgerRecords(head.path)) as records:
            self._uplink = Uplink(self.party.link, identity, records, start, emit, mirror)
            self._uplink.poke(self._head)
            self._uplink.run(self._stop)

    def _wake(self) -> None:
        if self._uplink is not None:
            self._uplink.wake()


class _Either(threading.Event):
    """Set when one of several events is."""

    def __init__(self, events: Sequence[threading.Event]) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        """Return whether one of them is."""
        return any(event.is_set() for event in self._events)


def drained_mark(path: Path) -> Path:
    """Return the file whose presence says that the head office holds all of a closed ledger."""
    return path.with_suffix(".drained")


def is_drained(head: Head) -> bool:
    """Return whether the head office is known to hold all of a closed ledger."""
    return not head.seq or drained_mark(head.path).exists()


def digest_at_end(head: Head) -> bytes:
    """Return the digest of a closed ledger's last record, empty when it has none."""
    with closing(LedgerRecords(head.path)) as records:
        rows = records.read(head.seq, 1)
    return rows[0][2] if rows else b""
