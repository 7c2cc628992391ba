"""Points without a sale: 签到, 推荐有礼, 充值送积分, by hand, penalties."""

import pytest

from terminal.core.points.awards import (
    BY_HAND_MAX,
    NO_STREAK,
    CheckIn,
    Occurrence,
    Referral,
    Streak,
    Then,
    TopUpAward,
    adjusted,
    checked_in,
    occurred,
    referred,
    topped_up,
)
from terminal.core.points.lots import Flows, Holding, Lot, Origin
from terminal.core.points.refused import Reason
from terminal.core.points.rules import AT_ONCE_FOR_EVER
from tests.core.points.shop import bands

TODAY = 20261121
WEEK = (1, 2, 3, 4, 5, 6, 10)
HERE = Origin("L1", 9)


@pytest.mark.parametrize(
    ("then", "step", "points"),
    [
        # nine days in a row
        (Then.HOLD, 0, [1, 2, 3, 4, 5, 6, 10, 10, 10]),
        (Then.REPEAT, 0, [1, 2, 3, 4, 5, 6, 10, 1, 2]),
        (Then.GROW, 3, [1, 2, 3, 4, 5, 6, 10, 13, 16]),
    ],
)
def test_a_streak_over_a_month_end(then, step, points):
    rule, streak, given = CheckIn("c", "1", "签到", WEEK, then, step), NO_STREAK, []
    for day in (
        20261127,
        20261128,
        20261129,
        20261130,
        20261201,
        20261202,
        20261203,
        20261204,
        20261205,
    ):
        streak, got = checked_in(rule, streak, day)
        given.append(got)
    assert (given, streak) == (points, Streak(9, 20261205))


def test_a_day_left_out_starts_again():
    rule = CheckIn("c", "1", "签到", WEEK, Then.HOLD, 0)
    assert checked_in(rule, Streak(5, 20261119), TODAY) == (Streak(1, TODAY), 1)


@pytest.mark.parametrize(
    ("last", "reason"), [(TODAY, Reason.ALREADY_GIVEN), (20261122, Reason.DATE_BEFORE_LAST)]
)
def test_once_a_day_and_never_back_in_time(last, reason):
    rule = CheckIn("c", "1", "签到", WEEK, Then.HOLD, 0)
    assert checked_in(rule, Streak(5, last), TODAY).reason is reason


@pytest.mark.parametrize(
    ("today", "in_all", "given"),
    [(0, 0, 5), (2, 9, 5), (3, 3, Reason.MEMBER_LIMIT), (0, 10, Reason.ALREADY_GIVEN)],
)
def test_sharing_is_worth_five_three_times_a_day_and_ten_times_in_all(today, in_all, given):
    got = occurred(Occurrence("s", "1", "分享", 5, 3, 10), today, in_all)
    assert getattr(got, "reason", got) == given


@pytest.mark.parametrize(
    ("referrers", "paid"),
    [
        (["B", "C", "D"], (("B", 100), ("C", 20))),  # two levels only
        (["B"], (("B", 100),)),
        ([], ()),
        (["A", "B"], ()),  # nobody brings themselves
        (["B", "A"], (("B", 100),)),  # a ring closes
        (["B", "B"], (("B", 100),)),
    ],
)
def test_referral_by_levels(referrers, paid):
    assert referred(Referral("r", "1", "推荐", (100, 20)), "A", referrers) == paid


@pytest.mark.parametrize(
    ("principal", "points"), [(9999, 0), (10000, 0), (35000, 25), (10**9, 500)]
)
def test_a_top_up_earns_above_a_hundred_yuan(principal, points):
    # one point for each 10 yuan above 100; 350 - 100 = 250: 25; at most 500
    rule = TopUpAward("t", "1", "充值送积分", bands((10000, 1000, 1)), 500)
    assert topped_up(rule, principal) == points


def test_points_by_hand_are_an_adjustment():
    moved = adjusted(Holding(), HERE, 50, AT_ONCE_FOR_EVER, (TODAY, "补登小票 T1-000123"))
    assert (moved.flows, moved.holding.available(TODAY)) == (Flows(adjusted=50), 50)


def test_a_penalty_beyond_what_there_is_becomes_a_debt():
    held = Holding((Lot(Origin("L1", 1), 30, 30, 0, 0),))
    moved = adjusted(held, HERE, -50, AT_ONCE_FOR_EVER, (TODAY, "刷单"))
    assert (moved.flows, moved.holding.debt, moved.holding.available(TODAY)) == (
        Flows(adjusted=-50),
        20,
        -20,
    )


@pytest.mark.parametrize(
    ("points", "reason", "why"),
    [
        (50, "", Reason.REASON_MISSING),
        (50, " \t", Reason.REASON_MISSING),
        (50, "理" * 201, Reason.REASON_MISSING),
        (0, "更正", Reason.AMOUNT_RANGE),
        (BY_HAND_MAX + 1, "更正", Reason.AMOUNT_RANGE),
        (-BY_HAND_MAX - 1, "更正", Reason.AMOUNT_RANGE),
    ],
)
def test_why_points_cannot_be_given_by_hand(points, reason, why):
    assert adjusted(Holding(), HERE, points, AT_ONCE_FOR_EVER, (TODAY, reason)).reason is why
