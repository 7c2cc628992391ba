"""What the head office tells of other tills' movements on cards: kept, changed, taken away, refused."""

import sqlite3
from contextlib import closing

import pytest

from terminal.codec.master import FORMAT, PURSE, PurseTold, UnreadableRowError, purse_told
from terminal.store import foreign

CARD = "04782e21801d80"


def row(sequence=1, outcome=""):
    body = PurseTold(
        FORMAT, CARD, "d3543abaa46c", sequence, "debit", 200, 7, 5_000, "20261122101500",
        "desfire", outcome,
    )  # fmt: skip
    return PURSE, f"d3543abaa46c:{sequence:010d}:{CARD}", purse_told(body)


@pytest.fixture
def connection(tmp_path):
    with closing(sqlite3.connect(tmp_path / "purses.db", isolation_level=None)) as opened:
        foreign.make_tables(opened)
        yield opened


def test_rows_take_the_place_of_those_under_their_keys(connection, tmp_path):
    foreign.put(connection, [row(1), row(2)])
    foreign.put(connection, [row(1, "paid"), (*row(2)[:2], None)])

    assert [(each.sequence, each.outcome) for each in foreign.told(tmp_path)] == [(1, "paid")]
    foreign.clear(connection)
    assert foreign.told(tmp_path) == ()


def test_a_till_that_was_told_nothing_knows_nothing(tmp_path):
    assert foreign.told(tmp_path) == ()


@pytest.mark.parametrize("odd", [("other", "k", b""), (PURSE, "k", b"\xc1"), (PURSE, "k", b"\x90")])
def test_a_row_that_means_nothing_is_refused(connection, odd):
    with pytest.raises(UnreadableRowError):
        foreign.put(connection, [odd])
