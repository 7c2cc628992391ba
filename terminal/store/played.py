"""Past sales of a ledger, read in slices by their business dates, for back-tests."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from terminal.codec.entry import decode
from terminal.core.journal import Entry, SalePosted
from terminal.store import schema

SLICE = 200
"""Records read at once."""


@dataclass(frozen=True, slots=True)
class PastSale:
    """A posted sale of the ledger."""

    seq: int
    entry: Entry
    is_first: bool
    """Whether it is the buyer's first in this ledger."""


class PastSales:
    """Reads sales; used by one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger at ``path`` for reading.

        Raises:
            LedgerError: It cannot be opened.
        """
        return cls(schema.open_for_reading(path))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def between(self, since: int, until: int) -> tuple[int, int]:
        """Return the first record of business date ``since`` and the first after ``until``.

        Wall time never runs back in a ledger, so the days of its records only rise.
        """
        return self._first_at(since), self._first_at(until + 1)

    def slice(self, start: int, end: int) -> tuple[list[PastSale], int]:
        """Return the sales among the next records from ``start`` before ``end``, and where to go on."""
        stop = min(end, start + SLICE)
        rows = self._run(
            "SELECT seq, body FROM record WHERE seq >= ? AND seq < ? AND number IS NOT NULL",
            (start, stop),
        ).fetchall()
        sales = []
        for seq, body in rows:
            entry = decode(body)
            if isinstance(entry.body, SalePosted):
                sales.append(PastSale(seq, entry, self._is_first(seq, entry.body)))
        return sales, stop

    def _is_first(self, seq: int, sale: SalePosted) -> bool:
        if sale.bill.buyer is None:
            return False
        query = "SELECT seq FROM shopper WHERE account = ?"
        row = self._run(query, (sale.bill.buyer.account,)).fetchone()
        return row is not None and row[0] == seq

    def _first_at(self, date: int) -> int:
        low, high = 1, self._run("SELECT outbox + 1 FROM state").fetchone()[0]
        while low < high:
            middle = (low + high) // 2
            body = self._run("SELECT body FROM record WHERE seq = ?", (middle,)).fetchone()[0]
            if decode(body).business_date < date:
                low = middle + 1
            else:
                high = middle
        return low
