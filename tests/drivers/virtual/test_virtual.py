"""Virtual reader and scanner: the API's wishes become the events that hardware would send."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from config.schema import VirtualReader as ReaderSettings
from config.schema import VirtualScanner as ScannerSettings
from drivers.api import CardArrived, CardImage, CardLeft, DeviceUp, Driver, Scanned, ScanRefused
from drivers.virtual.mailbox import WISHES_MAX
from drivers.virtual.reader import VirtualReader
from drivers.virtual.scanner import VirtualScanner
from tests.kit.waiting import Events

CARD = CardImage("uid", b"\x04\xa1\xb2\xc3", b"", b"")
OTHER = CardImage("iso7816", b"", b"", b"TP1:100001:7K")


@contextmanager
def running(driver: Driver) -> Iterator[Callable[[], object]]:
    events, stop = Events(), threading.Event()
    thread = threading.Thread(target=driver.run, args=(events, stop))
    thread.start()
    assert events.next() == DeviceUp(driver.device)
    yield events.next
    stop.set()
    thread.join()
    assert events.nothing_waits()


def test_a_card_comes_and_goes_once():
    reader = VirtualReader(ReaderSettings(name="reader"))
    with running(reader) as next_event:
        reader.remove()
        reader.present(CARD)
        reader.remove()
        reader.remove()

        assert next_event() == CardArrived("reader", CARD)
        assert next_event() == CardLeft("reader")


def test_a_card_put_on_another_takes_its_place():
    reader = VirtualReader(ReaderSettings(name="reader"))
    with running(reader) as next_event:
        reader.present(CARD)
        reader.present(OTHER)

        seen = [next_event() for _ in range(3)]

    assert seen == [CardArrived("reader", CARD), CardLeft("reader"), CardArrived("reader", OTHER)]


def test_a_code_is_scanned_as_the_bytes_a_gun_would_send():
    scanner = VirtualScanner(ScannerSettings(name="gun"))
    with running(scanner) as next_event:
        scanner.scan("6901234567892")
        scanner.scan("6901234567892")
        scanner.scan("会")

        seen = [next_event() for _ in range(3)]

    assert seen == [
        Scanned("gun", "6901234567892"),
        Scanned("gun", "6901234567892"),
        Scanned("gun", "\xe4\xbc\x9a"),
    ]


def test_a_scan_that_a_gun_could_not_send_is_refused():
    scanner = VirtualScanner(ScannerSettings(name="gun"))
    with running(scanner) as next_event:
        for text in ("1" * 10_000, "a\x00b", "", "\ud800"):
            scanner.scan(text)

        assert next_event() == ScanRefused("gun", "longer than 512 bytes")
        assert next_event() == ScanRefused("gun", "not text")
        assert next_event() == ScanRefused("gun", "not text")
        assert next_event() == Scanned("gun", "?")


def test_too_many_wishes_are_not_taken():
    scanner = VirtualScanner(ScannerSettings(name="gun"))
    reader = VirtualReader(ReaderSettings(name="reader"))

    assert [scanner.scan("1") for _ in range(WISHES_MAX + 1)] == [True] * WISHES_MAX + [False]
    assert [reader.present(CARD) for _ in range(WISHES_MAX)] == [True] * WISHES_MAX
    assert not reader.remove()
