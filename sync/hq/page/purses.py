"""Cards with money on them: the shadow account of each, gaps in its counter, and what is in doubt."""

from dataclasses import dataclass

from sync.hq.page import asking
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, Question
from sync.hq.purses import gaps
from sync.hq.reader import Ask, HqReader
from sync.hq.schema import seq_of, stream_of

MOVES_MAX = 1_000
"""Newest movements of a card in which gaps are looked for."""
DOUBTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Missing:
    """Movements that a card counted and no till told of."""

    first: int
    last: int
    line: str
    """``load`` of a wallet that counts what is loaded by itself; otherwise empty."""


@dataclass(frozen=True, slots=True)
class PurseRow:
    """One card as the head office reckons it stands."""

    purse: str
    moves: int
    """How many of its movements are known, settled or not."""
    counter: int
    """The highest that was seen."""
    balance: int
    """After that movement, as the till said."""
    doubts: int
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """A movement that is not settled, by any till."""

    purse: str
    move: str
    amount: int
    counter: int
    sequence: int
    ledger_id: str
    branch: int
    seq: int
    """The record that announced it; 0 when that has not come yet."""
    terminal: str


@dataclass(frozen=True, slots=True)
class PursesAnswer:
    """Cards in order of their numbers; ``next`` is the ``after`` of the page below."""

    rows: tuple[PurseRow, ...]
    next: str | None
    doubts: tuple[DoubtRow, ...]


@dataclass(frozen=True, slots=True)
class Purses:
    """The question, over one reader."""

    reader: HqReader

    def questions(self) -> dict[str, Question]:
        """Return every question by the name it has in paths and calls."""
        return {"purses": self.purses}

    def purses(self, _path: Given, query: Given, _language: Language) -> PursesAnswer:
        """Return cards and doubts."""
        limit, after = asking.rows(query), asking.text(query, "after")
        with self.reader.reading() as ask:
            names = ask(
                "SELECT DISTINCT purse FROM purse_move WHERE purse > ? ORDER BY purse LIMIT ?",
                (after, limit + 1),
            ).fetchall()
            found = tuple(_row(ask, name[0]) for name in names[:limit])
            return PursesAnswer(
                found, found[-1].purse if len(names) > limit else None, _doubts(ask)
            )


def _row(ask: Ask, purse: str) -> PurseRow:
    rows = ask(
        "SELECT line, counter, balance, outcome FROM purse_move WHERE purse = ?"
        " ORDER BY line, counter DESC LIMIT ?",
        (purse, MOVES_MAX),
    ).fetchall()
    paid = [row for row in rows if row[3] == "paid"]
    newest = max(paid, key=lambda row: (row[0] == "", row[1]), default=None)
    missing = []
    for line in sorted({row[0] for row in paid}):
        counters = [row[1] for row in paid if row[0] == line]
        missing += [Missing(first, last, line) for first, last in gaps(counters)]
    doubts = sum(row[3] in {"", "unknown"} for row in rows)
    counter, balance = (newest[1], newest[2]) if newest else (0, 0)
    return PurseRow(purse, len(rows), counter, balance, doubts, tuple(missing))


def _doubts(ask: Ask) -> tuple[DoubtRow, ...]:
    rows = ask(
        "SELECT purse, move, amount, counter, sequence, intent FROM purse_move"
        " WHERE outcome IN ('', 'unknown') ORDER BY purse, sequence LIMIT ?",
        (DOUBTS_MAX,),
    ).fetchall()
    found = []
    for purse, move, amount, counter, sequence, record in rows:
        stream = ask(
            "SELECT ledger_id, branch, terminal FROM stream WHERE id = ?", (stream_of(record),)
        ).fetchone() or ("", 0, "")
        place = (stream[0], stream[1], seq_of(record), stream[2])
        found.append(DoubtRow(purse, move, amount, counter, sequence, *place))
    return tuple(found)
