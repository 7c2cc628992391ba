"""One record opened: what it says, what it did to the books, and why, in one flat value."""

from dataclasses import dataclass

from sync.hq.page.answers import PointsPart, Reason, points_parts, reasons
from sync.hq.page.language import Language
from sync.hq.views import RecordView
from terminal.core import journal
from terminal.core.allowance import AllowancesClosed, AllowancesOpened
from terminal.core.journal import Bill, Body, Posting, Tender, Versions
from terminal.core.officebook import (
    AccountsMerged,
    LossDeclared,
    ValueAdjusted,
    ValueLapsed,
    Verdict,
)
from terminal.core.points.entries import (
    GiftGiven,
    LotteryDrawn,
    LotteryOpened,
    PeriodComputed,
    PointsGiven,
    PointsTaken,
)
from terminal.core.pricing.coupons import CouponsIssued
from terminal.core.stored import ToppedUp

KINDS = {
    journal.SalePosted: "sale",
    journal.PaymentTaken: "payment taken",
    journal.PaymentReturned: "payment returned",
    journal.SaleVoided: "sale voided",
    journal.PinChanged: "PIN changed",
    journal.LockedOut: "locked out",
    journal.Reprinted: "copy of a receipt",
    PointsGiven: "points given",
    PointsTaken: "points taken",
    GiftGiven: "gift for points",
    LotteryOpened: "lottery opened",
    LotteryDrawn: "lottery draw",
    PeriodComputed: "points of a period",
    AllowancesOpened: "allowances taken",
    AllowancesClosed: "allowances closed",
    ToppedUp: "top-up",
    ValueAdjusted: "value adjusted",
    ValueLapsed: "value lapsed",
    LossDeclared: "loss declared",
    AccountsMerged: "accounts merged",
    Verdict: "verdict",
    CouponsIssued: "coupons issued",
    journal.PurseIntent: "card asked to move money",
    journal.PurseSettled: "card's word on it",
    journal.PurseRepaid: "given back for a card",
}
"""What kind of event a body is, as the API names it and the page translates it."""

DETAILS: dict[type, tuple[str, ...]] = {
    journal.PaymentReturned: ("sale_id",),
    journal.PinChanged: ("operator",),  # Nobody needs to read the verifier.
    journal.LockedOut: ("operator", "until_ms"),
    journal.Reprinted: ("receipt", "copy"),
    PointsGiven: ("account", "why", "rule", "points"),
    PointsTaken: ("account", "why", "points"),
    GiftGiven: ("account", "name", "pieces", "points"),
    LotteryOpened: ("name", "points"),
    LotteryDrawn: ("account", "lottery", "name", "points"),
    PeriodComputed: ("why", "rule", "points"),
    AllowancesClosed: ("cause",),
    ToppedUp: ("account", "principal", "bonus", "rule"),
    ValueAdjusted: ("account", "unit", "reason", "by"),
    ValueLapsed: ("account", "unit"),
    LossDeclared: ("terminal", "reason", "by"),
    AccountsMerged: ("account", "into", "reason", "by"),
    Verdict: ("what", "subject", "reason", "by"),
    CouponsIssued: (
        "issuer",
        "campaign",
        "holder",
        "place",
    ),  # Whoever knows a serial is no step nearer.
    journal.PurseIntent: ("purse", "move", "amount", "sequence", "counter", "balance"),
    journal.PurseSettled: (
        "purse",
        "move",
        "amount",
        "sequence",
        "outcome",
        "how",
        "counter",
        "balance",
    ),
    journal.PurseRepaid: ("purse", "amount", "sequence"),
}
"""What an event of a kind says beside bill and postings, by the names of its fields."""
_NAMES = {"sale_id": "sale", "until_ms": "until"}


@dataclass(frozen=True, slots=True)
class EntryAnswer:
    """What a record means. A bill is there for events about a basket; the rest is empty or zero."""

    kind: str
    wall_ms: int
    trusted_clock: bool
    boot: str
    business_date: int
    store: str
    terminal: str
    operator: str
    call_id: str
    versions: Versions
    facts: tuple[tuple[str, str], ...]
    receipt: str
    bill: Bill | None
    reasons: tuple[Reason, ...]
    points_why: tuple[PointsPart, ...]
    tenders: tuple[Tender, ...]
    change: int
    details: tuple[tuple[str, str], ...]
    """What else the event says, name and value."""
    postings: tuple[Posting, ...]
    corrects: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """A record whole: its place in the chain and, unless it is in quarantine, its entry."""

    ledger_id: str
    branch: int
    seq: int
    terminal: str
    digest: str
    previous: str
    received_ms: int
    size: int
    fault: str
    """Why it is in quarantine, otherwise empty."""
    newest: bool
    """Whether no record follows it yet."""
    entry: EntryAnswer | None


def opened(record: RecordView, language: Language, *, newest: bool) -> RecordAnswer:
    """Return ``record`` as the page and the API show it."""
    return RecordAnswer(
        record.ledger_id, record.branch, record.seq, record.terminal, record.digest,
        record.previous, record.received_ms, record.size, record.fault, newest,
        None if record.entry is None else _entry(record.entry, language),
    )  # fmt: skip


def _entry(entry: journal.Entry, language: Language) -> EntryAnswer:
    body, stamp = entry.body, entry.stamp
    bill = _bill(body)
    sale = body if isinstance(body, journal.SalePosted) else None
    return EntryAnswer(
        kind=KINDS[type(body)],
        wall_ms=stamp.wall_ms,
        trusted_clock=stamp.trusted,
        boot=stamp.boot,
        business_date=entry.business_date,
        store=entry.store,
        terminal=entry.terminal,
        operator=entry.operator,
        call_id=entry.call_id,
        versions=entry.versions,
        facts=entry.facts,
        receipt=sale.receipt if sale else "",
        bill=bill,
        reasons=reasons(bill, language) if bill else (),
        points_why=points_parts(bill, language) if bill else (),
        tenders=_tenders(body),
        change=sale.change if sale else 0,
        details=_details(body),
        postings=entry.postings,
        corrects=entry.corrects,
    )


def _bill(body: Body) -> Bill | None:
    match body:
        case journal.SalePosted() | journal.PaymentTaken() | journal.SaleVoided():
            return body.bill
        case _:
            return None


def _tenders(body: Body) -> tuple[Tender, ...]:
    match body:
        case journal.SalePosted():
            return body.tenders
        case journal.PaymentTaken() | journal.PaymentReturned():
            return (body.tender,)
        case _:
            return ()


def _details(body: Body) -> tuple[tuple[str, str], ...]:
    names = DETAILS.get(type(body), ())
    return tuple((_NAMES.get(name, name), str(getattr(body, name))) for name in names)
