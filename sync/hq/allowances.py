"""What records do to allowances and lots at the head office, in the transaction that stores them.

Whatever a till's record says has happened is booked. Where it spends what it was not granted, or more of it,
that is named for a person (``overspent``): a copied card or a till that was declared lost too soon.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.hq.database import Sql
from terminal.core.allowance import (
    Allowance,
    AllowancesClosed,
    AllowancesOpened,
    Spent,
)
from terminal.core.journal import Body
from terminal.core.lotbook import moves_of, spent_in
from terminal.core.officebook import LossDeclared
from terminal.core.stored import ToppedUp

GRANTED, OPENED, CLOSED, LOST, NEVER_TAKEN = range(5)
"""States of an allowance. Up to :data:`OPENED` it holds back what it names."""
OWN = "own:"
"""Tills that were their own authority spent against these."""
_OPEN = (
    "INSERT INTO allowance VALUES (?, '', ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (id) DO UPDATE SET"
    " state = CASE WHEN allowance.state IN (0, 4) THEN 1 ELSE allowance.state END"
)
_OPEN_LOT = (
    "INSERT INTO allowance_lot VALUES (?, ?, ?, 0, ?, ?, ?) ON CONFLICT (allowance, lot) DO NOTHING"
)
_MOVE = (
    "INSERT INTO value_lot VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, unit, lot)"
    " DO UPDATE SET amount = value_lot.amount + excluded.amount"
)
_SPEND = (
    "UPDATE allowance_lot SET spent = spent + ?1 WHERE allowance = ?2 AND lot = ?3"
    " AND spent + ?1 <= granted AND allowance IN"
    " (SELECT id FROM allowance WHERE id = ?2 AND ledger_id = ?4 AND state = 1)"
)
_CLOSE = (
    "UPDATE allowance SET state = 2 WHERE id = ?1 AND ledger_id = ?2 AND state IN (0, 1, 4)"
    " AND NOT EXISTS (SELECT 1 FROM stream WHERE ledger_id = ?2 AND (quarantined <> 0 OR branch > 0))"
)
"""Where a record of the ledger was set aside, or its card was copied, what was spent is not known: a person
must say what became of the rest."""
_SPEND_ALL_THE_SAME = (
    "UPDATE allowance_lot SET spent = spent + ?1 WHERE allowance = ?2 AND lot = ?3"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry that may move lots or allowances, and whose it is."""

    record: int
    ledger_id: str
    branch: int
    terminal: str
    body: Body


def apply(sql: Sql, seen: Iterable[Seen], now_ms: int) -> None:
    """Apply entries, in their order, inside the transaction that is open."""
    for each in seen:
        body = each.body
        if isinstance(body, AllowancesOpened | ToppedUp):
            opened = body.allowances if isinstance(body, AllowancesOpened) else body.allowances()
            _open(sql, each, opened, now_ms)
        elif isinstance(body, AllowancesClosed):
            for name in body.ids:
                sql.execute(_CLOSE, (name, each.ledger_id))
        elif isinstance(body, LossDeclared):
            for name in body.ids:
                sql.execute("UPDATE allowance SET state = 3 WHERE id = ? AND state <= 1", (name,))
        account, parts = spent_in(body)
        for part in parts:
            _spend(sql, each, account, part)
        for move in moves_of(body):
            share = move.share
            sql.execute(
                _MOVE,
                (
                    move.account, move.unit, share.lot, share.amount, share.since,
                    share.usable_on, share.lapses_on,
                ),
            )  # fmt: skip


def _open(sql: Sql, seen: Seen, allowances: Iterable[Allowance], now_ms: int) -> None:
    for each in allowances:
        sql.execute(
            _OPEN,
            (
                each.id, each.account, each.unit, each.cause, seen.ledger_id, seen.terminal,
                each.timeline, now_ms, each.expires_ms,
            ),
        )  # fmt: skip
        sql.executemany(
            _OPEN_LOT,
            [
                (each.id, lot.lot, lot.amount, lot.since, lot.usable_on, lot.lapses_on)
                for lot in each.lots
            ],
        )


def _spend(sql: Sql, seen: Seen, account: str, part: Spent) -> None:
    if part.allowance.startswith(OWN):
        return
    values = (part.amount, part.allowance, part.lot)
    if sql.execute(_SPEND, (*values, seen.ledger_id)).rowcount == 1 and not seen.branch:
        return
    if seen.branch or sql.execute(_SPEND_ALL_THE_SAME, values).rowcount != 1:
        why = "a copied card" if seen.branch else "no such allowance"
    else:
        why = "more than was granted, or after it was closed"
    sql.execute(
        "INSERT INTO overspent VALUES (?, ?, ?) ON CONFLICT (record) DO NOTHING",
        (seen.record, account, f"{part.amount} of {part.unit}: {why}"),
    )
