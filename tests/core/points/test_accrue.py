"""Accrual: sales worked out by hand in the shop's words, and laws for every sale."""

from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from terminal.core.points.accrue import accrue, paid_by_line
from terminal.core.points.conditions import When, Which, Whom
from terminal.core.points.earn import as_rule_set, as_why, earn
from terminal.core.points.occasion import facts_read, occasion_from
from terminal.core.points.rules import (
    Around,
    Basis,
    Birthday,
    Coefficient,
    Festival,
    Kind,
    Shape,
)
from terminal.core.pricing.rules import EarnRule
from tests.core.points import brute
from tests.core.points.shop import (
    AT_3PM,
    ONE_PER_YUAN,
    STRANGER,
    WORLDS,
    bands,
    line,
    names,
    ruled,
)

GOLD_150 = Coefficient("金卡 1.5 倍", 150, Whom(tiers=names("gold")))
DRINKS_200 = Coefficient("饮料双倍", 200, which=Which(categories=names("drinks")))
BRAND_300 = Coefficient("品牌三倍", 300, which=Which(brands=names("农夫山泉")))
EVENING = Coefficient("夜市", 200, when=When(from_minute=1200, to_minute=60))
MAY_21 = replace(AT_3PM, date=20270521)
LEAP = replace(AT_3PM, birthday="02-29")
MARGINAL = bands((0, 100, 1), (10000, 100, 2), (50000, 100, 3))
WHOLE = bands((0, 100, 1), (10000, 100, 2), (50000, 100, 3), shape=Shape.WHOLE)
GOLD_DRINKS = ruled(coefficients=(GOLD_150, DRINKS_200))
DRINKS_BRAND = ruled(coefficients=(DRINKS_200, BRAND_300))
BIRTHDAY = ruled(multiples=(Birthday("生日", 200, Around.DAY),))
BIRTH_WEEK = ruled(multiples=(Birthday("生日", 200, Around.WEEK),))
BIRTH_MONTH = ruled(multiples=(Birthday("生日", 300, Around.MONTH),))
BOTH = ruled(
    multiples=(Birthday("生日", 200, Around.DAY), Festival("店庆", 300, When(20270520, 20270522)))
)
NOT_BOTH = ruled(
    multiples_stack=False,
    multiples=(Birthday("生日", 200, Around.DAY), Festival("店庆", 300, When(20270520, 20270522))),
)
MEMBERS_DAY = ruled(multiples=(Festival("会员日", 200, When(days=frozenset({18}))),))
FIVE_A_PIECE = ruled(basis=Basis.QUANTITY, ladder=bands((0, 1000, 5)))
TWO_A_KILO = ruled(basis=Basis.QUANTITY, ladder=bands((0, 1000, 2)))
TEN_A_SALE = ruled(basis=Basis.SALE, ladder=bands((0, 1, 10)))
P_FIVE_EACH = ruled(product_caps=(("p", 5),))
PAID_HERE = ruled(whom=Whom(card_types=names("paid"), stores=names("S01")))
ONLY_DRINKS = ruled(which=Which(categories=names("drinks")))
NOT_P = ruled(which=Which(not_products=names("p")))


@pytest.mark.parametrize(
    ("case", "lines", "occasion", "rule", "by_line"),
    [
        # 2.50 + 11.49 = 13.99 yuan; 2.50 -> 2.5, 11.49 -> 11.49; floor 13, remainders .50 > .49 of 13/13.99
        ("每元一分", [line(250), line(1149, "bakery")], AT_3PM, ruled(), (2, 11)),
        # 13.99 * 1.5 = 20.985 -> 20
        ("金卡", [line(250), line(1149)], AT_3PM, ruled(coefficients=(GOLD_150,)), (4, 16)),
        # 2.50 * 2 + 11.49 = 16.49 -> 16; shares 16*5/16.49 = 4.85, 16*11.49/16.49 = 11.15
        ("饮料双倍", [line(250), line(1149, "bakery")], AT_3PM, ruled(coefficients=(DRINKS_200,)), (5, 11)),
        # (2.50 * 2 + 11.49) * 1.5 = 24.735 -> 24; 24*7.5/24.735 = 7.28, 24*17.235/24.735 = 16.72
        ("金卡饮料", [line(250), line(1149, "bakery")], AT_3PM, GOLD_DRINKS, (7, 17)),
        # 10 yuan * category 2 * brand 3 = 60: all factors multiply
        ("品牌叠类别", [line(1000, brand="农夫山泉")], AT_3PM, DRINKS_BRAND, (60,)),
        # 15:00 is not in 20:00-01:00
        ("夜市未到", [line(1000)], AT_3PM, ruled(coefficients=(EVENING,)), (10,)),
        # 00:30 is, over midnight
        ("夜市", [line(1000)], replace(AT_3PM, minute=30), ruled(coefficients=(EVENING,)), (20,)),
        # 600 yuan: 100*1 + 400*2 + 100*3 = 1200
        ("阶梯", [line(60000)], AT_3PM, ruled(ladder=MARGINAL), (1200,)),
        # 600 yuan, all at 3
        ("全额阶梯", [line(60000)], AT_3PM, ruled(ladder=WHOLE), (1800,)),
        # 99.99 yuan: 99.99 -> 99, the second band not reached
        ("阶梯前", [line(9999)], AT_3PM, ruled(ladder=WHOLE), (99,)),
        # 100.00 yuan, whole: the band is reached exactly: 200; marginal: 100
        ("阶梯边", [line(10000)], AT_3PM, ruled(ladder=WHOLE), (200,)),
        ("阶梯边上", [line(10000)], AT_3PM, ruled(ladder=MARGINAL), (100,)),
        # below the first start nothing: 满 100 起积
        ("满百起积", [line(9999)], AT_3PM, ruled(ladder=bands((10000, 100, 1))), (0,)),
        # 满 100 起积 marginal: only what is above counts: 50
        ("超百部分", [line(15000)], AT_3PM, ruled(ladder=bands((10000, 100, 1))), (50,)),
        # ladder on the sum 150: 100*1 + 50*2 = 200, by amounts 1:2 -> 66.67, 133.33
        ("阶梯两行", [line(5000), line(10000)], AT_3PM, ruled(ladder=MARGINAL), (67, 133)),
        # birthday doubles: 12.99 * 2 = 25.98 -> 25
        ("生日双倍", [line(1299)], MAY_21, BIRTHDAY, (25,)),
        # not today
        ("非生日", [line(1299)], AT_3PM, BIRTHDAY, (12,)),
        # 2027-05-17 is the Monday of the birthday's week
        ("生日周", [line(1000)], replace(MAY_21, date=20270517), BIRTH_WEEK, (20,)),
        ("生日周外", [line(1000)], replace(MAY_21, date=20270516), BIRTH_WEEK, (10,)),
        ("生日月", [line(1000)], replace(MAY_21, date=20270501), BIRTH_MONTH, (30,)),
        # 29 February in 2027 is kept on the 28th
        ("闰日生日", [line(1000)], replace(LEAP, date=20270228), BIRTHDAY, (20,)),
        ("闰年不提前", [line(1000)], replace(LEAP, date=20280228), BIRTHDAY, (10,)),
        # birthday 2 and festival 3: together 6, or only the greater
        ("生日遇节日", [line(1000)], MAY_21, BOTH, (60,)),
        ("不叠加", [line(1000)], MAY_21, NOT_BOTH, (30,)),
        # the 18th is members' day; the 21st is not
        ("会员日", [line(1000)], replace(AT_3PM, date=20261118), MEMBERS_DAY, (20,)),
        ("非会员日", [line(1000)], AT_3PM, MEMBERS_DAY, (10,)),
        # tobacco earns nothing and gets no share
        ("烟草不积分", [line(2600, "tobacco", earns=False), line(199)], AT_3PM, ruled(), (0, 1)),
        # gift lines were paid with nothing
        ("赠品不积分", [line(0), line(199)], AT_3PM, FIVE_A_PIECE, (0, 5)),
        # 2.5 kg at 2 points a kilogram = 5
        ("按重量", [line(3000, quantity=2500)], AT_3PM, TWO_A_KILO, (5,)),
        # 10 a visit, by amounts 1:2 -> 3.33, 6.67
        ("每单十分", [line(100), line(200)], AT_3PM, TEN_A_SALE, (3, 7)),
        # 3 pieces, at most 5 each: 15 instead of 30
        ("单品封顶", [line(3000, product="p", quantity=3000)], AT_3PM, P_FIVE_EACH, (15,)),
        # at most 20 a sale; 3:1 -> 15, 5
        ("单笔封顶", [line(9000), line(3000)], AT_3PM, ruled(points_max=20), (15, 5)),
        # silver only
        ("仅银卡", [line(1000)], AT_3PM, ruled(whom=Whom(tiers=names("silver"))), (0,)),
        ("母婴标签", [line(1000)], AT_3PM, ruled(whom=Whom(tags=names("母婴", "宠物"))), (10,)),
        ("付费卡", [line(1000)], AT_3PM, PAID_HERE, (10,)),
        ("外店", [line(1000)], AT_3PM, ruled(whom=Whom(stores=names("S02"))), (0,)),
        ("散客", [line(1000)], STRANGER, ruled(), (0,)),
        ("已过期", [line(1000)], AT_3PM, ruled(when=When(20260101, 20261120)), (0,)),
        ("末日仍有效", [line(1000)], AT_3PM, ruled(when=When(20260101, 20261121)), (10,)),
        ("仅饮料", [line(1000), line(1000, "bakery")], AT_3PM, ONLY_DRINKS, (10, 0)),
        ("特价除外", [line(1000, product="p"), line(1000)], AT_3PM, NOT_P, (0, 10)),
        # three lines of 0.66: 1.98 * 1.5 = 2.97 -> 2 for the sale, not 0 + 0 + 0
        ("只舍一次", [line(66), line(66), line(66)], AT_3PM, ruled(coefficients=(GOLD_150,)), (1, 1, 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_points_by_hand(case, lines, occasion, rule, by_line):
    earned = accrue(lines, occasion, (rule,)).spendable
    assert (earned.points, earned.by_line) == (sum(by_line), by_line)


def test_two_sets_are_floored_once_together():
    # 0.70 + 0.70 = 1.40: one point, though neither set alone gives one
    half = ruled(id="extra", name="另一套")
    earned = accrue([line(70)], AT_3PM, (ONE_PER_YUAN, half)).spendable
    assert earned.points == 1
    assert [(each.rule.id, each.points) for each in earned.because] == [("base", 1), ("extra", 0)]


def test_of_a_group_the_set_that_gives_most_counts():
    base = ruled(group="g")
    double = ruled(id="double", group="g", ladder=bands((0, 100, 2)))
    assert accrue([line(1000)], AT_3PM, (base, double)).spendable.points == 20
    assert accrue([line(1000)], AT_3PM, (double, base)).spendable.points == 20


def test_equal_sets_of_a_group_are_decided_by_priority_then_id():
    sets = [ruled(id=id_, group="g", priority=p) for id_, p in [("c", 1), ("b", 2), ("a", 2)]]
    assert [b.rule.id for b in accrue([line(1000)], AT_3PM, sets).spendable.because] == ["a"]


def test_standing_points_are_counted_beside_spendable_ones():
    growth = ruled(id="growth", kind=Kind.STANDING, ladder=bands((0, 1000, 1)))
    both = accrue([line(2599)], AT_3PM, (ONE_PER_YUAN, growth))
    assert (both.spendable.points, both.standing.points) == (25, 2)


def test_the_reason_names_the_factors():
    rule = ruled(
        coefficients=(GOLD_150, DRINKS_200), multiples=(Birthday("生日", 200, Around.MONTH),)
    )
    because = accrue([line(1000)], MAY_21, (rule,)).spendable.because[0]
    assert because.factors == (("金卡 1.5 倍", 150), ("生日", 200))
    assert because.percent == 600  # 1.5 * 2 of the goods * 2


def test_points_and_coupons_do_not_earn():
    # 抵现 3 yuan on 10 + 5 yuan: 2 and 1 off, 8 + 4 earn
    assert paid_by_line([1000, 500], 300) == (800, 400)


@settings(max_examples=300)
@given(WORLDS)
def test_the_slow_way_comes_to_the_same(world):
    lines, occasion, sets = world
    found = accrue(lines, occasion, sets)
    for kind, earned in zip(Kind, (found.spendable, found.standing), strict=True):
        points, exact = brute.points_of(lines, occasion, sets, kind)
        event(f"{kind}: {min(len(earned.because), 2)} sets or more give")
        assert earned.points == points
        for part, whole in zip(earned.by_line, exact, strict=True):
            share = whole * points / sum(exact) if points else 0
            assert share - 1 < part < share + 1


@given(WORLDS)
def test_lines_and_reasons_add_up(world):
    lines, occasion, sets = world
    for earned in (found := accrue(lines, occasion, sets)).spendable, found.standing:
        assert sum(earned.by_line) == earned.points
        assert sum(each.points for each in earned.because) == earned.points
        assert all(type(part) is int and part >= 0 for part in earned.by_line)


@given(WORLDS, st.randoms(use_true_random=False))
def test_the_order_of_scanning_and_of_rules_changes_nothing(world, rng):
    lines, occasion, sets = world
    before = accrue(lines, occasion, sets)
    mixed, rules = list(lines), list(sets)
    rng.shuffle(mixed)
    rng.shuffle(rules)
    after = accrue(mixed, occasion, rules)
    assert before.spendable.points == after.spendable.points
    assert before.standing.points == after.standing.points
    assert before.spendable.because == after.spendable.because


@given(WORLDS)
def test_what_was_read_is_enough_to_compute_it_again(world):
    lines, occasion, sets = world
    kept = facts_read(sets, occasion)
    assert accrue(lines, occasion_from(occasion.account, kept), sets) == accrue(
        lines, occasion, sets
    )


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.sampled_from(["plain", "gold"]))
def test_the_plain_rule_earns_as_it_always_did(paid, tier):
    plain = EarnRule("e", "1", "1 per yuan", 100, 1, 5000, (("gold", 150),))
    points, shares, why = earn(paid, tier, plain)
    lines = [line(amount) for amount in paid]
    again = accrue(lines, replace(AT_3PM, tier=tier), (as_rule_set(plain),)).spendable
    assert (again.points, again.by_line) == (points, shares or (0,) * len(paid))
    assert as_why(again) == why
