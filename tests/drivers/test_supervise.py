"""The supervisor with drivers made to fail: what it tells, how it tries again, what it remembers."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers import supervise
from drivers.api import CardLeft, DeviceCall, DeviceDown, DeviceLostError, DeviceUp
from drivers.supervise import HISTORY_MAX, REASON_MAX, Supervisor
from tests.kit.waiting import PATIENCE_S, Events, until

Run = Callable[[Callable[[Any], None], threading.Event], None]


class Scripted:
    """A driver that does in each run what the test says next."""

    def __init__(self, device: str = "reader"):
        self.device = device
        self.runs: queue.Queue[Run] = queue.Queue()

    def run(self, emit, stop):
        while not stop.is_set():
            try:
                step = self.runs.get(timeout=0.05)
            except queue.Empty:
                continue
            step(emit, stop)
            return


class Hanging(Scripted):
    """A driver in a call that comes back when the test lets it."""

    def __init__(self):
        super().__init__()
        self.in_call = None
        self.comes_back = threading.Event()

    def hang(self, emit, stop):
        emit(DeviceUp(self.device))
        self.in_call = DeviceCall(0.1, "it hangs")
        self.comes_back.wait(PATIENCE_S)
        self.in_call = None
        emit(CardLeft(self.device))


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def supervisor(events: Events, monkeypatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(supervise, "_RETRY_LOST_S", (0.0,))
    monkeypatch.setattr(supervise, "_RETRY_BUG_S", (0.0,))
    running = Supervisor(events, time.monotonic)
    yield running
    running.stop()
    assert running.join(PATIENCE_S) == ()


def up(emit, stop):
    emit(DeviceUp("reader"))
    stop.wait()


def lost(reason: str) -> Run:
    def run(emit, stop):
        raise DeviceLostError(reason)

    return run


def buggy(emit, stop):
    raise KeyError("oops")


def test_a_lost_device_is_told_of_and_run_again(events: Events, supervisor: Supervisor):
    driver = Scripted()
    driver.runs.put(lost("unplugged"))
    driver.runs.put(up)

    supervisor.start(driver)

    assert events.next() == DeviceDown("reader", "unplugged")
    assert events.next() == DeviceUp("reader")


def test_a_bug_restarts_its_driver_and_no_other(events: Events, supervisor: Supervisor):
    broken, other = Scripted(), Scripted("scanner")
    broken.runs.put(buggy)
    broken.runs.put(up)
    supervisor.start(broken)
    supervisor.start(other)

    assert events.next() == DeviceDown("reader", "bug in the driver: KeyError: 'oops'")
    assert events.next() == DeviceUp("reader")
    assert [health.restarts for health in supervisor.health()] == [1, 0]


def test_a_driver_that_ends_by_itself_is_run_again(events: Events, supervisor: Supervisor):
    driver = Scripted()
    driver.runs.put(lambda emit, stop: None)
    driver.runs.put(up)
    supervisor.start(driver)

    assert events.next() == DeviceDown("reader", "the driver ended by itself")
    assert events.next() == DeviceUp("reader")


def test_the_same_bad_news_is_told_once(events: Events, supervisor: Supervisor):
    driver = Scripted()
    for reason in ("unplugged", "unplugged", "unplugged", "x" * 1000):
        driver.runs.put(lost(reason))
    driver.runs.put(up)
    supervisor.start(driver)

    assert events.next() == DeviceDown("reader", "unplugged")
    assert events.next() == DeviceDown("reader", "x" * REASON_MAX)
    assert events.next() == DeviceUp("reader")
    assert supervisor.health()[0].restarts == 4


def test_health_keeps_the_newest_ups_and_downs(events: Events, supervisor: Supervisor):
    driver = Scripted()
    for number in range(HISTORY_MAX + 5):
        driver.runs.put(lost(f"reason {number}"))
    driver.runs.put(up)
    supervisor.start(driver)
    events.next_of(DeviceUp)

    [health] = supervisor.health()

    assert (health.device, health.up, health.reason) == ("reader", True, "")
    assert len(health.history) == HISTORY_MAX
    assert health.history[-2].reason == f"reason {HISTORY_MAX + 4}"
    assert [change.at_s for change in health.history] == sorted(
        change.at_s for change in health.history
    )


def test_a_hung_run_is_told_of_and_not_heard_any_more(events: Events, supervisor: Supervisor):
    driver = Hanging()
    driver.runs.put(driver.hang)
    driver.runs.put(up)
    supervisor.start(driver)

    assert events.next() == DeviceUp("reader")
    assert events.next() == DeviceDown("reader", "it hangs")
    assert events.nothing_waits()
    driver.comes_back.set()
    assert events.next() == DeviceUp("reader")  # and not the CardLeft of the abandoned run


def test_many_short_calls_are_not_one_long_one(events: Events, monkeypatch):
    now_s, looks = 0.0, 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        return now_s

    def busy(emit, stop):
        nonlocal now_s
        emit(DeviceUp("reader"))
        for _ in range(5):
            driver.in_call = DeviceCall(0.3, "it hangs")
            until(lambda before=looks: looks > before + 1, "the watchdog has looked at this call")
            now_s += 0.2
        driver.in_call = None
        emit(CardLeft("reader"))
        stop.wait()

    monkeypatch.setattr(supervise, "_WATCH_EVERY_S", 0.01)
    supervisor = Supervisor(events, clock)
    driver = Hanging()
    driver.runs.put(busy)
    supervisor.start(driver)

    assert events.next() == DeviceUp("reader")
    assert events.next() == CardLeft("reader")
    supervisor.stop()
    assert supervisor.join(PATIENCE_S) == ()


def test_stopping_names_what_still_hangs(events: Events):
    supervisor = Supervisor(events, time.monotonic)
    driver = Hanging()
    driver.runs.put(driver.hang)
    supervisor.start(driver)
    until(lambda: driver.in_call is not None, "the driver hangs")

    supervisor.stop()

    assert supervisor.join(1.0) == ("reader",)
    driver.comes_back.set()
    assert supervisor.join(PATIENCE_S) == ()


def test_retries_slow_down_and_a_steady_device_earns_a_quick_one(events: Events, monkeypatch):
    now_s, waits = 0.0, []
    charge = supervise._Charge(Scripted(), events, lambda: now_s)
    monkeypatch.setattr(charge._halt, "wait", waits.append)

    def flaky(emit, stop):
        nonlocal now_s
        if len(waits) == 7:
            emit(DeviceUp("reader"))
            now_s += supervise.STEADY_S
        if len(waits) == 9:
            charge.stop()
        raise DeviceLostError("unplugged")

    monkeypatch.setattr(charge._driver, "run", flaky)
    charge.serve()

    assert waits[:9] == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 0.25, 0.5]
