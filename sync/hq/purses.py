"""Follows the money on cards over all tills: a shadow account per card, as tills announced and settled it.

What one till could not settle another may have seen: the surer word wins, whichever comes first.
"""

from itertools import pairwise

from sync.hq.database import Database
from sync.hq.master import MasterStore
from sync.protocol.master import PURSES
from terminal.codec.master import (
    FORMAT,
    PURSE,
    PurseTold,
    UnreadableRowError,
    purse_told,
    purses_told,
    read,
)
from terminal.core.journal import Body, PurseIntent, PurseSettled
from terminal.core.purse.words import Move, Outcome, line_of

OPEN = ("", Outcome.UNKNOWN.value)
"""Outcomes of a movement that is not settled."""
TEXT_MAX = 80
TOLD_MAX = 5_000
"""So many that are not settled are told to the tills, the newest."""
_NUMBER_MAX = 2**53


def is_of_purse(body: Body) -> bool:
    """Return whether ``body`` says something of a card's money that makes sense."""
    if not isinstance(body, PurseIntent | PurseSettled):
        return False
    texts = (
        body.purse,
        body.terminal,
        body.move,
        getattr(body, "when", ""),
        getattr(body, "family", ""),
    )
    numbers = (body.sequence, body.amount, body.counter, body.balance)
    is_text = all(len(text) <= TEXT_MAX and "\x00" not in text for text in texts)
    return is_text and all(-_NUMBER_MAX <= number <= _NUMBER_MAX for number in numbers)


def note(database: Database, record: int, body: Body) -> None:
    """Keep what ``body``, in record number ``record``, says; inside the caller's transaction."""
    run = database.sql.execute
    match body:
        case PurseIntent():
            line = line_of(body.family, body.move)
            run(
                "INSERT INTO purse_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, 0, 0, ?, ?)"
                " ON CONFLICT (terminal, sequence, purse) DO UPDATE SET intent = excluded.intent,"
                " moment = excluded.moment, family = excluded.family",
                (body.terminal, body.sequence, body.purse, line, body.move, body.amount,
                 body.counter, body.balance, record, body.when, body.family),
            )  # fmt: skip
        case PurseSettled():
            run(
                "INSERT INTO purse_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, '', '')"
                " ON CONFLICT (terminal, sequence, purse) DO UPDATE SET"
                " counter = excluded.counter, balance = excluded.balance,"
                " outcome = excluded.outcome, settled = excluded.settled, witness = excluded.witness"
                " WHERE purse_move.outcome NOT IN ('paid', 'void')"
                " OR (excluded.outcome IN ('paid', 'void') AND excluded.witness = 0)",
                (body.terminal, body.sequence, body.purse, body.line, body.move, body.amount,
                 body.counter, body.balance, body.outcome, record, int(body.is_witness)),
            )  # fmt: skip
        case _:
            pass


def publish(database: Database, now_ms: int) -> None:
    """Tell the tills what is not settled, and each what others saw of its own; within ``alone``."""
    rows = database.sql.execute(
        "SELECT purse, terminal, sequence, move, amount, counter, balance, moment, family, outcome"
        " FROM purse_move WHERE intent > 0 AND (outcome IN ('', 'unknown') OR witness = 1)"
        " ORDER BY intent DESC LIMIT ?",
        (TOLD_MAX,),
    ).fetchall()
    told: dict[tuple[str, str], bytes] = {}
    for purse, terminal, sequence, move, amount, counter, balance, when, family, outcome in rows:
        happened = outcome == Outcome.PAID
        sign = amount if move != Move.DEBIT else -amount
        body = PurseTold(
            FORMAT, purse, terminal, sequence, move, amount, counter - happened,
            balance - sign * happened, when, family, "" if outcome == Outcome.UNKNOWN else outcome,
        )  # fmt: skip
        if is_readable(purse_told(body)):
            told[PURSE, f"{terminal}:{sequence:010d}:{purse}"] = purse_told(body)
    MasterStore(database).put(PURSES, told, now_ms)


def is_readable(body: bytes) -> bool:
    """Return whether a till would take it: what a broken till announced must not stop the others."""
    try:
        read(purses_told, body)
    except UnreadableRowError:
        return False
    return True


def gaps(counters: list[int]) -> tuple[tuple[int, int], ...]:
    """Return the runs of counters that are missing between the first and the last, each first and last.

    >>> gaps([4, 5, 8, 12]), gaps([1, 2]), gaps([])
    (((6, 7), (9, 11)), (), ())
    """
    found = []
    ordered = sorted(set(counters))
    for before, after in pairwise(ordered):
        if after > before + 1:
            found.append((before + 1, after - 1))
    return tuple(found)
