"""Points are spent only against what a real head office set aside for the till, over a real broker."""

from contextlib import closing

from tests.kit.broker import Broker
from tests.kit.points import with_points
from tests.kit.till import SOAP, SUPERVISOR, HqProcess, TillProcess
from tests.kit.waiting import until

MEMBER = "100001"


def granted(till: TillProcess) -> int:
    """Return how many points are set aside here."""
    with closing(till.ledger()) as reader:
        rows = reader._run(
            "SELECT sum(amount) FROM allowance_lot JOIN allowance ON id = allowance"
            " WHERE unit = 'points' AND NOT closed"
        ).fetchall()
    return rows[0][0] or 0


def test_points_pay_against_an_allowance_and_not_without(tmp_path):
    with (
        Broker(tmp_path) as broker,
        HqProcess(tmp_path / "hq", broker.port) as hq,
        with_points(TillProcess(tmp_path, broker=broker.port)) as till,
    ):
        till.api.sign_in(SUPERVISOR)
        given = {"points": 500, "reason": "开业"}
        till.api.ok("POST", f"/members/{MEMBER}/points", given)
        till.until(lambda now: now["sync"]["pending"] == 0, "acknowledged")
        held = till.api.json("GET", f"/members/{MEMBER}/points")["points"]
        till.api.ok("POST", "/sale/member", {"member": MEMBER})
        until(lambda: granted(till) == held, "all points are set aside here")
        till.api.add(SOAP)
        till.api.ok("POST", "/sale/tenders", {"type": "points", "amount": 600})
        rest = {"type": "cash", "amount": till.state()["sale"]["missing"]}
        done = till.api.json("POST", "/sale/tenders", rest)

        tenders = till.api.json("GET", f"/ledger/{done['seq']}")["body"]["tenders"]
        assert sum(part["amount"] for part in tenders[0]["spent"]) == 600
        assert not any(part["allowance"].startswith("own:") for part in tenders[0]["spent"])
        until(lambda: granted(till) == 0, "closed once the member left")
        till.until(lambda now: now["sync"]["pending"] == 0, "acknowledged")
        now = till.api.json("GET", f"/members/{MEMBER}/points")["points"]
        assert (
            hq.balances()["member:100001", "points"] == till.balances()["member:100001", "points"]
        )
        assert now == held - 600 + done["earned"]

        broker.stop()
        till.until(lambda state: not state["sync"]["connected"], "cut off")
        till.api.ok("POST", "/sale/member", {"member": MEMBER})
        till.api.add(SOAP)
        pay = {"type": "points", "amount": 100}
        assert till.api.refused("POST", "/sale/tenders", pay) == "points-no-allowance"
        gift = {"gift": "park"}
        assert till.api.refused("POST", f"/members/{MEMBER}/gifts", gift) == "points-no-allowance"
        till.assert_whole()
