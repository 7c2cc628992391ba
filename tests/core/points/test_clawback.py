"""Clawback: where the points come from, and who bears what is short."""

import pytest
from hypothesis import given

from terminal.core.points.clawback import NO_CHOICE, Choice, Clawback, Shortfall, claw_back
from terminal.core.points.conditions import ALL_GOODS, ALL_MEMBERS, ALWAYS
from terminal.core.points.lots import Flows, Holding, Lot, Origin
from terminal.core.points.moves import settled
from terminal.core.points.refused import Reason
from terminal.core.points.rules import BurnRule
from tests.core.points.shop import SEEDS

TODAY = 20261121
SALE = ("L1", 7)
# 100 points are 1 yuan.
RATE = BurnRule(
    "b", "1", "百分抵一元", 100, 100, 0, 100, 10**6, 100, 0, False, ALL_MEMBERS, ALL_GOODS, ALWAYS
)
FROM_REFUND, DEBT, WAIVED = Shortfall.FROM_REFUND, Shortfall.DEBT, Shortfall.WAIVED


def own(left, *, lapses_on=0, usable_on=0, lapsed=0):
    return Lot(Origin(*SALE), left + lapsed, left, usable_on, lapses_on, lapsed)


def other(left, seq=3, lapses_on=20270101, usable_on=0):
    return Lot(Origin("L1", seq), left, left, usable_on, lapses_on)


def lefts(claw):
    return [each.left for each in claw.moved.holding.lots]


def test_the_sales_own_lot_comes_first_even_while_it_is_pending():
    # the other lot lapses sooner, but these points are the ones that were never due
    claw = claw_back(Holding((other(50), own(80, usable_on=20261128))), SALE, 60, TODAY, NO_CHOICE)
    assert (lefts(claw), claw.taken, claw.moved.flows) == ([50, 20], 60, Flows(clawed_back=60))


def test_then_whatever_may_be_used_in_the_order_of_burning():
    lots = (own(10), other(50, 4, 0), other(30, 5, 20270101), other(99, 6, 0, 20261128))
    claw = claw_back(Holding(lots), SALE, 60, TODAY, NO_CHOICE)
    # 10 of its own, 30 that lapse soonest, 20 that never lapse; what is pending for others stays
    assert lefts(claw) == [0, 30, 0, 99]


def test_what_lapsed_of_the_sales_own_points_is_not_taken_twice():
    claw = claw_back(Holding((own(0, lapsed=80), other(50))), SALE, 100, TODAY, NO_CHOICE)
    assert (claw.lapsed_before, claw.taken, lefts(claw)) == (80, 20, [0, 30])
    again = claw_back(claw.moved.holding, SALE, 30, TODAY, NO_CHOICE)
    assert (again.lapsed_before, again.taken) == (0, 30)


def test_points_that_are_short_need_a_choice():
    refusal = claw_back(Holding((own(40),)), SALE, 100, TODAY, NO_CHOICE)
    assert (refusal.reason, dict(refusal.facts)) == (Reason.CHOICE_MISSING, {"short": 60})


@pytest.mark.parametrize(
    ("choice", "from_refund", "kept", "debt", "waived"),
    [
        # 60 points are 0.60 yuan
        (Choice((FROM_REFUND,), RATE, 5000, ""), 60, 60, 0, 0),
        # only 0.25 yuan goes back: pays 25 points, 35 remain
        (Choice((FROM_REFUND, DEBT), RATE, 25, ""), 25, 25, 35, 0),
        (Choice((DEBT,), RATE, 5000, ""), 0, 0, 60, 0),
        (Choice((WAIVED,), RATE, 5000, "S-2001"), 0, 0, 0, 60),
        (Choice((FROM_REFUND, WAIVED), RATE, 25, "S-2001"), 25, 25, 0, 35),
        # nothing is worth anything without a rate
        (Choice((FROM_REFUND, DEBT), None, 5000, ""), 0, 0, 60, 0),
    ],
)
def test_who_bears_sixty_points_that_are_short(choice, from_refund, kept, debt, waived):
    claw = claw_back(Holding((own(40),)), SALE, 100, TODAY, choice)
    assert (claw.taken, claw.from_refund, claw.money_kept) == (40, from_refund, kept)
    assert (claw.debt, claw.waived, claw.moved.holding.debt) == (debt, waived, debt)
    assert claw.approved_by == ("S-2001" if waived else "")


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Choice((WAIVED,), RATE, 5000, ""), Reason.APPROVAL_MISSING),
        (Choice((FROM_REFUND,), RATE, 25, ""), Reason.CHOICE_MISSING),
        (Choice((FROM_REFUND,), None, 5000, ""), Reason.CHOICE_MISSING),
    ],
)
def test_never_silently(choice, reason):
    assert claw_back(Holding((own(40),)), SALE, 100, TODAY, choice).reason is reason


def test_money_is_rounded_half_up_and_never_more_than_there_is():
    # 3 points for 2 yuan: 1 point is 0.6667 yuan
    rate = BurnRule(
        "b", "1", "", 3, 200, 0, 3, 10**6, 100, 0, False, ALL_MEMBERS, ALL_GOODS, ALWAYS
    )
    claw = claw_back(Holding(), SALE, 1, TODAY, Choice((FROM_REFUND,), rate, 5000, ""))
    assert claw.money_kept == 67
    none = claw_back(Holding(), SALE, 1, TODAY, Choice((FROM_REFUND, DEBT), rate, 66, ""))
    assert (none.money_kept, none.debt) == (0, 1)


def test_points_that_a_later_refund_sets_free_come_back_to_their_lot():
    claw = claw_back(Holding((own(5), other(50))), SALE, -10, TODAY, NO_CHOICE)
    assert (lefts(claw), claw.taken, claw.moved.flows) == ([15, 50], -10, Flows(clawed_back=-10))
    late = claw_back(Holding((own(0, lapses_on=20260101),)), SALE, -10, TODAY, NO_CHOICE)
    assert (late.moved.lapsed_again, late.moved.flows) == (10, Flows(clawed_back=-10, lapsed=10))


@given(SEEDS)
def test_every_point_asked_for_is_accounted_for(rng):
    lots = (own(rng.randrange(50), lapsed=rng.randrange(20)), other(rng.randrange(50)))
    held = settled(Holding(lots), TODAY).holding
    turns = tuple(rng.sample(list(Shortfall), rng.randrange(4)))
    asked = rng.randrange(1, 150)
    claw = claw_back(held, SALE, asked, TODAY, Choice(turns, RATE, rng.randrange(100), "S"))
    if isinstance(claw, Clawback):
        met = claw.taken + claw.lapsed_before + claw.from_refund + claw.debt + claw.waived
        assert met == asked
        assert claw.moved.flows.net() == claw.moved.holding.available(TODAY) - held.available(TODAY)
    else:
        assert asked > held.available(TODAY)
