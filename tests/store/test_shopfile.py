"""The shop file's rules as the core's: what is multiplied is not rounded on the way."""

import msgspec

from config.shop import ShopFile
from terminal.core.points.earn import earn
from terminal.store.shopfile import rule_book


def shop_with(points_percent: int, percent: int, amount: int) -> ShopFile:
    return msgspec.convert(
        {
            "versions": {"catalogue": 1, "rules": 1},
            "tiers": [
                {"id": "gold", "name": "金卡", "percent": 95, "points_percent": points_percent}
            ],
            "rules": [
                {"kind": "earn", "id": "e", "name": "n", "amount": amount, "percent": percent}
            ],
        },
        ShopFile,
    )


def points(paid: int, points_percent: int, percent: int, amount: int = 100) -> int:
    return earn([paid], "gold", rule_book(shop_with(points_percent, percent, amount)).earn)[0]


def test_all_factors_multiply_before_the_one_floor():
    # 200.00 yuan at one point a yuan, the rule at 105 %, gold at 150 %: 200 * 1.575 = 315.
    # Multiplying the percentages to whole ones first would make 157 % and 314 points.
    assert points(20_000, 150, 105) == 315
    # 3 points for each 4 yuan: 9.99 yuan is 7.4925.
    assert points(999, 100, 75) == 7
    assert points(20_000, 150, 100) == 300
    assert points(20_000, 150, 0) == 0


def test_a_plain_rule_reads_as_the_shop_wrote_it():
    rule = rule_book(shop_with(150, 100, 100)).earn
    assert rule is not None
    assert (rule.spend, rule.points, rule.tier_percent) == (100, 1, (("gold", 150),))
