"""Stored value at a real till that is its own authority: topped up, paid with, refused in words, kept."""

from pathlib import Path

import pytest

from terminal.core import accounts
from terminal.store.reader import Reader
from terminal.store.rebuild import rebuild
from terminal.store.verify import verify
from tests.kit.till import SOAP, SUPERVISOR, TillProcess

MEMBER = "100001"


def member(till: TillProcess) -> dict:
    return till.state()["sale"]["member"]


def test_a_member_tops_up_and_pays_from_the_account(tmp_path: Path) -> None:
    with TillProcess(tmp_path) as till:
        api = till.api
        api.sign_in(SUPERVISOR)
        before = api.json("GET", f"/members?q={MEMBER}")["members"][0]
        paid = api.json("POST", f"/members/{MEMBER}/topups", {"amount": 50_000})
        assert (paid["principal"], paid["bonus"]) == (50_000, 5_000)
        assert paid["stored"] == before["stored"] + 50_000
        text = api.get(f"/receipts/{paid['receipt']}.txt").text
        assert "Top-up" in text
        assert "+50.00" in text

        api.json("POST", "/sale/member", {"member": MEMBER})
        api.json("POST", "/sale/lines", {"code": SOAP})
        total = till.state()["sale"]["quote"]["total"]
        held = before["stored"] + before["bonus"] + 55_000
        assert member(till)["spendable"]["amount"] == held
        refused = api.call("POST", "/sale/tenders", {"type": "stored_value", "amount": total + 1})
        assert refused.json()["refused"] == "overpaid"
        api.json("POST", "/sale/tenders", {"type": "stored_value", "amount": 1_000})
        till.restart()
        assert till.state()["sale"]["state"] == "open", "what value may be spent is asked anew"
        api.sign_in(SUPERVISOR)
        api.json("POST", "/sale/tenders", {"type": "stored_value", "amount": 1_000})
        done = api.json("POST", "/sale/tenders", {"type": "stored_value", "amount": total - 1_000})
        entry = api.json("GET", f"/ledger/{done['seq']}")
        assert (
            sum(part["amount"] for each in entry["body"]["tenders"] for part in each["spent"])
            == total
        )
        receipt = api.get(f"/receipts/{done['receipt']}.txt").text
        assert "Stored value now" in receipt
        after = api.json("GET", f"/members?q={MEMBER}")["members"][0]
        assert after["stored"] + after["bonus"] == held - total
    ledger = tmp_path / "till" / "ledger.db"
    assert verify(ledger).faults == ()
    rows = Reader.open(ledger).holdings(accounts.member(MEMBER))
    rebuild(ledger)
    assert Reader.open(ledger).holdings(accounts.member(MEMBER)) == rows
    assert verify(ledger).faults == ()


@pytest.mark.parametrize("amount", [499_000])
def test_more_than_the_law_allows_is_refused_with_the_rule(tmp_path: Path, amount: int) -> None:
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        answer = till.api.call("POST", f"/members/{MEMBER}/topups", {"amount": amount})
        assert answer.status_code == 409
        assert answer.json()["refused"] == "topup-named"
        assert "5000.00" in answer.json()["message"]
        key = till.program()
        sale = {"lines": [{"code": SOAP}], "tenders": [{"type": "stored_value", "amount": 3990}]}
        assert key.call("POST", "/sales", sale).json()["refused"] == "value-no-member"
        far = {"lines": [{"name": "x", "unit_price": 9_000_000}], "member": {"member": MEMBER},
               "tenders": [{"type": "stored_value", "amount": 5_000_000}]}  # fmt: skip
        answer = key.call("POST", "/sales", far).json()
        assert answer["refused"] == "value-short"
