"""Points: one floor for a sale, shares that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.points.earn import earn
from terminal.core.pricing.rules import EarnRule
from tests.kit.goods import ONE_PER_YUAN

PAID = st.lists(st.integers(0, 10**7), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("paid", "tier", "points", "shares"),
    [
        ([99], "plain", 0, ()),  # 0.99 point
        ([100], "plain", 1, (1,)),
        ([99, 99], "plain", 1, (1, 0)),  # 1.98: floored once for the sale, not 0 + 0
        ([250, 1149, 0], "gold", 20, (4, 16, 0)),  # 13.99 * 1.5 = 20.985
        ([66, 66, 66], "gold", 2, (1, 1, 0)),  # 1.98 * 1.5 = 2.97: factor first, then the floor
        ([10**9], "plain", 5000, (5000,)),  # the rule's own limit
        ([], "gold", 0, ()),
        ([5000], "", 0, ()),  # somebody who is no member
    ],
)
def test_points_by_hand(paid, tier, points, shares):
    earned = earn(paid, tier, ONE_PER_YUAN)
    assert earned[:2] == (points, shares)
    assert [why[2] for why in earned[2]] == ([points] if points else [])


def test_without_a_rule_nothing_is_earned():
    assert earn([5000], "gold", None) == (0, (), ())


def test_a_tier_may_earn_nothing():
    rule = EarnRule("e", "1", "n", 100, 1, 5000, (("staff", 0),))
    assert earn([5000], "staff", rule) == (0, (), ())


@given(PAID, st.sampled_from(["plain", "gold"]))
def test_shares_add_up_and_nothing_unpaid_earns(paid, tier):
    points, shares, _ = earn(paid, tier, ONE_PER_YUAN)
    assert sum(shares) == points
    for part, amount in zip(shares, paid, strict=bool(points)):
        assert amount or not part


@given(PAID, PAID)
def test_splitting_a_sale_never_earns_more(one, other):
    rule = EarnRule("e", "1", "n", 100, 1, 10**12, (("gold", 150),))
    split = earn(one, "gold", rule)[0] + earn(other, "gold", rule)[0]
    assert split <= earn([*one, *other], "gold", rule)[0]
