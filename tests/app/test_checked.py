"""Sales of a real till under rules of several times come out equal when worked out again."""

from tests.app.test_from_hq import change, has_data, price_of, shop
from tests.app.test_rollout import text
from tests.kit.hq import api_of
from tests.kit.till import COLA, WATER
from tests.kit.waiting import until

MEMBER = {"member": {"phone": "13800000001"}}
PAID = {"tenders": [{"type": "cash", "amount": 10_000}]}


def test_the_head_office_comes_to_the_same_under_each_version_of_catalogue_and_rules(tmp_path):
    with shop(tmp_path) as (_, hq, till), api_of(hq) as office:
        has_data(till)
        till.api.sign_in()

        def sell():
            return till.api.json("POST", "/sales", {"lines": [{"code": COLA}], **MEMBER, **PAID})

        def checks():
            return office.get("/api/v1/checks").json()

        first = sell()
        change(hq, r"percent = 95", "percent = 80")  # What gold pays.
        until(lambda: till.api.json("POST", "/quote", {"lines": [{"code": COLA}], **MEMBER})[
            "quote"]["total"] < first["total"], "the new tier price")  # fmt: skip
        second = sell()
        code = till.api.json("POST", "/quote", {"lines": [{"code": WATER}]})["quote"]["lines"][0]
        office.post("/api/v1/rules/upload", json={"text": text(11, 50, code["code"])})
        office.post("/api/v1/rules/11/roll-out", json={"store": "S01"})
        until(lambda: price_of(till, WATER) == 100, "version 11 in force")
        third = till.api.sell(WATER)

        until(
            lambda: checks()["equal"] + checks()["unknown"] + checks()["different"] == 3, "checked"
        )
        found = checks()
        assert (found["equal"], found["different"], found["unknown"]) == (3, 0, 0), found
        assert first["total"] > second["total"]
        for each in (first, second, third):
            said = till.api.json("GET", f"/ledger/{each['seq']}/explain")
            assert said["verdict"] == "equal", said
