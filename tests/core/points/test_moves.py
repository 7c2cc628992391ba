"""Lots: which points are burned first, when they lapse, where they come back to; and the books."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from terminal.core.points.awards import adjusted
from terminal.core.points.clawback import Choice, Shortfall, claw_back
from terminal.core.points.dates import after_days
from terminal.core.points.lots import Flows, Holding, Lot, Origin, Part, dates_of
from terminal.core.points.moves import (
    Moved,
    granted,
    last_taken,
    pruned,
    put_back,
    settled,
    taken,
    transferred,
)
from terminal.core.points.refused import Reason
from terminal.core.points.rules import AT_ONCE_FOR_EVER, Lapse, Terms
from tests.core.points.shop import SEEDS

TODAY = 20261121
TERMS = (
    AT_ONCE_FOR_EVER, Terms(0, Lapse.MONTHS, 1), Terms(7, Lapse.MONTHS, 1), Terms(7, Lapse.NEVER, 0),
    Terms(0, Lapse.YEAR_END, 0), Terms(30, Lapse.YEAR_END, 0),
)  # fmt: skip


def at(seq: int, part: int = 0) -> Origin:
    return Origin("L1", seq, part)


def lot(seq: int, left: int, lapses_on: int = 0, usable_on: int = 0) -> Lot:
    return Lot(at(seq), left, left, usable_on, lapses_on)


def left(moved: Moved) -> list[int]:
    return [each.left for each in moved.holding.lots]


@pytest.mark.parametrize(
    ("terms", "earned_on", "usable_on", "lapses_on"),
    [
        (AT_ONCE_FOR_EVER, 20261121, 0, 0),
        (Terms(7, Lapse.NEVER, 0), 20261228, 20270104, 0),
        # usable through 21 November of next year
        (Terms(0, Lapse.MONTHS, 12), 20261121, 0, 20271122),
        # 31 January and a month: through 28 February
        (Terms(0, Lapse.MONTHS, 1), 20270131, 0, 20270301),
        # 29 February and a year: through 28 February
        (Terms(0, Lapse.MONTHS, 12), 20280229, 0, 20290301),
        (Terms(0, Lapse.YEAR_END, 0), 20261121, 0, 20270101),
        (Terms(0, Lapse.YEAR_END, 1), 20261121, 0, 20280101),
        # usable on 4 January, when the year has ended already: through the end of that year
        (Terms(7, Lapse.YEAR_END, 0), 20261228, 20270104, 20280101),
        # pending 60 days, one month: a month from the first usable day, 20 January
        (Terms(60, Lapse.MONTHS, 1), 20261121, 20270120, 20270221),
    ],
)
def test_days_of_a_lot_by_hand(terms, earned_on, usable_on, lapses_on):
    assert dates_of(terms, earned_on) == (usable_on, lapses_on)


def test_what_lapses_soonest_is_burned_first_and_what_never_lapses_last():
    holding = Holding(
        (lot(1, 10), lot(2, 10, 20270601), lot(4, 10, 20270101), lot(3, 10, 20270101))
    )
    # 20270101: lots 3 and 4 (10 + 10), then lot 2 (5 of 10)
    moved = taken(holding, 25, TODAY)
    assert isinstance(moved, Moved)
    assert [(part.origin.seq, part.points) for part in moved.parts] == [(3, 10), (4, 10), (2, 5)]
    assert left(moved) == [10, 5, 0, 0]


def test_pending_points_cannot_be_burned_until_their_day():
    holding = Holding((lot(1, 10), lot(2, 30, 0, 20261128)))
    assert (holding.available(20261127), holding.pending(20261127)) == (10, 30)
    refusal = taken(holding, 11, 20261127)
    assert refusal.reason is Reason.NOT_ENOUGH
    assert dict(refusal.facts) == {"available": 10, "asked": 11}
    assert taken(holding, 40, 20261128).holding.available(20261128) == 0


def test_a_lot_is_gone_on_its_day_and_not_before():
    holding = Holding((lot(1, 10, 20270101),))
    assert settled(holding, 20261231).flows == Flows()
    gone = settled(holding, 20270101)
    assert (gone.flows, left(gone), gone.holding.lots[0].lapsed) == (Flows(lapsed=10), [0], 10)
    assert settled(gone.holding, 20270101).flows == Flows()


def test_burned_points_return_to_their_own_lots_last_taken_first():
    holding = Holding((lot(1, 10, 20270101), lot(2, 10, 20270601), lot(3, 10)))
    burned = taken(holding, 25, TODAY)  # 10 of lot 1, 10 of lot 2, 5 of lot 3
    first = last_taken(burned.parts, 0, 8)  # 5 of lot 3, 3 of lot 2
    assert [(part.origin.seq, part.points) for part in first] == [(3, 5), (2, 3)]
    then = last_taken(burned.parts, 8, 17)  # the other 7 of lot 2, 10 of lot 1
    assert [(part.origin.seq, part.points) for part in then] == [(2, 7), (1, 10)]
    assert left(put_back(burned.holding, first, TODAY)) == [0, 3, 10]


def test_more_than_was_burned_never_comes_back():
    with pytest.raises(ValueError, match="than were burned"):
        last_taken((Part(at(1), 5, 0, 0),), 3, 3)


def test_what_returns_to_a_lapsed_lot_lapses_again_at_once_and_it_is_said():
    holding = Holding((lot(1, 10, 20270101), lot(2, 10)))
    burned = taken(holding, 15, TODAY)
    later = settled(burned.holding, 20270301).holding
    back = put_back(later, last_taken(burned.parts, 0, 15), 20270301)
    assert (back.lapsed_again, left(back)) == (10, [0, 10])
    assert back.flows == Flows(burned=-15, lapsed=10)


def test_what_lapses_again_pays_no_debt():
    holding = Holding((), debt=4)
    back = put_back(holding, (Part(at(1), 10, 0, 20270101),), 20270301)
    assert (back.holding.debt, back.lapsed_again) == (4, 10)


def test_a_lot_that_was_pruned_is_opened_again_with_its_days():
    held = settled(Holding((lot(1, 10, 20270101), lot(2, 5))), 20270101).holding
    assert pruned(held, 20270102).lots == (lot(2, 5),)
    back = put_back(pruned(held, 20270102), (Part(at(1), 3, 0, 20270101),), 20270301)
    assert back.lapsed_again == 3


def test_the_next_earnings_pay_a_debt():
    owing = Holding((), debt=30)
    moved = granted(owing, at(1), 20, AT_ONCE_FOR_EVER, TODAY)
    assert (moved.holding.debt, left(moved), moved.holding.available(TODAY)) == (10, [0], -10)
    moved = granted(moved.holding, at(2), 25, AT_ONCE_FOR_EVER, TODAY)
    assert (moved.holding.debt, left(moved)) == (0, [0, 15])


def test_pending_points_pay_a_debt_when_they_ripen():
    moved = granted(Holding((), debt=30), at(1), 50, Terms(7, Lapse.NEVER, 0), TODAY)
    assert (moved.holding.debt, moved.holding.pending(TODAY)) == (30, 50)
    ripe = settled(moved.holding, 20261128).holding
    assert (ripe.debt, ripe.available(20261128)) == (0, 20)


def test_transferred_points_keep_their_days():
    giver = Holding((lot(1, 10, 20270101), lot(2, 10)))
    out, into = transferred(giver, Holding((lot(3, 1),)), 12, TODAY)
    assert left(out) == [0, 8]
    assert [(each.origin.seq, each.left, each.lapses_on) for each in into.holding.lots] == [
        (3, 1, 0), (1, 10, 20270101), (2, 2, 0),
    ]  # fmt: skip
    assert (out.flows, into.flows) == (Flows(transferred_out=12), Flows(transferred_in=12))


@settings(max_examples=300)
@given(SEEDS)
def test_the_books_hold_after_every_act(rng):
    holding, other, day = Holding(), Holding(), TODAY
    flows, burned, earned = Flows(), [], {}
    for seq in range(1, 40):
        day = after_days(day, rng.choice((0, 1, 5, 40)))
        moved = settled(holding, day)
        holding, flows = moved.holding, flows + moved.flows
        act, points = rng.randrange(6), rng.randrange(1, 60)
        moved = None
        if act <= 1:
            moved = granted(holding, at(seq), points, rng.choice(TERMS), day)
            earned[seq] = points
        elif act == 2 and isinstance(got := taken(holding, points, day), Moved):
            moved = got
            burned.append(got.parts)
        elif act == 3 and burned:
            parts = burned.pop(rng.randrange(len(burned)))
            moved = put_back(holding, last_taken(parts, 0, sum(p.points for p in parts)), day)
        elif act == 4 and earned:
            sale = rng.choice(list(earned))
            turns = rng.choice(((Shortfall.DEBT,), (Shortfall.WAIVED,)))
            claw = claw_back(
                holding, ("L1", sale), earned.pop(sale), day, Choice(turns, None, 0, "S")
            )
            moved = claw.moved
        elif act == 5:
            signed = rng.choice((1, -1)) * points
            moved = adjusted(holding, at(seq), signed, AT_ONCE_FOR_EVER, (day, "更正"))
            if isinstance(got := transferred(moved.holding, other, 5, day), tuple):
                other = settled(got[1].holding, day).holding
                moved = replace(got[0], flows=moved.flows + got[0].flows)
        if moved is not None:
            holding, flows = moved.holding, flows + moved.flows
        assert flows.net() == holding.available(day) + holding.pending(day)
        assert all(each.left >= 0 and each.lapsed >= 0 for each in holding.lots)
        assert holding.debt == 0 or holding.available(day) == -holding.debt


@given(SEEDS)
def test_settling_daily_or_once_comes_to_the_same(rng):
    lots = []
    for n in range(6):
        usable_on = rng.choice((0, after_days(TODAY, rng.randrange(30))))
        lapses_on = rng.choice((0, after_days(usable_on or TODAY, 1 + rng.randrange(30))))
        lots.append(Lot(at(n), 50, rng.randrange(50), usable_on, lapses_on))
    start = Holding(tuple(each if each.usable_on else replace(each, left=0) for each in lots), 40)
    daily, lapsed = start, 0
    for n in range(62):
        moved = settled(daily, after_days(TODAY, n))
        daily, lapsed = moved.holding, lapsed + moved.flows.lapsed
    once = settled(start, after_days(TODAY, 61))
    assert (once.holding, once.flows.lapsed) == (daily, lapsed)


@given(SEEDS)
def test_a_model_of_single_points_burns_the_same(rng):
    holding, single, day = Holding(), [], TODAY
    for seq in range(1, 25):
        day = after_days(day, rng.choice((0, 1, 20)))
        holding = settled(holding, day).holding
        single = [each for each in single if not each[1] or each[1] > day]
        points = rng.randrange(1, 30)
        if rng.random() < 0.6:
            terms = rng.choice(TERMS)
            holding = granted(holding, at(seq), points, terms, day).holding
            usable_on, lapses_on = dates_of(terms, day)
            single += [(usable_on, lapses_on, seq)] * points
        else:
            ripe = sorted(
                (each for each in single if each[0] <= day),
                key=lambda each: (each[1] or 10**9, each[2]),
            )
            moved = taken(holding, points, day)
            assert isinstance(moved, Moved) == (len(ripe) >= points)
            if isinstance(moved, Moved):
                holding = moved.holding
                for each in ripe[:points]:
                    single.remove(each)
        for each in holding.lots:
            assert each.left == sum(1 for one in single if one[2] == each.origin.seq)
