"""What the ledger keeps of cards with money: movements that are not settled, and how far cards were seen.

All of it follows from the records. A movement off a card that happened becomes a payment taken ahead of
its sale, or, where the sale had ended otherwise by then, money that is owed to the customer.
"""

import sqlite3

from terminal.codec.entry import decode
from terminal.core.journal import PurseIntent, PurseRepaid, PurseSettled
from terminal.core.purse.words import Doubt, DoubtState, Move, Outcome, doubt_of

TABLES = ("purse_doubt", "purse_card", "purse_last")
CARRIED = ("purse_card", "purse_last")
"""A movement that a ledger before announced stays a doubt of that one; the head office has it."""
SALES = "SELECT sale_id FROM purse_doubt WHERE NOT ended AND sale_id <> ''"
"""Finds the sales that wait for the word of a card."""
Body = PurseIntent | PurseSettled | PurseRepaid


def apply(connection: sqlite3.Connection, seq: int, body: Body) -> None:
    """Apply record ``seq``, inside the transaction that is open."""
    run = connection.execute
    match body:
        case PurseIntent():
            sale_id = body.bill.sale_id if body.bill else ""
            run(
                "INSERT INTO purse_doubt VALUES (?, ?, ?, ?, ?, 0, ?)"
                " ON CONFLICT DO UPDATE SET seq = excluded.seq",
                (body.terminal, body.sequence, seq, body.purse, DoubtState.OPEN.value, sale_id),
            )
            run(
                "INSERT INTO purse_last VALUES (1, ?)"
                " ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence",
                (body.sequence,),
            )
        case PurseSettled(outcome=Outcome.UNKNOWN):
            state = DoubtState.UNPROVEN if body.how == "aged-out" else DoubtState.UNKNOWN
            _mark(connection, body, state)
        case PurseSettled():
            _settle(connection, body)
        case PurseRepaid():
            _forget(connection, body.terminal, body.sequence)


def ended(connection: sqlite3.Connection, sale_id: str) -> None:
    """Note that a sale is posted or called off: what is still in doubt for it is no part of it any more."""
    connection.execute("UPDATE purse_doubt SET ended = 1 WHERE sale_id = ?", (sale_id,))


def doubts(connection: sqlite3.Connection) -> tuple[Doubt, ...]:
    """Return the movements that this till announced and that are not settled, oldest first."""
    rows = connection.execute(
        "SELECT body, state FROM purse_doubt JOIN record USING (seq) ORDER BY seq"
    ).fetchall()
    found = []
    for body, state in rows:
        intent = decode(body).body
        assert isinstance(intent, PurseIntent)
        found.append(doubt_of(intent, state))
    return tuple(found)


def live(connection: sqlite3.Connection) -> int:
    """Return the record of the newest intent whose sale goes on and waits for it; 0: there is none."""
    row = connection.execute(
        "SELECT max(seq) FROM purse_doubt WHERE NOT ended AND sale_id <> '' AND state <> ?",
        (DoubtState.OWED.value,),
    ).fetchone()
    return int(row[0] or 0)


def next_sequence(connection: sqlite3.Connection) -> int:
    """Return the number of the next movement of this terminal."""
    row = connection.execute("SELECT sequence FROM purse_last").fetchone()
    return int(row[0]) + 1 if row else 1


def known(connection: sqlite3.Connection, purse: str, line: str) -> int:
    """Return the highest counter that was ever seen of a card; 0 for one that never was."""
    row = connection.execute(
        "SELECT counter FROM purse_card WHERE purse = ? AND line = ?", (purse, line)
    ).fetchone()
    return int(row[0]) if row else 0


def _settle(connection: sqlite3.Connection, body: PurseSettled) -> None:
    run = connection.execute
    if body.outcome == Outcome.PAID:
        run(
            "INSERT INTO purse_card VALUES (?, ?, ?) ON CONFLICT (purse, line)"
            " DO UPDATE SET counter = max(counter, excluded.counter)",
            (body.purse, body.line, body.counter),
        )
    if body.is_witness:
        return
    row = run(
        "SELECT seq, ended, sale_id FROM purse_doubt WHERE terminal = ? AND sequence = ?",
        (body.terminal, body.sequence),
    ).fetchone()
    if row is None:
        return  # Settled before; a second word on it changes nothing here.
    seq, is_over, sale_id = row
    if body.outcome == Outcome.PAID and body.move == Move.DEBIT and is_over:
        _mark(connection, body, DoubtState.OWED)
        return
    run(
        "DELETE FROM purse_doubt WHERE terminal = ? AND sequence = ?",
        (body.terminal, body.sequence),
    )
    if body.outcome == Outcome.PAID and body.move == Move.DEBIT:
        run("INSERT INTO payment VALUES (?, ?) ON CONFLICT DO NOTHING", (seq, sale_id))
    elif body.outcome == Outcome.PAID and body.about:
        _forget(connection, body.terminal, body.about)


def _mark(connection: sqlite3.Connection, body: PurseSettled, state: DoubtState) -> None:
    connection.execute(
        "UPDATE purse_doubt SET state = ? WHERE terminal = ? AND sequence = ?",
        (state.value, body.terminal, body.sequence),
    )


def _forget(connection: sqlite3.Connection, terminal: str, sequence: int) -> None:
    """Forget a movement that was given back: as money owed, or as a payment taken ahead."""
    run = connection.execute
    run("DELETE FROM purse_doubt WHERE terminal = ? AND sequence = ?", (terminal, sequence))
    rows = run("SELECT seq, body FROM payment JOIN record USING (seq)").fetchall()
    for seq, raw in rows:
        intent = decode(raw).body
        if isinstance(intent, PurseIntent) and intent.sequence == sequence:
            run("DELETE FROM payment WHERE seq = ?", (seq,))
