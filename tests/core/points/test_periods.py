"""月结积分: computation over a period, by schedule and by hand."""

from dataclasses import replace

from hypothesis import given

from terminal.core.journal import Bill, Buyer, SalePosted, SaleVoided, Totals
from terminal.core.points.lots import Origin
from terminal.core.points.periods import Bought, Period, bought, compute, not_yet
from terminal.core.points.program import Mode
from terminal.core.points.rules import Basis, Kind
from terminal.core.pricing.quote import QuoteLine
from tests.core.points.shop import AT_3PM, SEEDS, STRANGER, bands, line, ruled
from tests.kit.goods import STAMP, Entry, Versions

NOVEMBER = Period(20261101, 20261130)


def sale(seq, *paid, account="100001", date=20261121, tier="gold") -> Bought:
    occasion = replace(AT_3PM, account=account, date=date, tier=tier)
    return Bought(Origin("L1", seq), occasion, tuple(line(each) for each in paid))


SALES = (
    sale(1, 1999),
    sale(2, 1999, date=20261101),
    sale(3, 99999, date=20261031),
    sale(4, 5050, account="100002"),
    replace(sale(5, 9999), occasion=STRANGER),
)


def found(results):
    return [(each.account, each.points) for each in results]


def test_each_sale_by_itself_is_rounded_down_by_itself():
    # 19.99 -> 19 twice; October and the stranger do not count
    results = compute(SALES, ruled(), NOVEMBER, Mode.PER_SALE)
    assert found(results) == [("100001", 38), ("100002", 50)]
    assert results[0].sales == ((Origin("L1", 1), 19), (Origin("L1", 2), 19))


def test_a_period_together_is_rounded_down_once():
    # 19.99 + 19.99 = 39.98 -> 39
    assert found(compute(SALES, ruled(), NOVEMBER, Mode.PER_PERIOD)) == [
        ("100001", 39),
        ("100002", 50),
    ]


def test_a_months_ladder_is_judged_on_the_month():
    # 每月满 30 送: 39.98 * 2 = 79.96 -> 79; 100002 has 50.50 -> 101
    rule = ruled(ladder=bands((3000, 100, 2), shape=ruled().ladder.shape.WHOLE))
    assert found(compute(SALES, rule, NOVEMBER, Mode.PER_PERIOD)) == [
        ("100001", 79),
        ("100002", 101),
    ]


def test_what_came_back_does_not_count():
    back = replace(sale(1), lines=(replace(line(-1000), quantity=-500),))
    # 19.99 - 10.00 = 9.99 -> 9, and 19.99 -> 19
    assert found(compute((*SALES[:2], back), ruled(), NOVEMBER, Mode.PER_SALE)) == [("100001", 28)]
    # 39.98 - 10.00 = 29.98 -> 29
    assert found(compute((*SALES[:2], back), ruled(), NOVEMBER, Mode.PER_PERIOD)) == [
        ("100001", 29)
    ]


def test_schedule_and_hand_give_once():
    results = compute(SALES, ruled(), NOVEMBER, Mode.PER_PERIOD)
    again = compute(SALES, ruled(), NOVEMBER, Mode.PER_PERIOD)
    assert results[0].key == "base/20261101-20261130/100001"
    assert not_yet(again, frozenset(each.key for each in results)) == ()
    assert not_yet(again, frozenset()) == results


def test_standing_points_and_visits_are_computed_too():
    rule = ruled(kind=Kind.STANDING, basis=Basis.SALE, ladder=bands((0, 1, 3)))
    assert [(each.kind, each.points) for each in compute(SALES, rule, NOVEMBER, Mode.PER_SALE)] == [
        (Kind.STANDING, 6), (Kind.STANDING, 3),
    ]  # fmt: skip


@given(SEEDS)
def test_the_order_of_entries_does_not_matter(rng):
    sales = [
        sale(n, rng.randrange(5000), account=rng.choice("AB"), date=20261101 + rng.randrange(30),
             tier=rng.choice(("gold", "plain")))
        for n in range(8)
    ]  # fmt: skip
    mixed = rng.sample(sales, len(sales))
    for mode in Mode:
        assert compute(sales, ruled(), NOVEMBER, mode) == compute(mixed, ruled(), NOVEMBER, mode)


def entry(body) -> Entry:
    return Entry(
        STAMP, 20261121, "S01", "S01-T1", "1001", "c1", Versions("r7", "c12"),
        (("tier", "gold"), ("minute", "900")), body, (),
    )  # fmt: skip


def test_sales_are_read_from_the_ledgers_entries():
    milk = QuoteLine(1, "6901", "牛奶", "dairy", 2000, 500, 500, 1000, 950, (), 9)
    bill = Bill("s1", Buyer("100001", "gold", "phone", 0), (milk,), Totals(1000, 50, 0, 950, 9), ())
    read = bought(Origin("L1", 3), entry(SalePosted("r1", bill, (), 0)), {"6901": "蒙牛"})
    assert read.lines == (line(950, "dairy", brand="蒙牛", product="6901", quantity=2000),)
    who = read.occasion
    assert (who.account, who.tier, who.store, who.date, who.minute) == (
        "100001",
        "gold",
        "S01",
        20261121,
        900,
    )
    assert bought(Origin("L1", 4), entry(SaleVoided(bill)), {}) is None
    nobody = entry(SalePosted("r1", replace(bill, buyer=None), (), 0))
    assert bought(Origin("L1", 5), nobody, {}) is None
