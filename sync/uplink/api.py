"""What the till hands to its uplink, and what the uplink tells the till."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.protocol.ack import peek_ack
from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.master import Held, Part, Row
from sync.protocol.record import PUBLIC_KEY_BYTES, genesis
from sync.protocol.value import Grant


class Records(Protocol):
    """Read access to the ledger, on the uplink's own thread."""

    def read(self, first: int, count: int) -> Sequence[tuple[int, bytes, bytes]]:
        """Return up to ``count`` records from number ``first`` on: number, body, digest."""
        ...


class Mirror(Protocol):
    """The till's copy of the master data, on the uplink's own thread.

    Whatever cannot be done raises :class:`sync.protocol.errors.NotTakenError` and changes nothing.
    """

    def held(self, table: str) -> Held:
        """Return what is held of ``table``."""

    def confirm(self, table: str) -> None:
        """Take note that the head office has nothing newer of ``table``."""

    def fill(self, part: Part, rows: Sequence[Row]) -> None:
        """Add ``rows`` to a snapshot, which is begun anew with its first part."""

    def finish(self, part: Part, rows: Sequence[Row]) -> None:
        """Add what changed while the snapshot was fetched and put it in place."""

    def rest(self) -> bool:
        """Do what waits for a quiet moment; return whether whoever reads is to open the members anew."""

    def apply(self, part: Part, rows: Sequence[Row]) -> None:
        """Apply a delta, a statement, or all of a small table, as one transaction."""


@dataclass(frozen=True, slots=True)
class Follows:
    """Where the ledger before this one ended."""

    ledger_id: str
    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class TillIdentity:
    """Who sends."""

    terminal: str
    ledger_id: str
    key: SecretKey
    trusted: PublicKey | None
    """The head office's key; ``None`` keeps the first that is seen."""
    branch: int = 0
    program: str = ""
    """Name and version, for the head office's page."""
    ordinal: int = 1
    """Which ledger of the till it is."""
    ledger_key: bytes = b""
    """The key that the chain begins with, where it is not ``key``'s: the ledger came from another machine."""
    follows: Follows | None = None

    @property
    def genesis(self) -> bytes:
        """The digest that stands before the ledger's first record."""
        return genesis(self.ledger_id, self.ledger_key or self.key.public.raw)


@dataclass(frozen=True, slots=True)
class Health:
    """How a till is, for the head office's page; see :class:`sync.protocol.state.TillState`."""

    program: str = ""
    rules: str = ""
    rules_since_ms: int = 0
    rules_fault: str = ""
    paper: str = ""
    disk_mb: int = -1
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the till stood when it was last stopped: what it made of the last :class:`Acked`."""

    head_seq: int
    """Last record of the ledger."""
    proof: bytes = b""
    """As the last :class:`Acked` brought it; empty before the first."""

    @property
    def hq_key(self) -> bytes | None:
        """The head office's key as it was first seen, 32 bytes."""
        return self.proof[:PUBLIC_KEY_BYTES] if self.ack and self.position else None

    @property
    def ack(self) -> bytes:
        """The last acknowledgement, exactly as it came."""
        return self.proof[PUBLIC_KEY_BYTES:]

    @property
    def position(self) -> tuple[int, int] | None:
        """Acknowledged number and timeline, or ``None`` when the proof is not readable."""
        ack = peek_ack(self.ack)
        return None if ack is None else (ack.acked_seq, ack.timeline)


@dataclass(frozen=True, slots=True)
class Acked:
    """The head office holds everything up to ``seq``, books included, and signed for it."""

    ledger_id: str
    seq: int
    digest: bytes
    proof: bytes
    """The head office's public key (32 bytes) and its signed acknowledgement. Kept, to start again with."""
    timeline: int
    """Higher than before: the head office came back from a backup, and ``seq`` may have gone back."""


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The broker was reached or lost; ``reason`` is for the log."""

    connected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class SyncTrouble:
    """Something that a person should know; ``key`` is stable.

    ``no-answer``, ``turned-away``, ``batch-refused``, ``head-office-behind``, ``ledger-behind``, ``forked``,
    ``other-head-office``, ``forged``, ``master-refused``.
    """

    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mastered:
    """A table of the master data is now as the head office has it."""

    table: str
    """One of :data:`sync.protocol.master.TABLES`."""
    is_changed: bool
    """False where it already was."""
    is_word: bool = True
    """False: the file was put in order here, and the head office has said nothing."""


@dataclass(frozen=True, slots=True)
class LedgerOutrun:
    """The head office holds all of this ledger, and other records under its name: a new one must follow."""

    ledger_id: str
    seq: int
    """Last record of the ledger then; when it has grown since, this comes again."""
    ordinal: int
    """What the new ledger may be called: nobody has given out receipts of this number."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The loop asks for value, in the words of :mod:`sync.protocol.value`."""

    ledger_id: str
    ask: str
    account: str
    """Empty: what is granted ahead."""
    store: str
    head_seq: int
    timeline: int
    outstanding: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueGranted:
    """The head office answered an ask."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class ValueUnanswered:
    """An ask was given up: there is no connection, or no answer."""

    ask: str


@dataclass(frozen=True, slots=True)
class LedgerForgotten:
    """The head office lacks the end of the ledger that this one follows: closed ones are sent again."""

    ledger_id: str


UplinkEvent = (
    ValueGranted
    | ValueUnanswered
    | Acked
    | LinkChanged
    | SyncTrouble
    | Mastered
    | LedgerOutrun
    | LedgerForgotten
)
