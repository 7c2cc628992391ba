"""The three ways of rounding: tables worked out by hand, and laws."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.rounding import half_up, share

WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "rounded"),
    [
        (199, 95, 100, 189),  # 189.05
        (50, 1, 100, 1),  # 0.5 goes up
        (49, 1, 100, 0),  # 0.49
        (150, 1, 100, 2),  # 1.5 goes up, not to the even 2 by chance: see the next
        (250, 1, 100, 3),  # 2.5 goes to 3; banker's rounding would say 2
        (-50, 1, 100, -1),  # away from zero, so that a refund mirrors its sale
        (-49, 1, 100, 0),
        (1149, 95, 100, 1092),  # 1091.55
        (1198, 333, 1000, 399),  # 398.934: 333 g at 11.98 a kilogram
        (1, 1, 3, 0),
        (2, 1, 3, 1),
        (0, 7, 9, 0),
        (10**12, 10**9, 1000, 10**18),  # past 2**53: a float would be wrong
    ],
)
def test_halves_go_away_from_zero(amount, numerator, denominator, rounded):
    assert half_up(amount, numerator, denominator) == rounded


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**6), st.integers(1, 10**6))
def test_rounding_is_within_a_half_and_halves_grow(amount, numerator, denominator):
    exact = Fraction(amount * numerator, denominator)
    off = abs(half_up(amount, numerator, denominator)) - abs(exact)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)


@given(st.integers(0, 10**15), st.integers(0, 10**6), st.integers(1, 10**6))
def test_rounding_mirrors_at_zero(amount, numerator, denominator):
    assert half_up(-amount, numerator, denominator) == -half_up(amount, numerator, denominator)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], (34, 33, 33)),  # thirds: the odd one goes to the lowest line
        (5, [0, 3, 2], (0, 3, 2)),
        (7, [0, 0], (7, 0)),  # nothing to weigh by: all on the first
        (10, [333, 333, 334], (3, 3, 4)),  # 3.33 3.33 3.34: the largest remainder is the last
        (20, [250, 1149, 0], (4, 16, 0)),  # 3.57 and 16.43: the larger remainder is the first
        (1, [1, 1], (1, 0)),
        (0, [4, 4], (0, 0)),
        (3, [], ()),
    ],
)
def test_shares_go_by_largest_remainder(total, weights, parts):
    assert share(total, weights) == parts


@given(st.integers(0, 10**12), WEIGHTS)
def test_shares_add_up_and_none_is_off_by_a_whole_unit(total, weights):
    parts = share(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(total * weight, whole)) < 1


@given(st.integers(0, 10**9), WEIGHTS.filter(any))
def test_what_has_no_weight_gets_no_share(total, weights):
    for part, weight in zip(share(total, weights), weights, strict=True):
        assert weight or not part
