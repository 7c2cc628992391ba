"""What a run of entries means for the pages that look back: pure sums, and what a person should look at.

Nothing here is part of the books. Balances follow from postings alone; this says which entry moved whom,
what each store sold on each day, how old what members hold is, and which entries are odd.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from terminal.core import accounts
from terminal.core.journal import Entry, PaymentReturned, SalePosted, SaleVoided
from terminal.core.officebook import AccountsMerged

REPEAT_MS = 120_000
"""The same member on two tills within this time."""
BURST_MS, BURST_COUNT = 600_000, 4
"""So many sales of one member, each within this time of the last."""
MUCH_POINTS = 5_000
"""Points given by one entry."""
VOIDS_MANY, RETURNS_MANY = 5, 3
"""Of one operator on one day, at each multiple, where it is also more than one in five sales."""
ONE_IN = 5
KINDS = (
    "two-tills",
    "many-sales",
    "much-points",
    "many-voids",
    "many-returns",
    "clock-off",
    "forked",
)
"""What an anomaly is; the last two come from the streams, not from entries."""
AGED_UNITS = (accounts.POINTS, accounts.PRINCIPAL, accounts.BONUS)
_MEMBER = accounts.member("")

DayKey = tuple[int, str]
StaffKey = tuple[int, str, str]
Held = tuple[str, str]
"""Account in the books and unit."""


@dataclass(frozen=True, slots=True)
class Odd:
    """An anomaly. ``record`` is the row number of the entry that showed it."""

    kind: str
    at_ms: int
    terminal: str
    operator: str
    account: str
    record: int
    value: int


@dataclass(frozen=True, slots=True)
class Tap:
    """When a member last bought, where, and how many times in quick succession."""

    wall_ms: int
    terminal: str
    count: int


@dataclass(slots=True)
class Digest:
    """What was gathered. ``taps`` and ``staff`` begin with what is known and are carried on."""

    taps: dict[str, Tap]
    staff: dict[StaffKey, list[int]]
    """Sales, voids, their amount, payments returned, their amount."""
    days: dict[DayKey, list[int]] = field(default_factory=dict)
    """Sales, amount, discount, points earned, points used, sales to members."""
    moved: list[tuple[int, str]] = field(default_factory=list)
    """Record and account."""
    changes: dict[Held, list[tuple[int, int]]] = field(default_factory=dict)
    """Month and change of what members hold, positive for more, in order."""
    odd: list[Odd] = field(default_factory=list)


def accounts_of(entries: Iterable[tuple[int, Entry]]) -> set[str]:
    """Return the buyers' account numbers."""
    return {
        entry.body.bill.buyer.account
        for _, entry in entries
        if isinstance(entry.body, SalePosted) and entry.body.bill.buyer is not None
    }


def staff_of(entries: Iterable[tuple[int, Entry]]) -> set[StaffKey]:
    """Return whose days are touched."""
    return {(entry.business_date, entry.terminal, entry.operator) for _, entry in entries}


def take(digest: Digest, record: int, entry: Entry) -> None:
    """Add one entry."""
    used = 0
    for account in dict.fromkeys(
        p.account for p in entry.postings if p.account.startswith(_MEMBER)
    ):
        digest.moved.append((record, account))
    month = entry.business_date // 100
    for posting in entry.postings:
        if not posting.account.startswith(_MEMBER) or posting.unit not in AGED_UNITS:
            continue
        held = (posting.account, posting.unit)
        digest.changes.setdefault(held, []).append((month, -posting.amount))
        if posting.unit == accounts.POINTS:
            used += max(0, posting.amount)
            if -posting.amount > MUCH_POINTS and not isinstance(entry.body, AccountsMerged):
                digest.odd.append(
                    _odd("much-points", entry, record, -posting.amount, posting.account)
                )
    _take_staff(digest, record, entry)
    if isinstance(entry.body, SalePosted):
        _take_sale(digest, record, entry, entry.body, used)


def _take_sale(digest: Digest, record: int, entry: Entry, sale: SalePosted, used: int) -> None:
    totals, buyer = sale.bill.totals, sale.bill.buyer
    day = digest.days.setdefault((entry.business_date, entry.store), [0] * 6)
    added = (1, totals.total, totals.discount, totals.earned, used, int(buyer is not None))
    day[:] = [before + more for before, more in zip(day, added, strict=True)]
    if buyer is None:
        return
    wall_ms, last = entry.stamp.wall_ms, digest.taps.get(buyer.account)
    count = 1
    if last is not None:
        since = abs(wall_ms - last.wall_ms)
        count = last.count + 1 if since < BURST_MS else 1
        account = accounts.member(buyer.account)
        if since < REPEAT_MS and last.terminal != entry.terminal:
            digest.odd.append(_odd("two-tills", entry, record, since // 1000, account))
        elif count == BURST_COUNT:
            digest.odd.append(_odd("many-sales", entry, record, count, account))
    if last is None or wall_ms >= last.wall_ms:  # A till that was away sends older sales later.
        digest.taps[buyer.account] = Tap(wall_ms, entry.terminal, count)


def _take_staff(digest: Digest, record: int, entry: Entry) -> None:
    day = digest.staff.setdefault((entry.business_date, entry.terminal, entry.operator), [0] * 5)
    match entry.body:
        case SalePosted():
            day[0] += 1
        case SaleVoided(bill):
            day[1] += 1
            day[2] += bill.totals.total
            if day[1] % VOIDS_MANY == 0 and day[1] * ONE_IN > day[0]:
                digest.odd.append(_odd("many-voids", entry, record, day[1], ""))
        case PaymentReturned(tender=tender):
            day[3] += 1
            day[4] += tender.amount
            if day[3] % RETURNS_MANY == 0 and day[3] * ONE_IN > day[0]:
                digest.odd.append(_odd("many-returns", entry, record, day[3], ""))
        case _:
            pass


def _odd(kind: str, entry: Entry, record: int, value: int, account: str) -> Odd:
    wall_ms = entry.stamp.wall_ms
    return Odd(kind, wall_ms, entry.terminal, entry.operator, account, record, value)


def aged(held: dict[int, int], changes: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return what is held by the month it came in, after ``changes``: what came first is used first.

    More than is known to be there is taken from month 0, the opening of the books.

    >>> aged({202610: 50, 202611: 20}, [(202611, -60), (202612, 5)])
    {202610: 0, 202611: 10, 202612: 5}
    """
    after = dict(held)
    for month, change in changes:
        if change >= 0:
            after[month] = after.get(month, 0) + change
            continue
        left = -change
        for each in sorted(after):
            part = min(left, max(0, after[each]))
            after[each] -= part
            left -= part
        if left:
            after[0] = after.get(0, 0) - left
    return after
