"""Prices: tables worked out by hand, and the laws every quote must keep."""

from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.pricing.basket import Line, Member
from terminal.core.pricing.quote import EMPTY, Quote, price
from terminal.core.pricing.rules import RuleBook
from terminal.core.sale import Idle, LineAdded, Open, step
from terminal.core.turn import Turn
from tests.kit import goods
from tests.kit.goods import APPLES, BREAD, LI, RULES, SWEET, TOBACCO, WANG, WATER, rule

GOODS = st.sampled_from([WATER, BREAD, SWEET, APPLES, TOBACCO, goods.GIFT])
QUANTITIES = st.sampled_from([1000, 2000, 3000, 333, 1250, 1])
SCANS = st.lists(st.builds(LineAdded, GOODS, QUANTITIES), min_size=1, max_size=12)
MEMBERS = st.sampled_from([None, WANG, LI])
PERCENT_RULES = st.builds(
    rule,
    st.text("abc", min_size=1, max_size=2),
    st.sampled_from(["category", "tier"]),
    st.integers(0, 100),
    tiers=st.sampled_from([(), ("gold",), ("plain", "gold")]),
    categories=st.sampled_from([(), ("drinks",), ("sweets", "bakery")]),
    priority=st.integers(0, 3),
)
BOOKS = st.builds(
    lambda rules: RuleBook("r", "c", tuple(rules), goods.ONE_PER_YUAN),
    st.lists(PERCENT_RULES, max_size=5, unique_by=lambda each: each.id),
)


def line(n, article, quantity=1000, unit_price=None):
    return Line(n, article, quantity, article.price if unit_price is None else unit_price)


def only(lines, member, *rules):
    return price(lines, member, RuleBook("r", "c", rules, None))


@pytest.mark.parametrize(
    ("article", "quantity", "gross"),
    [
        (WATER, 2000, 500),
        (APPLES, 333, 399),  # 11.98 * 0.333 = 3.98934
        (APPLES, 1250, 1498),  # 11.98 * 1.25 = 14.975, half up
        (SWEET, 10, 1),  # 0.50 * 0.010 = half a fen, up
        (SWEET, 9, 0),
    ],
)
def test_a_lines_gross_is_rounded_half_up_once(article, quantity, gross):
    assert only([line(1, article, quantity)], None).gross == gross


def test_category_and_tier_stack_in_their_order_each_on_the_net_before():
    # 2 bottles 5.00; drinks at 90 %: 4.50; gold at 95 % of that: 4.275, half up 4.28.
    # Bread 11.49 at 95 %: 10.9155, 10.92. Total 15.20, saved 0.72 + 0.57 = 1.29.
    quote = price([line(1, WATER, 2000), line(2, BREAD)], WANG, RULES)
    assert [(each.gross, each.net) for each in quote.lines] == [(500, 428), (1149, 1092)]
    assert [(d.rule, d.amount, d.percent) for d in quote.lines[0].discounts] == [
        ("drinks", 50, 90),
        ("gold", 22, 95),
    ]
    assert [(d.rule, d.amount) for d in quote.lines[1].discounts] == [("gold", 57)]
    assert (quote.gross, quote.discount, quote.rounding, quote.total) == (1649, 129, 0, 1520)
    # 15.20 yuan at 1.5 points: 22.8, down once to 22; shares 22*428/1520 = 6.19 and 15.80: 6 and 16.
    assert quote.earned == 22
    assert [each.points for each in quote.lines] == [6, 16]
    assert quote.facts == (("tier", "gold"),)


def test_a_stranger_gets_what_is_for_everybody_and_no_points():
    quote = price([line(1, WATER, 2000), line(2, BREAD)], None, RULES)
    assert (quote.total, quote.earned, quote.facts, quote.points_why) == (450 + 1149, 0, (), ())


def test_a_member_of_another_tier_pays_no_tier_price():
    quote = price([line(1, BREAD)], LI, RULES)
    assert (quote.total, quote.lines[0].discounts, quote.earned) == (1149, (), 11)


def test_the_best_rule_of_a_group_is_taken_and_only_one():
    quote = only(
        [line(1, BREAD)], WANG, rule("a", "tier", 95), rule("b", "tier", 80), rule("c", "tier", 90)
    )
    assert [(d.rule, d.amount) for d in quote.lines[0].discounts] == [("b", 230)]  # 919.2


def test_ties_go_to_the_higher_priority_then_to_the_smaller_id():
    by_priority = only(
        [line(1, BREAD)], WANG, rule("a", "tier", 95), rule("b", "tier", 95, priority=1)
    )
    by_id = only([line(1, BREAD)], WANG, rule("b", "tier", 95), rule("a", "tier", 95))
    assert by_priority.lines[0].discounts[0].rule == "b"
    assert by_id.lines[0].discounts[0].rule == "a"


def test_a_rule_that_changes_nothing_is_left_out():
    # One sweet at 0.50 with 1 % off is 0.495, half up 0.50 again.
    assert only([line(1, SWEET)], WANG, rule("a", "tier", 99)).lines[0].discounts == ()
    assert only([line(1, BREAD)], WANG, rule("a", "tier", 100)).lines[0].discounts == ()


def test_an_overridden_price_is_what_discounts_are_computed_on():
    quote = price([line(1, BREAD, unit_price=1000)], WANG, RULES)
    assert (quote.gross, quote.total) == (1000, 950)
    assert (quote.lines[0].unit_price, quote.lines[0].shelf_price) == (1000, 1149)


def test_what_earns_nothing_gets_no_share_of_the_points():
    # Bread 10.92 earns, tobacco 24.70 does not: 10.92 * 1.5 = 16.38, down to 16.
    quote = price([line(1, TOBACCO), line(2, BREAD)], WANG, RULES)
    assert (quote.earned, [each.points for each in quote.lines]) == (16, [0, 16])


def test_an_empty_basket_costs_nothing():
    assert price([], None, RULES) == EMPTY
    assert price([], WANG, RULES) == replace(EMPTY, facts=(("tier", "gold"),))


def total_of(scans, member: Member | None, rules: RuleBook) -> Quote:
    state = Idle()
    for scan in scans:
        state, _ = step(state, scan, Turn(rules, "s"))
    assert isinstance(state, Open)
    return price(state.sale.lines, member, rules)


@given(SCANS, MEMBERS, BOOKS)
def test_lines_add_up_and_every_fen_off_names_its_rule(scans, member, rules):
    quote = total_of(scans, member, rules)
    assert quote.total == sum(each.net for each in quote.lines)
    assert quote.gross - quote.discount - quote.rounding == quote.total
    for each in quote.lines:
        assert each.gross - sum(taken.amount for taken in each.discounts) == each.net
        assert all(taken.amount > 0 for taken in each.discounts)
        assert 0 <= each.net <= each.gross


@given(SCANS, MEMBERS, BOOKS, st.data())
def test_the_order_of_scanning_never_changes_the_total(scans, member, rules, data):
    shuffled = data.draw(st.permutations(scans))
    one, other = total_of(scans, member, rules), total_of(shuffled, member, rules)
    assert (one.total, one.earned) == (other.total, other.earned)


def test_two_sweets_cost_the_same_with_something_between_them():
    # 0.50 at 95 % is 0.475: 0.48 each, 0.96; but two together are 0.95. Only one of both can be right.
    sweet, water = LineAdded(SWEET, 1000), LineAdded(WATER, 1000)
    together = total_of([sweet, sweet, water], WANG, RULES)
    apart = total_of([sweet, water, sweet], WANG, RULES)
    assert together.total == apart.total == 95 + 214  # 2.50 at 90 %, then 95 %: 2.1375


def test_each_weighing_stays_its_own_line_as_its_label_says():
    # Two bags of 1.25 kg: 14.975, so 14.98 stands on each label; as one line it would be 29.95.
    quote = total_of([LineAdded(APPLES, 1250), LineAdded(APPLES, 1250)], None, RULES)
    assert [each.net for each in quote.lines] == [1498, 1498]


@given(SCANS, BOOKS)
def test_being_a_member_never_costs_more(scans, rules):
    assert total_of(scans, WANG, rules).total <= total_of(scans, None, rules).total


@given(SCANS, MEMBERS, BOOKS)
def test_the_points_of_the_lines_add_up_to_the_points_of_the_sale(scans, member, rules):
    quote = total_of(scans, member, rules)
    assert sum(each.points for each in quote.lines) == quote.earned
    assert sum(why.points for why in quote.points_why) == quote.earned
    assert quote.earned <= goods.ONE_PER_YUAN.points_max


def floats_in(value):
    if isinstance(value, float):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from floats_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from floats_in(each)


@given(SCANS, MEMBERS, BOOKS)
def test_no_float_is_anywhere_in_a_quote(scans, member, rules):
    assert not list(floats_in(total_of(scans, member, rules)))


@given(SCANS, MEMBERS, BOOKS)
def test_the_same_basket_always_has_the_same_quote(scans, member, rules):
    fresh = RuleBook(rules.version, rules.catalogue, rules.price_rules[::-1], rules.earn)
    assert total_of(scans, member, rules) == total_of(scans, member, fresh)
