"""Paying with points in the sale's own state machine: taken when posted, from lots, once."""

from dataclasses import replace

import pytest

from terminal.core.books import postings_of
from terminal.core.burning import PointsPurse, lot_name, lot_of
from terminal.core.effects import Post
from terminal.core.journal import SalePosted, Tender
from terminal.core.points.conditions import ALL_GOODS, ALL_MEMBERS, ALWAYS
from terminal.core.points.entries import UNDATED, LotPart
from terminal.core.points.lotbook import holding_of
from terminal.core.points.lots import Origin
from terminal.core.points.program import Program
from terminal.core.points.rules import BurnRule
from terminal.core.pricing.facts import Facts
from terminal.core.pricing.promotions import PointsPrice, Promotion, When
from terminal.core.refusal import Key, Refusal
from terminal.core.sale import (
    Due,
    Idle,
    LineAdded,
    MemberIdentified,
    Open,
    RuleChosen,
    Tendered,
    TendersCleared,
    Turn,
    paid_ahead,
    step,
)
from tests.kit.goods import BREAD, RULES, WANG

TODAY = 20261121
BURN = BurnRule(
    "burn", "1", "积分抵现", 100, 100, 100, 50, 10_000, 50, 0, False, ALL_MEMBERS, ALL_GOODS, ALWAYS
)  # fmt: skip
BOOK = replace(RULES, points=Program(burn=BURN), candidates={}, compiled=[])
LOTS = (LotPart("", 4, 0, 70, 0, 20261201), LotPart("L2", 9, 1, 500, 20261201, 0))
"""Seventy that lapse soon, and five hundred that wait; the rest of WANG's points is undated."""
WHO = replace(WANG, points=1000, pending=500)


def purse(points: int = 1000) -> PointsPurse:
    return PointsPurse(TODAY, 0, "L1", holding_of(points, LOTS, TODAY))


def turn(points: int = 1000) -> Turn:
    return Turn(BOOK, "sale-1", Facts(date=TODAY, minute=600), points=purse(points))


def basket():
    state = Idle()
    for event in (LineAdded(BREAD, 1000), MemberIdentified(WHO)):
        state, _ = step(state, event, turn())
    assert isinstance(state, Open)
    return state


def posted(effects) -> SalePosted:
    [post] = [each for each in effects if isinstance(each, Post)]
    assert isinstance(post.body, SalePosted)
    return post.body


def test_points_are_taken_soonest_first_when_the_sale_is_posted():
    due, _ = step(basket(), Tendered(Tender("points", 300)), turn())
    assert isinstance(due, Due)
    missing = due.sale.quote.total - 300
    state, effects = step(due, Tendered(Tender("cash", missing)), turn())
    assert state == Idle()
    sale = posted(effects)
    used = sale.bill.points.used
    assert [(part.seq, part.points) for part in used.parts] == [(4, 70), (0, 230)]
    assert sum(used.by_line) == 300
    # 11.49 at 5 % off is 10.92; what points paid earns nothing: (10.92 - 3.00) x 1.5 -> 11
    assert sale.bill.totals.earned == 11
    books = {(each.account, each.unit): each.amount for each in postings_of(sale)}
    assert books["house:points-used", "money"] == 300
    moved = [p.amount for p in postings_of(sale) if p.account == "member:100001"]
    assert sorted(moved) == [-11, 300]


def test_what_ends_a_sale_besides_a_tender_takes_the_points_too():
    due, _ = step(basket(), Tendered(Tender("points", 300)), turn())
    card = Tender("purse", due.sale.quote.total - 300, "x")
    _, effects = paid_ahead(due, card, turn())
    assert posted(effects).bill.points.used.points == 300


@pytest.mark.parametrize(
    ("amount", "key"),
    [
        (50, Key.POINTS_BELOW_MINIMUM),
        (110, Key.POINTS_NOT_A_STEP),
        (550, Key.POINTS_OVER_MAXIMUM),  # Half of 10.92 is 5.46: 500 points.
    ],
)
def test_what_the_rule_does_not_allow_is_refused(amount, key):
    said = step(basket(), Tendered(Tender("points", amount)), turn())
    assert isinstance(said, Refusal)
    assert said.key is key


def test_points_used_meanwhile_are_not_used_again():
    due, _ = step(basket(), Tendered(Tender("points", 300)), turn())
    rest = Tendered(Tender("cash", due.sale.quote.total - 300))
    said = step(due, rest, turn(700))  # 300 of them went in another sale: 200 may be used.
    assert isinstance(said, Refusal)
    assert said.key is Key.POINTS_NOT_ENOUGH


def test_handing_back_leaves_no_trace():
    before = basket()
    due, _ = step(before, Tendered(Tender("points", 300)), turn())
    after, _ = step(due, TendersCleared(), turn())
    assert after == before


@pytest.mark.parametrize("origin", [Origin("L2", 9, 1), Origin("", 4, 0), UNDATED])
def test_a_lots_name_names_it(origin):
    assert lot_of(lot_name(origin), "L1") == origin
    assert lot_of("L1:7:0", "L1") == Origin("", 7, 0)


SWAP = Promotion(
    "swap", "1", "积分换购", "category", 0, PointsPrice(200, 100), when=When(chosen=True)
)  # fmt: skip


def test_a_chosen_rule_takes_its_points_from_lots_when_the_sale_is_posted():
    book = replace(RULES, points=Program(burn=BURN), promotions=(SWAP,), candidates={}, compiled=[])
    with_swap = Turn(book, "sale-1", Facts(date=TODAY, minute=600), points=purse())
    state = Idle()
    for event in (LineAdded(BREAD, 1000), MemberIdentified(WHO), RuleChosen("swap", is_on=True)):
        after = step(state, event, with_swap)
        assert not isinstance(after, Refusal), after
        state, _ = after
    assert state.sale.quote.costs == (("swap", 200),)
    _, effects = step(state, Tendered(Tender("cash", state.sale.quote.total)), with_swap)
    sale = posted(effects)
    assert [(part.seq, part.points) for part in sale.bill.points.cost] == [(4, 70), (0, 130)]
    moved = [p.amount for p in postings_of(sale) if p.account == "member:100001"]
    assert 200 in moved
    poor = replace(with_swap, points=purse(650))
    said = step(state, Tendered(Tender("cash", state.sale.quote.total)), poor)
    assert isinstance(said, Refusal)
    assert said.key is Key.POINTS_NOT_ENOUGH
