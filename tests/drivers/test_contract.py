"""What every card reader and every scanner must do alike, whatever they are made of."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import schema
from drivers.api import CardArrived, CardImage, CardLeft, DeviceUp, Driver, Scanned, ScanRefused
from drivers.registry import make_reader, make_scanner
from tests.kit.gun import Gun
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.vcard import VirtualCard, member_card
from tests.kit.waiting import PATIENCE_S, Events, until

FIRST, SECOND = b"TP1:100001:7K", b"TP1:100002:3Q"


@dataclass
class Bench:
    """A driver on the bench, and hands that use its device."""

    driver: Driver
    put: Callable[[bytes], object]
    """Put a card on the reader, or scan a code."""
    remove: Callable[[], object] = lambda: None

    @contextmanager
    def running(self) -> Iterator[Events]:
        events, stop = Events(), threading.Event()
        thread = threading.Thread(target=self.driver.run, args=(events, stop))
        thread.start()
        yield events
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def pcsc_reader() -> Iterator[Bench]:
    lying: list[VirtualCard] = []

    def put(content: bytes) -> None:
        lying.append(VirtualCard(member_card(content)).__enter__())

    def remove() -> None:
        lying.pop().pull()
        until(lambda: not card_is_seen(0), "pcscd sees the card leave")

    with Pcscd():
        yield Bench(make_reader(schema.PcscReader(name="a", match=READERS[0])), put, remove)
        while lying:
            remove()


def virtual_reader() -> Iterator[Bench]:
    reader = make_reader(schema.VirtualReader(name="a"))
    yield Bench(
        reader,
        lambda content: reader.present(CardImage("iso7816", b"", b"", content)),
        reader.remove,
    )


@pytest.fixture(params=[pcsc_reader, virtual_reader], ids=lambda kind: kind.__name__)
def reader(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


@pytest.fixture(params=["serial_scanner", "virtual_scanner"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "virtual_scanner":
        driver = make_scanner(schema.VirtualScanner(name="a"))
        yield Bench(driver, lambda code: driver.scan(code.decode("latin-1")))
        return
    with Gun(tmp_path) as gun:
        driver = make_scanner(schema.SerialScanner(name="a", port=str(gun.path), suffix="cr"))
        yield Bench(driver, lambda code: gun.send(code + b"\r"))


def test_a_reader_is_up_first_and_tells_each_card_coming_and_going(reader: Bench):
    with reader.running() as events:
        assert events.next() == DeviceUp("a")
        for content in (FIRST, SECOND):
            reader.put(content)
            arrived = events.next()
            assert isinstance(arrived, CardArrived)
            assert (arrived.device, arrived.card.data) == ("a", content)
            reader.remove()
            assert events.next() == CardLeft("a")
    assert events.nothing_waits()


def test_a_reader_runs_again_after_it_was_stopped(reader: Bench):
    for _ in range(2):
        with reader.running() as events:
            assert events.next() == DeviceUp("a")
            reader.put(FIRST)
            assert events.next_of(CardArrived).card.data == FIRST
            reader.remove()
            assert events.next() == CardLeft("a")


def test_a_scanner_is_up_first_and_tells_each_code(scanner: Bench):
    with scanner.running() as events:
        assert events.next() == DeviceUp("a")
        for code in (b"6901234567892", b"]C1010690\x1d10A"):
            scanner.put(code)
            assert events.next() == Scanned("a", code.decode("latin-1"))
    assert events.nothing_waits()


def test_a_scanner_refuses_what_is_no_code_and_goes_on(scanner: Bench):
    with scanner.running() as events:
        assert events.next() == DeviceUp("a")
        for code in (b"1" * 10_000, b"\x00\x01\x02\x7f"):
            scanner.put(code)
            assert isinstance(events.next(), ScanRefused)
        scanner.put(b"6901234567892")
        assert events.next() == Scanned("a", "6901234567892")


def test_a_scanner_runs_again_after_it_was_stopped(scanner: Bench):
    for code in (b"6901234567892", b"4006381333931"):
        with scanner.running() as events:
            assert events.next() == DeviceUp("a")
            scanner.put(code)
            assert events.next() == Scanned("a", code.decode())
