"""What the head office's page shows, as frozen values. Amounts are signed as in the books: debits positive.

A member's points and money are what the shop owes, so they stand here as negative amounts and the page
turns the sign. Times are milliseconds since 1970 UTC; a digest is hexadecimal.
"""

from dataclasses import dataclass
from enum import StrEnum

from terminal.core.journal import Entry


class Chain(StrEnum):
    """How far a till's records can be trusted."""

    WHOLE = "whole"
    """Every record follows the one before it."""
    FORKED = "forked"
    """The same number came twice with different content: a copied card. A person must decide."""
    QUARANTINE = "quarantine"
    """The chain is whole, but it holds records that the books could not take."""
    REFUSED = "refused"
    """The till's last batch was refused; nothing of it was stored."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The head office at a glance."""

    tills: int
    connected: int
    records: int
    quarantined: int
    forks: int
    sales: int
    """Paid sales of all tills since the beginning."""
    sales_amount: int
    """Their totals in minor units."""
    points_owed: int
    """What members hold, positive."""
    timeline: int
    """Raised when the head office came back from an old backup."""
    key: str
    """Name of the head office's key."""
    broker: str
    """Empty while the broker is connected, otherwise what is wrong in words."""


@dataclass(frozen=True, slots=True)
class Till:
    """One stream of records: a till, or the branch of a copied one."""

    terminal: str
    ledger_id: str
    branch: int
    """0, or higher for a stream that left another one at the same number."""
    last_seq: int
    """Last record stored, and acknowledged."""
    head_seq: int
    """Last record the till says it has; at least ``last_seq``."""
    lag: int
    """Records still on their way."""
    connected: bool
    """What the broker last said of the till."""
    last_seen_ms: int
    """When the head office last heard of it, 0 never."""
    last_record_ms: int
    """The till's own wall clock in its last record, 0 unknown."""
    skew_ms: int
    """The till's clock less ours when its last batch came; 0 unknown."""
    chain: Chain
    trouble: str
    """Why ``chain`` is not whole, for a person; otherwise empty."""
    key: str
    """Name of the till's key."""
    head_digest: str
    """Digest of record ``last_seq``: two sides that agree on it agree on everything before."""
    sales: int
    sales_amount: int


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale in a list."""

    id: int
    """Position in the list, higher is newer; the ``before`` of the next page."""
    ledger_id: str
    branch: int
    seq: int
    terminal: str
    store: str
    receipt: str
    wall_ms: int
    member: str
    """Account number, empty for a sale without a member."""
    lines: int
    discount: int
    total: int
    earned: int


@dataclass(frozen=True, slots=True)
class Day:
    """Paid sales of all tills on one business day."""

    business_date: int
    """Year, month and day as one number: 20261121."""
    sales: int
    amount: int
    discount: int
    earned: int


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record whole."""

    ledger_id: str
    branch: int
    seq: int
    terminal: str
    digest: str
    previous: str
    received_ms: int
    size: int
    """Bytes of the body."""
    entry: Entry | None
    """What it means; ``None`` for a record in quarantine."""
    fault: str
    """Why it is in quarantine, otherwise empty."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One account in the books."""

    account: str
    """``house:…`` or ``member:NUMBER``."""
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that was stored and acknowledged but is not in the books."""

    ledger_id: str
    branch: int
    seq: int
    terminal: str
    received_ms: int
    fault: str


@dataclass(frozen=True, slots=True)
class RefusedEnvelope:
    """A message that was not taken, kept for a person; the oldest are dropped."""

    id: int
    received_ms: int
    topic: str
    reason: str
    size: int
