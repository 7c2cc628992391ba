"""A whole trading day as a list of events: what must be in the ledger, the books and on the receipts.

The shop of :mod:`tests.kit.goods`: drinks at 90 % for everybody, gold members pay 95 % of what is left and
earn one and a half points a yuan, others one.
"""

from collections import Counter

from terminal.core.books import deltas
from terminal.core.effects import Post, Print
from terminal.core.journal import (
    Entry,
    PaymentReturned,
    PaymentTaken,
    SalePosted,
    SaleVoided,
    Tender,
)
from terminal.core.receipts.sale import Head, lay_out
from terminal.core.receipts.words import ENGLISH
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import (
    Idle,
    LineAdded,
    LineChanged,
    LineRemoved,
    MemberCleared,
    MemberIdentified,
    Tendered,
    TendersCleared,
    Voided,
)
from terminal.core.slip import TextLine
from terminal.core.tenders import CASH, EXTERNAL
from terminal.core.till import NEW, Held, Operator, Resumed, SignedIn, SignedOut, Sold, handle
from terminal.core.turn import Turn
from tests.kit.days import Day
from tests.kit.goods import APPLES, BREAD, GIFT, LI, RULES, SWEET, TOBACCO, WANG, WATER

CHEN = Operator("1001", "小陈", "cashier")
ZHAO = Operator("9001", "老赵", "supervisor")

MORNING = (
    LineAdded(WATER, 1000),  # before anybody signed in: refused
    SignedIn(CHEN),
    # A stranger: 2 waters 5.00 at 90 % = 4.50; a fifty, 45.50 back.
    LineAdded(WATER, 1000),
    LineAdded(WATER, 1000),
    Tendered(Tender(CASH, 5000)),
    # Wang (gold) taps first: bread 11.49 at 95 % = 10.9155 = 10.92; 16.38 points, 16. Exact by QR.
    MemberIdentified(WANG),
    LineAdded(BREAD, 1000),
    Tendered(Tender(EXTERNAL, 1092, "wx-1")),
    # Li (plain) comes last: apples 1.25 kg 14.975 = 14.98; tobacco 26.00 earns nothing; 14 points.
    LineAdded(APPLES, 1250),
    LineAdded(TOBACCO, 1000),
    MemberIdentified(LI),
    Tendered(Tender(CASH, 4098)),
)
NOON = (
    # A basket waits while a child buys a sweet.
    LineAdded(BREAD, 3000),
    Held(),
    LineAdded(SWEET, 1000),
    Tendered(Tender(CASH, 50)),
    Resumed(None),
    LineChanged(1, unit_price=1000),  # a cashier may not
    LineChanged(1, quantity=2000),
    # 22.98: 10.00 by QR is posted at once; then the customer walks away.
    Tendered(Tender(EXTERNAL, 1000, "wx-2")),
    LineAdded(WATER, 1000),  # the price is fixed: refused
    TendersCleared(),  # the payment is real: refused
    Voided(),
    SignedOut(),
)
EVENING = (
    SignedIn(ZHAO),
    # A sample for nothing.
    LineAdded(GIFT, 1000),
    Tendered(Tender(CASH, 0)),
    # The supervisor sells bread at 10.00; Wang: 9.50, 14.25 points, 14. QR 5.00 ahead, 0.50 and 4.00 cash.
    LineAdded(BREAD, 1000, 1000),
    LineAdded(WATER, 1000),
    LineRemoved(2),
    MemberIdentified(LI),
    MemberCleared(),
    MemberIdentified(WANG),
    Tendered(Tender(EXTERNAL, 500, "wx-3")),
    Tendered(Tender(CASH, 50)),
    Tendered(Tender(CASH, 400)),
    # A cash-register program sells three waters: 7.50 at 90 % = 6.75; it reckons with 7.50 first.
    Sold((LineAdded(WATER, 3000),), None, (Tender(CASH, 1000),), 750),
    Sold((LineAdded(WATER, 3000),), None, (Tender(CASH, 1000),), 675),
    SignedOut(),
)
DAY = Day(NEW, RULES, (*MORNING, *NOON, *EVENING))


def test_the_ledger_of_the_day():
    said = [(type(entry.body).__name__, entry.operator, summary(entry)) for entry in DAY.entries]
    assert said == [
        ("SalePosted", "1001", (450, 0, 4550)),
        ("SalePosted", "1001", (1092, 16, 0)),
        ("SalePosted", "1001", (4098, 14, 0)),
        ("SalePosted", "1001", (50, 0, 0)),
        ("PaymentTaken", "1001", 1000),
        ("PaymentReturned", "1001", 1000),
        ("SaleVoided", "1001", 2298),
        ("SalePosted", "9001", (0, 0, 0)),
        ("PaymentTaken", "9001", 500),
        ("SalePosted", "9001", (950, 14, 0)),
        ("SalePosted", "9001", (675, 0, 325)),
    ]


def summary(entry: Entry):
    match entry.body:
        case SalePosted(bill=bill, change=change):
            return bill.totals.total, bill.totals.earned, change
        case PaymentTaken(tender=tender) | PaymentReturned(tender=tender):
            return tender.amount
        case SaleVoided(bill=bill):
            return bill.totals.total
        case _:
            return None


def test_the_books_at_the_end_of_the_day():
    books = Counter()
    for entry in DAY.entries:
        books.update(deltas(entry))
    # Cash 4.50 + 40.98 + 0.50 + 0 + 4.50 + 6.75; external 10.92 + 10.00 - 10.00 + 5.00.
    # Sales at shelf or overridden price 5.00 + 11.49 + 40.98 + 0.50 + 10.00 + 7.50 = 75.47.
    # Discounts 0.50 + 0.57 + 0 + 0 + 0.50 + 0.75 = 2.32; 57.23 + 15.92 + 2.32 = 75.47.
    assert {key: amount for key, amount in books.items() if amount} == {
        ("house:cash", "money"): 5723,
        ("house:external", "money"): 1592,
        ("house:sales", "money"): -7547,
        ("house:discounts", "money"): 232,
        ("house:points", "points"): 44,
        ("member:100001", "points"): -30,
        ("member:100002", "points"): -14,
    }


def test_what_was_refused_changed_nothing():
    assert [refusal.key for refusal in DAY.refused] == [
        Key.SIGN_IN_FIRST,
        Key.PRICE_RIGHT,
        Key.SALE_DUE,
        Key.PAYMENT_TAKEN,
        Key.TOTAL_DIFFERS,
    ]


def test_each_sale_is_printed_once_after_its_post():
    for effects in DAY.effects:
        kinds = [type(effect) for effect in effects]
        assert kinds.count(Print) == sum(
            isinstance(effect, Post) and isinstance(effect.body, SalePosted) for effect in effects
        )
        if Print in kinds:
            assert kinds.index(Post) < kinds.index(Print)


def test_the_last_members_receipt():
    head = Head("Shop", (), ())
    parts = lay_out(DAY.entries[9], "2026-11-21 19:00:00", head, ENGLISH, 32)
    assert [part.text for part in parts if isinstance(part, TextLine)] == [
        "Shop",
        "Till S01-T1        Operator 9001",
        "No. S01-T1-000006",
        "Date 2026-11-21 19:00:00",
        "--------------------------------",
        "Sliced bread 全麦吐司      10.00",
        "  Price changed from 11.49",
        "  rule gold                -0.50",
        "--------------------------------",
        "Before discount            10.00",
        "You saved                  -0.50",
        "Total      ¥9.50",
        "Card / QR wx-3              5.00",
        "Cash                        0.50",
        "Cash                        4.00",
        "--------------------------------",
        "Member                    10**01",
        "Points before                320",
        "Points earned                +14",
        "Points now                   334",
    ]


def test_the_day_ends_with_an_empty_till():
    assert DAY.till == NEW
    assert DAY.till.sale == Idle()


def test_the_same_day_again_is_the_same_to_the_last_entry():
    assert Day(NEW, RULES, (*MORNING, *NOON, *EVENING)).entries == DAY.entries


def test_an_event_is_a_value_and_leaves_the_state_before_it_alone():
    before = DAY.till
    after = handle(before, SignedIn(CHEN), Turn(RULES, "x"))
    assert not isinstance(after, Refusal)
    assert before == NEW
