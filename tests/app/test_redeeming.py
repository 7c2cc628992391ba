"""Coupons, chosen rules and rounding for cash at a running till, from the counter to the ledger and back."""

import pytest

from sync.protocol.keys import SecretKey
from terminal.app.coupons import signed
from terminal.core.pricing.coupons import Coupon, parse
from terminal.core.receipts.coupon import coupon_slip
from terminal.core.receipts.sale import Head
from terminal.core.receipts.words import ENGLISH
from terminal.core.slip import QrCode
from tests.kit.rules import with_rules
from tests.kit.till import CASHIER, COLA, SUPERVISOR, WATER, TillProcess

RULES = """
version = 9

[[groups]]
id = "coupon"

[round_down]
name = "抹零"
unit = 100

[[promotions]]
id = "spring"
kind = "threshold"
name = "春季券"
group = "coupon"
when.coupon = "SPRING"
steps = [{ start = 500, amount = 100 }]

[[promotions]]
id = "wanted"
kind = "percent"
name = "自选半价"
group = "coupon"
percent = 50
when.chosen = true
on.categories = ["drink"]

[[promotions]]
id = "swap"
kind = "points-price"
name = "积分换购"
group = "coupon"
points = 100
when.chosen = true
"""
OTHER = SecretKey.of_seed(bytes([7]) * 32)
PHONE = {"phone": "13800000001"}


@pytest.fixture
def till(tmp_path):
    made = with_rules(TillProcess(tmp_path), RULES)
    (tmp_path / "coupon.pem").write_bytes(SecretKey.of_seed(bytes([5]) * 32).pem())
    (tmp_path / "issuers").mkdir()
    (tmp_path / "issuers" / "chain.pub").write_bytes(OTHER.public.pem())
    made.tables.append(("[coupons]", {"issuers": "issuers", "issuer": "shop", "key": "coupon.pem"}))
    made.write_settings()
    with made as running:
        running.api.sign_in(SUPERVISOR)
        yield running


def issued(till, **more) -> str:
    body = {"campaign": "SPRING", "until": 20991231, **more}
    [code] = till.api.json("POST", "/coupons", body)["codes"]
    return code


def test_a_coupon_takes_something_off_once_and_is_refused_for_ever_after(till):
    code = issued(till)
    till.api.add(COLA)

    till.api.ok("POST", "/sale/coupons", {"code": code})
    small = till.state()["sale"]
    till.api.add(COLA)  # 7.00: five yuan take one off.
    full = till.state()["sale"]
    again = till.api.refused("POST", "/sale/coupons", {"code": code})
    till.api.pay(10000)
    entry = till.api.json("GET", f"/ledger/{till.records()[-1][0]}")

    assert (small["coupons"][0]["used"], full["coupons"][0]["used"]) == (False, True)
    assert (small["quote"]["total"], full["quote"]["total"]) == (350, 600)
    assert again == "coupon-here"
    assert entry["body"]["bill"]["drawn"]["coupons"] == [full["coupons"][0]["id"]]
    again_equal = till.api.json("GET", f"/ledger/{till.records()[-1][0]}/explain")
    assert again_equal == {"verdict": "equal", "why": "", "differences": []}
    assert dict(entry["facts"])["coupons"] == "SPRING"
    assert till.api.refused("POST", "/sale/scan", {"text": code}) == "coupon-used"
    till.restart()
    till.api.sign_in(SUPERVISOR)
    assert till.api.refused("POST", "/sale/scan", {"text": code}) == "coupon-used"
    till.assert_whole()


def test_a_coupon_that_took_nothing_off_is_not_used(till):
    code = issued(till)
    lines = {"lines": [{"code": WATER}], "coupons": [code]}

    done = till.api.json("POST", "/sales", {**lines, "tenders": [{"type": "cash", "amount": 500}]})
    entry = till.api.json("GET", f"/ledger/{done['seq']}")

    assert entry["body"]["bill"]["drawn"]["coupons"] == []
    till.api.ok("POST", "/sale/coupons", {"code": code})


def test_each_coupon_that_is_not_good_is_refused_with_its_own_reason(till):
    def at(coupon: Coupon, key: SecretKey) -> str:
        return till.api.refused("POST", "/sale/coupons", {"code": signed(coupon, key)})

    good = Coupon("chain", "SPRING", "ABCDEF", 20991231, "")
    assert at(Coupon("shop", "SPRING", "ABCDEF", 20991231, ""), OTHER) == "coupon-forged"
    assert at(Coupon("nobody", "SPRING", "ABCDEF", 20991231, ""), OTHER) == "coupon-foreign"
    assert at(Coupon("chain", "SPRING", "ABCDEF", 20200101, ""), OTHER) == "coupon-expired"
    assert at(Coupon("chain", "SPRING", "ABCDEF", 20991231, "100001"), OTHER) == "coupon-foreign"
    assert at(Coupon("chain", "WINTER", "ABCDEF", 20991231, ""), OTHER) == "coupon-no-rule"
    elsewhere = Coupon("chain", "SPRING", "ABCDEF", 20991231, "", "S09-T9")
    assert at(elsewhere, OTHER) == "coupon-elsewhere"
    till.api.ok("POST", "/sale/coupons", {"code": signed(good, OTHER)})
    one_more = Coupon("chain", "SPRING", "ABCDEG", 20991231, "")
    assert at(one_more, OTHER) == "coupon-one"
    held_id = till.state()["sale"]["coupons"][0]["id"]
    till.api.ok("DELETE", f"/sale/coupons/{held_id}")
    assert till.state()["sale"]["coupons"] == []


def test_a_coupon_lies_in_one_basket_and_a_tender_of_its_code_is_the_same(till):
    code = issued(till)
    till.api.add(COLA, COLA)
    till.api.ok("POST", "/sale/tenders", {"type": "coupon", "amount": 0, "reference": code})
    held = till.state()["sale"]
    till.api.ok("POST", "/sale/hold")

    assert held["quote"]["discount"] == 100
    assert till.api.refused("POST", "/sale/coupons", {"code": code}) == "coupon-here"
    pay = {"tenders": [{"type": "cash", "amount": 1000}], "coupons": [code]}
    assert till.api.refused("POST", "/sales", {"lines": [{"code": COLA}], **pay}) == "coupon-here"
    till.api.ok("POST", "/sale/resume")
    assert till.state()["sale"]["coupons"] == held["coupons"]


def test_a_rule_holds_when_chosen_and_cash_that_covers_all_is_rounded(till):
    till.api.add(COLA)
    before = till.state()["sale"]

    till.api.ok("POST", "/sale/choices", {"rule": "wanted", "chosen": True})
    with_it = till.state()["sale"]
    till.api.ok("POST", "/sale/tenders", {"type": "cash", "amount": 200})
    entry = till.api.json("GET", f"/ledger/{till.records()[-1][0]}")

    assert before["choices"] == [
        {"rule": "swap", "name": "积分换购", "chosen": False},
        {"rule": "wanted", "name": "自选半价", "chosen": False},
    ]
    assert before["cash_total"] == 300
    assert (with_it["quote"]["total"], with_it["cash_total"]) == (175, 100)
    totals = entry["body"]["bill"]["totals"]
    assert (totals["discount"], totals["rounding"], totals["total"]) == (175, 75, 100)
    assert ["house:rounding", "money", 75] in [
        [each["account"], each["unit"], each["amount"]] for each in entry["postings"]
    ]
    assert till.api.refused("POST", "/sale/choices", {"rule": "spring", "chosen": True}) in {
        "no-such-choice", "no-sale"
    }  # fmt: skip
    asked = {"lines": [{"code": COLA}]}
    assert till.api.json("POST", "/quote", asked)["quote"]["total"] == 350
    in_cash = till.api.json("POST", "/quote", {**asked, "tender": "cash", "chosen": ["wanted"]})
    assert in_cash["quote"]["total"] == 100


def test_coupons_are_printed_each_with_its_code_and_the_printed_code_is_taken(till):
    body = {"campaign": "SPRING", "until": 20991231, "count": 2, "print": True}
    codes = till.api.json("POST", "/coupons", body)["codes"]
    coupons = tuple(parse(code)[0] for code in codes)

    slip = coupon_slip(tuple(zip(coupons, codes, strict=True)), Head("店", (), ()), ENGLISH, 32)

    assert [part.data for part in slip if isinstance(part, QrCode)] == codes
    assert any("SPRING" in getattr(part, "text", "") for part in slip)
    till.api.add(COLA, COLA)
    till.api.ok("POST", "/sale/coupons", {"code": codes[0]})
    assert till.state()["sale"]["quote"]["discount"] == 100


def test_what_costs_points_takes_them_from_who_buys(till):
    held = till.api.json("GET", "/members/100001/points")["available"]
    asked = {"lines": [{"code": WATER}], "chosen": ["swap"]}
    stranger = till.api.json("POST", "/quote", asked)["quote"]
    asked["member"] = {"member": "100001"}
    done = till.api.json("POST", "/sales", {**asked, "tenders": [{"type": "cash", "amount": 0}]})
    entry = till.api.json("GET", f"/ledger/{done['seq']}")

    assert stranger["total"] == 200
    assert (done["total"], entry["body"]["bill"]["drawn"]["costs"]) == (0, [["swap", 100]])
    assert (
        till.api.json("GET", "/members/100001/points")["available"] == held - 100 + done["earned"]
    )
    assert "-100" in till.api.get(f"/receipts/{done['receipt']}.txt").text
    till.assert_whole()


def test_only_a_supervisor_issues_and_asking_twice_gives_the_same_codes(till):
    body = {"campaign": "SPRING", "until": 20991231, "count": 2, "id": "issue-1"}
    first = till.api.json("POST", "/coupons", body)

    assert till.api.json("POST", "/coupons", body) == first
    assert len(first["codes"]) == 2
    till.api.sign_in(CASHIER)
    assert till.api.refused("POST", "/coupons", {**body, "id": "issue-2"}) == "supervisor-only"
