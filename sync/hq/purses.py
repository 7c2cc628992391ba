"""Follows the money on cards over all tills: a shadow account per card, as tills announced and settled it.

What one till could not settle another may have seen: the surer word wins, whichever comes first.
"""

from itertools import pairwise

from sync.hq.database import Database
from terminal.core.journal import Body, PurseIntent, PurseSettled
from terminal.core.purse.words import Outcome, line_of

OPEN = ("", Outcome.UNKNOWN.value)
"""Outcomes of a movement that is not settled."""
TEXT_MAX = 80
_NUMBER_MAX = 2**53


def is_of_purse(body: Body) -> bool:
    """Return whether ``body`` says something of a card's money that makes sense."""
    if not isinstance(body, PurseIntent | PurseSettled):
        return False
    texts = (body.purse, body.terminal, body.move)
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
                "INSERT INTO purse_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, 0)"
                " ON CONFLICT (terminal, sequence, purse) DO UPDATE SET intent = excluded.intent",
                (body.terminal, body.sequence, body.purse, line, body.move, body.amount,
                 body.counter, body.balance, record),
            )  # fmt: skip
        case PurseSettled():
            run(
                "INSERT INTO purse_move VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)"
                " ON CONFLICT (terminal, sequence, purse) DO UPDATE SET"
                " counter = excluded.counter, balance = excluded.balance,"
                " outcome = excluded.outcome, settled = excluded.settled"
                " WHERE purse_move.outcome NOT IN ('paid', 'void') OR excluded.outcome = 'paid'",
                (body.terminal, body.sequence, body.purse, body.line, body.move, body.amount,
                 body.counter, body.balance, body.outcome, record),
            )  # fmt: skip
        case _:
            pass


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
