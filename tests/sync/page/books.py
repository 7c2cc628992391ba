"""A head office's books in memory, answering as its reader does, from records that shops sealed."""

from dataclasses import dataclass, field

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
from terminal.core import books
from terminal.core.journal import SalePosted
from tests.sync.page.shop import Shop


@dataclass
class Books:
    """Records in the order they came. Faults of the world are set by the tests."""

    records: list[RecordView] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    lag: dict[str, int] = field(default_factory=dict)
    chain: dict[str, Chain] = field(default_factory=dict)
    envelopes: tuple[RefusedEnvelope, ...] = ()
    changes: int = 1

    def take(self, shop: Shop, received_ms: int | None = None) -> None:
        """Take in what ``shop`` sealed and we do not hold yet."""
        held = sum(record.ledger_id == shop.ledger_id for record in self.records)
        digests = shop.digests()
        for number in range(held, len(shop.bodies)):
            entry = shop.entries[number]
            wall_ms, fault = entry.stamp.wall_ms, shop.faults.get(number, "")
            self.records.append(
                RecordView(
                    shop.ledger_id,
                    0,
                    number + 1,
                    shop.terminal,
                    digests[number + 1].hex(),
                    digests[number].hex(),
                    received_ms or wall_ms + 400,
                    len(shop.bodies[number]),
                    None if fault else entry,
                    fault,
                )
            )
        self.changes += 1

    def _sales(self) -> list[SaleRow]:
        found = []
        for place, record in enumerate(self.records, start=1):
            if record.entry is None or not isinstance(record.entry.body, SalePosted):
                continue
            entry, body = record.entry, record.entry.body
            buyer, sums = body.bill.buyer, body.bill.totals
            found.append(
                SaleRow(
                    place,
                    record.ledger_id,
                    0,
                    record.seq,
                    record.terminal,
                    entry.store,
                    body.receipt,
                    entry.stamp.wall_ms,
                    buyer.account if buyer else "",
                    len(body.bill.lines),
                    sums.discount,
                    sums.total,
                    sums.earned,
                )
            )
        return found

    def overview(self) -> Overview:
        sales, tills = self._sales(), self.tills()
        owed = sum(row.amount for row in self.balances("member:", 500) if row.unit == "points")
        return Overview(
            len(tills), sum(till.connected for till in tills), len(self.records),
            len(self.quarantine(500)), sum(t.chain is Chain.FORKED for t in tills), len(sales),
            sum(sale.total for sale in sales), -owed, 1, "5d0f9a3c77e1b204", "",
        )  # fmt: skip

    def tills(self) -> tuple[Till, ...]:
        found = []
        for ledger_id in dict.fromkeys(record.ledger_id for record in self.records):
            own = [record for record in self.records if record.ledger_id == ledger_id]
            sales = [sale.total for sale in self._sales() if sale.ledger_id == ledger_id]
            last, name = own[-1], own[-1].terminal
            lag = self.lag.get(name, 0)
            chain = self.chain.get(
                name, Chain.QUARANTINE if any(record.fault for record in own) else Chain.WHOLE
            )
            found.append(
                Till(
                    name,
                    ledger_id,
                    0,
                    last.seq,
                    last.seq + lag,
                    lag,
                    name not in self.silent,
                    last.received_ms,
                    last.received_ms - 400,
                    180_000 if lag else 12,
                    chain,
                    "Record 61 came twice with different content." if chain is Chain.FORKED else "",
                    "a1b2c3d4e5f60718",
                    last.digest,
                    len(sales),
                    sum(sales),
                )
            )
        return tuple(found)

    def newest_sales(
        self, limit: int, before: int | None = None, *, terminal: str = "", member: str = ""
    ) -> tuple[SaleRow, ...]:
        rows = [
            row
            for row in reversed(self._sales())
            if (before is None or row.id < before)
            and terminal in {"", row.terminal}
            and member in {"", row.member}
        ]
        return tuple(rows[:limit])

    def days(self, limit: int) -> tuple[Day, ...]:
        sums: dict[int, list[int]] = {}
        for row in self._sales():
            entry = self.records[row.id - 1].entry
            assert entry is not None
            day = sums.setdefault(entry.business_date, [0, 0, 0, 0])
            for place, amount in enumerate((1, row.total, row.discount, row.earned)):
                day[place] += amount
        newest = sorted(sums.items(), reverse=True)[:limit]
        return tuple(Day(date, *amounts) for date, amounts in newest)

    def entry(self, ledger_id: str, seq: int, branch: int = 0) -> RecordView | None:
        wanted = (ledger_id, seq, branch)
        return next((r for r in self.records if (r.ledger_id, r.seq, r.branch) == wanted), None)

    def balances(
        self, search: str, limit: int, after: tuple[str, str] | None = None
    ) -> tuple[Balance, ...]:
        sums: books.Deltas = {}
        for record in self.records:
            if record.entry is not None:
                for key, amount in books.deltas(record.entry).items():
                    sums[key] = sums.get(key, 0) + amount
        rows = [
            Balance(*key, amount)
            for key, amount in sorted(sums.items())
            if search in key[0] and (after is None or key > after)
        ]
        return tuple(rows[:limit])

    def quarantine(self, limit: int) -> tuple[Quarantined, ...]:
        rows = [
            Quarantined(r.ledger_id, r.branch, r.seq, r.terminal, r.received_ms, r.fault)
            for r in reversed(self.records)
            if r.fault
        ]
        return tuple(rows[:limit])

    def refused(self, limit: int) -> tuple[RefusedEnvelope, ...]:
        return self.envelopes[:limit]

    def version(self) -> int:
        return self.changes
