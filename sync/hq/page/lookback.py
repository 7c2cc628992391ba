"""Questions that look back: one stream, one member, days and stores, what is owed, what is odd.

Every answer is a frozen dataclass with plain fields; lists are cut by the last key of the page above.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sync.hq.digest import KINDS as ODD
from sync.hq.page import asking
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError
from sync.hq.page.language import Language
from sync.hq.page.lookback_views import (
    Age,
    AnomaliesAnswer,
    DaysAnswer,
    EntryRow,
    LiabilityAnswer,
    MemberAnswer,
    MemberRow,
    MembersAnswer,
    Moved,
    OddRow,
    Owed,
    StoreDay,
    StreamAnswer,
)
from sync.hq.page.opened import KINDS
from sync.hq.page.questions import Given, NotFoundError, Question
from sync.hq.reader import Ask, HqReader
from sync.hq.schema import SEQ_BITS, record_id, seq_of, stream_of
from terminal.codec.entry import UndecodableError, decode
from terminal.core import accounts
from terminal.core.journal import Entry, SalePosted

DAYS_BACK = 30
DAYS_MAX = 400
_SEQ_END = 1 << SEQ_BITS
_UNITS = (accounts.PRINCIPAL, accounts.BONUS, accounts.POINTS)


@dataclass(frozen=True, slots=True)
class Lookback:
    """The questions, over one reader."""

    reader: HqReader
    around: Around

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are shown in."""
        return ZoneInfo(self.around.timezone)

    def by_name(self) -> dict[str, Question]:
        """Return every question by the name it has in paths and calls."""
        return {
            "stream": self.stream,
            "member": self.member,
            "members": self.members,
            "days": self.days,
            "liability": self.liability,
            "anomalies": self.anomalies,
        }

    def stream(self, path: Given, query: Given, _language: Language) -> StreamAnswer:
        """Return entries of one stream, newest first."""
        name = asking.record({**path, "seq": "1"}, query)
        limit = asking.rows(query)
        before = asking.whole(query, "before", 1, _SEQ_END - 1)
        with self.reader.reading() as ask:
            row = ask(
                "SELECT id, terminal, last_seq, head_seq, base_seq, heard_ms, connected FROM stream"
                " WHERE ledger_id = ? AND branch = ?",
                (name.ledger_id, name.branch),
            ).fetchone()
            if row is None:
                raise NotFoundError(f"no ledger {name.ledger_id}")
            found = _entries(ask, row[0], before or row[2] + 1, limit + 1)
            branches = ask(
                "SELECT branch FROM stream WHERE ledger_id = ? ORDER BY branch", (name.ledger_id,)
            ).fetchall()
        return StreamAnswer(
            row[1], name.ledger_id, name.branch, row[2], max(row[3], row[2]), row[4], row[5],
            bool(row[6]), tuple(each[0] for each in branches), tuple(found[:limit]),
            found[limit - 1].seq if len(found) > limit else None,
        )  # fmt: skip

    def members(self, _path: Given, query: Given, _language: Language) -> MembersAnswer:
        """Return members whose number or name holds what is searched for."""
        limit, wanted = asking.rows(query), asking.text(query, "search")
        after = asking.text(query, "after")
        numbers = self._numbers(wanted.casefold(), after, limit + 1)
        with self.reader.reading() as ask:
            rows = [
                MemberRow(each, self.around.name_of(each), self._held(ask, each))
                for each in numbers[:limit]
            ]
        return MembersAnswer(tuple(rows), rows[-1].account if len(numbers) > limit else None)

    def _numbers(self, wanted: str, after: str, limit: int) -> list[str]:
        """Return account numbers after ``after``, in order: known by name, or moved in the books."""
        known = {
            number
            for number, name in self.around.known.names.items()
            if number > after and (wanted in number.casefold() or wanted in name.casefold())
        }
        with self.reader.reading() as ask:
            rows = ask(
                "SELECT account FROM holding WHERE account > ? ORDER BY account LIMIT ?",
                (after, 10 * limit),
            ).fetchall()
        known.update(row[0] for row in rows if wanted in row[0].casefold())
        return sorted(known)[:limit]

    def member(self, path: Given, query: Given, _language: Language) -> MemberAnswer:
        """Return one member with every entry that moved them."""
        number, limit = asking.text(path, "account"), asking.rows(query)
        before = asking.whole(query, "before", 1, asking.NUMBER_MAX)
        account = accounts.member(number)
        with self.reader.reading() as ask:
            held = self._held(ask, number)
            rows = ask(
                "SELECT movement.id, feed.record, record.body FROM movement"
                " JOIN feed ON feed.id = movement.id JOIN record ON record.id = feed.record"
                " WHERE movement.account = ? AND movement.id < ? ORDER BY movement.id DESC LIMIT ?",
                (account, 2**62 if before is None else before, limit + 1),
            ).fetchall()
            if not rows and not held and not self.around.name_of(number):
                raise NotFoundError(f"no member {number}")
            moved = [_moved(ask, row, account) for row in rows[:limit]]
        last = moved[-1].id if len(rows) > limit else None
        return MemberAnswer(number, self.around.name_of(number), held, tuple(moved), last)

    def _held(self, ask: Ask, number: str) -> tuple[tuple[str, int], ...]:
        account = accounts.member(number)
        booked = {
            row[0]: -row[1]
            for row in ask(
                "SELECT unit, amount FROM balance WHERE account = ?", (account,)
            ).fetchall()
        }
        units = [*_UNITS, *sorted(booked.keys() - set(_UNITS))]
        found = ((u, booked.get(u, 0) + self.around.opening(account, u)) for u in units)
        return tuple((unit, amount) for unit, amount in found if amount or unit in booked)

    def days(self, _path: Given, query: Given, _language: Language) -> DaysAnswer:
        """Return sales and points by day and store."""
        today = _today(self.around)
        until = _date(query, "until") or int(today.strftime("%Y%m%d"))
        first = today - timedelta(days=DAYS_BACK - 1)
        since = _date(query, "since") or int(first.strftime("%Y%m%d"))
        store = asking.text(query, "store")
        with self.reader.reading() as ask:
            rows = [
                StoreDay(*row)
                for row in ask(
                    "SELECT business_date, store, sales, amount, discount, earned, used, members"
                    " FROM store_day WHERE business_date BETWEEN ? AND ? AND (? = '' OR store = ?)"
                    " ORDER BY business_date DESC, store LIMIT ?",
                    (since, until, store, store, DAYS_MAX * 25),
                ).fetchall()
            ]
        stores = tuple(sorted({row.store for row in rows} | ({store} if store else set())))
        days = tuple(
            _sum(day, "", [row for row in rows if row.business_date == day])
            for day in sorted({row.business_date for row in rows})
        )
        by_store = tuple(
            _sum(0, each, [row for row in rows if row.store == each]) for each in stores
        )
        return DaysAnswer(
            since, until, store, stores, tuple(rows), days, by_store, _sum(0, "", rows)
        )

    def liability(self, _path: Given, _query: Given, _language: Language) -> LiabilityAnswer:
        """Return what the shop owes its members, and since when."""
        with self.reader.reading() as ask:
            sums = ask("SELECT unit, month, amount FROM aged_sum ORDER BY unit, month").fetchall()
        owed = []
        for unit in _UNITS:
            amount = self.around.opening_of_all(unit) + sum(
                row[2] for row in sums if row[0] == unit
            )
            ages = [Age(row[1], row[2]) for row in sums if row[0] == unit and row[1] and row[2]]
            before = amount - sum(age.amount for age in ages)
            owed.append(Owed(unit, amount, (*((Age(0, before),) if before else ()), *ages)))
        return LiabilityAnswer(tuple(owed))

    def anomalies(self, _path: Given, query: Given, _language: Language) -> AnomaliesAnswer:
        """Return what is odd, newest first; what is settled only where it is asked for."""
        limit, kind = asking.rows(query), asking.text(query, "kind")
        if kind and kind not in ODD:
            raise BadParameterError("kind", f"must be one of {', '.join(ODD)}")
        before = asking.whole(query, "before", 1, asking.NUMBER_MAX)
        whole = int(asking.text(query, "settled") == "yes")
        with self.reader.reading() as ask:
            rows = ask(
                "SELECT anomaly.id, anomaly.at_ms, anomaly.kind, anomaly.terminal, operator, account,"
                " record, value, coalesce(settled.who, ''), coalesce(reason, '') FROM anomaly"
                " LEFT JOIN settled ON settled.kind = 'anomaly' AND settled.id = anomaly.id"
                " WHERE anomaly.id < ? AND (? = '' OR anomaly.kind = ?)"
                " AND (? = 1 OR settled.who IS NULL) ORDER BY anomaly.id DESC LIMIT ?",
                (2**62 if before is None else before, kind, kind, whole, limit + 1),
            ).fetchall()
            found = [self._odd(ask, row) for row in rows[:limit]]
        return AnomaliesAnswer(tuple(found), found[-1].id if len(rows) > limit else None)

    def _odd(
        self, ask: Ask, row: tuple[int, int, str, str, str, str, int, int, str, str]
    ) -> OddRow:
        ledger_id, branch, _ = _stream_of(ask, row[6])
        return OddRow(
            *row[:5], account=row[5].removeprefix(accounts.member("")), name=self.around.called(row[5]),
            ledger_id=ledger_id, branch=branch, seq=seq_of(row[6]), value=row[7],
            settled_by=row[8], reason=row[9],
        )  # fmt: skip


def _entries(ask: Ask, stream: int, before: int, limit: int) -> list[EntryRow]:
    rows = ask(
        "SELECT record.id, record.body, coalesce(quarantine.fault, '') FROM record"
        " LEFT JOIN quarantine ON quarantine.record = record.id"
        " WHERE record.id >= ? AND record.id < ? ORDER BY record.id DESC LIMIT ?",
        (record_id(stream, 1), record_id(stream, min(before, _SEQ_END - 1)), limit),
    ).fetchall()
    return [_entry_row(ask, row[0], row[1], row[2]) for row in rows]


def _entry_row(ask: Ask, record: int, body: bytes, fault: str = "") -> EntryRow:
    ledger_id, branch, terminal = _stream_of(ask, record)
    entry = _decoded(body)
    if entry is None:
        return EntryRow(ledger_id, branch, seq_of(record), terminal, "", 0, "", "", 0, fault)
    sale = entry.body if isinstance(entry.body, SalePosted) else None
    return EntryRow(
        ledger_id, branch, seq_of(record), terminal, KINDS.get(type(entry.body), "other"),
        entry.stamp.wall_ms, entry.operator, sale.receipt if sale else "",
        sale.bill.totals.total if sale else 0, fault,
    )  # fmt: skip


def _moved(ask: Ask, row: tuple[int, int, bytes], account: str) -> Moved:
    entry = decode(bytes(row[2]))
    changes: dict[str, int] = {}
    for posting in entry.postings:
        if posting.account == account:
            changes[posting.unit] = changes.get(posting.unit, 0) - posting.amount
    return Moved(row[0], _entry_row(ask, row[1], row[2]), tuple(changes.items()))


def _stream_of(ask: Ask, record: int) -> tuple[str, int, str]:
    row = ask(
        "SELECT ledger_id, branch, terminal FROM stream WHERE id = ?", (stream_of(record),)
    ).fetchone()
    return ("", 0, "") if row is None else (row[0], row[1], row[2])


def _decoded(body: bytes) -> Entry | None:
    try:
        return decode(bytes(body))
    except UndecodableError:
        return None


def _sum(day: int, store: str, rows: list[StoreDay]) -> StoreDay:
    return StoreDay(
        day, store,
        sum(row.sales for row in rows), sum(row.amount for row in rows),
        sum(row.discount for row in rows), sum(row.earned for row in rows),
        sum(row.used for row in rows), sum(row.members for row in rows),
    )  # fmt: skip


def _today(around: Around) -> datetime:
    return datetime.fromtimestamp(around.now_ms() // 1000, UTC).astimezone(
        ZoneInfo(around.timezone)
    )


def _date(query: Given, field: str) -> int:
    """Return a date such as 2026-11-21 as 20261121, 0 where none is given.

    Raises:
        BadParameterError: It is none.
    """
    text = asking.text(query, field)
    if not text:
        return 0
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y%m%d"))
    except ValueError as error:
        raise BadParameterError(field, "must be a date such as 2026-11-21") from error
