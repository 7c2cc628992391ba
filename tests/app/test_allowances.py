"""Value over a real head office and a real broker: granted at the tap, spent once, closed, handed on."""

import time
from contextlib import closing, contextmanager
from pathlib import Path

from tests.app.test_from_hq import FedTill, has_data
from tests.kit.broker import Broker
from tests.kit.till import SUPERVISOR, HqProcess, TillProcess
from tests.kit.waiting import until

MEMBER = "100001"
"""200.00 and 20.00 of bonus at the opening of the books."""
HELD = 22_000


@contextmanager
def two_tills(folder: Path):
    with (
        Broker(folder) as broker,
        HqProcess(folder / "hq", broker.port) as hq,
        FedTill(folder / "one", broker.port) as one,
        FedTill(folder / "two", broker.port, "S01-T2") as two,
    ):
        for till in (one, two):
            has_data(till)
            till.api.sign_in(SUPERVISOR)
        yield broker, hq, one, two


def tapped(till: TillProcess, amount: int = 0) -> dict:
    """Say who buys, and return their part of the state once ``amount`` may be spent here."""
    till.api.json("POST", "/sale/member", {"member": MEMBER})
    state = till.until(
        lambda now: now["sale"]["member"]["spendable"]["amount"] >= amount, "a grant"
    )
    member: dict = state["sale"]["member"]
    return member


def gone(till: TillProcess) -> None:
    """The member leaves; what was set aside for them is closed and acknowledged."""
    till.api.json("POST", "/sale/void")
    closed_there(till)


def closed_there(till: TillProcess) -> None:
    """Wait until the till has closed its allowances and the head office knows it."""
    until(lambda: not till_open(till), "allowances closed")
    till.until(lambda now: now["sync"]["pending"] == 0, "acknowledged")


def till_open(till: TillProcess) -> list[str]:
    with closing(till.ledger()) as reader:
        rows = reader._run("SELECT id FROM allowance WHERE NOT closed").fetchall()
    return [row[0] for row in rows]


def test_two_tills_cannot_spend_the_same_value_and_what_is_left_is_handed_on(
    tmp_path: Path,
) -> None:
    with two_tills(tmp_path) as (broker, _, one, two):
        assert tapped(one, HELD)["spendable"]["why"] == "all"
        two.api.json("POST", "/sale/member", {"member": MEMBER})
        line = {"name": "x", "unit_price": HELD}
        for till in (one, two):
            till.api.json("POST", "/sale/lines", line)
        missing = two.state()["sale"]["quote"]["total"]
        said = two.api.call("POST", "/sale/tenders", {"type": "stored_value", "amount": missing})
        assert said.json()["refused"] in {"value-ask-again", "value-used-up"}
        assert "0.00" in said.json()["message"]

        half = missing // 2
        one.api.json("POST", "/sale/tenders", {"type": "stored_value", "amount": half})
        one.api.json("POST", "/sale/tenders", {"type": "cash", "amount": missing - half})
        closed_there(one)
        two.api.json("POST", "/sale/void")
        assert tapped(two, HELD - half)["spendable"]["amount"] == HELD - half

        broker.stop()
        two.until(lambda now: not now["sync"]["connected"], "cut off")
        two.api.json("POST", "/sale/lines", {"name": "x", "unit_price": 500})
        due = two.state()["sale"]["quote"]["total"]
        two.api.json("POST", "/sale/tenders", {"type": "stored_value", "amount": due})
        tapped(one)
        one.api.json("POST", "/sale/lines", {"name": "x", "unit_price": 500})
        refused = one.api.refused("POST", "/sale/tenders", {"type": "stored_value", "amount": due})
        assert refused == "value-used-up"


def test_what_is_topped_up_may_be_spent_here_at_once_and_elsewhere_later(tmp_path: Path) -> None:
    with two_tills(tmp_path) as (_, hq, one, two):
        paid = one.api.json("POST", f"/members/{MEMBER}/topups", {"amount": 10_000})
        assert paid["bonus"] == 500
        tapped(one, HELD + 10_500)
        gone(one)
        tapped(two, HELD + 10_500)
        balances = hq.balances()
        assert balances["member:100001", "principal"] == -10_000
        gone(two)
        settings, out = ("--config", str(hq.settings)), str(tmp_path / "office.db")
        why = ("--amount", "500", "--reason", "sorry")
        for words in (("adjust", MEMBER, *why), ("lapse",), ("exposure",), ("export", out)):
            done = one.tallypoint("hq", "value", *words, *settings)
            assert done.returncode == 0, done.stderr
        verified = one.tallypoint("ledger", "verify", "--ledger", out)
        assert (verified.returncode, "1 records, whole" in verified.stdout) == (0, True)
        until(lambda: hq.balances()["member:100001", "principal"] == -10_500, "adjusted")


def test_a_grant_comes_in_one_round_trip(tmp_path: Path) -> None:
    with two_tills(tmp_path) as (_, _, one, _):
        took = []
        for _ in range(5):
            start = time.monotonic()
            tapped(one, HELD)
            took.append(time.monotonic() - start)
            gone(one)
        print("a tap until its allowance is in the ledger and on the page, ms:",
              sorted(round(each * 1000) for each in took))  # fmt: skip
        until(lambda: not till_open(one), "closed")


def test_what_was_granted_ahead_is_spent_while_the_till_is_cut_off(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        hq = HqProcess(tmp_path / "hq", broker.port)
        settings = hq.settings.read_text(encoding="utf-8")
        ahead = '[[hq.ahead]]\ntier = "gold"\nmost = 5000\n'
        hq.settings.write_text(f"{settings}\n{ahead}", encoding="utf-8")
        with hq, FedTill(tmp_path / "one", broker.port) as till:
            has_data(till)
            till.api.sign_in(SUPERVISOR)
            till.api.json("POST", "/sale/member", {"member": MEMBER})
            till.api.json("POST", "/sale/lines", {"name": "x", "unit_price": 100})
            till.api.pay()
            closed_there(till)
            till.restart()
            until(lambda: till_open(till), "granted ahead")
            exposed = {row["unit"]: row["amount"] for row in hq.get("/exposure")["rows"]}
            assert sum(exposed.values()) == 5_000
            broker.stop()
            till.api.sign_in(SUPERVISOR)
            till.until(lambda now: not now["sync"]["connected"], "cut off")
            assert tapped(till, 1)["spendable"]["amount"] == 5_000
            till.api.json("POST", "/sale/lines", {"name": "x", "unit_price": 10_000})
            value = {"type": "stored_value", "amount": 5_001}
            assert till.api.refused("POST", "/sale/tenders", value) == "value-used-up"
            till.api.json("POST", "/sale/tenders", value | {"amount": 5_000})
