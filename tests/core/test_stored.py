"""Stored value: principal and bonus in proportion, oldest top-up first; limits by name; books that add up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core import accounts
from terminal.core.allowance import OPENING, Allowance, Cause, Held, LotShare, Wallet
from terminal.core.books import postings_of, total
from terminal.core.journal import Tender
from terminal.core.lotbook import moves_of
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import Due, Idle, LineAdded, MemberIdentified, Open, Post, Tendered, step
from terminal.core.stored import (
    Band,
    Ceilings,
    Order,
    Purse,
    ToppedUp,
    TopUp,
    TopUpRule,
    objection,
    pay,
    split,
)
from tests.kit.goods import BREAD, TURN, WANG

NOW, DAY = 1_000_000, 20261121
OLD, NEW = 20250101, 20260101


def held(unit: str, *lots: tuple[str, int, int]) -> Held:
    shares = tuple(LotShare(name, amount, since) for name, amount, since in lots)
    return Held(Allowance(f"a-{unit}", WANG.account, unit, shares, Cause.TAP, 1, 0, 0), shares)


def purse(principal, bonus, **more) -> Purse:
    pockets = (held(accounts.PRINCIPAL, *principal), held(accounts.BONUS, *bonus))
    return Purse(Wallet(WANG.account, pockets), NOW, DAY, **more)


TWO = purse([("new", 100, NEW), ("old", 90, OLD)], [("new", 50, NEW), ("old", 10, OLD)])


@pytest.mark.parametrize(
    ("order", "amount", "parts"),
    [
        (Order.TOGETHER, 50, {("principal", "old"): 45, ("bonus", "old"): 5}),
        (Order.TOGETHER, 130, {("principal", "old"): 90, ("bonus", "old"): 10,
                               ("principal", "new"): 20, ("bonus", "new"): 10}),
        (Order.BONUS_FIRST, 30, {("bonus", "old"): 10, ("principal", "old"): 20}),
        (Order.PRINCIPAL_FIRST, 95, {("principal", "old"): 90, ("bonus", "old"): 5}),
    ],
)  # fmt: skip
def test_the_oldest_top_up_pays_first_in_the_order_of_the_shop(order, amount, parts):
    paid = pay(replace(TWO, order=order), amount)
    assert not isinstance(paid, Refusal)
    assert {(part.unit, part.lot): part.amount for part in paid} == parts


@given(st.integers(0, 260), st.sampled_from(Order))
def test_parts_add_up_and_never_exceed_a_lot(amount, order):
    paid = pay(replace(TWO, order=order), amount)
    if amount > 250:
        assert paid == Refusal(Key.VALUE_SHORT, (("possible", 250),))
        return
    assert not isinstance(paid, Refusal)
    assert sum(split(paid)) == amount
    replace(TWO).less(paid)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (purse([("l", 0, OLD)], []), Key.VALUE_USED_UP),
        (purse([("l", 0, OLD)], [], connected=True), Key.VALUE_ASK_AGAIN),
        (replace(TWO, most=20), Key.VALUE_TOO_OLD),
        (Purse(Wallet("x"), NOW, DAY), Key.VALUE_USED_UP),
    ],
)
def test_a_refusal_says_how_much_is_still_possible(given, key):
    refusal = pay(given, 251)
    assert isinstance(refusal, Refusal)
    assert refusal.key is key
    possible = dict(refusal.facts)["possible"]
    assert not isinstance(pay(given, int(possible)), Refusal)


@pytest.mark.parametrize(
    ("asked", "before", "is_named", "key"),
    [
        (TopUp(500_000, "cash"), (0, 0), True, None),
        (TopUp(500_000, "cash"), (1, 0), True, Key.TOPUP_NAMED),
        (TopUp(100_000, "cash"), (0, 1), False, Key.TOPUP_ANONYMOUS),
        (TopUp(0, "cash"), (0, 0), True, Key.TOPUP_TOO_SMALL),
        (TopUp(5_000_000, "cash"), (0, 0), True, Key.TOPUP_CASH),
        (TopUp(5_000_000, "external", "x"), (0, 0), True, Key.TOPUP_NAMED),
    ],
)
def test_limits_of_the_law_are_named(asked, before, is_named, key):
    refusal = objection(asked, before, 0, is_named=is_named, limits=Ceilings())
    assert (refusal and refusal.key) == key


def test_the_highest_band_reached_gives_the_bonus():
    rule = TopUpRule("t", "1", "", (Band(10_000, 500), Band(50_000, 5_000), Band(20_000, 0, 8)))
    assert [rule.bonus(amount) for amount in (9_999, 10_000, 20_000, 60_000)] == [
        0,
        500,
        1_600,
        5_000,
    ]


def topped_up(principal: int, bonus: int) -> ToppedUp:
    paid = (("cash", principal, ""),)
    return ToppedUp(
        "", "t1", WANG.account, "uid:1", paid, principal, bonus, "t", "1", (0, 0), DAY, NOW, 0
    )


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_top_up_makes_lots_and_books_and_an_allowance_that_agree(principal, bonus):
    body = topped_up(principal, bonus)
    books = total(postings_of(body))
    moves = {move.unit: move.share.amount for move in moves_of(body)}
    allowed = {each.unit: each.amount for each in body.allowances()}
    assert moves == allowed
    for unit, amount in ((accounts.PRINCIPAL, principal), (accounts.BONUS, bonus)):
        assert books.get((accounts.member(WANG.account), unit), 0) == -amount == -moves.get(unit, 0)
    assert books[accounts.STORED, accounts.MONEY] == -principal


def sold(tenders: list[Tender], given: Purse):
    state, effects = Idle(), ()
    turn = replace(TURN, purse=given)
    for event in (LineAdded(BREAD, 1000), MemberIdentified(WANG), *map(Tendered, tenders)):
        after = step(state, event, turn)
        assert not isinstance(after, Refusal), after
        state, effects = after
    return state, effects


def test_principal_is_a_tender_and_bonus_a_discount_that_earns_nothing():
    given = purse([("l", 10_000, OLD)], [("l", 10_000, OLD)])
    _, plain = sold([Tender("cash", 10_000)], given)
    state, effects = sold([Tender("stored_value", 100), Tender("cash", 10_000)], given)
    post, before = effects[0], plain[0]
    assert isinstance(state, Idle)
    assert isinstance(post, Post)
    assert isinstance(before, Post)
    change, usual = total(post.postings), total(before.postings)
    money = accounts.MONEY
    assert change[accounts.STORED, money] == 50
    off = usual.get((accounts.DISCOUNTS, money), 0)
    assert change[accounts.DISCOUNTS, money] == off + 50
    assert change[accounts.member(WANG.account), accounts.BONUS] == 50
    assert change[accounts.member(WANG.account), accounts.PRINCIPAL] == 50
    assert moves_of(post.body) != ()
    assert post.body.bill.totals.earned <= before.body.bill.totals.earned


def test_two_tenders_of_one_sale_cannot_spend_the_same_lot():
    given = purse([("l", 100, OLD)], [])
    state, _ = sold([Tender("stored_value", 60)], given)
    assert isinstance(state, Due)
    refusal = step(state, Tendered(Tender("stored_value", 60)), replace(TURN, purse=given))
    assert isinstance(refusal, Refusal)
    assert dict(refusal.facts)["possible"] == 40


@pytest.mark.parametrize(
    ("more", "tender", "key"),
    [
        ({"pay_by": frozenset(("card",))}, Tender("stored_value", 10), Key.VALUE_UNPROVEN),
        ({"confirm_from": 10}, Tender("stored_value", 10), Key.VALUE_CONFIRM),
        ({"confirm_from": 10}, Tender("stored_value", 10, "0000"), Key.VALUE_CONFIRM),
        ({"confirm_from": 10}, Tender("stored_value", 10, WANG.phone[-4:]), None),
        ({"confirm_from": 11}, Tender("stored_value", 10), None),
    ],
)
def test_who_was_named_how_decides_whether_they_pay_from_the_account(more, tender, key):
    given = purse([("l", 100, OLD)], [], **more)
    state, _ = step(
        Open(sold([], given)[0].sale), MemberIdentified(WANG), replace(TURN, purse=given)
    )
    after = step(state, Tendered(tender), replace(TURN, purse=given))
    assert (after.key if isinstance(after, Refusal) else None) is key
    if key is None:
        assert after[0].tenders[0].reference == ""


def test_the_opening_lot_is_the_oldest():
    given = purse([("t", 10, OLD), (OPENING, 10, 0)], [])
    paid = pay(given, 5)
    assert not isinstance(paid, Refusal)
    assert [part.lot for part in paid] == [OPENING]
