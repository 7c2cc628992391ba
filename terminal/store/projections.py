"""What the ledger keeps beside its records so that nobody has to fold them: all of it can be rebuilt.

Balances come from :func:`terminal.core.books.deltas` alone. The till applies an entry here in the entry's
own commit; a rebuild applies all of them again and must come out the same.
"""

import sqlite3
from dataclasses import dataclass

from terminal.codec.entry import decode
from terminal.core import books
from terminal.core.journal import (
    Entry,
    LockedOut,
    PaymentReturned,
    PaymentTaken,
    PinChanged,
    PurseIntent,
    PurseRepaid,
    PurseSettled,
    Reprinted,
    SalePosted,
    SaleVoided,
    Tender,
)
from terminal.core.lineage import Carried
from terminal.core.points.tallies import tallied
from terminal.core.purse.words import taken_off
from terminal.store import allowances, lots, purses, tallies, uses

_ADD = (
    "INSERT INTO balance VALUES (?, ?, ?)"
    " ON CONFLICT (account, unit) DO UPDATE SET amount = amount + excluded.amount"
)
DERIVED = (
    "balance",
    "receipt",
    "call",
    "call_recent",
    "payment",
    "pin",
    "lockout",
    "copy",
    "lot",
    "tally",
    *uses.DERIVED,
    *allowances.DERIVED,
    *purses.TABLES,
)
"""Every table that a rebuild empties and fills again."""
CARRIED = (
    "balance", "pin", "lockout", "copy", "lot", "tally", "value_lot", *uses.DERIVED, *purses.CARRIED,
)  # fmt: skip
"""Those of them that a ledger takes over from the one before. A row that names a record by its number alone
does not mean one of the new ledger: see :func:`terminal.store.succession.follow`.

What may be spent here is not among them: it was granted to the ledger before, and perhaps spent there.
"""


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that was taken and whose sale is not posted yet."""

    seq: int
    payment: PaymentTaken


def apply(  # noqa: C901, PLR0912 - a table
    connection: sqlite3.Connection, seq: int, entry: Entry, open_sales: set[str]
) -> None:
    """Apply ``entry``, record ``seq``, inside the transaction that is open.

    ``open_sales`` are the ids of sales with payments taken ahead, before this entry.

    Raises:
        UnbalancedError: The entry's postings are no double entry.
    """
    deltas = books.deltas(entry)
    if deltas:
        connection.executemany(_ADD, [(*key, amount) for key, amount in deltas.items()])
    uses.apply(connection, seq, entry)
    lots.apply(connection, seq, entry.body)
    allowances.apply(connection, entry.body)
    tallies.apply(connection, tallied(seq, entry.business_date, entry.body))
    run = connection.execute
    match entry.body:
        case SalePosted(bill=bill):
            if bill.sale_id in open_sales:
                run("DELETE FROM payment WHERE sale_id = ?", (bill.sale_id,))
                purses.ended(connection, bill.sale_id)
        case SaleVoided(bill=bill):
            if bill.sale_id in open_sales:
                purses.ended(connection, bill.sale_id)
        case PurseIntent() | PurseSettled() | PurseRepaid():
            purses.apply(connection, seq, entry.body)
        case PaymentTaken(bill=bill):
            run("INSERT INTO payment VALUES (?, ?)", (seq, bill.sale_id))
        case PaymentReturned(sale_id, tender):
            _return(connection, sale_id, tender)
        case PinChanged(operator, verifier):
            run(
                "INSERT INTO pin VALUES (?, ?)"
                " ON CONFLICT (operator) DO UPDATE SET verifier = excluded.verifier",
                (operator, verifier),
            )
        case LockedOut(operator, until_ms):
            run(
                "INSERT INTO lockout VALUES (?, ?)"
                " ON CONFLICT (operator) DO UPDATE SET until_ms = excluded.until_ms",
                (operator, until_ms),
            )
        case Reprinted(receipt, copy):
            run(
                "INSERT INTO copy VALUES (?, ?)"
                " ON CONFLICT (receipt) DO UPDATE SET copies = excluded.copies",
                (receipt, copy),
            )
        case Carried(table, columns, rows):
            _carry(connection, table, columns, rows)
        case _:
            pass


def open_payments(connection: sqlite3.Connection) -> tuple[OpenPayment, ...]:
    """Return the payments taken for sales that are not posted, oldest first."""
    rows = connection.execute(
        "SELECT seq, body FROM payment JOIN record USING (seq) ORDER BY seq"
    ).fetchall()
    payments = []
    for seq, body in rows:
        taken = decode(body).body
        if isinstance(taken, PurseIntent):
            taken = taken_off(taken)
        assert isinstance(taken, PaymentTaken)
        payments.append(OpenPayment(seq, taken))
    return tuple(payments)


def open_sales(connection: sqlite3.Connection) -> set[str]:
    """Return the ids of sales that have payments taken ahead, or wait for the word of a card."""
    rows = connection.execute(f"SELECT sale_id FROM payment UNION {purses.SALES}").fetchall()  # noqa: S608
    return {row[0] for row in rows}


def _carry(
    connection: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    rows: tuple[tuple[str, ...], ...],
) -> None:
    """Take over rows of the ledger before; a table or column that is no more is passed over."""
    if table not in CARRIED:
        return
    here = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
    if not columns or not set(columns) <= set(here):
        return
    marks = ", ".join("?" * len(columns))
    connection.executemany(
        f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
        [row for row in rows if len(row) == len(columns)],
    )


def _return(connection: sqlite3.Connection, sale_id: str, tender: Tender) -> None:
    """Forget the newest payment of ``sale_id`` that ``tender`` gives back."""
    for taken in reversed(open_payments(connection)):
        if taken.payment.bill.sale_id == sale_id and taken.payment.tender == tender:
            connection.execute("DELETE FROM payment WHERE seq = ?", (taken.seq,))
            return
