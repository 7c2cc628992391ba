"""Allowances and lots as the ledger's file keeps them: a fold over its entries, made in each commit.

Both can be made anew from the records (:mod:`terminal.store.rebuild`) and come out the same.
"""

import sqlite3
from collections.abc import Iterable

from terminal.core.allowance import (
    Allowance,
    AllowancesClosed,
    AllowancesOpened,
    Held,
    LotShare,
    Spent,
    Wallet,
)
from terminal.core.journal import Body, SalePosted, UnbalancedError
from terminal.core.lotbook import moves_of, spent_in
from terminal.core.stored import ToppedUp

TABLES = (
    """CREATE TABLE allowance (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, unit TEXT NOT NULL, cause TEXT NOT NULL,
    timeline INTEGER NOT NULL, opened_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
    closed INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX allowance_open ON allowance (account) WHERE NOT closed",
    """CREATE TABLE allowance_lot (
    allowance TEXT NOT NULL, place INTEGER NOT NULL, lot TEXT NOT NULL, granted INTEGER NOT NULL,
    amount INTEGER NOT NULL, since INTEGER NOT NULL, usable_on INTEGER NOT NULL,
    lapses_on INTEGER NOT NULL, PRIMARY KEY (allowance, lot)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE value_lot (
    account TEXT NOT NULL, unit TEXT NOT NULL, lot TEXT NOT NULL, amount INTEGER NOT NULL,
    since INTEGER NOT NULL, usable_on INTEGER NOT NULL, lapses_on INTEGER NOT NULL,
    PRIMARY KEY (account, unit, lot)) STRICT, WITHOUT ROWID""",
)
DERIVED = ("allowance", "allowance_lot", "value_lot")
OWN = "own:"
"""Names of the allowances of a till that is its own authority begin so; they lie in no table."""
_ALLOWANCE = "id, account, unit, cause, timeline, opened_ms, expires_ms"
_MOVE = (
    "INSERT INTO value_lot VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (account, unit, lot) DO UPDATE SET amount = amount + excluded.amount"
)
_SPEND = (
    "UPDATE allowance_lot SET amount = amount - ?1 WHERE allowance = ?2 AND lot = ?3 AND amount >= ?1"
    " AND allowance IN (SELECT id FROM allowance WHERE id = ?2 AND NOT closed)"
)


def apply(connection: sqlite3.Connection, body: Body) -> None:
    """Apply ``body`` inside the transaction that is open.

    Raises:
        UnbalancedError: It spends what no open allowance holds.
    """
    if isinstance(body, SalePosted):
        costs = body.bill.points is not None and body.bill.points.cost_spent
        if not costs and not any(tender.spent for tender in body.tenders):
            return  # Nine sales in ten.
    elif isinstance(body, AllowancesOpened | ToppedUp):
        opened = body.allowances if isinstance(body, AllowancesOpened) else body.allowances()
        _open(connection, opened)
    elif isinstance(body, AllowancesClosed):
        connection.executemany(
            "UPDATE allowance SET closed = 1 WHERE id = ?", [(each,) for each in body.ids]
        )
    _spend(connection, spent_in(body)[1])
    connection.executemany(
        _MOVE,
        [
            (
                move.account, move.unit, move.share.lot, move.share.amount, move.share.since,
                move.share.usable_on, move.share.lapses_on,
            )
            for move in moves_of(body)
        ],
    )  # fmt: skip


def _open(connection: sqlite3.Connection, allowances: Iterable[Allowance]) -> None:
    for each in allowances:
        known = connection.execute("SELECT 1 FROM allowance WHERE id = ?", (each.id,)).fetchone()
        if known:
            continue
        connection.execute(
            "INSERT INTO allowance VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (
                each.id, each.account, each.unit, each.cause, each.timeline, each.opened_ms,
                each.expires_ms,
            ),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO allowance_lot VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    each.id, place, share.lot, share.amount, share.amount, share.since,
                    share.usable_on, share.lapses_on,
                )
                for place, share in enumerate(each.lots)
            ],
        )  # fmt: skip


def _spend(connection: sqlite3.Connection, parts: Iterable[Spent]) -> None:
    for part in parts:
        if part.allowance.startswith(OWN):
            continue
        done = connection.execute(_SPEND, (part.amount, part.allowance, part.lot))
        if done.rowcount != 1:
            raise UnbalancedError(f"{part.amount} of lot {part.lot}: no such allowance is open")


def wallet(connection: sqlite3.Connection, account: str) -> Wallet:
    """Return the open allowances of a member and what is left of them."""
    rows = connection.execute(
        f"SELECT {_ALLOWANCE} FROM allowance WHERE account = ? AND NOT closed ORDER BY id",  # noqa: S608
        (account,),
    ).fetchall()
    return Wallet(account, tuple(_held(connection, row) for row in rows))


def open_allowances(connection: sqlite3.Connection) -> tuple[Held, ...]:
    """Return every open allowance."""
    rows = connection.execute(
        f"SELECT {_ALLOWANCE} FROM allowance WHERE NOT closed ORDER BY id"  # noqa: S608
    ).fetchall()
    return tuple(_held(connection, row) for row in rows)


def lots(connection: sqlite3.Connection, account: str) -> tuple[tuple[str, LotShare], ...]:
    """Return what this ledger did to a member's lots, each with its unit; amounts may be negative."""
    rows = connection.execute(
        "SELECT unit, lot, amount, since, usable_on, lapses_on FROM value_lot WHERE account = ?",
        (account,),
    ).fetchall()
    return tuple((unit, LotShare(*share)) for unit, *share in rows)


def _held(connection: sqlite3.Connection, row: tuple[str, str, str, str, int, int, int]) -> Held:
    name, account, unit, cause, timeline, opened_ms, expires_ms = row
    rows = connection.execute(
        "SELECT lot, granted, since, usable_on, lapses_on, amount FROM allowance_lot"
        " WHERE allowance = ? ORDER BY place",
        (name,),
    ).fetchall()
    granted = tuple(LotShare(*each[:5]) for each in rows)
    left = tuple(LotShare(each[0], each[5], *each[2:5]) for each in rows)
    return Held(
        Allowance(name, account, unit, granted, cause, timeline, opened_ms, expires_ms), left
    )
