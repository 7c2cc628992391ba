"""Everything a rule may ask reaches it at a running till: of goods, the member, and sales before."""

import re

import pytest

from tests.kit.till import COLA, SUPERVISOR, TillProcess

RULES = """
version = 3
never_below_cost = true

[[groups]]
id = "one"
"""
MEMBER = {"member": {"phone": "13800000001"}}
STRANGER: dict[str, object] = {}
CASES = {
    "tag": ('when.tags = ["老师"]', 350, 167),
    "segment": ('when.segments = ["loyal"]', 350, 167),
    "card-type": ('when.card_types = ["blue"]', 350, 167),
    "price-level": ('when.levels = ["wholesale"]', 350, 167),
    "brand": ('on.brands = ["Coke"]', 175, 167),
    "another-brand": ('on.brands = ["Other"]', 350, 333),
    "first-purchase": ("when.first_purchase = true", 350, 167),
}


@pytest.fixture
def till(tmp_path):
    made = TillProcess(tmp_path)
    made.tables = [
        (head, {**table, "rules": "rules.toml"} if head == "[shop]" else table)
        for head, table in made.tables
    ]
    made.write_settings()
    shop = made.shop.read_text()
    shop = shop.replace(
        f'barcodes = ["{COLA}"]',
        f'barcodes = ["{COLA}"]\nbrand = "Coke"\nlevels = [{{ level = "wholesale", price = 200 }}]',
    )
    more = 'tags = ["老师"]\nsegments = ["loyal"]\ncard_type = "blue"\nlevel = "wholesale"\n'
    made.shop.write_text(re.sub(r'(phone = "13800000001"\n)', rf"\1{more}", shop))
    return made


def rule(what: str, percent: int = 50, name: str = "half") -> str:
    return (
        f'\n[[promotions]]\nid = "{name}"\nkind = "percent"\nname = "半价"\n'
        f'group = "one"\npercent = {percent}\n{what}\n'
    )


def total(till, who, *chosen: str) -> int:
    asked = {"lines": [{"code": COLA}], "chosen": list(chosen), **who}
    return till.api.json("POST", "/quote", asked)["quote"]["total"]


def test_a_rule_may_ask_for_it(till):
    rules = [rule(f"{what}\nwhen.chosen = true", name=name) for name, (what, *_) in CASES.items()]
    (till.folder / "rules.toml").write_text(RULES + "".join(rules))
    with till:
        till.api.sign_in()
        found = {name: (total(till, STRANGER, name), total(till, MEMBER, name)) for name in CASES}

    assert found == {name: (stranger, member) for name, (_, stranger, member) in CASES.items()}


def test_what_is_read_stands_in_the_entry_and_a_first_purchase_is_one(till):
    rules = RULES + rule("when.first_purchase = true")
    (till.folder / "rules.toml").write_text(rules)
    with till:
        till.api.sign_in()
        pay = {"tenders": [{"type": "cash", "amount": 1000}]}

        first = till.api.json("POST", "/sales", {"lines": [{"code": COLA}], **MEMBER, **pay})
        again = till.api.json("POST", "/sales", {"lines": [{"code": COLA}], **MEMBER, **pay})

        entries = [till.api.json("GET", f"/ledger/{each['seq']}") for each in (first, again)]
        assert [dict(each["facts"])["first_purchase"] for each in entries] == ["yes", "no"]
        assert [first["total"], again["total"]] == [167, 333]
        for each in (first, again):
            said = till.api.json("GET", f"/ledger/{each['seq']}/explain")
            assert said["verdict"] == "equal", said


def test_a_price_level_is_in_force_by_a_rule_and_the_least_price_and_the_cost_hold(till):
    level = (
        '\n[[promotions]]\nid = "wholesale"\nkind = "level"\nname = "批发价"\n'
        'group = "one"\nlevel = "wholesale"\nwhen.levels = ["wholesale"]\n'
    )
    (till.folder / "rules.toml").write_text(RULES + level)
    with till:
        till.api.sign_in(SUPERVISOR)
        assert (total(till, STRANGER), total(till, MEMBER)) == (350, 200)  # Below gold's 3.33.

        shop = till.shop.read_text()
        dearer = 'brand = "Coke"\ncost = 200\nprice_min = 210'
        till.shop.write_text(shop.replace('brand = "Coke"', dearer))
        (till.folder / "rules.toml").write_text(RULES + rule("", percent=10))
        till.restart()
        till.api.sign_in(SUPERVISOR)
        # Cost 2.00 and 13 % VAT: 2.26, above the least price of 2.10.
        assert total(till, STRANGER) == 226
