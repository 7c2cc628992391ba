"""The head office's shadow accounts of cards: movements of all tills, gaps in a card's counter, doubts."""

import pytest

from sync.hq.bookcase import Bookcase
from sync.hq.page.purses import Missing, Purses
from sync.hq.recheck import recheck
from sync.protocol.master import PURSES
from terminal.codec.master import purses_told, read
from terminal.core.journal import PurseIntent, PurseSettled
from tests.sync.page.books import Books
from tests.sync.page.shop import DAY_MS, START_MS, Shop

CARD, FIRST, SECOND = "04782e21801d80", "d3543abaa46c", "aabbccddeeff"


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def intent(till: Shop, sequence: int, counter: int, terminal: str = FIRST):
    body = PurseIntent(
        CARD, "desfire", counter, 5_000 - 200 * counter, 1, "debit", 200, terminal, sequence,
        "20261122101500", "",
    )  # fmt: skip
    till.post(START_MS + DAY_MS + len(till.bodies) * 1_000, body)


def settled(till: Shop, sequence: int, counter: int, outcome: str, terminal: str = FIRST, **more):
    body = PurseSettled(
        CARD, terminal, sequence, "debit", 200, outcome, "record", counter,
        5_000 - 200 * counter, **more,
    )  # fmt: skip
    till.post(START_MS + DAY_MS + len(till.bodies) * 1_000, body)


def told(books) -> list[tuple[str, int, str]]:
    """Return what the tills are told: terminal, sequence, and what another till saw."""
    rows = books.store.master.rows(PURSES, None, ("", ""), 100)
    found = [read(purses_told, body) for _, _, body in rows]
    return [(each.terminal, each.sequence, each.outcome) for each in found]


def answer(books):
    case = Bookcase()
    while recheck(books.store._database, case):
        pass
    return Purses(books.reader).purses({}, {}, None)


def test_a_card_has_a_shadow_account_and_gaps_in_its_counter_are_named(books):
    till = Shop("S01-T1", "L-1")
    for sequence, counter in ((1, 0), (2, 1), (3, 4)):
        intent(till, sequence, counter)
        settled(till, sequence, counter + 1, "paid")
    books.take(till)

    [row] = answer(books).rows
    assert (row.purse, row.moves, row.counter, row.balance) == (CARD, 3, 5, 4_000)
    assert row.missing == (Missing(3, 4, ""),)
    assert answer(books).doubts == ()


def test_what_is_not_settled_is_listed_with_its_record_until_some_till_settles_it(books):
    first, second = Shop("S01-T1", "L-1"), Shop("S01-T2", "L-2")
    intent(first, 1, 0)
    settled(first, 1, 0, "unknown")
    books.take(first)

    [doubt] = answer(books).doubts
    assert (doubt.terminal, doubt.seq, doubt.amount, doubt.counter) == ("S01-T1", 1, 200, 0)
    assert told(books) == [(FIRST, 1, "")]
    settled(second, 1, 1, "paid", is_witness=True)
    books.take(second)
    found = answer(books)
    assert (found.doubts, found.rows[0].counter, found.rows[0].doubts) == ((), 1, 0)
    assert told(books) == [(FIRST, 1, "paid")]
    settled(first, 1, 1, "paid")
    books.take(first, held=2)
    answer(books)
    assert told(books) == []


def test_what_no_till_would_take_is_not_told(books):
    till = Shop("S01-T1", "L-1")
    intent(till, 1, 0, terminal="nonsense")
    books.take(till)

    assert len(answer(books).doubts) == 1
    assert told(books) == []


def test_a_doubt_said_late_does_not_undo_what_is_settled(books):
    first, second = Shop("S01-T1", "L-1"), Shop("S01-T2", "L-2")
    settled(second, 1, 1, "paid", is_witness=True)
    books.take(second)
    answer(books)
    intent(first, 1, 0)
    settled(first, 1, 0, "unknown")
    books.take(first)

    found = answer(books)
    assert (found.doubts, found.rows[0].counter, found.rows[0].moves) == ((), 1, 1)
