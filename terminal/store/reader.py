"""Read-only questions to the ledger, for other threads and processes than the loop's.

Each reader has a connection of its own and is used by one thread. Every answer is fetched whole, so that
no reader ever keeps the write-ahead log from being moved into the file.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from terminal.codec.entry import decode
from terminal.core.journal import Entry
from terminal.core.points.entries import LotPart
from terminal.core.points.tallies import Tally
from terminal.store import keptbooks, lots, prints, schema, tallies
from terminal.store.prints import PrintState, UnfinishedPrint

RECORDS_MAX = 500
"""No more records are returned at once."""
SALES_MAX = 200
"""No more sales are returned at once."""


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A posted sale: its record, its receipt's number and its entry."""

    seq: int
    number: int
    entry: Entry


class Reader:
    """Reads the ledger at a path."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._run = connection.execute

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger at ``path``, which exists.

        Raises:
            LedgerError: It cannot be opened.
        """
        return cls(schema.open_for_reading(path))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def head(self) -> tuple[str, int]:
        """Return the ledger's id and the number of its last record."""
        ledger_id, outbox = self._run("SELECT ledger_id, outbox FROM state").fetchone()
        return ledger_id, outbox

    def records(self, first: int, count: int) -> list[tuple[int, bytes, bytes]]:
        """Return number, body and digest of up to ``count`` records from ``first`` on."""
        return self._run(
            "SELECT seq, body, digest FROM record WHERE seq >= ? ORDER BY seq LIMIT ?",
            (first, min(count, RECORDS_MAX)),
        ).fetchall()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Have all questions inside answered as of one moment."""
        self._run("BEGIN")
        try:
            yield
        finally:
            self._run("ROLLBACK")

    def bodies(self, after: int, others: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Return numbers and bodies of all records after number ``after``, and of ``others`` up to there."""
        yield from self._run("SELECT seq, body FROM record WHERE seq > ?", (after,))
        for seq in others:
            row = self._run("SELECT body FROM record WHERE seq = ?", (seq,)).fetchone()
            if row and seq <= after:
                yield seq, row[0]

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of record ``seq``, or None when there is none."""
        row = self._run("SELECT body FROM record WHERE seq = ?", (seq,)).fetchone()
        return decode(row[0]) if row else None

    def receipt(self, number: int) -> SaleRow | None:
        """Return the sale with receipt ``number``, or None when there is none."""
        seq = prints.find_seq(self._connection, number)
        entry = self.entry(seq)
        return SaleRow(seq, number, entry) if entry else None

    def print_state(self, number: int) -> PrintState:
        """Return what became of the first printing of receipt ``number``."""
        return prints.state_of(self._connection, number)

    def sales(self, limit: int, before: int | None = None) -> tuple[SaleRow, ...]:
        """Return the newest sales, newest first; ``before`` is a receipt number to go on from."""
        highest = self._run("SELECT receipts FROM state").fetchone()[0]
        last = highest if before is None else min(highest, before - 1)
        rows = (self.receipt(number) for number in range(last, max(0, last - self._cut(limit)), -1))
        return tuple(row for row in rows if row is not None)

    def unfinished_prints(self) -> tuple[UnfinishedPrint, ...]:
        """Return the receipts that are not known to be printed, oldest first."""
        return prints.unfinished(self._connection)

    def old_doubts(self) -> frozenset[str]:
        """Return the receipts of earlier ledgers that may be on paper or not."""
        return frozenset(row[0] for row in self._run("SELECT receipt FROM old_doubt").fetchall())

    def holdings(self, account: str) -> dict[str, int]:
        """Return the signed balances of an account by unit."""
        return dict(
            self._run("SELECT unit, amount FROM balance WHERE account = ?", (account,)).fetchall()
        )

    def lots(self, account: str) -> tuple[LotPart, ...]:
        """Return what this ledger did to the dated lots of the member with this account number."""
        return lots.lots_of(self._connection, account)

    def tally(self, name: str) -> Tally:
        """Return what was given before under a name of :mod:`terminal.core.points.tallies`."""
        return tallies.tally_of(self._connection, name)

    def book_at(self, seq: int) -> bytes | None:
        """Return the packed rules that priced record ``seq``; None when they are kept no more."""
        return keptbooks.at(self._connection, seq)

    def pins(self) -> dict[str, str]:
        """Return the verifiers of PINs changed at this till, by operator."""
        return dict(self._run("SELECT operator, verifier FROM pin").fetchall())

    def locks(self) -> dict[str, int]:
        """Return until when (milliseconds since 1970) operators were locked out, by operator."""
        return dict(self._run("SELECT operator, until_ms FROM lockout").fetchall())

    @staticmethod
    def _cut(limit: int) -> int:
        return max(0, min(limit, SALES_MAX))
