"""积分抵现: what points may pay, by hand; and laws of sharing within bounds."""

from dataclasses import replace

import pytest
from hypothesis import given

from terminal.core.points.burn import Burned, BurnLine, Offer, burn, offer, share_within
from terminal.core.points.conditions import ALL_GOODS, ALL_MEMBERS, ALWAYS, When, Which, Whom
from terminal.core.points.refused import Reason
from terminal.core.points.rules import BurnRule
from tests.core.points.shop import AT_3PM, SEEDS, STRANGER, names

# 100 points are one yuan, in steps of 100, from 500 on, up to half of the bill.
RULE = BurnRule(
    "cash",
    "1",
    "百分抵一元",
    100,
    100,
    500,
    100,
    10**6,
    50,
    0,
    False,
    ALL_MEMBERS,
    ALL_GOODS,
    ALWAYS,
)

FLOOR = replace(RULE, never_below_cost=True)
FLOOR_TO_THE_FEN = replace(FLOOR, step=1, points_min=1)
TWO_FOR_300 = replace(RULE, points=300, money=200, step=150, points_min=150)


def line(net, cost=None, *, tax=1300, category="drinks", burns=True):
    return BurnLine(net, cost, tax, category, "", category, burns)


@pytest.mark.parametrize(
    ("case", "lines", "available", "rule", "points_max"),
    [
        # half of 100 yuan is 50: 5000 points, but there are 1280: 1200 in steps
        ("余额限", [line(10000)], 1280, RULE, 1200),
        # half of 100 yuan
        ("半单限", [line(10000)], 99999, RULE, 5000),
        # half of 99.99 yuan is 49.995: 49 yuan in steps
        ("半单舍", [line(9999)], 99999, RULE, 4900),
        ("单笔限", [line(10000)], 99999, replace(RULE, points_max=2000), 2000),
        # the bill is 130, half is 65, but only 40 of it may be paid so
        ("烟草除外", [line(9000, burns=False), line(4000)], 99999, RULE, 4000),
        ("类别除外", [line(9000, category="gold"), line(4000)], 99999,
         replace(RULE, which=Which(not_categories=names("gold"))), 4000),
        # 113 yuan with 13 % tax cost 80 without: down to 90.40, room 22.60
        ("不破成本", [line(11300, 8000)], 99999, FLOOR, 2200),
        # cost 80.01 with tax is 90.4113: the floor rounds up to 90.42, room 22.58; nothing else shows it
        ("成本进位", [line(11300, 8001)], 99999, FLOOR_TO_THE_FEN, 2258),
        # the second line is below cost already: room only in the first, half of the bill is 150
        ("亏本行不抵", [line(20000, 0), line(10000, 20000)], 99999, FLOOR, 15000),
        # 300 points are 2 yuan, steps of 150 (1 yuan): half of 11 yuan = 5.50 -> 5 yuan = 750
        ("三百抵二元", [line(1100)], 9999, TWO_FOR_300, 750),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_most_points_by_hand(case, lines, available, rule, points_max):
    offered = offer(lines, AT_3PM, available, rule)
    assert isinstance(offered, Offer)
    assert offered.points_max == points_max


@pytest.mark.parametrize(
    ("occasion", "available", "rule", "reason"),
    [
        (STRANGER, 9999, RULE, Reason.NOT_FOR_MEMBER),
        (AT_3PM, 9999, replace(RULE, whom=Whom(tiers=names("silver"))), Reason.NOT_FOR_MEMBER),
        (AT_3PM, 9999, replace(RULE, when=When(weekdays=frozenset({1}))), Reason.NOT_IN_FORCE),
        (AT_3PM, 9999, replace(RULE, bill_min=10001), Reason.BILL_TOO_SMALL),
        (AT_3PM, 499, RULE, Reason.BELOW_MINIMUM),
        (AT_3PM, -20, replace(RULE, points_min=0), Reason.BELOW_MINIMUM),
    ],
)
def test_why_no_points_can_be_used(occasion, available, rule, reason):
    assert offer([line(10000)], occasion, available, rule).reason is reason


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (0, Reason.BELOW_MINIMUM),
        (400, Reason.BELOW_MINIMUM),
        (550, Reason.NOT_A_STEP),
        (5100, Reason.OVER_MAXIMUM),
    ],
)
def test_the_cashier_chooses_within_the_offer(points, reason):
    lines = [line(10000)]
    assert burn(lines, offer(lines, AT_3PM, 9999, RULE), points).reason is reason


def test_what_points_are_worth_is_shared_over_the_nets():
    # 10 yuan off 100 + 50 + 0.01: 6.6662, 3.3331, 0.0007 -> 6.67, 3.33, 0; points alike
    lines = [line(10000), line(5000), line(1)]
    burned = burn(lines, offer(lines, AT_3PM, 1000, RULE), 1000)
    assert (burned.money, burned.by_line, burned.points_by_line) == (
        1000,
        (667, 333, 0),
        (667, 333, 0),
    )


def test_a_line_at_its_floor_leaves_the_rest_to_the_others():
    # 60 off 100 + 100 with rooms 13 (cost 77 * 1.13 = 87.01 -> 87.01) and 100: 12.99 and 47.01
    lines = [line(10000, 7700), line(10000, 0)]
    rule = FLOOR
    assert burn(lines, offer(lines, AT_3PM, 9999, rule), 6000).by_line == (1299, 4701)


@given(SEEDS)
def test_any_offered_choice_holds_every_bound(rng):
    lines = [
        line(
            rng.randrange(20000), rng.choice((None, rng.randrange(20000))), burns=rng.random() < 0.8
        )
        for _ in range(rng.randrange(1, 7))
    ]
    rule = replace(
        RULE,
        never_below_cost=rng.random() < 0.5,
        step=rng.choice((1, 50, 100)),
        points_min=rng.randrange(300),
    )
    offered = offer(lines, AT_3PM, rng.randrange(20000), rule)
    if not isinstance(offered, Offer):
        return
    points = offered.points_min + rng.randrange(
        0, offered.points_max - offered.points_min + 1, rule.step
    )
    burned = burn(lines, offered, points)
    assert isinstance(burned, Burned)
    assert sum(burned.by_line) == burned.money == points
    assert sum(burned.points_by_line) == points
    assert 2 * burned.money <= sum(each.net for each in lines)
    for part, each in zip(burned.by_line, lines, strict=True):
        assert 0 <= part <= (each.net if each.burns else 0)
        if part and rule.never_below_cost and each.cost is not None:
            assert (each.net - part) * 10000 >= each.cost * (10000 + each.tax_basis_points)


@given(SEEDS)
def test_shares_within_rooms_add_up(rng):
    weights = [rng.randrange(1, 100) for _ in range(rng.randrange(1, 8))]
    rooms = [rng.randrange(weight + 1) for weight in weights]
    total = rng.randrange(sum(rooms) + 1)
    shares = share_within(total, weights, rooms)
    assert sum(shares) == total
    assert all(0 <= part <= room for part, room in zip(shares, rooms, strict=True))
