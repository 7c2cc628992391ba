"""Every changing call asked twice with the same id acts once: a table over the table of calls."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from terminal.counter import routes
from tests.kit.points import with_points
from tests.kit.till import CASHIER, COLA, PIN, SOAP, SUPERVISOR, WATER, TillProcess, whole_sale


@dataclass(frozen=True)
class Case:
    """A call: what must be there before it, its path and body, and another body for the same id."""

    path: str
    body: dict
    other: dict | None
    before: Callable = lambda _api: None
    posts: bool = False
    """Whether it makes a record, and so is remembered for ever."""


def basket(api) -> None:
    api.add(WATER, SOAP)


def held(api) -> None:
    basket(api)
    api.ok("POST", "/sale/hold")


def with_member(api) -> None:
    basket(api)
    api.ok("POST", "/sale/member", {"phone": "13800000001"})


def tendered(api) -> None:
    basket(api)
    api.ok("POST", "/sale/tenders", {"type": "cash", "amount": 100})


def taken(api) -> None:
    basket(api)
    part = {"type": "external", "amount": 100, "reference": "Q"}
    api.ok("POST", "/sale/tenders", part)


def sold(api) -> None:
    api.sell()


def boss(api) -> None:
    api.sign_in(SUPERVISOR)


def rich(api) -> None:
    boss(api)
    api.ok("POST", "/members/100002/points", {"points": 500, "reason": "开业"})


def given(api) -> None:
    rich(api)
    api.gift = api.json("POST", "/members/100002/gifts", {"gift": "park"})["seq"]


def row(points: int) -> dict:
    return {"member": "100001", "points": points, "reason": "旧系统"}


CASES = {
    "POST /members": [
        Case("/members", {"name": "欧阳", "phone": "13955550123"}, {"name": "欧", "phone": "13955550124"},
             posts=True),
    ],
    "POST /sale/scan": [Case("/sale/scan", {"text": WATER}, {"text": COLA})],
    "POST /sale/lines": [
        Case("/sale/lines", {"code": WATER}, {"code": WATER, "quantity": 2000}, basket)
    ],
    "PATCH /sale/lines/{n}": [
        Case("/sale/lines/1", {"quantity": 2000}, {"quantity": 3000}, basket)
    ],
    "DELETE /sale/lines/{n}": [Case("/sale/lines/1", {}, None, basket)],
    "POST /sale/member": [
        Case("/sale/member", {"phone": "13800000001"}, {"phone": "13800000002"}, basket)
    ],
    "DELETE /sale/member": [Case("/sale/member", {}, None, with_member)],
    "POST /sale/tenders": [
        Case("/sale/tenders", {"type": "cash", "amount": 100}, {"type": "cash", "amount": 200},
             basket),
        Case("/sale/tenders", {"type": "cash", "amount": 9000}, {"type": "cash", "amount": 9001},
             basket, posts=True),
        Case("/sale/tenders", {"type": "external", "amount": 100, "reference": "Q"},
             {"type": "external", "amount": 101, "reference": "Q"}, basket, posts=True),
    ],
    "DELETE /sale/tenders": [Case("/sale/tenders", {}, None, tendered)],
    "POST /sale/coupons": [],
    "DELETE /sale/coupons/{coupon}": [
        Case("/sale/coupons/shop.ABCDEF", {}, None, basket),
    ],
    "POST /sale/choices": [
        Case("/sale/choices", {"rule": "any", "chosen": False}, {"rule": "other", "chosen": False},
             basket),
    ],
    "POST /coupons": [],
    "POST /sale/void": [
        Case("/sale/void", {}, None, basket, posts=True),
        Case("/sale/void", {}, None, taken, posts=True),
    ],
    "POST /sale/hold": [Case("/sale/hold", {}, None, basket)],
    "POST /sale/resume": [Case("/sale/resume", {}, {"sale": "other"}, held)],
    "POST /quote": [Case("/quote", {"lines": [{"code": WATER}]}, None)],
    "POST /sales": [Case("/sales", whole_sale(WATER), whole_sale(COLA), posts=True)],
    "POST /purse/topups": [],
    "POST /purse/drop": [],
    "POST /purse/movements/{n}": [],
    "POST /purse/slips/{n}/print": [],
    "POST /receipts/{number}/print": [
        Case("/receipts/S01-T1-1-000001/print", {}, None, sold, posts=True)
    ],
    "POST /members/{member}/points": [
        Case("/members/100001/points", {"points": 9, "reason": "x"}, {"points": 8, "reason": "x"},
             boss, posts=True)
    ],
    "POST /members/{member}/checkins": [Case("/members/100001/checkins", {}, None, posts=True)],
    "POST /members/{member}/events": [
        Case("/members/100001/events", {"event": "share"}, {"event": "x"}, posts=True)
    ],
    "POST /members/{member}/welcome": [
        Case("/members/100001/welcome", {}, {"brought_by": "100002"}, posts=True)
    ],
    "POST /members/{member}/gifts": [
        Case("/members/100002/gifts", {"gift": "mug"}, {"gift": "mug", "pieces": 2}, rich,
             posts=True)
    ],
    "POST /members/{member}/draws": [
        Case("/members/100002/draws", {"lottery": "wheel"}, {"lottery": "x"}, rich, posts=True)
    ],
    "POST /points/import": [
        Case("/points/import", {"rows": [row(3), row(4)]}, {"rows": [row(5)]}, boss, posts=True)
    ],
    "POST /points/periods": [
        Case("/points/periods", {"rule": "month", "since": 20200101, "until": 20200131},
             {"rule": "x", "since": 20200101, "until": 20200131}, boss)
    ],
    "POST /points/slips/{n}/print": [Case("/points/slips/{gift}/print", {}, None, given)],
    "POST /members/{account}/topups": [
        Case("/members/100001/topups", {"amount": 500}, {"amount": 600}, posts=True)
    ],
    "POST /virtual/{device}": [
        Case("/virtual/gun", {"text": WATER}, {"text": COLA}),
        Case("/virtual/counter", {"card": "04A1B2C3D4E5F6"}, {"card": "04A2B2C3D4E5F6"}),
    ],
    "POST /session": [
        Case("/session", {"operator": SUPERVISOR, "pin": PIN}, {"operator": CASHIER, "pin": PIN},
             lambda api: api.sign_in(SUPERVISOR)),
    ],
    "POST /session/pin": [
        Case("/session/pin", {"operator": SUPERVISOR, "pin": PIN, "new_pin": "480263"},
             {"operator": SUPERVISOR, "pin": PIN, "new_pin": "480264"},
             lambda api: api.sign_in(SUPERVISOR), posts=True),
    ],
    "DELETE /session": [],
}  # fmt: skip
"""What needs a card with money on it is asked twice in test_purse.py and test_purse_page.py.
Signing out ends the session that would ask again: the second time it is told to sign in first. Coupons
take keys that this till has not: tests/app/test_redeeming.py asks twice for them."""
ROWS = [(name.split()[0], case) for name, cases in CASES.items() for case in cases]
NAMES = [f"{method} {case.path} {number}" for number, (method, case) in enumerate(ROWS)]


def seen(till):
    """Everything that a call could have changed."""
    state = till.state()
    return state["sale"], state["held"], state["last_receipt"], till.records()


def settled(till):
    """What is seen once the printer is done."""
    till.until(lambda state: not state["doubts"], "no receipt waits")
    return seen(till)


def devices_settled(till):
    """What is seen once whatever the virtual devices were asked before has reached the till.

    A device answers as soon as it knows what to do, and does it later on a thread of its own. What is
    asked of it next comes next, so a code and a card that nobody knows are shown and waited for.
    """
    with till.listen() as heard:
        till.scan("NOBODY-KNOWS-THIS")
        till.tap("04FFFFFFFFFFFF")
        heard.until("unknown-code")
        heard.until("unknown-card")
    return settled(till)


@pytest.fixture(scope="module")
def till(tmp_path_factory):
    with with_points(TillProcess(tmp_path_factory.mktemp("till"))) as running:
        yield running


@pytest.fixture
def fresh(till):
    """The one till of this file, with an empty basket and the cashier signed in."""
    till.api.sign_in()
    while till.api.post("/sale/resume").status_code == 200 or till.state()["sale"]["id"]:
        till.api.post("/sale/void")
    return till


def test_the_table_knows_every_changing_call():
    signing = {"POST /session", "POST /session/pin", "DELETE /session"}

    assert set(CASES) == {f"{row.method} {row.path}" for row in routes.CHANGES} | signing


@pytest.mark.parametrize(("method", "case"), ROWS, ids=NAMES)
def test_a_call_asked_twice_acts_once_and_its_id_serves_no_other(fresh, method, case):
    till, api = fresh, fresh.api
    case.before(api)
    look = devices_settled if case.path.startswith("/virtual/") else settled
    before = look(till)
    body = {"id": api.new_id(), **case.body}
    path = case.path.format(gift=getattr(api, "gift", 0))

    first = api.ok(method, path, body)
    after = look(till)
    again = api.ok(method, path, body)

    assert again.json() == first.json()
    assert look(till) == after
    assert after != before or look is settled
    if case.other is not None:
        assert api.refused(method, path, {"id": body["id"], **case.other}) == "id-reused"
    elif case.path != "/quote":
        other = api.call("POST", "/sale/scan", {"id": body["id"], "text": WATER})
        assert other.json()["refused"] == "id-reused"
    assert look(till) == after


def test_signing_out_twice_signs_out_once(fresh):
    body = {"id": fresh.api.new_id()}

    fresh.api.ok("DELETE", "/session", body)

    assert fresh.api.call("DELETE", "/session", body).status_code == 401


def test_one_id_asked_eight_times_at_once_sells_once(fresh):
    program = fresh.program()
    body = {"id": "at-once", **whole_sale(WATER)}
    before = fresh.sales()

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: program.json("POST", "/sales", body), range(8)))

    assert fresh.sales() == before + 1
    assert answers == [answers[0]] * 8


def test_a_posted_call_is_known_after_a_restart(tmp_path):
    with with_points(TillProcess(tmp_path)) as till:
        asked = []
        for method, case in ROWS:
            till.api.sign_in()
            if not case.posts or case.path == "/session/pin":
                continue
            till.api.post("/sale/void")
            case.before(till.api)
            settled(till)
            body = {"id": till.api.new_id(), **case.body}
            asked.append((method, case.path, body, till.api.json(method, case.path, body)))
        pin = {"operator": SUPERVISOR, "pin": "900113", "new_pin": PIN, "id": "pin-1"}
        first_pin = {"operator": SUPERVISOR, "pin": PIN}
        till.api.ok("POST", "/session/pin", {**first_pin, "new_pin": "900113"})
        asked.append(("POST", "/session/pin", pin, till.api.json("POST", "/session/pin", pin)))
        before = settled(till)[3]

        till.restart()

        till.api.sign_in()
        for method, path, body, answer in asked:
            assert till.api.json(method, path, body) == answer
        assert till.records() == before
