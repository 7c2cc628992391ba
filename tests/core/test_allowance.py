"""Allowances: never more than was granted, from the right lots, and in words when there is no more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core import accounts
from terminal.core.allowance import (
    Allowance,
    Book,
    Cause,
    LotShare,
    OverspentError,
    Spendable,
    Spent,
    Wallet,
    Why,
    soonest,
)

NOW, DAY = 1_000_000, 20261121
SOON = LotShare("soon", 30, 20260101, 0, 20261201)
LATER = LotShare("later", 50, 20260201, 0, 20270101)
NEVER = LotShare("never", 20, 20250101)
WAITS = LotShare("waits", 40, 20261120, 20261125)
GONE = LotShare("gone", 15, 20251101, 0, 20261101)


def allowance(*lots: LotShare, name: str = "a1", expires: int = NOW + 1) -> Allowance:
    return Allowance(name, "100001", accounts.POINTS, lots, Cause.TAP, 1, NOW - 10, expires)


def book(*allowances: Allowance) -> Book:
    made = Book()
    made.opened(allowances)
    return made


def wallet(*allowances: Allowance) -> Wallet:
    return book(*allowances).wallet("100001")


def test_the_lot_that_lapses_soonest_goes_first_and_never_last():
    parts = wallet(allowance(NEVER, LATER, SOON)).spend(accounts.POINTS, 85, NOW, DAY)
    assert parts == (
        Spent("a1", "points", "soon", 30),
        Spent("a1", "points", "later", 50),
        Spent("a1", "points", "never", 5),
    )


@pytest.mark.parametrize(
    ("given", "amount", "why"),
    [
        ((), 0, Why.NONE_HERE),
        ((allowance(NEVER),), 20, Why.ALL),
        ((allowance(NEVER, expires=NOW),), 0, Why.EXPIRED),
        ((allowance(NEVER, expires=0),), 20, Why.ALL),
        ((allowance(NEVER, WAITS),), 20, Why.NOT_YET),
        ((allowance(NEVER, GONE),), 20, Why.LAPSED),
        ((allowance(replace(NEVER, amount=0)),), 0, Why.USED_UP),
        ((allowance(NEVER), allowance(LATER, name="a2", expires=NOW)), 20, Why.EXPIRED),
    ],
)
def test_what_may_be_spent_and_why_not_more(given, amount, why):
    may = wallet(*given).spendable(accounts.POINTS, NOW, DAY)
    assert (may.amount, may.why) == (amount, why)
    assert wallet(*given).spendable(accounts.BONUS, NOW, DAY).why is Why.NONE_HERE


def test_more_than_may_be_spent_is_not_spent_in_part():
    may = wallet(allowance(NEVER)).spend(accounts.POINTS, 21, NOW, DAY)
    assert isinstance(may, Spendable)
    assert may.amount == 20


def test_one_that_was_closed_is_not_opened_again():
    made = book(allowance(NEVER))
    made.close(["a1"])
    made.opened([allowance(NEVER)])
    assert not made.open
    with pytest.raises(OverspentError):
        made.spent([Spent("a1", "points", "never", 1)])


def test_a_lot_that_was_not_granted_cannot_be_spent():
    made = book(allowance(NEVER))
    with pytest.raises(OverspentError):
        made.spent([Spent("a1", "points", "never", 1), Spent("a1", "points", "other", 1)])
    assert made.open["a1"].left == (NEVER,)


LOTS = st.lists(
    st.builds(
        LotShare,
        st.sampled_from("abcdef"),
        st.integers(0, 100),
        st.just(0),
        st.sampled_from((0, 20261120, 20261122)),
        st.sampled_from((0, 20261101, 20261122, 20270101)),
    ),
    max_size=6,
    unique_by=lambda lot: lot.lot,
)


@given(
    st.lists(st.tuples(LOTS, st.sampled_from((0, NOW - 1, NOW + 1))), max_size=4),
    st.integers(0, 300),
)
def test_spending_takes_exactly_the_amount_from_what_was_granted(granted, amount):
    given_out = [
        allowance(*lots, name=f"a{n}", expires=expires) for n, (lots, expires) in enumerate(granted)
    ]
    made = book(*given_out)
    parts = made.wallet("100001").spend(accounts.POINTS, amount, NOW, DAY)
    may = made.wallet("100001").spendable(accounts.POINTS, NOW, DAY)
    if isinstance(parts, Spendable):
        assert amount > may.amount
        return
    assert sum(part.amount for part in parts) == amount <= may.amount
    assert [soonest(entry) for entry in may.lots] == sorted(soonest(entry) for entry in may.lots)
    before = sum(share.amount for held in made.open.values() for share in held.left)
    made.spent(parts)
    after = sum(share.amount for held in made.open.values() for share in held.left)
    assert before - after == amount
    assert all(share.amount >= 0 for held in made.open.values() for share in held.left)
