"""The sale as a state machine: every state with every event, then what needs a closer look."""

import pytest

from terminal.core.books import total
from terminal.core.effects import OpenDrawer, Post, Print, Tell
from terminal.core.journal import PaymentReturned, PaymentTaken, SalePosted, SaleVoided, Tender
from terminal.core.pricing.basket import LINES_MAX, Goods
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import (
    Due,
    Idle,
    LineAdded,
    LineChanged,
    LineRemoved,
    MemberCleared,
    MemberIdentified,
    Sale,
    Tendered,
    TendersCleared,
    Voided,
    step,
)
from terminal.core.tenders import CASH, EXTERNAL, REFERENCE_MAX, TENDERS_MAX
from terminal.core.turn import Turn
from terminal.core.units import MONEY_MAX, QUANTITY_MAX
from tests.kit.goods import APPLES, BREAD, GIFT, NO_RULES, RULES, TURN, WANG, WATER

PLAIN = Turn(NO_RULES, "sale-1")


def run(*events, state=None, turn=PLAIN):
    """Return the last step after ``events``; each before it must be accepted."""
    after = (state or Idle(), ())
    for event in events:
        assert not isinstance(after, Refusal), after
        after = step(after[0], event, turn)
    return after


def state_after(*events, state=None, turn=PLAIN):
    after = run(*events, state=state, turn=turn)
    assert not isinstance(after, Refusal), after
    return after[0]


def bodies(effects):
    return [effect.body for effect in effects if isinstance(effect, Post)]


ADD = LineAdded(WATER, 1000)  # 2.50
OPEN = state_after(ADD)
MEMBER_ONLY = state_after(MemberIdentified(WANG))
DUE = state_after(ADD, Tendered(Tender(CASH, 100)))
AHEAD = state_after(ADD, Tendered(Tender(EXTERNAL, 100, "ref")))
STATES = {"idle": Idle(), "open": OPEN, "member": MEMBER_ONLY, "due": DUE, "ahead": AHEAD}
EVENTS = {
    "add": ADD,
    "change": LineChanged(1, quantity=2000),
    "remove": LineRemoved(1),
    "member": MemberIdentified(WANG),
    "clear-member": MemberCleared(),
    "part": Tendered(Tender(CASH, 50)),
    "rest": Tendered(Tender(CASH, 250)),
    "hand-back": TendersCleared(),
    "void": Voided(),
}
TABLE = """
              idle     member        open   due       ahead
add           Open     Open          Open   sale-due  sale-due
change        no-sale  no-such-line  Open   sale-due  sale-due
remove        no-sale  no-such-line  Open   sale-due  sale-due
member        Open     Open          Open   sale-due  sale-due
clear-member  no-sale  Open          Open   sale-due  sale-due
part          no-sale  empty-basket  Due    Due       Due
rest          no-sale  empty-basket  Idle   Idle      Idle
hand-back     no-sale  no-sale       no-sale  Open    payment-taken
void          no-sale  Idle          Idle   Idle      Idle
"""
HEAD, *ROWS = [row.split() for row in TABLE.strip().splitlines()]
CELLS = [(state, row[0], cell) for row in ROWS for state, cell in zip(HEAD, row[1:], strict=True)]


def test_the_table_names_every_state_and_event():
    assert set(HEAD) == set(STATES)
    assert {row[0] for row in ROWS} == set(EVENTS)
    assert {type(event) for event in EVENTS.values()} == {
        LineAdded, LineChanged, LineRemoved, MemberIdentified, MemberCleared, Tendered,
        TendersCleared, Voided,
    }  # fmt: skip


@pytest.mark.parametrize(("state", "event", "expected"), CELLS)
def test_every_state_meets_every_event_as_the_table_says(state, event, expected):
    after = step(STATES[state], EVENTS[event], PLAIN)
    if isinstance(after, Refusal):
        assert after.key == expected
    else:
        assert type(after[0]).__name__ == expected


@pytest.mark.parametrize(("state", "event", "expected"), CELLS)
def test_nothing_is_printed_and_no_drawer_opens_before_a_sale_is_posted(state, event, expected):
    after = step(STATES[state], EVENTS[event], PLAIN)
    if not isinstance(after, Refusal):
        kinds = [type(effect) for effect in after[1]]
        if Print in kinds or OpenDrawer in kinds:
            assert kinds[0] is Post
            assert isinstance(after[1][0].body, SalePosted)


def test_cash_with_change():
    state, effects = run(ADD, Tendered(Tender(CASH, 1000)))
    assert state == Idle()
    post, printed, drawer, tell = effects
    assert (printed, drawer) == (Print(), OpenDrawer())
    assert tell == Tell("paid", "good", (("total", 250), ("change", 750)))
    assert (post.body.change, post.body.tenders) == (750, (Tender(CASH, 1000),))
    assert total(post.postings) == {("house:cash", "money"): 250, ("house:sales", "money"): -250}


def test_an_external_payment_of_it_all_opens_no_drawer():
    _, effects = run(ADD, Tendered(Tender(EXTERNAL, 250, "4200001")))
    assert [type(effect) for effect in effects] == [Post, Print, Tell]
    assert total(effects[0].postings) == {
        ("house:external", "money"): 250,
        ("house:sales", "money"): -250,
    }


def test_cash_then_external_is_one_posting():
    state, effects = run(
        ADD, Tendered(Tender(CASH, 100)), Tendered(Tender(EXTERNAL, 150, "4200001"))
    )
    assert state == Idle()
    (body,) = bodies(effects)
    assert body.tenders == (Tender(CASH, 100), Tender(EXTERNAL, 150, "4200001"))
    assert OpenDrawer() in effects


def test_external_taken_ahead_is_posted_then_and_counted_at_the_end():
    ahead = Tender(EXTERNAL, 100, "4200001")
    state, effects = run(ADD, Tendered(ahead))
    assert bodies(effects) == [PaymentTaken(bodies(effects)[0].bill, ahead)]
    assert total(effects[0].postings) == {
        ("house:external", "money"): 100,
        ("house:due", "money"): -100,
    }
    assert effects[1] == Tell("more-due", "warn", (("amount", 150),))
    assert isinstance(state, Due)
    assert (state.ahead, state.paid) == ((ahead,), 100)

    state, effects = run(Tendered(Tender(CASH, 200)), state=state)
    assert state == Idle()
    assert bodies(effects)[0].tenders == (ahead, Tender(CASH, 200))
    assert total(effects[0].postings) == {
        ("house:due", "money"): 100,
        ("house:cash", "money"): 150,
        ("house:sales", "money"): -250,
    }


def test_a_void_returns_what_was_taken_ahead_and_names_all_there_is_to_give_back():
    events = (
        ADD, Tendered(Tender(CASH, 50)), Tendered(Tender(EXTERNAL, 100, "a")),
        Tendered(Tender(EXTERNAL, 40, "b")), Voided(),
    )  # fmt: skip
    state, effects = run(*events)
    assert state == Idle()
    returned_a, returned_b, voided = bodies(effects)
    assert returned_a == PaymentReturned("sale-1", Tender(EXTERNAL, 100, "a"))
    assert returned_b == PaymentReturned("sale-1", Tender(EXTERNAL, 40, "b"))
    assert isinstance(voided, SaleVoided)
    assert total(effects[0].postings) == {
        ("house:due", "money"): 100,
        ("house:external", "money"): -100,
    }
    assert effects[-1] == Tell("voided-return", "warn", (("amount", 190),))


def test_a_void_with_cash_on_the_counter_says_to_give_it_back():
    _, effects = run(ADD, Tendered(Tender(CASH, 50)), Voided())
    assert effects[-1] == Tell("voided-return", "warn", (("amount", 50),))
    assert [type(body) for body in bodies(effects)] == [SaleVoided]


def test_a_void_of_nothing_leaves_no_trace():
    assert run(MemberIdentified(WANG), Voided()) == (Idle(), (Tell("voided"),))


def test_handing_back_cash_opens_the_basket_again():
    state, effects = run(ADD, Tendered(Tender(CASH, 50)), TendersCleared())
    assert state == OPEN
    assert effects == (Tell("give-back", "warn", (("amount", 50),)),)


def test_a_sale_of_total_nought_is_posted_with_a_tender_of_nought():
    state, effects = run(LineAdded(GIFT, 1000), Tendered(Tender(CASH, 0)))
    assert state == Idle()
    assert bodies(effects)[0].bill.totals.total == 0
    assert effects[0].postings == ()
    _, effects = run(LineAdded(GIFT, 1000), Tendered(Tender(CASH, 500)))
    assert bodies(effects)[0].change == 500


@pytest.mark.parametrize(
    ("tender", "key"),
    [
        (Tender(CASH, 0), Key.AMOUNT_RANGE),
        (Tender(CASH, -1), Key.AMOUNT_RANGE),
        (Tender(CASH, MONEY_MAX + 1), Key.AMOUNT_RANGE),
        (Tender(EXTERNAL, 251, "ref"), Key.OVERPAID),
        (Tender(EXTERNAL, 250), Key.REFERENCE_MISSING),
        (Tender(EXTERNAL, 250, "x" * (REFERENCE_MAX + 1)), Key.REFERENCE_MISSING),
        (Tender("credit", 250), Key.TENDER_NOT_HERE),
        (Tender("stored_value", 250), Key.VALUE_NO_MEMBER),
        (Tender("count", 250), Key.TENDER_NOT_HERE),
        (Tender("coupon", 250), Key.TENDER_NOT_HERE),
        (Tender("count", 250), Key.TENDER_NOT_HERE),
        (Tender("credit", 250), Key.TENDER_NOT_HERE),
        (Tender("seashells", 250), Key.TENDER_NOT_HERE),
    ],
)
def test_a_tender_that_cannot_be_is_refused(tender, key):
    after = step(OPEN, Tendered(tender), PLAIN)
    assert isinstance(after, Refusal)
    assert after.key is key


def test_there_are_only_so_many_tenders_and_the_last_one_must_pay_the_rest():
    state = OPEN
    for n in range(TENDERS_MAX - 1):
        state = state_after(Tendered(Tender(EXTERNAL, 1, f"ref{n}")), state=state)
    assert step(state, Tendered(Tender(CASH, 1)), PLAIN) == Refusal(Key.AMOUNT_RANGE)
    assert state_after(Tendered(Tender(CASH, 250)), state=state) == Idle()


@pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1])
def test_a_quantity_out_of_range_is_refused(quantity):
    assert step(OPEN, LineAdded(BREAD, quantity), PLAIN) == Refusal(Key.QUANTITY_RANGE)
    assert step(OPEN, LineChanged(1, quantity=quantity), PLAIN) == Refusal(Key.QUANTITY_RANGE)


@pytest.mark.parametrize("amount", [-1, MONEY_MAX + 1])
def test_a_price_out_of_range_is_refused(amount):
    assert step(OPEN, LineAdded(BREAD, 1000, amount), PLAIN) == Refusal(Key.AMOUNT_RANGE)
    assert step(OPEN, LineChanged(1, unit_price=amount), PLAIN) == Refusal(Key.AMOUNT_RANGE)


def test_a_line_or_a_sale_worth_more_than_there_is_money_is_refused():
    # A thousand pieces at the highest price would pass what a database's integer holds at 500 lines.
    assert step(Idle(), LineAdded(BREAD, QUANTITY_MAX, MONEY_MAX), PLAIN) == Refusal(
        Key.AMOUNT_RANGE
    )
    full = state_after(LineAdded(BREAD, 1000, MONEY_MAX))
    assert step(full, ADD, PLAIN) == Refusal(Key.AMOUNT_RANGE)
    assert step(full, LineChanged(1, quantity=1001), PLAIN) == Refusal(Key.AMOUNT_RANGE)


def test_the_same_piece_again_raises_its_line():
    state = state_after(ADD, LineAdded(BREAD, 1000), ADD)
    assert [(line.n, line.quantity) for line in state.sale.lines] == [(1, 2000), (2, 1000)]


def test_another_price_or_another_weighing_is_a_line_of_its_own():
    state = state_after(
        ADD, LineAdded(WATER, 1000, 200), LineAdded(APPLES, 500), LineAdded(APPLES, 500)
    )
    assert [line.n for line in state.sale.lines] == [1, 2, 3, 4]


def test_line_numbers_are_never_used_again():
    events = (ADD, LineAdded(BREAD, 1000), LineRemoved(2), LineAdded(APPLES, 500), LineRemoved(1))
    state = state_after(*events, LineAdded(APPLES, 500), LineAdded(APPLES, 500))
    assert [line.n for line in state.sale.lines] == [3, 4, 5]
    assert step(state, LineRemoved(2), PLAIN) == Refusal(Key.NO_SUCH_LINE, (("n", 2),))


def test_a_basket_has_only_so_many_lines():
    state = Idle()
    for n in range(LINES_MAX):
        state = state_after(LineAdded(Goods(str(n), "x", 100, "c"), 1000), state=state)
    after = step(state, LineAdded(BREAD, 1000), PLAIN)
    assert isinstance(after, Refusal)
    assert after.key is Key.BASKET_FULL


def test_the_member_may_come_first_or_last():
    first = state_after(MemberIdentified(WANG), ADD, turn=TURN)
    last = state_after(ADD, MemberIdentified(WANG), turn=TURN)
    assert first == last
    assert first.sale.quote.total == 214
    assert state_after(MemberCleared(), state=first, turn=TURN).sale.quote.total == 225


def test_a_welcome_names_the_member():
    _, effects = run(MemberIdentified(WANG))
    assert effects == (Tell("welcome", "good", (("name", "王小明"), ("tier", "金卡"))),)


def test_nothing_personal_gets_into_what_is_posted():
    _, effects = run(MemberIdentified(WANG), ADD, Tendered(Tender(CASH, 500)), turn=TURN)
    text = repr(bodies(effects)[0])
    assert WANG.name not in text
    assert WANG.phone not in text
    assert WANG.birthday not in text


def test_a_post_carries_the_facts_its_price_came_from():
    _, effects = run(MemberIdentified(WANG), ADD, Tendered(Tender(CASH, 500)), turn=TURN)
    assert effects[0].facts == (("tier", "gold"),)
    assert RULES.version == "r7"
    assert Sale("x").quote.total == 0
