"""The page's answers as frozen values: what the JSON twins encode and the templates draw.

Amounts in ``postings`` are signed as in the books, debits positive. A balance says both: ``amount`` as in
the books, and ``held``, what a member holds or a house account stands at, as people read it: for a member
with what was held at the opening of the books, so that it is what the tills show.
"""

from dataclasses import dataclass

from sync.hq.page.around import Around
from sync.hq.page.fleet import FleetTill, fleet, sums
from sync.hq.page.language import Language
from sync.hq.page.wording import discount_sentence, points_sentence
from sync.hq.reader import HqReader
from sync.hq.views import (
    Balance,
    Day,
    Overview,
    SaleRow,
)
from terminal.core import accounts
from terminal.core.journal import Bill, SalePosted

DAYS = 14
"""Business days in the overview."""
FEW = 8
"""Tills and sales in the overview."""
_MEMBER = accounts.member("")


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's part in one line of a sale: what it took off, and the sentence that says why."""

    line: int
    goods: str
    rule: str
    version: str
    amount: int
    percent: int
    why: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PointsPart:
    """One rule's part in the points of a sale."""

    rule: str
    version: str
    points: int
    percent: int
    why: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SaleAnswer(SaleRow):
    """A sale with its reasons."""

    member_name: str
    """Empty where it is not known here."""
    reasons: tuple[Reason, ...]
    points_why: tuple[PointsPart, ...]


@dataclass(frozen=True, slots=True)
class SalesAnswer:
    """A page of sales, newest first; ``next`` is the ``before`` of the page below."""

    sales: tuple[SaleAnswer, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class OverviewAnswer:
    """The head office at a glance."""

    overview: Overview
    waiting: int
    """Records that tills have and the head office has not."""
    silent: int
    """Tills that are not connected."""
    doubted: int
    """Streams whose chain is not whole."""
    points_held: int
    """By all members: what they held at the opening of the books, and all since."""
    day: Day | None
    """The newest business day."""
    days: tuple[Day, ...]
    """Newest first."""
    tills: tuple[FleetTill, ...]
    """The first few, those that need a person first."""
    sales: tuple[SaleAnswer, ...]
    """The newest few."""
    money_held: int
    """Stored value of all members, principal and bonus, in minor units."""


@dataclass(frozen=True, slots=True)
class BalanceAnswer(Balance):
    """An account with its name and what it holds."""

    opening: int
    """At the opening of the books, as people read it."""
    held: int
    name: str


@dataclass(frozen=True, slots=True)
class BalancesAnswer:
    """A page of balances, by account; ``next`` is the account and unit that the page below comes after."""

    balances: tuple[BalanceAnswer, ...]
    next: tuple[str, str] | None


def overview(reader: HqReader, around: Around, language: Language) -> OverviewAnswer:
    """Return the head office at a glance."""
    glance, days = reader.overview(), reader.days(DAYS)
    with reader.reading() as ask:
        streams, (waiting, doubted) = fleet(ask, FEW), sums(ask)
        moved = ask(
            "SELECT coalesce(sum(amount), 0) FROM aged_sum WHERE unit IN (?, ?)",
            (accounts.PRINCIPAL, accounts.BONUS),
        ).fetchone()
    opened = sum(around.opening_of_all(unit) for unit in (accounts.PRINCIPAL, accounts.BONUS))
    return OverviewAnswer(
        glance,
        waiting=waiting,
        silent=glance.tills - glance.connected,
        doubted=doubted,
        points_held=glance.points_owed + around.opening_of_all(accounts.POINTS),
        day=days[0] if days else None,
        days=days,
        tills=streams,
        sales=sales(reader, around, language, reader.newest_sales(FEW)),
        money_held=int(moved[0]) + opened,
    )


def sales(
    reader: HqReader, around: Around, language: Language, rows: tuple[SaleRow, ...]
) -> tuple[SaleAnswer, ...]:
    """Return ``rows`` with the reasons that their entries hold."""
    return tuple(_sale(row, reader, around, language) for row in rows)


def _sale(row: SaleRow, reader: HqReader, around: Around, language: Language) -> SaleAnswer:
    record = reader.entry(row.ledger_id, row.seq, row.branch)
    body = record.entry.body if record and record.entry else None
    bill = body.bill if isinstance(body, SalePosted) else None
    name = around.name_of(row.member) if row.member else ""
    why = reasons(bill, language) if bill else ()
    points = points_parts(bill, language) if bill else ()
    return SaleAnswer(
        row.id, row.ledger_id, row.branch, row.seq, row.terminal, row.store, row.receipt,
        row.wall_ms, row.member, row.lines, row.discount, row.total, row.earned,
        name, why, points,
    )  # fmt: skip


def reasons(bill: Bill, language: Language) -> tuple[Reason, ...]:
    """Return every discount of ``bill``, line by line."""
    return tuple(
        Reason(
            line.n, line.name, part.rule, part.version, part.amount, part.percent, part.why,
            discount_sentence(part, language),
        )
        for line in bill.lines
        for part in line.discounts
    )  # fmt: skip


def points_parts(bill: Bill, language: Language) -> tuple[PointsPart, ...]:
    """Return every rule's part in the points of ``bill``."""
    return tuple(
        PointsPart(
            part.rule, part.version, part.points, part.percent, part.why,
            points_sentence(part, language),
        )
        for part in bill.points_why
    )  # fmt: skip


def balance(row: Balance, around: Around) -> BalanceAnswer:
    """Return ``row`` with what it holds: a member's balance is what the shop owes, so the sign turns."""
    opening = around.opening(row.account, row.unit)
    moved = -row.amount if row.account.startswith(_MEMBER) else row.amount
    name = around.called(row.account)
    return BalanceAnswer(row.account, row.unit, row.amount, opening, opening + moved, name)
