"""Rules of a rules file at a running till: in the price, on the receipt and in the ledger."""

import re

import pytest

from terminal.app.clock import shop_time, wall_ms
from tests.kit.rules import with_rules
from tests.kit.till import COLA, WATER, TillProcess

RULES = """
version = 7

[[groups]]
id = "set"

[[groups]]
id = "full"

[[promotions]]
id = "second-half"
kind = "nth"
name = "第二件半价"
group = "set"
percents = [100, 50]
on.categories = ["drink"]

[[promotions]]
id = "full-10"
kind = "threshold"
name = "满十减一"
group = "full"
steps = [{ start = 1000, amount = 100 }]
"""
LIMITED = """
[[promotions]]
id = "once"
kind = "percent"
name = "每人一次半价"
group = "set"
percent = 50
limit.per_member = 1
"""


@pytest.fixture
def till(tmp_path):
    return with_rules(TillProcess(tmp_path), RULES)


def sold(till, *codes):
    done = till.api.sell(*codes)
    return done, till.api.json("GET", f"/ledger/{done['seq']}")


def test_a_basket_is_priced_by_the_rules_and_the_ledger_names_them(till):
    with till:
        till.api.sign_in()
        # Two colas of 3.50, the second at half price: 3.50 + 1.75.
        done, entry = sold(till, COLA, COLA)

        assert done["total"] == 525
        assert entry["versions"]["rules"] == "7"
        [line] = entry["body"]["bill"]["lines"]
        assert [(each["rule"], each["amount"]) for each in line["discounts"]] == [
            ("second-half", 175)
        ]
        text = till.api.get(f"/receipts/{done['receipt']}.txt").text
        assert "第二件半价" in text

        # Four colas: 3.50 + 1.75 twice are 10.50, and ten yuan take one off: 9.50.
        done, _ = sold(till, COLA, COLA, COLA, COLA)
        assert done["total"] == 950
        till.assert_whole()


def test_faulty_rules_leave_the_last_good_ones_in_force_and_the_page_says_so(till):
    with till:
        till.api.sign_in()
        (till.folder / "rules.toml").write_text(RULES.replace("percents", "percent"))

        till.restart()

        till.api.sign_in()
        assert till.state()["shop_faults"] >= 1
        assert "rules.toml:" in till.log
        assert sold(till, COLA, COLA)[0]["total"] == 525


def test_a_rule_once_for_a_member_is_given_once_also_after_a_restart_and_a_rebuild(till):
    (till.folder / "rules.toml").write_text(RULES + LIMITED)
    with till:
        till.api.sign_in()
        asked = {"lines": [{"code": WATER}], "member": {"phone": "13800000001"}}
        stranger = till.api.json("POST", "/quote", {"lines": asked["lines"]})["quote"]
        first = till.api.json("POST", "/quote", asked)["quote"]
        pay = {"tenders": [{"type": "cash", "amount": 1000}]}

        bought = till.api.json("POST", "/sales", {**asked, **pay})
        entry = till.api.json("GET", f"/ledger/{bought['seq']}")
        again = till.api.json("POST", "/quote", asked)["quote"]
        till.restart()
        till.api.sign_in()
        still = till.api.json("POST", "/quote", asked)["quote"]

        assert stranger["total"] == 200
        assert first["total"] < again["total"] == still["total"]
        assert first["total"] == bought["total"]
        assert entry["body"]["bill"]["drawn"]["uses"] == [["once", 1]]
        assert dict(entry["facts"])["used"] == ""
        till.assert_whole()


def test_a_rule_of_other_days_does_not_hold_and_the_entry_says_what_was_asked(till):
    on = 'on.categories = ["drink"]'
    never = RULES.replace(on, f'{on}\nwhen.since = "2001-01-01"\nwhen.until = "2001-01-02"')
    (till.folder / "rules.toml").write_text(never)
    with till:
        till.api.sign_in()

        done, entry = sold(till, COLA, COLA)

        assert done["total"] == 700
        assert "date" in dict(entry["facts"])


def test_a_birthday_is_worked_out_for_whoever_buys(till):
    on = 'on.categories = ["drink"]'
    (till.folder / "rules.toml").write_text(RULES.replace(on, f'{on}\nwhen.birthday = "day"'))
    today = shop_time("Asia/Shanghai", "04:00").business_date(wall_ms())
    birthday = f"{today // 100 % 100:02d}-{today % 100:02d}"
    shop = till.shop.read_text()
    born = re.search(r'id = "(\d+)"\n(?:[^\[]*\n)*?birthday = "(\S+)"', shop)
    till.shop.write_text(shop.replace(f'birthday = "{born[2]}"', f'birthday = "{birthday}"', 1))
    with till:
        till.api.sign_in()
        asked = {"lines": [{"code": COLA, "quantity": 2000}]}

        stranger = till.api.json("POST", "/quote", asked)["quote"]
        member = till.api.json("POST", "/quote", {**asked, "member": {"member": born[1]}})["quote"]

        assert stranger["total"] == 700
        given = [each["rule"] for each in member["lines"][0]["discounts"]]
        assert given[-1] == "second-half"
