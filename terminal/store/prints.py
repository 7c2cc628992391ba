"""The print journal: what became of each receipt's first printing. Local state, never rebuilt.

A posted sale *is* the intent to print it, so nothing is written for it. Marks are committed without a
sync (0.02 ms): within one boot of the machine they are exact, and after a power cut what is not known to
be printed is unknown. Numbers above the highest one marked are intended; numbers below it that have no
row are printed.
"""

import sqlite3
from dataclasses import dataclass
from enum import IntEnum

from terminal.codec.entry import decode

SHOWN_MAX = 200
"""No more unfinished prints are returned; older ones follow when these are settled."""
_SAME_BOOT_MAX = 100
"""Only so many of the newest receipts are still printed by themselves after a restart."""


SET = (
    "INSERT INTO print_job VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET state = excluded.state"
)
"""Sets the state of a receipt whose number is at most one above the highest that is marked."""


class PrintState(IntEnum):
    """How far the printing of a receipt came."""

    INTENDED = 0
    """Posted, no byte sent: the original may be printed."""
    STARTED = 1
    DONE = 2
    """Printed, or settled by a person."""
    UNKNOWN = 3
    """It may be on paper: only a person decides, and gets a marked copy."""


@dataclass(frozen=True, slots=True)
class UnfinishedPrint:
    """A receipt that is not known to be printed."""

    number: int
    seq: int
    state: PrintState


def settle_after_restart(connection: sqlite3.Connection, boot: str) -> None:
    """Turn what an earlier process left behind into what is known of it now.

    Started without an end, or intended in another boot than ``boot``: unknown.
    """
    run = connection.execute
    run("UPDATE print_job SET state = ? WHERE state = ?", (PrintState.UNKNOWN, PrintState.STARTED))
    waiting = run(
        "SELECT number, body FROM record WHERE seq > ? AND number > ? ORDER BY seq DESC LIMIT ?",
        (*_marked(connection), _SAME_BOOT_MAX),
    ).fetchall()
    if waiting:
        # Only a till that never printed has more than that.
        run(
            "INSERT INTO print_job SELECT number, ? FROM record"
            " WHERE seq > ? AND number > ? AND number < ?",
            (PrintState.UNKNOWN, *_marked(connection), waiting[-1][0]),
        )
    passed_over = run(
        "SELECT number FROM print_job WHERE state = ?", (PrintState.INTENDED,)
    ).fetchall()
    waiting += [(number, _body(connection, number)) for (number,) in passed_over]
    for number, body in sorted(waiting):
        if decode(body).stamp.boot != boot:
            mark(connection, number, PrintState.UNKNOWN)


def mark(connection: sqlite3.Connection, number: int, state: PrintState) -> None:
    """Set the state of receipt ``number`` inside the transaction that is open."""
    fill(connection, number)
    connection.execute(SET, (number, state))


def highest(connection: sqlite3.Connection) -> int:
    """Return the highest number that is marked, 0 when none is."""
    number: int = connection.execute("SELECT coalesce(max(number), 0) FROM print_job").fetchone()[0]
    return number


def forget_done(connection: sqlite3.Connection) -> None:
    """Drop the marks of what is printed; the highest one stays and says how far printing came."""
    connection.execute(
        "DELETE FROM print_job WHERE state = ? AND number < (SELECT max(number) FROM print_job)",
        (PrintState.DONE,),
    )


def fill(connection: sqlite3.Connection, number: int) -> None:
    """Write down as intended what lies between the highest mark and ``number``."""
    connection.execute(
        "WITH RECURSIVE missing(n) AS (SELECT coalesce(max(number), 0) + 1 FROM print_job"
        " UNION ALL SELECT n + 1 FROM missing WHERE n < ?)"
        " INSERT INTO print_job SELECT n, 0 FROM missing WHERE n <= ?",
        (number, number),
    )


def unfinished(connection: sqlite3.Connection) -> tuple[UnfinishedPrint, ...]:
    """Return the receipts that are not known to be printed, oldest first."""
    run = connection.execute
    rows = run(
        "SELECT number, state FROM print_job WHERE state != ? ORDER BY number LIMIT ?",
        (PrintState.DONE, SHOWN_MAX),
    ).fetchall()
    found = [
        UnfinishedPrint(number, find_seq(connection, number), PrintState(state))
        for number, state in rows
    ]
    if len(found) < SHOWN_MAX:
        waiting = run(
            "SELECT number, seq FROM record WHERE seq > ? AND number > ? ORDER BY seq LIMIT ?",
            (*_marked(connection), SHOWN_MAX - len(found)),
        ).fetchall()
        found += [UnfinishedPrint(number, seq, PrintState.INTENDED) for number, seq in waiting]
    return tuple(found)


def state_of(connection: sqlite3.Connection, number: int) -> PrintState:
    """Return what became of the first printing of receipt ``number``."""
    row = connection.execute(
        "SELECT state, (SELECT max(number) FROM print_job) FROM print_job WHERE number = ?1"
        " UNION ALL SELECT -1, coalesce(max(number), 0) FROM print_job",
        (number,),
    ).fetchone()
    if row[0] >= 0:
        return PrintState(row[0])
    return PrintState.DONE if number <= row[1] else PrintState.INTENDED


def find_seq(connection: sqlite3.Connection, number: int) -> int:
    """Return the record of receipt ``number``, 0 when there is none.

    The index lags behind. What it does not hold yet lies between two bounds, since each receipt since has
    a record of its own; they are the same when nothing but sales was posted.
    """
    run = connection.execute
    row = run("SELECT seq FROM receipt WHERE number = ?", (number,)).fetchone()
    if row is None:
        row = run(
            "SELECT record.seq FROM state JOIN record ON record.seq"
            " BETWEEN found + ?1 - (SELECT coalesce(max(number), 0) FROM receipt)"
            " AND outbox - receipts + ?1 WHERE record.number = ?1",
            (number,),
        ).fetchone()
    return row[0] if row else 0


def _marked(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return record and number of the receipt with the highest mark, (0, 0) when there is none."""
    number = highest(connection)
    return (find_seq(connection, number) if number else 0), number


def _body(connection: sqlite3.Connection, number: int) -> bytes:
    seq = find_seq(connection, number)
    row = connection.execute("SELECT body FROM record WHERE seq = ?", (seq,)).fetchone()
    body: bytes = row[0]
    return body
