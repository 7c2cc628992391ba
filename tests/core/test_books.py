"""The books: postings of every kind of entry add up, whichever way a sale is paid."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, given

from terminal.core import accounts
from terminal.core.books import POSTING_MAX, deltas, postings_of, total
from terminal.core.effects import Post
from terminal.core.journal import (
    LockedOut,
    PinChanged,
    Posting,
    Reprinted,
    SalePosted,
    Tender,
    UnbalancedError,
)
from terminal.core.refusal import Refusal
from terminal.core.sale import Due, Idle, Tendered, Voided, step
from terminal.core.tenders import CASH, EXTERNAL
from tests.kit.goods import BREAD, TURN, WANG, WATER, entry
from tests.kit.sales import PAID, paid, posts


@given(PAID)
def test_every_entry_adds_up_to_nought_in_each_unit(plan):
    for post in posts(paid(plan)):
        by_unit = Counter()
        for (account, unit), amount in deltas(entry(post)).items():
            assert accounts.is_known(account, unit)
            by_unit[unit] += amount
        assert not any(by_unit.values())


@given(PAID)
def test_paid_ahead_or_not_the_books_are_the_same(plan):
    """PaymentTaken and SalePosted together do what SalePosted alone would have done."""
    change = Counter()
    for post in posts(paid(plan)):
        change.update(total(post.postings))
    body = posts(paid(plan))[-1].body
    assert isinstance(body, SalePosted)
    at_once = total(postings_of(body))
    assert {key: amount for key, amount in change.items() if amount} == {
        key: amount for key, amount in at_once.items() if amount
    }


@given(PAID)
def test_a_void_leaves_the_books_as_they_were(plan):
    steps = paid(plan)
    state = steps[-2][0] if len(steps) > 1 else Idle()
    assume(isinstance(state, Due))
    after = step(state, Voided(), TURN)
    assert not isinstance(after, Refusal)
    change = Counter()
    for post in posts([*steps[:-1], after]):
        change.update(total(post.postings))
    assert not any(change.values())


@given(PAID)
def test_what_comes_in_is_what_the_sale_cost(plan):
    body = posts(paid(plan))[-1].body
    assert isinstance(body, SalePosted)
    came = sum(tender.amount for tender in body.tenders) - body.change
    assert came == body.bill.totals.total
    assert all(tender.type in {CASH, EXTERNAL} for tender in body.tenders)
    assert body.change >= 0


def test_the_postings_of_a_members_sale_by_hand():
    # Two waters 5.00, category 90 %: 4.50, gold 95 %: 4.28; paid with 5.00, 0.72 back; 6 points.
    plan = ([(WATER, 2000)], WANG, [(CASH, 100)])
    (post,) = posts(paid(plan))
    assert post.postings == (
        Posting("house:cash", "money", 500),
        Posting("house:cash", "money", -72),
        Posting("house:sales", "money", -500),
        Posting("house:discounts", "money", 72),
        Posting("house:points", "points", 6),
        Posting("member:100001", "points", -6),
    )


@pytest.mark.parametrize(
    "body", [PinChanged("1001", "$argon2id$"), LockedOut("1001", 1), Reprinted("S01-1", 1)]
)
def test_what_moves_nothing_posts_nothing(body):
    assert postings_of(body) == ()
    assert deltas(entry(Post(body, ()))) == {}


@pytest.mark.parametrize(
    ("postings", "words"),
    [
        ((Posting("house:cash", "money", 1),), "add up to 1"),
        (
            (Posting("house:cash", "money", 1), Posting("house:points", "points", -1)),
            "add up to",
        ),
        ((Posting("house:gold", "money", 0),), "no account"),
        ((Posting("house:cash", "points", 0),), "no account"),
        ((Posting("member:", "points", 0),), "no account"),
        ((Posting("member:1", "money", 0),), "no account"),
        (
            (
                Posting("house:cash", "money", POSTING_MAX + 1),
                Posting("house:sales", "money", -POSTING_MAX - 1),
            ),
            "out of range",
        ),
    ],
)
def test_postings_that_cannot_be_are_refused(postings, words):
    with pytest.raises(UnbalancedError, match=words):
        total(postings)


def test_postings_are_taken_from_the_entry_and_checked_there():
    (post,) = posts(paid(([(BREAD, 1000)], None, [(CASH, 0)])))
    spoiled = replace(entry(post), postings=post.postings[1:])
    with pytest.raises(UnbalancedError):
        deltas(spoiled)


def test_every_house_account_has_one_unit():
    for account, unit in accounts.UNITS.items():
        assert account.startswith("house:")
        assert accounts.is_known(account, unit)
        assert not accounts.is_known(account, "apples")
    assert Tendered(Tender(CASH, 1)).tender.amount == 1
