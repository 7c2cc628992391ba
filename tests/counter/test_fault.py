"""The page of a till that cannot run."""

import threading
from contextlib import contextmanager

import httpx

from config.faults import Fault
from terminal.counter.fault import serve_faults
from terminal.counter.server import bind
from tests.kit.waiting import PATIENCE_S

FAULT = Fault(
    "terminal.toml", 7, 3, "printers[1].columns", "must be a line width", "48", "columns = <b>"
)


@contextmanager
def page(faults=(), devices=(), still_alive=lambda: None):
    listener = bind("127.0.0.1:0")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve_faults, args=(faults, devices, listener, ready.set, stop, still_alive)
    )
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        with httpx.Client(
            base_url=address, headers={"accept-language": "en"}, timeout=PATIENCE_S
        ) as client:
            yield client
    finally:
        stop.set()
        thread.join(PATIENCE_S)


def test_faults_are_shown_with_their_line_and_nothing_of_the_file_is_markup():
    with page([FAULT]) as client:
        shown = client.get("/")
        api = client.get("/api/v1/till")

    assert shown.status_code == api.status_code == 503
    assert "printers[1].columns" in shown.text
    assert "line 7, column 3" in shown.text
    assert "columns = &lt;b&gt;" in shown.text
    assert api.json()["message"].startswith("terminal.toml:7:3: printers[1].columns:")


def test_without_settings_the_devices_found_are_listed():
    with page(devices=["ACS ACR1252 00 00"]) as client:
        found = client.get("/").text
        style = client.get("/page/till.css")
    with page() as client:
        nothing = client.get("/?lang=zh-CN").text

    assert "ACS ACR1252 00 00" in found
    assert style.status_code == 200
    assert "没有发现设备" in nothing


def test_the_fault_page_feeds_the_watchdog_for_as_long_as_it_is_served():
    fed = threading.Semaphore(0)
    with page([FAULT], still_alive=fed.release):
        for _ in range(2):
            assert fed.acquire(timeout=PATIENCE_S)
