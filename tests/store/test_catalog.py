from pathlib import Path

import pytest

import config
from terminal.core.pricing.basket import Goods
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook
from terminal.store.catalog import Catalog, CatalogTables, GoodsRow, OperatorRow, build_catalog
from terminal.store.members import Members
from terminal.store.shopfile import load_shop_file
from terminal.store.swap import MasterDataError

EXAMPLE = Path(config.__file__).parent / "examples" / "shop.toml"
YOGURT = Goods("1001", "手工酸奶", 1250, "dairy", earns=True, tax_basis_points=1300)
CHEESE = Goods("1002", "奶酪", 9900, "dairy", earns=False, unit="kg", cost=5000)
RULES = RuleBook(
    "7",
    "12",
    (
        PercentRule("b", "2", "乳品九折", "category", 3, 90, frozenset(), frozenset({"dairy"})),
        PercentRule("a", "1", "会员价", "tier", 0, 95, frozenset({"gold"}), frozenset()),
    ),
    EarnRule("e", "1", "每元一分", 100, 1, 5000, (("gold", 150), ("plain", 100))),
)
CASHIER = OperatorRow("1001", "小王", "cashier", None, "4711")
TABLES = CatalogTables(
    (("dairy", "乳品"),),
    (GoodsRow(YOGURT, ("6901234567892", "69012345")), GoodsRow(CHEESE)),
    (CASHIER,),
    RULES,
)


@pytest.fixture
def catalog(tmp_path):
    build_catalog(tmp_path / "catalog.db", TABLES)
    return Catalog.open(tmp_path / "catalog.db")


def test_goods_come_back_by_code_and_by_each_bar_code(catalog):
    assert catalog.goods("1001") == YOGURT
    assert catalog.goods("6901234567892") == YOGURT
    assert catalog.goods("69012345") == YOGURT
    assert catalog.goods("1002") == CHEESE
    assert catalog.goods("4711") is None


def test_goods_are_found_by_part_of_their_name_or_begin_of_their_code(catalog):
    assert catalog.search_goods("酸") == (YOGURT,)
    assert catalog.search_goods("100", 9) == (CHEESE, YOGURT)
    assert catalog.search_goods("100", 1) == (CHEESE,)
    assert catalog.search_goods("%") == ()
    assert catalog.search_goods(" ") == ()


def test_rules_come_back_as_they_were_given(catalog):
    assert catalog.rule_book() == RULES


def test_operators_and_categories_come_back(catalog):
    assert catalog.operator("1001") == CASHIER
    assert catalog.operator("1") is None
    assert catalog.operators() == (CASHIER,)
    assert catalog.categories() == {"dairy": "乳品"}


def test_a_bar_code_of_two_goods_is_refused_and_the_old_file_stays(tmp_path, catalog):
    twice = CatalogTables((), (GoodsRow(YOGURT, ("1",)), GoodsRow(CHEESE, ("1",))), (), RULES)
    with pytest.raises(MasterDataError):
        build_catalog(tmp_path / "catalog.db", twice)
    assert Catalog.open(tmp_path / "catalog.db").goods("1001") == YOGURT


def test_the_example_shop_fills_both_databases_once(tmp_path):
    assert load_shop_file(EXAMPLE, tmp_path)
    assert not load_shop_file(EXAMPLE, tmp_path)

    catalog = Catalog.open(tmp_path / "catalog.db")
    rules = catalog.rule_book()
    assert rules.earn is not None
    assert {rule.group for rule in rules.price_rules} == {"tier", "category"}
    assert catalog.operator("1001").role == "cashier"
    assert catalog.operator("9001").role == "supervisor"
    found = Members.open(tmp_path / "members.db", lambda _: {}).by_account("100001")
    assert found is not None
    assert found.tier_name


def test_a_changed_shop_file_is_read_again(tmp_path):
    source = tmp_path / "shop.toml"
    source.write_bytes(EXAMPLE.read_bytes())
    load_shop_file(source, tmp_path)
    source.write_bytes(EXAMPLE.read_bytes() + b"\n# changed\n")
    assert load_shop_file(source, tmp_path)


def test_a_shop_file_that_is_missing_is_a_clear_error(tmp_path):
    with pytest.raises(MasterDataError, match="No such file"):
        load_shop_file(tmp_path / "none.toml", tmp_path)
