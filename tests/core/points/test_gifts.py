"""积分兑换: gifts with stock, points plus money, limits."""

from dataclasses import replace

import pytest

from terminal.core.points.conditions import ALL_MEMBERS, ALWAYS, When, Whom
from terminal.core.points.gifts import Exchange, Gift, What, exchange
from terminal.core.points.refused import Reason
from tests.core.points.shop import AT_3PM, STRANGER, names

# 800 points and 9.90 yuan, two for a member.
UMBRELLA = Gift(
    "umbrella", "1", "雨伞", What.GOODS, "6901", 0, 800, 990, True, 2, ALL_MEMBERS, ALWAYS
)
COUPON = replace(
    UMBRELLA, id="c10", name="十元券", what=What.COUPON, grants="c10", money=0, stocked=False
)


def test_points_plus_money():
    # 2 * 800 points and 2 * 9.90 yuan, two from the stock
    assert exchange(UMBRELLA, 2, AT_3PM, 1600, (2, 0)) == Exchange(UMBRELLA, 2, 1600, 1980, 2)


def test_a_coupon_has_no_stock_and_costs_points_only():
    assert exchange(COUPON, 1, AT_3PM, 800, (0, 0)) == Exchange(COUPON, 1, 800, 0, 0)


@pytest.mark.parametrize(
    ("gift", "pieces", "occasion", "available", "standing", "reason"),
    [
        (UMBRELLA, 0, AT_3PM, 9999, (9, 0), Reason.AMOUNT_RANGE),
        (UMBRELLA, 1001, AT_3PM, 9999, (9, 0), Reason.AMOUNT_RANGE),
        (UMBRELLA, 1, STRANGER, 9999, (9, 0), Reason.NOT_FOR_MEMBER),
        (replace(UMBRELLA, whom=Whom(tiers=names("silver"))), 1, AT_3PM, 9999, (9, 0), Reason.NOT_FOR_MEMBER),
        (replace(UMBRELLA, when=When(last=20261120)), 1, AT_3PM, 9999, (9, 0), Reason.NOT_IN_FORCE),
        (UMBRELLA, 2, AT_3PM, 9999, (1, 0), Reason.OUT_OF_STOCK),
        (UMBRELLA, 2, AT_3PM, 9999, (9, 1), Reason.MEMBER_LIMIT),
        (UMBRELLA, 1, AT_3PM, 799, (9, 0), Reason.NOT_ENOUGH),
        (UMBRELLA, 1, AT_3PM, -5, (9, 0), Reason.NOT_ENOUGH),
    ],
)  # fmt: skip
def test_why_a_gift_cannot_be_had(gift, pieces, occasion, available, standing, reason):
    assert exchange(gift, pieces, occasion, available, standing).reason is reason
