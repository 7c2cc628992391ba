"""The PC/SC driver and its supervisor on a real pcscd, with virtual readers and bad cards."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.schema import PcscReader as Settings
from drivers.api import CardArrived, CardImage, CardLeft, CardUnreadable, DeviceDown, DeviceUp
from drivers.cards.pcsc import PcscReader
from drivers.supervise import Supervisor
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.vcard import (
    ATR,
    OK,
    PULL,
    SILENCE,
    STORAGE_ATR,
    VirtualCard,
    member_card,
    uid_card,
)
from tests.kit.waiting import PATIENCE_S, Events, until

CONTENT = b"TP1:100001:7K"
OTHER = b"TP1:100002:3Q"
ROOT = Path(__file__).parents[3]


def image(content: bytes) -> CardImage:
    return CardImage("iso7816", b"", ATR, content)


@dataclass
class Counter:
    """Two readers on a counter, supervised as in a till."""

    events: Events
    supervisor: Supervisor

    def start(self, name: str, match: str, card_limit_s: float = PATIENCE_S) -> PcscReader:
        reader = PcscReader(Settings(name=name, match=match), card_limit_s=card_limit_s)
        self.supervisor.start(reader)
        assert self.events.next_of(DeviceUp, name)
        return reader


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as running:
        yield running


@pytest.fixture
def counter(pcscd: Pcscd) -> Iterator[Counter]:
    events = Events()
    supervisor = Supervisor(events, time.monotonic)
    yield Counter(events, supervisor)
    supervisor.stop()
    assert supervisor.join(PATIENCE_S) == ()


def test_a_member_card_comes_is_read_and_goes(counter: Counter):
    counter.start("counter", READERS[0])

    with VirtualCard(member_card(CONTENT)):
        assert counter.events.next() == CardArrived("counter", image(CONTENT))
    assert counter.events.next() == CardLeft("counter")


def test_a_card_that_lies_there_at_start_is_read(counter: Counter):
    with VirtualCard(uid_card(bytes.fromhex("04a1b2c3d4e5f6"))):
        until(lambda: card_is_seen(0), "pcscd sees the card")
        counter.start("counter", READERS[0])

        arrived = counter.events.next()

    assert arrived.card == CardImage("uid", bytes.fromhex("04a1b2c3d4e5f6"), ATR, b"")


def test_a_storage_card_is_asked_one_thing_only(counter: Counter):
    counter.start("counter", READERS[0])

    with VirtualCard(uid_card(bytes.fromhex("04a1b2c3")), atr=STORAGE_ATR) as card:
        arrived = counter.events.next()

    assert arrived.card == CardImage("uid", bytes.fromhex("04a1b2c3"), STORAGE_ATR, b"")
    assert card.commands == [bytes.fromhex("ffca000000")]


def test_a_card_pulled_mid_command_is_unreadable_and_the_next_card_is_read(counter: Counter):
    counter.start("counter", READERS[0])

    with VirtualCard(lambda command: OK if command[1] == 0xA4 else PULL):
        assert isinstance(counter.events.next(), CardUnreadable)
    assert counter.events.next() == CardLeft("counter")
    with VirtualCard(member_card(CONTENT)):
        assert counter.events.next() == CardArrived("counter", image(CONTENT))


@pytest.mark.parametrize(
    "garbage",
    [b"\x90", bytes(255) + b"\x12\x34", bytes(10_000), bytes(60_000) + OK],
    ids=["half a status", "no status we know", "10 kB", "60 kB"],
)
def test_a_card_that_answers_garbage_is_unreadable_not_fatal(counter: Counter, garbage: bytes):
    counter.start("counter", READERS[0])

    with VirtualCard(lambda command: OK if command[1] == 0xA4 else garbage):
        unreadable = counter.events.next()
        assert isinstance(unreadable, CardUnreadable)
        assert "0000000000" not in unreadable.reason
    assert counter.events.next() == CardLeft("counter")


def test_a_swap_while_the_till_was_busy_is_seen(counter: Counter):
    gate, swapped = threading.Event(), Events()

    def emit_slowly(event: object) -> None:
        swapped(event)
        if isinstance(event, CardArrived):
            assert gate.wait(PATIENCE_S)

    supervisor = Supervisor(emit_slowly, time.monotonic)
    supervisor.start(PcscReader(Settings(name="counter", match=READERS[0])))
    with VirtualCard(member_card(CONTENT)):
        assert swapped.next_of(CardArrived).card == image(CONTENT)
    until(lambda: not card_is_seen(0), "pcscd sees the first card leave")
    with VirtualCard(member_card(OTHER)):
        until(lambda: card_is_seen(0), "pcscd sees the second card")
        gate.set()

        assert swapped.next() == CardLeft("counter")
        assert swapped.next() == CardArrived("counter", image(OTHER))
    supervisor.stop()
    assert supervisor.join(PATIENCE_S) == ()


def test_a_card_that_never_answers_is_told_of_and_the_reader_works_after_it(counter: Counter):
    reader = counter.start("counter", READERS[0], card_limit_s=0.5)

    with VirtualCard(lambda _: SILENCE):
        down = counter.events.next()
        reader._card_limit_s = PATIENCE_S  # The next card may take its time.
    assert down == DeviceDown("counter", "the card does not answer: take the card away")
    assert counter.events.next() == DeviceUp("counter")
    with VirtualCard(member_card(CONTENT)):
        assert counter.events.next() == CardArrived("counter", image(CONTENT))
    [health] = counter.supervisor.health()
    assert (health.up, health.restarts, len(health.history)) == (True, 1, 3)


def test_a_hung_reader_does_not_hold_up_the_other(counter: Counter):
    counter.start("left", READERS[0], card_limit_s=0.5)
    counter.start("right", READERS[1])

    with VirtualCard(lambda _: SILENCE) as hung:
        assert hung.is_silent.wait(PATIENCE_S)
        with VirtualCard(member_card(CONTENT), slot=1):
            assert counter.events.next_of(CardArrived).device == "right"
        assert counter.events.next_of(CardLeft).device == "right"
        until(lambda: not counter.supervisor.health()[0].up, "the left reader is down")
        with VirtualCard(member_card(OTHER), slot=1):
            assert counter.events.next_of(CardArrived).card == image(OTHER)


def test_a_hung_reader_does_not_hold_up_the_end_of_the_process(pcscd: Pcscd):
    program = (
        "import threading, time\n"
        "from config.schema import PcscReader as Settings\n"
        "from drivers.cards.pcsc import PcscReader\n"
        "from drivers.supervise import Supervisor\n"
        "hung = threading.Event()\n"
        "emit = lambda event: hung.set() if 'Down' in type(event).__name__ else None\n"
        "supervisor = Supervisor(emit, time.monotonic)\n"
        f"reader = PcscReader(Settings(name='counter', match='{READERS[0]}'), card_limit_s=0.3)\n"
        "supervisor.start(reader)\n"
        f"assert hung.wait({PATIENCE_S})\n"
        "supervisor.stop()\n"
        "print(supervisor.join(0.1))\n"
    )
    with VirtualCard(lambda _: SILENCE):
        ended = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )

    assert (ended.returncode, ended.stdout) == (0, "('counter',)\n"), ended.stderr


def test_a_killed_pcscd_is_told_of_and_cards_are_read_after_its_restart(
    pcscd: Pcscd, counter: Counter
):
    counter.start("left", READERS[0])
    counter.start("right", READERS[1])

    pcscd.kill()
    assert {counter.events.next_of(DeviceDown).device for _ in range(2)} == {"left", "right"}
    pcscd.start()
    assert {counter.events.next_of(DeviceUp).device for _ in range(2)} == {"left", "right"}
    with VirtualCard(member_card(CONTENT), slot=1):
        assert counter.events.next_of(CardArrived) == CardArrived("right", image(CONTENT))


def test_a_pcscd_killed_while_a_card_is_silent_frees_the_reader(pcscd: Pcscd, counter: Counter):
    counter.start("counter", READERS[0], card_limit_s=0.5)

    with VirtualCard(lambda _: SILENCE):
        assert counter.events.next_of(DeviceDown).reason.startswith("the card does not answer")
        pcscd.kill()
    pcscd.start()
    assert counter.events.next_of(DeviceUp)


def test_a_pcscd_that_answers_nothing_is_told_of(
    pcscd: Pcscd, counter: Counter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("drivers.cards.pcsc.SERVICE_LIMIT_S", 1.0)
    counter.start("counter", READERS[0])

    pcscd.freeze()
    down = counter.events.next_of(DeviceDown)
    pcscd.thaw()

    assert down.reason == "the card service (pcscd) does not answer: restart it"
    assert counter.events.next_of(DeviceUp)


def test_a_missing_reader_is_named_with_those_that_are_there(counter: Counter):
    counter.supervisor.start(PcscReader(Settings(name="counter", match="ACR1252")))

    reason = counter.events.next_of(DeviceDown).reason

    assert reason.startswith("no reader named like 'ACR1252' is plugged in; there are: Virtual PCD")


def test_four_hundred_reads_leave_no_handle_behind(counter: Counter):
    # pcscd runs out at 200 clients and 200 handles; the driver must give back each.
    counter.start("counter", READERS[0])
    reader = PcscReader(Settings(name="again", match=READERS[1]))

    for _ in range(400):
        stop = threading.Event()
        reader.run(lambda _, stop=stop: stop.set(), stop)

    with VirtualCard(member_card(CONTENT)):
        assert counter.events.next_of(CardArrived).card == image(CONTENT)
