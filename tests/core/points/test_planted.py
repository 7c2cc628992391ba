"""Bugs planted in the engine of points, each found by the test that is there for it.

A function's text is changed and its code put in place, so that everybody who calls it has the bug.
"""

import inspect
import textwrap

import pytest

from terminal.core import refund
from terminal.core.points import (
    accrue,
    awards,
    burn,
    clawback,
    dates,
    lots,
    lottery,
    moves,
    occasion,
    rules,
)
from terminal.core.rounding import share
from tests.core import test_refund
from tests.core.points import (
    test_accrue,
    test_awards,
    test_burn,
    test_clawback,
    test_lottery,
    test_moves,
)

PLANTED = [
    (
        "shares are cut off and do not add up",
        share,
        "    if missing:\n",
        "    if missing < 0:\n",
        test_accrue.test_points_by_hand,
    ),
    (
        "the odd point goes to the later line",
        share,
        "(-remainders[index], index)",
        "(-remainders[index], -index)",
        test_accrue.test_points_by_hand,
    ),
    (
        "each rule set is rounded down by itself",
        accrue._floored,
        "points = sum(by_rule) // common",
        "points = sum(part // common for part in by_rule)",
        test_accrue.test_two_sets_are_floored_once_together,
    ),
    (
        "points are rounded half up",
        accrue._floored,
        "sum(by_rule) // common",
        "(2 * sum(by_rule) + common) // (2 * common)",
        test_accrue.test_points_by_hand,
    ),
    (
        "factors add up instead of multiplying",
        accrue._weighted,
        "count * prod(each) * _PLAIN ** (most - len(each))",
        "count * (sum(each) - 100 * (len(each) - 1)) * _PLAIN ** (most - 1)",
        test_accrue.test_points_by_hand,
    ),
    (
        "the ladder is whole where it should be marginal",
        rules.Ladder.at,
        "if self.shape is Shape.WHOLE:",
        "if True:",
        test_accrue.test_points_by_hand,
    ),
    (
        "a band begins one above its start",
        rules.Ladder.at,
        "if band.start <= amount",
        "if band.start < amount",
        test_accrue.test_points_by_hand,
    ),
    (
        "all sets of a group count",
        accrue.accrue,
        '"" if rule.group else rule.id',
        "rule.id",
        test_accrue.test_of_a_group_the_set_that_gives_most_counts,
    ),
    (
        "the last set of a group wins a tie",
        accrue._is_better,
        "(-new.rule.priority, new.rule.id) <",
        "(0, '') <",
        test_accrue.test_equal_sets_of_a_group_are_decided_by_priority_then_id,
    ),
    (
        "multiples stack where they should not",
        accrue._sale_factors,
        "if kept and not rule.multiples_stack",
        "if False",
        test_accrue.test_points_by_hand,
    ),
    ("tobacco earns", accrue._counted, "line.earns and ", "", test_accrue.test_points_by_hand),
    (
        "a night's window ends at midnight",
        occasion.is_in_force,
        "minute >= when.from_minute or minute <",
        "minute >= when.from_minute and minute <",
        test_accrue.test_points_by_hand,
    ),
    (
        "29 February is kept on the 28th of leap years too",
        dates.birthday_in,
        "min(day, monthrange(year, month)[1])",
        "min(day, 28)",
        test_accrue.test_points_by_hand,
    ),
    (
        "the last day is out of force",
        occasion.is_in_force,
        "date > when.last",
        "date >= when.last",
        test_accrue.test_points_by_hand,
    ),
    (
        "never-lapsing points are burned first",
        lots.burn_order,
        "lot.lapses_on == NEVER, lot.lapses_on",
        "lot.lapses_on",
        test_moves.test_what_lapses_soonest_is_burned_first_and_what_never_lapses_last,
    ),
    (
        "equal dates are burned in the order of the list",
        lots.burn_order,
        "lot.lapses_on, lot.origin",
        "lot.lapses_on",
        test_moves.test_what_lapses_soonest_is_burned_first_and_what_never_lapses_last,
    ),
    (
        "pending points can be burned",
        moves.usable,
        "if lot.usable_on <= date",
        "if lot.left",
        test_moves.test_the_books_hold_after_every_act,
    ),
    (
        "a lot lapses a day late",
        moves.settled,
        "NEVER < lot.lapses_on <= date",
        "NEVER < lot.lapses_on < date",
        test_moves.test_a_lot_is_gone_on_its_day_and_not_before,
    ),
    (
        "points lapse before they can be used",
        lots.dates_of,
        "if lapses_on and lapses_on <= usable_on:",
        "if False:",
        test_moves.test_days_of_a_lot_by_hand,
    ),
    (
        "burned points come back first taken first",
        moves.last_taken,
        "reversed(parts)",
        "parts",
        test_moves.test_burned_points_return_to_their_own_lots_last_taken_first,
    ),
    (
        "points that come back live again",
        moves.put_back,
        "_lapsed_on(into(holding, parts), date)",
        "into(holding, parts), []",
        test_moves.test_what_returns_to_a_lapsed_lot_lapses_again_at_once_and_it_is_said,
    ),
    (
        "a debt is never paid",
        moves.granted,
        "with_debt_paid(replace(holding, lots=(*holding.lots, new)), date)",
        "replace(holding, lots=(*holding.lots, new))",
        test_moves.test_the_next_earnings_pay_a_debt,
    ),
    (
        "a share of the bill is rounded up",
        burn.offer,
        "bill * rule.bill_percent_max // _WHOLE_PERCENT",
        "-(-bill * rule.bill_percent_max // _WHOLE_PERCENT)",
        test_burn.test_the_most_points_by_hand,
    ),
    (
        "cost is compared without tax",
        burn._room,
        "(_WHOLE_TAX + line.tax_basis_points)",
        "_WHOLE_TAX",
        test_burn.test_the_most_points_by_hand,
    ),
    (
        "a full line takes more than its room",
        burn.share_within,
        "if part > rooms[n]",
        "if part < 0",
        test_burn.test_a_line_at_its_floor_leaves_the_rest_to_the_others,
    ),
    (
        "a clawback forgets what was taken back before",
        clawback.clawed_back,
        "max(0, earned[0] - now.spendable.points) - already[0]",
        "max(0, earned[0] - now.spendable.points)",
        test_refund.test_clawback_is_what_the_rest_no_longer_earns,
    ),
    (
        "a clawback that falls short is waived silently",
        clawback._met,
        "    if short:\n",
        "    if False:\n",
        test_clawback.test_points_that_are_short_need_a_choice,
    ),
    (
        "lapsed points are taken twice",
        clawback.claw_back,
        "sum(lot.lapsed for lot in own)",
        "0",
        test_clawback.test_what_lapsed_of_the_sales_own_points_is_not_taken_twice,
    ),
    (
        "each part of a line is rounded by itself",
        refund._line_back,
        "_upto(whole, now, of) - _upto(whole, done, of)",
        "_upto(whole, now - done, of)",
        test_refund.test_a_third_of_three_for_ten_yuan,
    ),
    (
        "tenders get back in proportion of the sale",
        refund._to_legs,
        "leg.amount - back for",
        "leg.amount for",
        test_refund.test_all_lines_in_any_order_return_exactly_what_was_paid_and_earned,
    ),
    (
        "the same line comes back twice",
        refund.refund,
        "or now[n] > lines[n].quantity",
        "",
        test_refund.test_what_came_back_cannot_come_back_again,
    ),
    (
        "a streak goes on over a day left out",
        awards.checked_in,
        "goes_on = before.last != NEVER and ",
        "goes_on = True or ",
        test_awards.test_a_day_left_out_starts_again,
    ),
    (
        "a ring of referrals pays itself",
        awards.referred,
        "if who in seen:",
        "if False:",
        test_awards.test_referral_by_levels,
    ),
    (
        "one more prize than there are",
        lottery._in_stock,
        "< prize.stock",
        "<= prize.stock",
        test_lottery.test_no_more_prizes_than_there_are_and_what_is_out_is_replaced,
    ),
    (
        "the chain is not looked at",
        lottery.differences,
        "!= last",
        "== b''",
        test_lottery.test_whatever_is_changed_afterwards_is_found,
    ),
]


def rows(test):
    """Return the arguments a test would be called with, one tuple for each of its cases."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            return [each if isinstance(each, tuple) else (each,) for each in mark.args[1]]
    return [()]


def is_found(test) -> bool:
    for row in rows(test):
        try:
            test(*row)
        except (AssertionError, AttributeError, ValueError, ExceptionGroup):
            return True
    return False


@pytest.mark.parametrize(
    ("bug", "function", "right", "wrong", "test"), PLANTED, ids=[each[0] for each in PLANTED]
)
def test_a_planted_bug_is_found(bug, function, right, wrong, test, monkeypatch):
    text = textwrap.dedent(inspect.getsource(function))
    assert text.count(right) == 1
    assert not is_found(test)
    place = dict(function.__globals__)
    exec(text.replace(right, wrong), place)
    monkeypatch.setattr(function, "__code__", place[function.__name__].__code__)
    assert is_found(test)
