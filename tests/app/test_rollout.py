"""Rules that the head office rolls out come into force at a real till, are seen, and are taken back."""

from tests.app.test_from_hq import has_data, price_of, shop
from tests.kit.hq import api_of
from tests.kit.till import WATER
from tests.kit.waiting import until

RULES = """version = {version}
[[groups]]
id = "sale"
[[promotions]]
id = "off"
name = "Water week"
group = "sale"
kind = "percent"
percent = {percent}
on = {{ products = ["{code}"] }}
"""
PLAIN = 200


def text(version: int, percent: int, code: str) -> str:
    return RULES.format(version=version, percent=percent, code=code)


def test_rules_come_into_force_at_a_till_and_are_taken_back(tmp_path):
    with shop(tmp_path) as (_, hq, till), api_of(hq) as office:
        has_data(till)
        till.api.sign_in()
        assert price_of(till, WATER) == PLAIN
        code = till.api.json("POST", "/quote", {"lines": [{"code": WATER}]})["quote"]["lines"][0][
            "code"
        ]
        for version, percent in ((11, 50), (12, 25)):
            sent = {"text": text(version, percent, code), "note": "week"}
            assert office.post("/api/v1/rules/upload", json=sent).json() == {
                "version": str(version)
            }
        wrong = office.post("/api/v1/rules/upload", json={"text": text(13, 50, "no-such-goods")})
        assert wrong.status_code == 422
        assert wrong.json()["faults"][0]["line"] == 10

        assert office.post("/api/v1/rules/11/roll-out", json={"store": "S01"}).status_code == 200
        until(lambda: price_of(till, WATER) == PLAIN // 2, "version 11 in force")
        done = till.api.sell(WATER)
        assert till.api.json("GET", f"/ledger/{done['seq']}")["versions"]["rules"] == "11"

        assert office.post("/api/v1/rules/12/roll-out", json={"store": ""}).status_code == 200
        until(lambda: price_of(till, WATER) == PLAIN // 4, "version 12 in force")
        office.post("/api/v1/rollouts/2/take-back", json={})
        until(lambda: price_of(till, WATER) == PLAIN // 2, "version 11 again")

        def told() -> dict:
            return office.get("/api/v1/tills").json()["tills"][0]

        until(lambda: told()["rules"] == "11", "the fleet page says which version runs")
        till_now = told()
        assert till_now["program"].startswith("tallypoint")
        assert till_now["rules_since_ms"] > 0
        assert (till_now["paper"], till_now["clock"]) in (("ok", "alone"), ("ok", "synchronised"))
        assert till_now["disk_mb"] >= 0
        tills = office.get("/api/v1/rules").json()["tills"]
        assert tills == [{"version": "11", "tills": 1, "faulty": 0}]
        till.restart()
        till.api.sign_in()
        assert price_of(till, WATER) == PLAIN // 2  # Without a word from the head office.
        till.assert_whole()
