"""Refunds: price shares, tenders and points, by hand and by law."""

import pytest
from hypothesis import event, given, settings

from terminal.core.points.accrue import accrue
from terminal.core.points.lots import Origin, Part
from terminal.core.points.refused import Reason
from terminal.core.points.rules import Shape
from terminal.core.refund import Leg, Refund, Sold, SoldLine, judged_again, refund, untouched
from terminal.core.rounding import share
from tests.core.points.shop import AT_3PM, SEEDS, bands, basket, line, occasion, rule_sets, ruled

GOLD = ruled(ladder=bands((0, 100, 1)))


def sold(lines, legs, *, sets=(GOLD,), burned=(), who=AT_3PM, bonus_legs=()) -> Sold:
    earned = accrue([each.earn for each in lines], who, sets)
    both = (earned.spendable.points, earned.standing.points)
    return Sold(tuple(lines), legs, bonus_legs, burned, both, who, sets)


def plain(n, net, quantity=1000, *, burned=0, bonus=0) -> SoldLine:
    return SoldLine(n, quantity, net, bonus, burned, line(net, quantity=quantity))


def cash(amount) -> tuple[Leg, ...]:
    return (Leg("cash", "", amount),)


def test_a_third_of_three_for_ten_yuan():
    # 3 pieces, 10.00: the first 3.33, the second 6.67 - 3.33 = 3.34, the third 3.33
    sale = sold([plain(1, 1000, 3000)], cash(1000))
    state, amounts = untouched(sale), []
    for _ in range(3):
        back = refund(sale, state, [(1, 1000)])
        amounts.append(back.amount)
        state = back.after
    assert amounts == [333, 334, 333]


def test_each_tender_gets_its_part_of_what_remains():
    # 60 external + 40 principal of two lots (30 + 10); 25 back: 15, 7.5 -> 8, 2.5 -> 2
    legs = (
        Leg("external", "", 6000),
        Leg("principal", "lot1", 3000),
        Leg("principal", "lot2", 1000),
    )
    sale = sold([plain(1, 2500), plain(2, 7500)], legs)
    first = refund(sale, untouched(sale), [(1, 1000)])
    assert first.legs == (1500, 750, 250)
    assert refund(sale, first.after, [(2, 1000)]).legs == (4500, 2250, 750)


def test_an_odd_fen_goes_to_the_largest_remainder_and_comes_out_even():
    # 0.05 over 0.03 + 0.02 in two steps: 0.01 -> 0.6 and 0.4: the first; 0.04 over 0.02 + 0.02
    sale = sold([plain(1, 1), plain(2, 4)], (Leg("cash", "", 3), Leg("external", "", 2)))
    first = refund(sale, untouched(sale), [(1, 1000)])
    assert first.legs == (1, 0)
    assert refund(sale, first.after, [(2, 1000)]).legs == (2, 2)


def test_clawback_is_what_the_rest_no_longer_earns():
    # 13.99 earned 13; 11.49 stays and earns 11: 2 back, though the line's own share was 2.5
    sale = sold([plain(1, 250), plain(2, 1149)], cash(1399))
    first = refund(sale, untouched(sale), [(1, 1000)])
    assert (sale.earned, first.clawback) == ((13, 0), (2, 0))
    assert refund(sale, first.after, [(2, 1000)]).clawback == (11, 0)


def test_a_ladder_is_judged_again_on_what_remains():
    # 满 100 双倍, whole: 150 yuan earned 300. 60 back: 90 yuan earns 90, so 210 back
    from_100 = ruled(ladder=bands((0, 100, 1), (10000, 100, 2), shape=Shape.WHOLE))
    sale = sold([plain(1, 6000), plain(2, 9000)], cash(15000), sets=(from_100,))
    assert sale.earned == (300, 0)
    assert refund(sale, untouched(sale), [(1, 1000)]).clawback == (210, 0)


def test_burned_points_and_bonus_come_back_with_their_line():
    lots = (Part(Origin("L", 1), 300, 0, 20270101), Part(Origin("L", 2), 200, 0, 0))
    lines = [plain(1, 700, burned=300, bonus=50), plain(2, 300, burned=200, bonus=100)]
    sale = sold(lines, cash(1000), burned=lots, bonus_legs=(Leg("bonus", "b1", 150),))
    first = refund(sale, untouched(sale), [(1, 1000)])
    # 300 of 500, last taken first: 200 of lot 2, then 100 of lot 1
    assert [(part.origin.seq, part.points) for part in first.points_back] == [(2, 200), (1, 100)]
    assert first.bonus_legs == (50,)
    then = refund(sale, first.after, [(2, 1000)])
    assert [(part.origin.seq, part.points) for part in then.points_back] == [(1, 200)]


def test_thresholds_judged_again_charge_the_difference():
    # 满 200 减 30: 150 + 60 = 210 - 30 = 180 paid. 60 back: 150 at full price stays, 30 back instead of 51.43
    assert judged_again(18000, 0, 15000) == 3000
    # then the rest: all that is left
    assert judged_again(18000, 3000, 0) == 15000


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ([(9, 1000)], Reason.NO_SUCH_LINE),
        ([(1, 3001)], Reason.MORE_THAN_SOLD),
        ([(1, 2000), (1, 2000)], Reason.MORE_THAN_SOLD),
        ([(1, 0)], Reason.MORE_THAN_SOLD),
        ([(1, -1000)], Reason.MORE_THAN_SOLD),
    ],
)
def test_what_was_not_sold_cannot_come_back(asked, reason):
    sale = sold([plain(1, 1000, 3000)], cash(1000))
    assert refund(sale, untouched(sale), asked).reason is reason


def test_what_came_back_cannot_come_back_again():
    sale = sold([plain(1, 1000, 3000)], cash(1000))
    once = refund(sale, untouched(sale), [(1, 2000)])
    again = refund(sale, once.after, [(1, 2000)])
    assert (again.reason, dict(again.facts)["left"]) == (Reason.MORE_THAN_SOLD, 1000)


def any_sale(rng) -> Sold:
    lines = []
    for n, each in enumerate(basket(rng), 1):
        extra = rng.choice((0, rng.randrange(300)))  # Paid with what does not earn.
        burned, bonus = rng.choice((0, rng.randrange(500))), rng.choice((0, rng.randrange(500)))
        lines.append(SoldLine(n, each.quantity, each.paid + extra, bonus, burned, each))
    legs = split(rng, sum(each.net for each in lines), "cash", "external", "principal")
    bonus_legs = split(rng, sum(each.bonus for each in lines), "b1", "b2")
    burned = split(rng, sum(each.burned for each in lines), "1", "2", "3")
    parts = tuple(Part(Origin("L", int(each.tender)), each.amount, 0, 0) for each in burned)
    return sold(
        lines, legs, sets=rule_sets(rng), burned=parts, who=occasion(rng), bonus_legs=bonus_legs
    )


def split(rng, total, *names) -> tuple[Leg, ...]:
    parts = share(total, [1 + rng.randrange(100) for _ in names])
    return tuple(Leg(name, "", part) for name, part in zip(names, parts, strict=True))


def steps(rng, sale) -> list[list[tuple[int, int]]]:
    """Return refunds that bring everything back, in some order and some parts."""
    pieces = []
    for each in sale.lines:
        left = each.quantity
        while left:
            part = left if rng.random() < 0.5 else rng.randrange(1, left + 1)
            pieces.append((each.n, part))
            left -= part
    rng.shuffle(pieces)
    asked: list[list[tuple[int, int]]] = []
    for piece in pieces:
        if asked and rng.random() < 0.3:
            asked[-1].append(piece)
        else:
            asked.append([piece])
    return asked


@settings(max_examples=300)
@given(SEEDS)
def test_all_lines_in_any_order_return_exactly_what_was_paid_and_earned(rng):
    sale = any_sale(rng)
    event(f"earned: {sale.earned[0] > 0}")
    state, money, points = untouched(sale), 0, 0
    parts: dict[int, int] = {}
    for asked in steps(rng, sale):
        back = refund(sale, state, asked)
        assert isinstance(back, Refund)
        assert sum(back.legs) == back.amount >= 0
        assert all(each.amount >= 0 and each.bonus >= 0 and each.burned >= 0 for each in back.lines)
        assert min(*back.legs, *back.bonus_legs) >= 0
        state, money, points = back.after, money + back.amount, points + back.clawback[0]
        for part in back.points_back:
            parts[part.origin.seq] = parts.get(part.origin.seq, 0) + part.points
    assert money == sum(each.net for each in sale.lines)
    assert state.legs == tuple(each.amount for each in sale.legs)
    assert state.bonus_legs == tuple(each.amount for each in sale.bonus_legs)
    assert state.clawed_back == sale.earned
    assert points == sale.earned[0]
    assert parts == {part.origin.seq: part.points for part in sale.burned if part.points}


@settings(max_examples=300)
@given(SEEDS)
def test_many_small_refunds_equal_one_big(rng):
    sale = any_sale(rng)
    some = [piece for asked in steps(rng, sale) for piece in asked]
    some = some[: rng.randrange(1, len(some) + 1)]
    big = refund(sale, untouched(sale), some)
    state, amount, claw, burned = untouched(sale), 0, [0, 0], 0
    for piece in some:
        small = refund(sale, state, [piece])
        state, amount = small.after, amount + small.amount
        claw = [one + other for one, other in zip(claw, small.clawback, strict=True)]
        burned += sum(part.points for part in small.points_back)
    assert amount == big.amount
    assert tuple(claw) == big.clawback
    assert state.quantities == big.after.quantities
    assert burned == sum(part.points for part in big.points_back)
