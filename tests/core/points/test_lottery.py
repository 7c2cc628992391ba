"""积分抽奖: the draw is fixed before the first ticket and can be computed again by anybody."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from terminal.core.points.lottery import (
    NOTHING,
    Lottery,
    Prize,
    commitment,
    differences,
    draw,
    may_draw,
    ticket_of,
)
from terminal.core.points.refused import Reason

SECRET = bytes(range(32))
TEN_PERCENT, HALF = 100_000, 500_000
BEAR = Prize("bear", "玩偶", TEN_PERCENT, 3, 9900, "tissue")
TISSUE = Prize("tissue", "纸巾", HALF, 30, 200, NOTHING)
LOTTERY = Lottery("autumn", "1", "秋季抽奖", (BEAR, TISSUE), 200, commitment(SECRET, 200), 50, 5)


def drawn(count, lottery=LOTTERY, secret=SECRET):
    draws = []
    for n in range(count):
        draws.append(draw(lottery, secret, draws, ticket_of("100001", f"call-{n}")))
    return draws


DRAWS = drawn(200)


def test_a_whole_lottery_is_proved_by_its_ledger():
    assert differences(LOTTERY, DRAWS) == ()


def test_the_first_draw_by_hand():
    # The chain has 200 links; the first draw reveals the 199th, which hashes to the commitment.
    revealed = SECRET
    for _ in range(199):
        revealed = hashlib.sha256(revealed).digest()
    assert hashlib.sha256(revealed).digest() == LOTTERY.commitment
    digest = hmac.new(revealed, b"6:autumn,1,6:100001,6:call-0", "sha256").hexdigest()
    assert (DRAWS[0].revealed, DRAWS[0].roll) == (revealed, int(digest, 16) % 1_000_000)


def test_no_more_prizes_than_there_are_and_what_is_out_is_replaced():
    # 10 % of 200 draws would be about 20 bears; there are 3, the others get tissues, of which there are 30
    given = [each.prize for each in drawn(200)]
    assert (given.count("bear"), given.count("tissue")) == (3, 30)
    out = next(each for each in DRAWS if each.roll < TEN_PERCENT and each.prize != "bear")
    assert out.prize == "tissue"


def test_replacements_that_name_each_other_end_in_none():
    ring = (replace(BEAR, stock=0), replace(TISSUE, stock=0, instead="bear"))
    lottery = replace(LOTTERY, prizes=ring)
    assert {each.prize for each in drawn(20, lottery)} == {NOTHING}


def test_the_odds_are_those_that_were_published():
    # 5,000 draws at 10 % and 50 %: within 5 standard deviations (21 and 35) of 500 and 2,500
    endless = (replace(BEAR, stock=10**6), replace(TISSUE, stock=10**6))
    lottery = replace(LOTTERY, prizes=endless, draws_max=1)
    secrets = [hashlib.sha256(b"%d" % n).digest() for n in range(5_000)]
    given = [draw(lottery, each, (), b"t").prize for each in secrets]
    assert abs(given.count("bear") - 500) < 107
    assert abs(given.count("tissue") - 2500) < 177


def altered(n, **changes):
    return [*DRAWS[: n - 1], replace(DRAWS[n - 1], **changes), *DRAWS[n:]]


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        (altered(7, prize="bear"), "draw 7: gave 'bear'"),
        (altered(7, roll=1), "draw 7: rolled 1"),
        (altered(7, ticket=b"x"), "draw 7: rolled"),
        (altered(7, revealed=bytes(32)), "draw 7: what was revealed"),
        (DRAWS[1:], "draw 1 is numbered 2"),
        ([*DRAWS[:5], *DRAWS[6:]], "draw 6 is numbered 7"),
        ([DRAWS[1], DRAWS[0], *DRAWS[2:]], "draw 1 is numbered 2"),
        (drawn(10, secret=bytes(32)), "draw 1: what was revealed"),
        ([*DRAWS, DRAWS[-1]], "201 draws where 200"),
    ],
    ids=[
        "prize",
        "roll",
        "ticket",
        "link",
        "first-gone",
        "one-gone",
        "swapped",
        "other-secret",
        "more",
    ],
)
def test_whatever_is_changed_afterwards_is_found(draws, said):
    assert any(each.startswith(said) for each in differences(LOTTERY, draws))


def test_two_callers_never_share_a_ticket():
    assert ticket_of("1", "2,1:3") != ticket_of("1,2", "1:3")


@pytest.mark.parametrize(
    ("drawn_before", "had", "available", "reason"),
    [
        (200, 0, 50, Reason.DRAWS_USED_UP),
        (0, 5, 50, Reason.MEMBER_LIMIT),
        (0, 0, 49, Reason.NOT_ENOUGH),
    ],
)
def test_why_a_draw_cannot_be(drawn_before, had, available, reason):
    assert may_draw(LOTTERY, drawn_before, had, available).reason is reason
    assert may_draw(LOTTERY, 199, 4, 50) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"prizes": (replace(BEAR, odds=600_000), TISSUE)},  # 110 %
        {"prizes": (BEAR, replace(TISSUE, id="bear"))},
        {"prizes": (replace(BEAR, instead="car"), TISSUE)},
        {"draws_max": 10_001},
        {"commitment": b"short"},
    ],
)
def test_a_lottery_that_cannot_be_is_no_lottery(changes):
    with pytest.raises(AssertionError):
        replace(LOTTERY, **changes)


def test_a_prize_above_the_laws_limit_is_no_prize():
    with pytest.raises(AssertionError):
        replace(BEAR, value=5_000_001)
