"""The serial scanner on a pseudo-terminal: scans, floods, and plugs pulled out."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import SerialScanner as Settings
from drivers.api import DeviceDown, DeviceLostError, DeviceUp, Scanned, ScanRefused
from drivers.scanners import serial
from drivers.scanners.serial import Repeats, SerialScanner
from drivers.supervise import Supervisor
from tests.kit.gun import Gun
from tests.kit.waiting import PATIENCE_S, Events

GOODS = "6901234567892"


@pytest.fixture
def gun(tmp_path: Path) -> Iterator[Gun]:
    with Gun(tmp_path) as plugged_in:
        yield plugged_in


@pytest.fixture
def events(gun: Gun) -> Iterator[Events]:
    collected = Events()
    supervisor = Supervisor(collected, time.monotonic)
    # The clock stands still: what is sent in one go is scanned within a moment on any machine.
    supervisor.start(SerialScanner(Settings(name="gun", port=str(gun.path)), lambda: 1.0))
    assert collected.next() == DeviceUp("gun")
    yield collected
    supervisor.stop()
    assert supervisor.join(PATIENCE_S) == ()


def test_a_code_is_scanned(gun: Gun, events: Events):
    gun.send(GOODS.encode() + b"\r\n")

    assert events.next() == Scanned("gun", GOODS)


def test_a_code_without_a_suffix_is_scanned_after_a_pause(gun: Gun, events: Events):
    gun.send(GOODS.encode())

    assert events.next() == Scanned("gun", GOODS)


def test_the_same_code_twice_within_a_moment_is_one_scan(gun: Gun, events: Events):
    gun.send(f"{GOODS}\r{GOODS}\r4006381333931\r{GOODS}\r".encode())

    scanned = [events.next().text for _ in range(3)]

    assert scanned == [GOODS, "4006381333931", GOODS]


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than fits the line at once may come in pieces with pauses between, on a busy machine."""
    monkeypatch.setattr(serial, "PAUSE_S", 1.5)


@pytest.mark.usefixtures("unhurried")
def test_a_10_kb_scan_is_refused_once_and_the_next_is_read(gun: Gun, events: Events):
    gun.send(b"1" * 10_000 + b"\r" + GOODS.encode() + b"\r")

    assert events.next() == ScanRefused("gun", "longer than 512 bytes")
    assert events.next() == Scanned("gun", GOODS)


@pytest.mark.usefixtures("unhurried")
def test_a_binary_scan_is_refused_once_and_the_next_is_read(gun: Gun, events: Events):
    gun.send(bytes(range(256)) * 40 + b"\r")

    assert events.next() == ScanRefused("gun", "not text: is the baud rate right?")
    gun.send(GOODS.encode() + b"\r")
    assert events.next() == Scanned("gun", GOODS)


def test_an_unplugged_scanner_is_told_of_and_works_when_plugged_in_again(gun: Gun, events: Events):
    gun.unplug()
    down = events.next()
    assert isinstance(down, DeviceDown)
    assert down.reason.startswith("the scanner was unplugged")
    gun.plug_in()

    assert events.next_of(DeviceUp)
    gun.send(GOODS.encode() + b"\r")
    assert events.next() == Scanned("gun", GOODS)


def test_half_a_code_from_before_the_plug_was_pulled_is_forgotten(gun: Gun, events: Events):
    gun.send(b"\x00half")
    gun.unplug()
    assert events.next_of(DeviceDown)
    gun.plug_in()
    assert events.next_of(DeviceUp)

    gun.send(GOODS.encode() + b"\r")

    assert events.next() == Scanned("gun", GOODS)


def lost(port: Path) -> str:
    with pytest.raises(DeviceLostError) as error:
        SerialScanner(Settings(name="gun", port=str(port))).run(Events(), threading.Event())
    return str(error.value)


def test_what_is_no_serial_line_is_told_in_words(tmp_path: Path, gun: Gun, events: Events):
    file = tmp_path / "file"
    file.touch()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    assert lost(tmp_path / "none") == f"{tmp_path}/none is not there: is the scanner plugged in?"
    assert lost(file).startswith(f"{file} cannot be opened")
    assert lost(fifo).startswith(f"{fifo} cannot be opened")
    assert lost(tmp_path).startswith(f"{tmp_path} cannot be opened")
    assert "Could not exclusively lock" in lost(gun.path)


def test_a_code_that_stays_in_sight_is_one_scan_and_comes_again_after_a_moment():
    now_s = 100.0
    repeats = Repeats(500, lambda: now_s)
    seen = []
    for text, at_s in (("A", 0.0), ("A", 0.4), ("A", 0.8), ("A", 1.4), ("B", 1.5), ("A", 1.6)):
        now_s = 100.0 + at_s
        seen.append(repeats.is_repeat(text))

    assert seen == [False, True, True, False, False, False]


def test_with_no_moment_every_scan_counts():
    repeats = Repeats(0, lambda: 1.0)

    assert [repeats.is_repeat("A") for _ in range(3)] == [False, False, False]
