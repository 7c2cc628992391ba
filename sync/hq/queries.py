"""The page's questions, answered from the database in the common dialect of :mod:`sync.hq.database`.

Any thread may ask; a question is one read transaction, so what it returns fits together.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sync.hq.database import Readings
from sync.hq.reader import ROWS_MAX
from sync.hq.schema import record_id, seq_of
from sync.hq.views import (
    Balance,
    Chain,
    Day,
    Overview,
    Quarantined,
    RecordView,
    RefusedEnvelope,
    SaleRow,
    Till,
)
from terminal.codec.entry import UndecodableError, decode
from terminal.core import accounts
from terminal.core.journal import Entry, SalePosted

_FORKED = "differs from another ledger of the same name after record {}"
_HAS_FORKS = "has {} branches: its card was copied"


class SqlReader:
    """:class:`sync.hq.reader.HqReader` over the head office's database."""

    def __init__(self, readings: Readings, key: str, broker: Callable[[], str]) -> None:
        """Prepare; ``key`` names our key, ``broker`` returns what is wrong with the broker."""
        self._readings = readings
        self._key = key
        self._broker = broker

    def overview(self) -> Overview:
        """Return the head office at a glance."""
        with self.reading() as ask:
            streams = ask(
                "SELECT count(DISTINCT terminal), count(*) FILTER (WHERE branch > 0),"
                " coalesce(sum(last_seq - base_seq), 0), coalesce(sum(quarantined), 0),"
                " coalesce(sum(sales), 0), coalesce(sum(sales_amount), 0) FROM stream"
            ).fetchone()
            tills, forks, records, quarantined, sales, amount = streams
            (connected,) = ask(
                "SELECT count(DISTINCT terminal) FROM stream WHERE connected <> 0"
            ).fetchone()
            owed = ask(
                "SELECT coalesce(sum(amount), 0) FROM balance WHERE account = ? AND unit = ?",
                (accounts.POINTS_ISSUED, accounts.POINTS),
            ).fetchone()
            timeline = ask("SELECT value FROM state WHERE name = 'timeline'").fetchone()
        return Overview(
            tills=tills,
            connected=connected,
            records=records,
            quarantined=quarantined,
            forks=forks,
            sales=sales,
            sales_amount=amount,
            points_owed=owed[0],
            timeline=timeline[0],
            key=self._key,
            broker=self._broker(),
        )

    def tills(self) -> tuple[Till, ...]:
        """Return all streams, by terminal."""
        with self.reading() as ask:
            rows = ask(
                "SELECT *, (SELECT count(*) FROM stream AS other"
                " WHERE other.ledger_id = stream.ledger_id AND other.branch > 0) AS forks"
                " FROM stream ORDER BY terminal, ledger_id, branch"
            ).fetchall()
        return tuple(_till(row) for row in rows)

    def newest_sales(
        self, limit: int, before: int | None = None, *, terminal: str = "", member: str = ""
    ) -> tuple[SaleRow, ...]:
        """Return paid sales, newest first."""
        # A member's sales are few among millions: they are found by what moved the member.
        where = (
            "SELECT movement.id, records.* FROM movement"
            " JOIN feed ON feed.id = movement.id AND feed.kind = 'sale'"
            " JOIN records ON records.id = feed.record"
            " WHERE movement.id < ?1 AND movement.account = 'member:' || ?2 AND (?3 = '' OR"
            " feed.record >> 40 IN (SELECT id FROM stream WHERE terminal = ?3))"
            " ORDER BY movement.id DESC LIMIT ?4"
            if member
            else "SELECT sale.id, records.* FROM sale JOIN records ON records.id = sale.record"
            " WHERE sale.id < ?1 AND ?2 = '' AND (?3 = '' OR"
            " sale.record >> 40 IN (SELECT id FROM stream WHERE terminal = ?3))"
            " ORDER BY sale.id DESC LIMIT ?4"
        )
        begin = 2**62 if before is None else before
        with self.reading() as ask:
            rows = ask(where, (begin, member, terminal, _rows(limit))).fetchall()
        return tuple(_sale(row) for row in rows)

    def days(self, limit: int) -> tuple[Day, ...]:
        """Return what was sold by business day, newest first."""
        with self.reading() as ask:
            rows = ask(
                "SELECT * FROM day ORDER BY business_date DESC LIMIT ?", (_rows(limit),)
            ).fetchall()
        return tuple(Day(*row) for row in rows)

    def entry(self, ledger_id: str, seq: int, branch: int = 0) -> RecordView | None:
        """Return one record whole, or ``None``."""
        if not 0 < seq < 2**40:
            return None
        with self.reading() as ask:
            stream = ask(
                "SELECT * FROM stream WHERE ledger_id = ? AND branch = ?", (ledger_id, branch)
            ).fetchone()
            while stream is not None and seq <= stream["base_seq"]:
                parent = (stream["parent"],)
                stream = ask("SELECT * FROM stream WHERE id = ?", parent).fetchone()
            if stream is None:
                return None
            row = ask(
                "SELECT record.*, coalesce(fault, '') AS fault FROM record"
                " LEFT JOIN quarantine ON quarantine.record = record.id WHERE record.id = ?",
                (record_id(stream["id"], seq),),
            ).fetchone()
            if row is None:
                return None
            previous = ask(
                "SELECT digest FROM record WHERE id = ?", (record_id(stream["id"], seq - 1),)
            ).fetchone()
        before = stream["base_digest"] if previous is None else previous["digest"]
        return RecordView(
            ledger_id,
            stream["branch"],
            seq,
            stream["terminal"],
            row["digest"].hex(),
            before.hex(),
            row["received_ms"],
            len(row["body"]),
            None if row["fault"] else _decoded(row["body"]),
            row["fault"],
        )

    def balances(
        self, search: str, limit: int, after: tuple[str, str] | None = None
    ) -> tuple[Balance, ...]:
        """Return accounts whose name holds ``search``, by name."""
        with self.reading() as ask:
            rows = ask(
                "SELECT account, unit, amount FROM balance WHERE instr(account, ?) > 0"
                " AND (account, unit) > (?, ?) ORDER BY account, unit LIMIT ?",
                (search, *(after or ("", "")), _rows(limit)),
            ).fetchall()
        return tuple(Balance(*row) for row in rows)

    def quarantine(self, limit: int) -> tuple[Quarantined, ...]:
        """Return records that the books could not take, newest first."""
        with self.reading() as ask:
            rows = ask(
                "SELECT stream.ledger_id, stream.branch, record.id, stream.terminal,"
                " record.received_ms, fault FROM quarantine"
                " JOIN record ON record.id = quarantine.record"
                " JOIN stream ON stream.id = record.id >> 40"
                " ORDER BY record.received_ms DESC, record.id DESC LIMIT ?",
                (_rows(limit),),
            ).fetchall()
        return tuple(Quarantined(row[0], row[1], seq_of(row[2]), *row[3:]) for row in rows)

    def refused(self, limit: int) -> tuple[RefusedEnvelope, ...]:
        """Return messages that were not taken, newest first."""
        with self.reading() as ask:
            rows = ask(
                "SELECT id, received_ms, topic, reason, size FROM refused ORDER BY id DESC LIMIT ?",
                (_rows(limit),),
            ).fetchall()
        return tuple(RefusedEnvelope(*row) for row in rows)

    def version(self) -> int:
        """Return a number that changes whenever an answer could."""
        with self.reading() as ask:
            row = ask(
                "SELECT coalesce(sum(revision), 0) + coalesce((SELECT max(id) FROM refused), 0)"
                " + (SELECT value FROM state WHERE name = 'timeline') + count(*) FROM stream"
            ).fetchone()
        return int(row[0]) * 2 + bool(self._broker())

    def reading(self) -> AbstractContextManager[Callable[..., Any]]:
        """Return a way to ask in SQL, all within one snapshot, for as long as it is entered."""
        return self._readings.reading()


def _rows(limit: int) -> int:
    return max(0, min(limit, ROWS_MAX))


def _decoded(body: bytes) -> Entry | None:
    try:
        return decode(body)
    except UndecodableError:
        return None


def _till(row: Any) -> Till:
    chain, trouble = _chain(row)
    return Till(
        terminal=row["terminal"],
        ledger_id=row["ledger_id"],
        branch=row["branch"],
        last_seq=row["last_seq"],
        head_seq=max(row["head_seq"], row["last_seq"]),
        lag=max(0, row["head_seq"] - row["last_seq"]),
        connected=bool(row["connected"]),
        last_seen_ms=row["heard_ms"],
        last_record_ms=row["record_ms"],
        skew_ms=row["skew_ms"],
        chain=chain,
        trouble=trouble,
        key=row["key_id"].hex(),
        head_digest=row["last_digest"].hex(),
        sales=row["sales"],
        sales_amount=row["sales_amount"],
    )


def _chain(row: Any) -> tuple[Chain, str]:
    """The worst first."""
    if row["branch"]:
        return Chain.FORKED, _FORKED.format(row["base_seq"])
    if row["forks"]:
        return Chain.FORKED, _HAS_FORKS.format(row["forks"])
    if row["refusal"]:
        return Chain.REFUSED, row["refusal"]
    if row["quarantined"]:
        return Chain.QUARANTINE, str(row["quarantined"])
    return Chain.WHOLE, ""


def _sale(row: Any) -> SaleRow:
    entry = decode(row["body"])
    sale = entry.body
    assert isinstance(sale, SalePosted)
    buyer, totals = sale.bill.buyer, sale.bill.totals
    return SaleRow(
        id=row[0],
        ledger_id=row["ledger_id"],
        branch=row["branch"],
        seq=row["seq"],
        terminal=entry.terminal,
        store=entry.store,
        receipt=sale.receipt,
        wall_ms=entry.stamp.wall_ms,
        member="" if buyer is None else buyer.account,
        lines=len(sale.bill.lines),
        discount=totals.discount,
        total=totals.total,
        earned=totals.earned,
    )
