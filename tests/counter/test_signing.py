"""Signing in: PINs, the lock, first PINs, sessions and keys."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.till import Operator
from terminal.counter import pins
from terminal.counter.desk import ChangePin, LockOperator
from terminal.counter.sessions import IDLE_S, SESSIONS_MAX, Sessions
from terminal.counter.signing import LOCK_MS, TRIES_MAX
from tests.kit.counter import Counter, counter
from tests.kit.desk import CASHIER_PIN, FIRST_PIN, NOW_MS, SUPERVISOR_PIN
from tests.kit.waiting import PATIENCE_S

WATER = "6901234567892"


@pytest.fixture
def till():
    with counter("en") as running:
        yield running


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 409, answer.text
    return answer.json()["refused"]


def test_the_right_pin_gives_a_session_that_scripts_cannot_read(till: Counter):
    before = till.call("POST", "/sale/scan", text=WATER)
    signed_in = till.sign_in()
    after = till.call("POST", "/sale/scan", text=WATER)

    cookie = signed_in.headers["set-cookie"]
    assert (before.status_code, before.json()["refused"]) == (401, "sign-in-first")
    assert signed_in.status_code == after.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_pin_never_reaches_the_till_nor_its_plain_digest(till: Counter):
    till.sign_in()
    (call,) = till.desk.calls

    assert CASHIER_PIN not in repr(call)


def test_signing_out_ends_every_session(till: Counter):
    till.sign_in()
    with httpx.Client(
        cookies=till.client.cookies, base_url=till.address, timeout=PATIENCE_S
    ) as other:
        assert "operator" in other.get("/api/v1/till").json()
        till.call("DELETE", "/session")
        assert "operator" not in other.get("/api/v1/till").json()


def test_another_operator_takes_the_till_over(till: Counter):
    till.sign_in()
    cashier = dict(till.client.cookies)
    till.sign_in("9001", SUPERVISOR_PIN)

    assert till.get("/till").json()["operator"]["number"] == "9001"
    with httpx.Client(cookies=cashier, base_url=till.address, timeout=PATIENCE_S) as former:
        assert "operator" not in former.get("/api/v1/till").json()


@pytest.mark.parametrize("operator", ["1001", "7777"])
def test_five_wrong_pins_lock_whether_the_operator_exists_or_not(till: Counter, operator: str):
    answers = [refused(till.sign_in(operator, "0000")) for _ in range(TRIES_MAX)]
    right = till.sign_in(operator, CASHIER_PIN)

    assert answers == ["wrong-pin"] * (TRIES_MAX - 1) + ["locked-out"]
    assert refused(right) == "locked-out"
    assert "5 minutes" in right.json()["message"]


def test_the_lock_is_written_down_and_survives_a_restart(till: Counter):
    for _ in range(TRIES_MAX):
        till.sign_in("1001", "0000")

    lock = next(call.action for call in till.desk.calls if isinstance(call.action, LockOperator))
    assert lock == LockOperator("1001", NOW_MS + LOCK_MS)
    with counter("en") as again:
        again.desk.locks.update(till.desk.locks)
        assert refused(again.sign_in()) == "locked-out"


def test_the_lock_opens_by_itself():
    now = [NOW_MS]
    with counter("en", now_ms=lambda: now[0]) as till:
        for _ in range(TRIES_MAX):
            till.sign_in("1001", "0000")
        now[0] += LOCK_MS

        assert till.sign_in().status_code == 200


def test_a_right_pin_forgets_the_wrong_ones(till: Counter):
    for _ in range(2):
        for _ in range(TRIES_MAX - 1):
            till.sign_in("1001", "0000")
        assert till.sign_in().status_code == 200


def test_a_first_pin_must_be_changed_to_one_that_is_not_simple(till: Counter):
    def change(new_pin: str) -> httpx.Response:
        return till.call("POST", "/session/pin", operator="1002", pin=FIRST_PIN, new_pin=new_pin)

    assert refused(till.sign_in("1002", FIRST_PIN)) == "pin-must-change"
    assert refused(change("1111")) == "pin-too-simple"
    assert refused(change(FIRST_PIN)) == "pin-too-simple"
    assert change("7294").status_code == 200
    assert refused(till.sign_in("1002", FIRST_PIN)) == "wrong-pin"
    assert till.sign_in("1002", "7294").status_code == 200
    action = next(call.action for call in till.desk.calls if isinstance(call.action, ChangePin))
    assert action.verifier.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_pin_is_changed_only_by_who_knows_it(till: Counter):
    answer = till.call("POST", "/session/pin", operator="1001", pin="9999", new_pin="7294")

    assert refused(answer) == "wrong-pin"
    assert till.desk.pins == {}


def test_a_key_works_for_a_program_and_a_wrong_one_does_not(till: Counter):
    till.sign_in()
    with till.program() as program:
        right = program.post("/api/v1/sale/scan", json={"id": "k", "text": WATER})
    wrong = till.client.get("/api/v1/goods?q=1", headers={"authorization": "Bearer wrong"})

    assert right.status_code == 200
    assert till.desk.calls[-1].actor == Operator("erp", "ERP", "cashier")
    assert wrong.status_code == 401


def test_a_verifier_fits_its_pin_pepper_and_nothing_else():
    verifier = pins.hash_pin("4071", b"pepper", b"0" * 16)

    assert pins.is_right("4071", verifier, b"pepper")
    assert not pins.is_right("4072", verifier, b"pepper")
    assert not pins.is_right("4071", verifier, b"other")
    assert not pins.is_right("4071", None, b"pepper")
    assert not pins.is_right("", "first:", b"pepper")
    assert pins.is_right("2580", "first:2580", b"pepper")


@given(st.from_regex(r"[0-9]{4,12}", fullmatch=True), st.from_regex(r"[0-9]{1,8}", fullmatch=True))
def test_ones_own_number_and_runs_are_always_too_simple(pin: str, number: str):
    assert pins.is_too_simple(number, number)
    assert pins.is_too_simple(pin[0] * len(pin), number)


def test_sessions_are_bounded_and_end_when_nobody_uses_them():
    now, drawn = [0.0], iter(range(1000))
    sessions = Sessions(lambda length: next(drawn).to_bytes(length, "big"), lambda: now[0])
    wang = Operator("1001", "王小明", "cashier")
    tokens = [sessions.start(wang) for _ in range(SESSIONS_MAX + 1)]

    assert sessions.who(tokens[0]) is None
    assert sessions.who(tokens[-1]) == wang
    assert sessions.who(None) is sessions.who("x" * 10_000) is None
    now[0] = IDLE_S + 1
    assert sessions.who(tokens[-1]) is None
