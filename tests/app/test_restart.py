"""A till that is killed or stopped, and what it knows when it is back."""

import contextlib
import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from terminal.core.journal import PaymentTaken, SalePosted
from tests.kit.till import COLA, SOAP, WATER, TillProcess
from tests.kit.waiting import PATIENCE_S, until

GOLD = "04A1B2C3D4E5F6"


@pytest.fixture
def till(tmp_path):
    with TillProcess(tmp_path) as running:
        running.api.sign_in()
        yield running


def sale_of(till):
    return till.state()["sale"]


def test_an_open_basket_comes_back_as_it_was(till):
    till.tap(GOLD)
    till.scan(WATER)
    till.scan(SOAP)
    till.until(lambda state: len(state["sale"]["quote"]["lines"]) == 2, "both scans")
    till.api.ok("PATCH", "/sale/lines/1", {"quantity": 3000})
    before = till.until_total(4361)["sale"]

    till.restart()

    till.api.sign_in()  # Before that nobody is told who the member is.
    assert sale_of(till) == before
    till.api.pay()
    assert till.sales() == 1


def test_the_page_shows_the_basket_from_its_first_answer_on(till):
    till.api.add(WATER)
    till.until_total(200)
    till.kill()
    till.start()
    till.wait_until_up()

    state = till.state()

    assert state["sale"]["state"] == "open"
    assert [each["name"] for each in state["devices"]] == ["counter", "gun", "receipt"]


def test_a_payment_that_was_taken_makes_the_sale_due_again(till):
    till.api.add(SOAP)
    taken = {"type": "external", "amount": 3000, "reference": "QR-1"}
    first = till.api.json("POST", "/sale/tenders", {"id": "tender-1", **taken})

    till.restart()

    assert sale_of(till)["state"] == "due"
    till.api.sign_in()
    assert till.api.json("POST", "/sale/tenders", {"id": "tender-1", **taken}) == first
    assert till.api.refused("DELETE", "/sale/tenders") == "payment-taken"
    done = till.api.pay(990)
    assert done["change"] == 0
    assert sale_of(till)["state"] == "idle"
    reader = till.ledger()
    bodies = [reader.entry(seq).body for seq, *_ in till.records()]
    reader.close()
    assert [type(each) for each in bodies[-2:]] == [PaymentTaken, SalePosted]
    till.assert_whole()


def test_a_payment_survives_even_when_the_saved_basket_is_lost(till):
    till.api.add(SOAP, WATER)
    till.api.json(
        "POST", "/sale/tenders", {"type": "external", "amount": 1000, "reference": "QR-1"}
    )
    till.kill()
    (till.data / "basket").unlink()

    till.restart()

    assert sale_of(till)["state"] == "due"
    till.api.sign_in()
    till.api.pay(3190)
    till.assert_whole()


def test_a_posted_sale_does_not_come_back_as_an_open_basket(till):
    till.api.add(WATER)
    till.until_total(200)
    before = (till.data / "basket").read_bytes()
    till.api.pay(200)
    till.kill()
    (till.data / "basket").write_bytes(before)  # As if the crash came before it was saved again.

    till.restart()

    assert sale_of(till)["state"] == "idle"
    assert till.sales() == 1


def test_a_held_basket_that_was_paid_does_not_come_back(till):
    till.api.add(WATER)
    till.api.ok("POST", "/sale/hold")
    till.until(lambda state: state["sale"]["state"] == "idle", "the basket is put aside")
    before = (till.data / "basket").read_bytes()
    till.api.ok("POST", "/sale/resume")
    till.api.pay(200)
    till.kill()
    (till.data / "basket").write_bytes(before)

    till.restart()

    till.api.sign_in()
    assert till.api.refused("POST", "/sale/resume") == "nothing-held"


def test_held_baskets_come_back(till):
    for code in (WATER, COLA):
        till.api.add(code)
        till.api.ok("POST", "/sale/hold")
        till.until(lambda state: state["sale"]["state"] == "idle", "the basket is put aside")

    till.restart()

    till.api.sign_in()
    till.api.ok("POST", "/sale/resume")
    assert sale_of(till)["quote"]["total"] == 350
    till.api.pay()
    till.api.ok("POST", "/sale/resume")
    assert sale_of(till)["quote"]["total"] == 200


def test_the_largest_baskets_do_not_end_the_till(till):
    supervisor = till.program("supervisor")
    long_name = "店" * 60
    for _ in range(2):
        for price in range(1, 151):
            line = {"name": long_name, "unit_price": price}
            supervisor.ok("POST", "/sale/lines", line)
        supervisor.ok("POST", "/sale/hold")

    till.until(lambda state: state["sale"]["state"] == "idle", "the basket is put aside")
    till.restart()
    supervisor.ok("POST", "/sale/resume")
    assert len(sale_of(till)["quote"]["lines"]) == 150


def test_a_second_till_on_the_same_ledger_ends_with_a_clear_word(till, tmp_path):
    second = TillProcess(tmp_path)  # Other port, same folder.
    second.name = "second"
    second.start()

    assert second.wait() == 1
    assert "in use" in second.log
    assert till.api.sell()["seq"] == 2


def test_a_port_that_is_taken_ends_the_till_with_a_clear_word(till, tmp_path):
    second = TillProcess(tmp_path / "second")
    second.tables = [
        (head, {"listen": f"127.0.0.1:{till.port}"} if head == "[counter]" else table)
        for head, table in second.tables
    ]
    second.write_settings()
    second.start()

    assert second.wait() == 1
    assert f"127.0.0.1:{till.port}" in second.log
    assert "Traceback" not in second.log


def test_three_open_event_streams_do_not_hold_up_the_end(till):
    with contextlib.ExitStack() as streams:
        client = streams.enter_context(httpx.Client(base_url=till.address, timeout=PATIENCE_S))
        lines = []
        for _ in range(3):
            stream = streams.enter_context(client.stream("GET", "/api/v1/events"))
            lines.append(stream.iter_lines())
            assert next(lines[-1])

        assert till.stop() == 0

    with pytest.raises(httpx.ConnectError):
        httpx.get(till.address)
    assert "Traceback" not in till.log


def test_a_till_stopped_while_it_sells_ends_well_and_loses_nothing(till):
    program = till.program()
    answered = []

    def sell() -> None:
        with contextlib.suppress(httpx.HTTPError):
            while (answer := program.post("/sales", BODY)).status_code == 200:
                answered.append(answer.json()["receipt"])

    seller = threading.Thread(target=sell)
    seller.start()
    till.until(lambda state: state["last_receipt"] >= "S01-T1-1-000020", "twenty sales")
    assert till.stop() == 0
    seller.join()

    till.assert_whole()
    assert len(answered) <= till.sales() <= len(answered) + 1
    till.restart()
    assert sale_of(till)["state"] == "idle"


BODY = {"lines": [{"code": WATER}], "tenders": [{"type": "cash", "amount": 200}]}


def children(till) -> list[int]:
    """The processes that the till started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = status.read_text().rpartition(")")[2].split()
            if int(words[1]) == till.pid and words[0] != "Z":
                found.append(int(status.parent.name))
    return found


def test_a_worker_that_is_killed_is_started_again_and_ends_with_the_till(till):
    number = till.api.sell()["receipt"]
    assert till.api.get(f"/receipts/{number}.png").content[:4] == b"\x89PNG"
    [worker] = children(till)
    os.kill(worker, signal.SIGKILL)

    assert till.api.get(f"/receipts/{number}.png").content[:4] == b"\x89PNG"

    [worker] = children(till)
    till.kill()
    until(lambda: not is_alive(worker), "the worker has ended")


def is_alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def test_an_answered_change_is_seen_at_once_and_survives_a_kill(till):
    for count in range(1, 40):
        till.api.add(WATER)
        assert sale_of(till)["quote"]["total"] == 200 * count

    till.kill()
    till.restart()

    assert sale_of(till)["quote"]["total"] == 200 * 39
