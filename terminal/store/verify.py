"""Checks a whole ledger: the file, the chain, every entry, and all that is derived from them.

None of these finds everything: of 700 flipped bits SQLite's own check found 84 and the chain 576. What
only a second copy can show, the head office shows.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from terminal.codec.entry import UndecodableError, decode
from terminal.core.journal import NUMBERED, Entry, PaymentTaken, PurseIntent, UnbalancedError
from terminal.store import allowances, projections, purses, schema, uses
from terminal.store.calls import hash_of
from terminal.store.chain import digest_before, follow
from terminal.store.errors import DamagedError

FAULTS_MAX = 100
"""No more faults are listed; one damaged block breaks many things."""
_FOLDED = (
    "balance", "payment", "pin", "lockout", "copy", "lot", "tally", *uses.DERIVED, *allowances.DERIVED,
    *purses.TABLES,
)  # fmt: skip
_LAGGING = (
    ("receipt", "SELECT number, seq FROM receipt", "number"),
    (
        "call",
        "SELECT hash, seq FROM (SELECT * FROM call UNION ALL SELECT * FROM call_recent)",
        "call",
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a ledger found."""

    ledger_id: str
    records: int
    digest: bytes
    """Of the last record that holds."""
    faults: tuple[str, ...]
    """What is wrong, in words; empty when all holds."""


def verify(path: Path) -> Verdict:
    """Check the ledger at ``path``; it may be in use.

    Raises:
        LedgerError: It cannot be opened.
    """
    connection = schema.open_for_reading(path)
    try:
        connection.execute("BEGIN")
        return _verify(connection)
    finally:
        connection.close()


def _verify(connection: sqlite3.Connection) -> Verdict:
    faults: list[str] = []
    ledger_id, last, holds = "", 0, b""
    try:
        faults += [
            f"file: {row[0]}"
            for row in connection.execute(f"PRAGMA integrity_check({FAULTS_MAX})").fetchall()
            if row[0] != "ok"
        ]
        ledger_id = connection.execute("SELECT ledger_id FROM state").fetchone()[0]
        fold = _Fold()
        holds = digest_before(connection, 1)
        for seq, body, digest in follow(connection, 1, holds):
            fold.take(connection, seq, body)
            last, holds = seq, digest
        faults += fold.faults
        faults += _against(connection, fold, last)
    except (DamagedError, sqlite3.DatabaseError, TypeError, UnicodeDecodeError) as error:
        faults.append(f"chain: {error}")
    return Verdict(ledger_id, last, holds, tuple(faults[:FAULTS_MAX]))


class _Fold:
    """All entries applied again, in memory."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.receipts = 0
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.create_tables(self.connection)
        self._open_sales: set[str] = set()

    def take(self, ledger: sqlite3.Connection, seq: int, body: bytes) -> None:
        """Apply record ``seq`` and check what its row says beside the bytes."""
        try:
            entry = decode(body)
            is_sale = isinstance(entry.body, NUMBERED)
            self.receipts += is_sale
            self._check_row(ledger, seq, entry, self.receipts if is_sale else None)
            if isinstance(entry.body, PaymentTaken | PurseIntent):
                self.connection.execute(
                    "INSERT INTO record VALUES (?, ?, x'', NULL, NULL, NULL)", (seq, body)
                )
            projections.apply(self.connection, seq, entry, self._open_sales)
            if not is_sale or self._open_sales:
                self._open_sales = projections.open_sales(self.connection)
        except (UndecodableError, UnbalancedError) as error:
            self.faults.append(f"record {seq}: {error}")

    def _check_row(
        self, ledger: sqlite3.Connection, seq: int, entry: Entry, number: int | None
    ) -> None:
        row = ledger.execute("SELECT number, call FROM record WHERE seq = ?", (seq,)).fetchone()
        if row[0] != number:
            self.faults.append(f"record {seq}: receipt {row[0]} should be {number}")
        if row[1] not in {None, hash_of(entry.call_id)}:
            self.faults.append(f"record {seq}: stands under another call's id")


def _against(connection: sqlite3.Connection, fold: _Fold, end: int) -> list[str]:
    """Return where what the ledger keeps differs from the fold of its records."""
    faults = []
    run = connection.execute
    outbox, receipts, found = run("SELECT outbox, receipts, found FROM state").fetchone()
    if outbox != end:
        faults.append(f"outbox: ends at {outbox}, the records at {end}")
    if receipts != fold.receipts:
        faults.append(f"receipts: {receipts}, the records hold {fold.receipts}")
    # A ledger of an earlier version has no later tables yet, and nothing that would lie in them.
    there = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in _FOLDED:
        if table in uses.DERIVED and table not in there:
            continue  # Filled when the ledger is moved up.
        query = f"SELECT * FROM {table} ORDER BY 1, 2"  # noqa: S608 - our own names
        kept = run(query).fetchall() if table in there else []
        folded = fold.connection.execute(query).fetchall()
        faults += [f"{table}: {row} should not be" for row in sorted(set(kept) - set(folded))]
        faults += [f"{table}: {row} is missing" for row in sorted(set(folded) - set(kept))]
    for table, kept_rows, column in _LAGGING:
        wanted = f"SELECT {column}, seq FROM record WHERE {column} IS NOT NULL AND seq <= {found:d}"  # noqa: S608
        if run(f"{kept_rows} EXCEPT {wanted}").fetchall():
            faults.append(f"{table}: finds records that are others")
        if run(f"{wanted} EXCEPT {kept_rows}").fetchall():
            faults.append(f"{table}: does not find all records")
    return faults
