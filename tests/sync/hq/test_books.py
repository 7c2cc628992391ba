"""Sums of a batch: equal to the fold of its entries, and nothing senseless gets into them."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.hq.books import AMOUNT_MAX, sum_up
from terminal.codec.entry import UndecodableError, decode, decode_books, encode
from terminal.core.books import deltas
from terminal.core.journal import Posting
from tests.kit.ledger import REFERENCE, sale


def test_the_sums_are_the_fold_of_the_entries():
    bodies = [sale(n) for n in range(1, 30)]
    fold: Counter = Counter()
    for body in bodies:
        fold.update(deltas(decode(body)))
    sums = sum_up(bodies)
    assert sums.deltas == fold
    assert sums.faults == []
    total = REFERENCE.body.bill.totals
    assert sums.sales_amount == 29 * total.total
    earned = (29, 29 * total.total, 29 * total.discount, 29 * total.earned)
    assert sums.days == {REFERENCE.business_date: earned}


def test_the_short_decoding_says_what_the_long_one_says():
    entry = decode(sale(1))
    lines = decode_books(sale(1))
    assert tuple(Posting(*posting) for posting in lines.postings) == entry.postings
    assert lines.sale[3] == entry.body.bill.totals.total
    assert (lines.member, lines.wall_ms) == (entry.body.bill.buyer.account, entry.stamp.wall_ms)


@given(st.data())
def test_what_one_decoding_refuses_the_other_refuses(data):
    body = bytearray(sale(1))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    short, long = (refuses(read, bytes(body)) for read in (decode_books, decode))
    assert short == long


def refuses(read, body: bytes) -> bool:
    try:
        read(body)
    except UndecodableError:
        return True
    return False


@pytest.mark.parametrize(
    "change",
    [
        {"postings": (Posting("house:cash", "money", 1),)},
        {"postings": (Posting("house:moon", "money", 1), Posting("house:cash", "money", -1))},
        {"postings": (Posting("member:" + "9" * 99, "points", 0),)},
        {
            "postings": (
                Posting("house:cash", "money", AMOUNT_MAX + 1),
                Posting("house:sales", "money", -AMOUNT_MAX - 1),
            )
        },
        {"business_date": 2**60},
        {"stamp": replace(REFERENCE.stamp, wall_ms=2**60)},
        {"stamp": replace(REFERENCE.stamp, wall_ms=-1)},
    ],
)
def test_what_means_nothing_is_set_aside_and_leaves_the_sums_alone(change):
    bad = encode(replace(REFERENCE, **change))
    sums = sum_up([sale(1), bad, sale(2)])
    assert [position for position, _ in sums.faults] == [1]
    assert all(why for _, why in sums.faults)
    plain = sum_up([sale(1), sale(2)])
    assert (sums.deltas, sums.days, sums.sales_amount) == (
        plain.deltas,
        plain.days,
        plain.sales_amount,
    )
    assert [position for position, _ in sums.sales] == [0, 2]
