"""The till as systemd sees it: READY when it serves, a watchdog fed by the loop alone, a disk that hangs."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import expect

from config.load import load
from terminal.app import wire
from terminal.store.ledger import CHECKPOINT_EVERY
from tests.kit.browser import chromium, page
from tests.kit.service import FED, READY, HeldDisk, Notified
from tests.kit.till import CASHIER, PIN, WATER, TillProcess, whole_sale
from tests.kit.waiting import PATIENCE_S, until


@pytest.fixture
def heard(tmp_path):
    with Notified(tmp_path / "systemd") as manager:
        yield manager


@pytest.fixture
def disk(tmp_path):
    return HeldDisk(tmp_path / "disk")


@pytest.fixture
def till(tmp_path, heard, disk):
    made = TillProcess(tmp_path)
    made.env = {**heard.env, **disk.env}
    return made


def is_slow(till: TillProcess) -> bool:
    return bool(till.state()["disk"] == "slow")


def test_ready_is_said_when_the_page_answers_and_every_device_has_been_started(till, heard):
    with till:
        heard.until(READY)

        assert httpx.get(till.address, timeout=PATIENCE_S).status_code == 200
        assert httpx.get(f"{till.address}/api/v1/till", timeout=PATIENCE_S).status_code == 200
        till.api.sign_in()
        till.until(
            lambda state: {each["key"] for each in state["devices"]} == {"ok"}, "all devices are up"
        )


def test_the_page_is_shut_and_nothing_is_said_while_the_ledger_is_being_opened(till, heard, disk):
    disk.hold()
    till.start()
    try:
        disk.until_waited_for()
        with pytest.raises(httpx.TransportError):
            httpx.get(till.address, timeout=PATIENCE_S)
        assert heard.waiting() == []
        disk.free()
        heard.until(READY)
        assert httpx.get(till.address, timeout=PATIENCE_S).status_code == 200
    finally:
        till.kill()


def test_a_till_whose_ledger_has_a_spoiled_tail_is_never_ready(till, heard):
    with till:
        till.api.sign_in()
        till.api.sell(WATER)
        assert till.stop() == 0
    with closing(sqlite3.connect(till.ledger_path)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(
            "UPDATE record SET body = zeroblob(length(body)) WHERE seq = (SELECT max(seq) FROM record)"
        )
        connection.commit()
    heard.waiting()

    till.start()

    assert till.wait() == 1
    assert READY not in heard.waiting()
    assert "ledger" in till.log.splitlines()[-1]


def test_the_drivers_run_before_ready_is_said(tmp_path):
    till = TillProcess(tmp_path)
    parts = wire.assemble(load(till.settings))
    order: list[str] = []
    start = parts.supervisor.start
    ready = threading.Event()

    class Noting:
        """The supervisor, with a note of when it is asked to start a driver."""

        def __getattr__(self, name):
            return getattr(supervisor, name)

        def start(self, driver):
            start(driver)
            order.append(driver.device)

    def say_ready():
        order.append("READY")
        ready.set()

    supervisor, parts.supervisor = parts.supervisor, Noting()
    loop = threading.Thread(target=parts.serve, args=(lambda: None,))
    server = threading.Thread(target=parts.serve_page, args=(say_ready,))
    server.start()
    loop.start()
    try:
        assert ready.wait(PATIENCE_S)
    finally:
        parts.stop()
        server.join()
        loop.join()
    assert order == ["counter", "gun", "receipt", "READY"]


def test_a_till_whose_loop_hangs_stops_feeding_the_watchdog_and_one_that_goes_on_feeds_it(
    till, heard, disk
):
    with till, ThreadPoolExecutor(1) as elsewhere:
        heard.until(READY)
        heard.until(FED)
        program = till.program()
        disk.hold()
        sale = elsewhere.submit(program.post, "/sales", whole_sale(WATER))
        disk.until_waited_for()
        heard.waiting()

        # The page, on threads of its own, is alive all the time; the loop would feed once a second.
        until(lambda: is_slow(till), "the till says that its disk is slow")
        assert heard.waiting() == []

        disk.free()
        heard.until(FED)
        until(lambda: not is_slow(till), "the till says that its disk is well again")
        said = sale.result()
        assert said.status_code in {200, 504}, said.text
        assert till.sales() == 1
        till.assert_whole()


def test_the_page_says_that_the_disk_does_not_answer_and_recovers_by_itself(till, heard, disk):
    with till, chromium() as browser, page(browser, f"{till.address}/?lang=en") as tab:
        till.api.sign_in()
        heard.until(READY)
        # What is typed before the page asks who signs in is lost on a busy machine.
        expect(tab.locator("dialog.signin input").first).to_be_focused()
        for typed in (CASHIER, PIN):
            tab.keyboard.type(typed)
            tab.keyboard.press("Enter")
        expect(tab.locator("dialog[open]")).to_have_count(0)
        expect(tab.locator("#operator")).not_to_be_empty()
        tab.keyboard.type(WATER)
        tab.keyboard.press("Enter")
        expect(tab.locator("#total .now")).to_have_text("2.00")
        strip = tab.locator(".strip", has_text="The disk does not answer")

        disk.hold()
        tab.keyboard.press("F9")
        tab.keyboard.press("Enter")
        expect(strip).to_be_visible()
        expect(strip).to_contain_text("nothing is lost")
        expect(strip).to_have_attribute("role", "status")
        expect(tab.locator("#total .now")).to_have_text("2.00")

        disk.free()
        expect(strip).to_have_count(0)
        expect(tab.locator("dialog.done")).to_contain_text("Receipt")
        assert till.sales() == 1


def test_a_loop_held_up_in_a_quiet_moment_is_told_as_well(till, heard, disk):
    with till:
        heard.until(READY)
        program = till.program()
        # Sales sync the log; only the checkpoint of a quiet moment syncs the ledger's file itself.
        disk.hold("/ledger.db")
        for _ in range(CHECKPOINT_EVERY):
            if disk.is_waited_for or program.post("/sales", whole_sale(WATER)).status_code != 200:
                break
        disk.until_waited_for()
        until(lambda: is_slow(till), "the till says that its disk is slow")
        disk.free()
        until(lambda: not is_slow(till), "the till says that its disk is well again")
