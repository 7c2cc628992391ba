"""The till around a sale: rights, waiting baskets, whole sales."""

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core import sale
from terminal.core.journal import Tender
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import (
    Idle,
    LineAdded,
    LineChanged,
    MemberIdentified,
    Open,
)
from terminal.core.tenders import CASH, EXTERNAL
from terminal.core.till import (
    HELD_MAX,
    NEW,
    Held,
    Operator,
    Resumed,
    SignedIn,
    SignedOut,
    Sold,
    Till,
    handle,
)
from terminal.core.turn import Turn
from tests.kit.goods import APPLES, BREAD, LI, NO_RULES, RULES, SWEET, TURN, WANG, WATER

CASHIER = Operator("1001", "小陈", "cashier")
SUPERVISOR = Operator("9001", "老赵", "supervisor")
SIGNED_IN = Till(CASHIER, Idle(), ())
ADD = LineAdded(WATER, 1000)


def run(till, *events, turn=TURN):
    for event in events:
        after = handle(till, event, turn)
        assert not isinstance(after, Refusal), after
        till = after[0]
    return till


def refused(till, event, turn=TURN):
    after = handle(till, event, turn)
    assert isinstance(after, Refusal), after
    return after.key


def test_nothing_is_sold_before_somebody_signs_in():
    for event in (ADD, Held(), Resumed(None), Sold((ADD,), None, (Tender(CASH, 250),), None)):
        assert refused(NEW, event) is Key.SIGN_IN_FIRST


def test_signing_out_leaves_the_basket_for_the_next_operator():
    till = run(NEW, SignedIn(CASHIER), ADD, SignedOut())
    assert refused(till, ADD) is Key.SIGN_IN_FIRST
    till = run(till, SignedIn(SUPERVISOR))
    assert till.operator == SUPERVISOR
    assert isinstance(till.sale, Open)
    assert len(till.sale.sale.lines) == 1


def test_only_a_supervisor_changes_a_price():
    asked = (
        LineAdded(WATER, 1000, 200),
        LineChanged(1, unit_price=200),
        Sold((LineAdded(WATER, 1000, 200),), None, (Tender(CASH, 200),), None),
    )
    for event in asked:
        assert refused(run(SIGNED_IN, ADD), event) is Key.PRICE_RIGHT
    till = run(replace(SIGNED_IN, operator=SUPERVISOR), ADD, LineChanged(1, unit_price=200))
    assert till.sale.sale.quote.gross == 200
    assert run(SIGNED_IN, ADD, LineChanged(1, quantity=2000)).sale.sale.quote.gross == 500


def test_a_basket_is_held_and_comes_back():
    till = run(SIGNED_IN, ADD, Held())
    assert till.sale == Idle()
    till = run(till, LineAdded(BREAD, 1000), Held(), turn=Turn(RULES, "sale-2"))
    assert [basket.id for basket in till.held] == ["sale-1", "sale-2"]
    assert run(till, Resumed(None)).sale.sale.id == "sale-2"
    till = run(till, Resumed("sale-1"))
    assert till.sale.sale.id == "sale-1"
    assert [basket.id for basket in till.held] == ["sale-2"]
    assert refused(till, Resumed("sale-2")) is Key.SALE_OPEN


def test_a_resumed_basket_has_the_prices_of_now():
    till = run(SIGNED_IN, MemberIdentified(WANG), ADD, Held(), turn=Turn(NO_RULES, "s"))
    assert till.held[0].quote.total == 250
    assert run(till, Resumed(None), turn=TURN).sale.sale.quote.total == 214


def test_what_cannot_be_held_or_resumed_is_refused():
    assert refused(SIGNED_IN, Held()) is Key.NO_SALE
    assert refused(SIGNED_IN, Resumed(None)) is Key.NOTHING_HELD
    assert refused(run(SIGNED_IN, ADD, Held()), Resumed("another")) is Key.NOTHING_HELD
    due = run(SIGNED_IN, ADD, sale.Tendered(Tender(CASH, 1)))
    assert refused(due, Held()) is Key.SALE_DUE
    assert refused(due, Resumed(None)) is Key.SALE_OPEN


def test_only_so_many_baskets_wait():
    till = SIGNED_IN
    for n in range(HELD_MAX):
        till = run(till, ADD, Held(), turn=Turn(RULES, f"sale-{n}"))
    assert refused(run(till, ADD), Held()) is Key.HOLD_FULL


def test_a_whole_sale_leaves_the_cashiers_basket_alone():
    till = run(SIGNED_IN, LineAdded(BREAD, 1000))
    after, effects = handle(till, Sold((ADD,), None, (Tender(CASH, 300),), 225), TURN)
    assert after == till
    assert effects[0].body.bill.totals.total == 225
    assert effects[0].body.change == 75


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (Sold((), None, (Tender(CASH, 1),), None), Key.EMPTY_BASKET),
        (Sold((), MemberIdentified(WANG), (Tender(CASH, 1),), None), Key.EMPTY_BASKET),
        (Sold((ADD,), None, (Tender(CASH, 225),), 250), Key.TOTAL_DIFFERS),
        (Sold((ADD,), None, (), None), Key.TOTAL_DIFFERS),
        (Sold((ADD,), None, (Tender(CASH, 224),), None), Key.TOTAL_DIFFERS),
        (Sold((ADD,), None, (Tender(CASH, 225), Tender(CASH, 1)), None), Key.OVERPAID),
        (Sold((ADD,), None, (Tender(CASH, 225),) * 2, None), Key.OVERPAID),
        (Sold((ADD,), None, (Tender(EXTERNAL, 226, "r"),), None), Key.OVERPAID),
        (Sold((ADD,), None, (Tender(EXTERNAL, 225),), None), Key.REFERENCE_MISSING),
        (Sold((ADD,), None, (Tender("count", 225),), None), Key.TENDER_NOT_HERE),
        (Sold((LineAdded(WATER, 0),), None, (Tender(CASH, 225),), None), Key.QUANTITY_RANGE),
    ],
)
def test_a_whole_sale_that_cannot_be_is_refused(event, key):
    assert refused(SIGNED_IN, event) is key


LINES = st.lists(
    st.builds(
        LineAdded,
        st.sampled_from([WATER, BREAD, SWEET, APPLES]),
        st.sampled_from([1000, 2000, 333]),
    ),
    min_size=1,
    max_size=8,
)
MEMBERS = st.sampled_from([None, MemberIdentified(WANG), MemberIdentified(LI)])


@given(LINES, MEMBERS, st.integers(0, 10_000), st.integers(0, 5_000))
def test_a_whole_sale_is_the_same_as_the_sale_step_by_step(lines, member, first, over):
    basket = run(SIGNED_IN, *lines, *([member] if member else []))
    total = basket.sale.sale.quote.total
    first = min(first, max(total - 1, 0))
    tenders = (Tender(CASH, first),) if first else ()
    tenders += (Tender(CASH, total - first + over),)
    till = run(basket, *(sale.Tendered(tender) for tender in tenders[:-1]))
    stepped = handle(till, sale.Tendered(tenders[-1]), TURN)
    whole = handle(SIGNED_IN, Sold(tuple(lines), member, tenders, total), TURN)
    assert not isinstance(stepped, Refusal)
    assert not isinstance(whole, Refusal)
    (till_stepped, effects_stepped), (till_whole, effects_whole) = stepped, whole
    assert (till_stepped, effects_stepped[:-1]) == (till_whole, effects_whole[:-1])
    assert effects_whole[-1] == dataclasses.replace(effects_stepped[-1], key="sold")
