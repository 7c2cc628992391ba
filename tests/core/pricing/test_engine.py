"""What a quote tells beside its total, and how the search keeps its bounds."""

from terminal.core.pricing import combine
from terminal.core.pricing.facts import Facts
from terminal.core.pricing.index import compiled
from terminal.core.pricing.promotions import RoundDown
from terminal.core.pricing.quote import price
from terminal.core.pricing.rules import RuleBook
from tests.core.pricing.shop import WANG, book_of, core_lines, lines_of, of, only, quote, rule
from tests.kit import goods

BASKET = [("衬衫", 1), ("茶叶", 2), ("面包", 3), ("牛奶", 4), ("袜子", 2)]


def test_only_facts_that_were_read_come_back_with_the_quote():
    happy = rule(
        "h", "percent", "item", percent=90, when={"hours": ["18:00-20:00"], "stores": ["S02"]}
    )
    world = Facts(store="S01", minute=1100, weekday=3, tags=frozenset({"VIP"}))
    assert quote(lines_of(BASKET), [happy], facts=world).facts == (
        ("tier", "gold"), ("minute", "1100"), ("store", "S01")
    )  # fmt: skip
    # The hour did not hold, so nobody asked for the store.
    late = Facts(store="S01", minute=1300)
    assert quote(lines_of(BASKET), [happy], facts=late).facts == (
        ("tier", "gold"),
        ("minute", "1300"),
    )


def test_a_rule_for_other_goods_reads_nothing():
    wine = rule("w", "percent", "item", percent=90, on=of("wine"), when={"stores": ["S02"]})
    assert quote(lines_of(BASKET), [wine]).facts == (("tier", "gold"),)


def test_every_reason_names_rule_version_and_name_in_the_order_of_acting():
    half = rule(
        "half", "nth", "set", percents=[100, 50], on=only("牛奶"), name="第二件半价", version=3
    )
    tier = rule("gold", "percent", "tier", percent=95, name="金卡九五折")
    line = quote(lines_of([("牛奶", 2)]), [tier, half], round_to=10).lines[0]
    assert [(d.rule, d.version, d.why, d.amount, d.percent) for d in line.discounts] == [
        ("half", "3", "第二件半价", 300, 0),
        ("gold", "1", "金卡九五折", 45, 95),
        ("抹零", "1", "抹零", 5, 0),
    ]


def test_rounding_has_its_own_sum_and_is_no_discount():
    found = quote(lines_of([("面包", 1), ("牛奶", 1)]), [], round_to=100)
    assert (found.gross, found.discount, found.rounding, found.total) == (1749, 0, 49, 1700)
    assert [line.net for line in found.lines] == [1117, 583]


def test_rounding_for_cash_only_asks_how_the_sale_is_paid():
    lines = core_lines(lines_of([("面包", 1)]))
    book = book_of([], round_to=10, cash_only=True)
    assert price(lines, WANG, book).total == 1149
    cash = price(lines, WANG, book, Facts(tender="cash"))
    assert (cash.total, cash.facts) == (1140, (("tier", "gold"), ("tender", "cash")))


def test_points_that_a_chosen_rule_costs_are_told():
    points = rule(
        "pts",
        "points-price",
        "points",
        points=100,
        price=100,
        on=only("肥皂"),
        when={"chosen": True},
    )
    found = quote(lines_of([("肥皂", 3)]), [points], facts=Facts(chosen=frozenset({"pts"})))
    assert (found.total, found.costs) == (300, (("pts", 300),))
    assert ("points", "500") in found.facts


def test_a_plain_book_costs_the_same_the_short_way_and_the_long():
    lines = core_lines(lines_of(BASKET))
    plain = goods.RULES
    long_way = RuleBook(
        plain.version, plain.catalogue, plain.price_rules, plain.earn,
        round_down=RoundDown("r", "1", "r", 10, cash_only=True),
    )  # fmt: skip
    short, full = price(lines, WANG, plain), price(lines, WANG, long_way)
    assert (short.lines, short.total, short.earned) == (full.lines, full.total, full.earned)


SETS = of("dairy", "bakery", "tea")


def test_past_its_bound_the_search_keeps_what_letting_in_everything_costs(monkeypatch):
    rules = [
        rule(f"s{n:02d}", "set-price", "set", count=2 + n % 3, price=300 + 170 * n, on=SETS)
        for n in range(9)
    ] + [
        rule(f"f{n:02d}", "threshold", "full", steps=[{"start": 3000 + 900 * n, "amount": 400 + 130 * n}],
             on=of("dairy", "bakery", "clothes") if n % 2 else {})
        for n in range(8)
    ]  # fmt: skip
    whole = quote(lines_of(BASKET), rules).total
    turned = quote(lines_of(BASKET[::-1]), rules[::-1]).total
    monkeypatch.setattr(combine, "doubts", lambda *_: None)
    assert whole == turned
    assert whole <= quote(lines_of(BASKET), rules).total


def test_rules_for_other_goods_are_not_looked_at():
    near = [rule("n", "percent", "item", percent=90, on=only("面包"))]
    far = [
        rule(f"x{n}", "percent", "item", percent=50, on={"products": [f"X{n}"]})
        for n in range(2000)
    ]
    book = book_of(near + far)
    price(core_lines(lines_of(BASKET)), WANG, book)
    looked_at = {
        found.promotion.id for rules in compiled(book).articles.values() for found, _ in rules
    }
    assert looked_at == {"n"}
