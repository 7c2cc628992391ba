"""The way to the head office over all of a till's ledgers: the closed ones first, then the one in use.

What a closed ledger holds and the head office lacks must be there before the next one's statements can be
right, and nothing that was posted may wait for a person to look at an old file. A head office that came back
from a backup opens a higher timeline: then the closed ones are told again, since it may have lost them.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.schema import Link
from sync.protocol.keys import PublicKey, SecretKey
from sync.uplink.api import (
    Acked,
    Follows,
    Health,
    LedgerForgotten,
    LedgerOutrun,
    Mirror,
    Progress,
    TillIdentity,
    UplinkEvent,
    Wanted,
)
from sync.uplink.worker import Uplink
from terminal.app.records import LedgerRecords
from terminal.store.older import Head, Older
from terminal.store.succession import write_small

_MARK_BYTES_MAX = 20


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
    _health: Health = field(default_factory=Health)
    _timeline: int = 0
    """The highest that the head office was heard of in."""

    def run(self) -> None:
        """Sync until stopped."""
        self._head = self.live.seq
        closed = Older(self.folder).heads()
        last = closed[-1] if closed else None
        while not self._stop.is_set():
            for before, head in zip([None, *closed], closed, strict=False):
                if not self._stop.is_set() and not is_drained(head, self._timeline):
                    self._drain(self.party.identity(head, before), head)
            if not self._stop.is_set():
                self._carry(self.party.identity(self.live, last), closed)

    def poke(self, head_seq: int) -> None:
        """Take note that the ledger in use has grown."""
        self._head = head_seq
        uplink = self._uplink
        if (
            uplink is not None and uplink.ledger_id == self.live.ledger_id
        ):  # Closed ones do not grow.
            uplink.poke(head_seq)

    def tell(self, health: Health) -> None:
        """Have the head office know how the till is."""
        self._health = health
        uplink = self._uplink
        if uplink is not None:
            uplink.tell(health)

    def ask(self, wanted: Wanted) -> bool:
        """Ask the head office for value; False where it cannot be asked now."""
        uplink = self._uplink
        if uplink is None or uplink.ledger_id != wanted.ledger_id:
            return False
        uplink.ask(wanted)
        return True

    def stop(self) -> None:
        """Have :meth:`run` return soon."""
        self._stop.set()
        uplink = self._uplink
        if uplink is not None:
            uplink.wake()

    def _drain(self, identity: TillIdentity, head: Head) -> None:
        done = threading.Event()

        def emit(event: UplinkEvent) -> None:
            if isinstance(event, LedgerForgotten):
                self._forgotten()
            elif not isinstance(event, Acked | LedgerOutrun):
                self.emit(event)
            elif event.seq >= head.seq:
                mark_drained(head.path, timeline_of(event) or self._timeline)
                done.set()
                self._wake()

        self._sync(identity, head, emit, None, done)

    def _carry(self, identity: TillIdentity, closed: Sequence[Head]) -> None:
        risen = threading.Event()

        def emit(event: UplinkEvent) -> None:
            if isinstance(event, LedgerForgotten):
                self._forgotten()
            else:
                self.emit(event)
            self._timeline = max(self._timeline, timeline_of(event))
            if not all(is_drained(head, self._timeline) for head in closed):
                risen.set()
                self._wake()
            elif isinstance(event, Acked):
                self.live = replace(self.live, proof=event.proof)

        self._sync(identity, self.live, emit, self.mirror, risen)

    def _sync(
        self,
        identity: TillIdentity,
        head: Head,
        emit: Callable[[UplinkEvent], None],
        mirror: Mirror | None,
        end: threading.Event,
    ) -> None:
        """Speak for one ledger until ``end`` is set, or we are to stop."""
        is_live = head is self.live
        seq = max(head.seq, self._head) if is_live else head.seq
        with closing(LedgerRecords(head.path)) as records:
            start = Progress(seq, head.proof)
            uplink = self._uplink = Uplink(
                self.party.link, identity, records, start, emit, mirror, records.beside
            )
            uplink.tell(self._health)
            if is_live:
                uplink.poke(self._head)  # It may have grown just before.
            uplink.run(_Either((end, self._stop)))
            self._uplink = None

    def _forgotten(self) -> None:
        for head in Older(self.folder).heads():
            forget_drained(head.path)

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


def mark_drained(path: Path, timeline: int) -> None:
    """Take note that the head office holds all of the closed ledger at ``path``, as of its ``timeline``."""
    write_small(path.with_suffix(".drained"), str(timeline))


def forget_drained(path: Path) -> None:
    """The head office lacks a closed ledger that it once held: it came back from a backup."""
    path.with_suffix(".drained").unlink(missing_ok=True)


def is_drained(head: Head, timeline: int) -> bool:
    """Return whether the head office, in this ``timeline``, is known to hold all of a closed ledger."""
    if not head.seq:
        return True
    try:
        said = (
            head.path.with_suffix(".drained")
            .read_bytes()[:_MARK_BYTES_MAX]
            .decode("ascii", "replace")
        )
    except FileNotFoundError:
        return False
    return (int(said) if said.isdecimal() else 0) >= timeline


def timeline_of(event: UplinkEvent) -> int:
    """Return the head office's timeline as ``event`` tells it, 0 when it tells none."""
    return event.timeline if isinstance(event, Acked) else 0


def digest_at_end(head: Head) -> bytes:
    """Return the digest of a closed ledger's last record, empty when it has none."""
    with closing(LedgerRecords(head.path)) as records:
        rows = records.read(head.seq, 1)
    return rows[0][2] if rows else b""
