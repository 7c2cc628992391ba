"""What the questions that look back answer: frozen values that templates draw and programs get as JSON."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry in a list."""

    ledger_id: str
    branch: int
    seq: int
    terminal: str
    kind: str
    wall_ms: int
    operator: str
    receipt: str
    amount: int
    """What a sale came to; otherwise 0."""
    fault: str
    """Why it is in quarantine, otherwise empty."""


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """Entries of one stream, newest first; ``next`` is the ``before`` of the page below."""

    terminal: str
    ledger_id: str
    branch: int
    last_seq: int
    head_seq: int
    base_seq: int
    heard_ms: int
    connected: bool
    branches: tuple[int, ...]
    entries: tuple[EntryRow, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One entry that moved a member, with what it moved."""

    id: int
    """Its number in the feed."""
    entry: EntryRow
    changes: tuple[tuple[str, int], ...]
    """Unit and change as people read it: positive is more for the member."""


@dataclass(frozen=True, slots=True)
class MemberAnswer:
    """One member: what they hold, and every entry that moved it, newest first."""

    account: str
    name: str
    held: tuple[tuple[str, int], ...]
    """Unit and amount."""
    moved: tuple[Moved, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in a list."""

    account: str
    name: str
    held: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class MembersAnswer:
    """Members by account number; ``next`` is the ``after`` of the page below."""

    members: tuple[MemberRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class StoreDay:
    """What one store sold on one business day."""

    business_date: int
    store: str
    sales: int
    amount: int
    discount: int
    earned: int
    """Points earned."""
    used: int
    """Points used."""
    members: int
    """Sales to members."""


@dataclass(frozen=True, slots=True)
class DaysAnswer:
    """Sales and points by day and store, newest day first."""

    since: int
    until: int
    store: str
    stores: tuple[str, ...]
    rows: tuple[StoreDay, ...]
    days: tuple[StoreDay, ...]
    """Each day over all stores shown, oldest first."""
    by_store: tuple[StoreDay, ...]
    """Each store over all days shown."""
    total: StoreDay


@dataclass(frozen=True, slots=True)
class Age:
    """What is still held of what came in a month; month 0 is the opening of the books."""

    month: int
    amount: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What all members hold of one unit."""

    unit: str
    amount: int
    ages: tuple[Age, ...]
    """Oldest first; they add up to ``amount``."""


@dataclass(frozen=True, slots=True)
class LiabilityAnswer:
    """What the shop owes its members."""

    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class OddRow:
    """Something that a person should look at."""

    id: int
    at_ms: int
    kind: str
    terminal: str
    operator: str
    account: str
    name: str
    ledger_id: str
    branch: int
    seq: int
    value: int
    settled_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnomaliesAnswer:
    """What is odd, newest first."""

    rows: tuple[OddRow, ...]
    next: int | None
