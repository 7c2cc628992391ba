"""What a reader does for the person before it: light and sound, one card at a time, a switch when stuck."""

import time

import pytest

from config.schema import PcscReader as Settings
from drivers import supervise
from drivers.api import CardTornError, DeviceDown
from drivers.cards.heal import FAILURES_MAX, Healer
from drivers.cards.manners import SeveralCardsError, Signal, check_alone, signal
from drivers.cards.pcsc import PcscReader
from drivers.cards.seam import CardRefusedError, Response
from drivers.supervise import Supervisor
from tests.kit.pcscd import Pcscd
from tests.kit.waiting import PATIENCE_S, Events


def answering(data: str, status: int = 0x9000):
    """A reader that answers everything so, and what it was asked."""
    asked: list[str] = []

    def transmit(command: bytes) -> Response:
        asked.append(command.hex())
        return Response(bytes.fromhex(data), status)

    return transmit, asked


@pytest.mark.parametrize(
    ("wanted", "command"), [(Signal.GOOD, "ff0040ae0401010101"), (Signal.BAD, "ff00405d0401010301")]
)
def test_a_reader_blinks_and_beeps_as_its_maker_says(wanted, command):
    transmit, asked = answering("", 0x9002)

    signal(transmit, wanted)

    assert asked == [command]


def test_a_reader_that_cannot_blink_says_so():
    with pytest.raises(CardRefusedError, match="LEDs and buzzer: SW=6E00"):
        signal(answering("", 0x6E00)[0], Signal.GOOD)


@pytest.mark.parametrize(
    ("data", "status"),
    [("d54b01010004080704a1b2c3d4e5f6", 0x9000), ("d54b00", 0x9000), ("d54b", 0x9000),
     ("", 0x9000), ("", 0x6300), ("d54302", 0x9000), ("d54b02", 0x6F00)],
)  # fmt: skip
def test_one_card_or_a_reader_that_cannot_tell_is_no_hindrance(data, status):
    transmit, asked = answering(data, status)

    check_alone(transmit)

    assert asked == ["ff00000004d44a0200"]


def test_two_cards_in_one_field_are_refused():
    with pytest.raises(SeveralCardsError, match="several cards"):
        check_alone(answering("d54b02010004080704a1b2c3d4e5f6020004080404a1b2c4")[0])


def test_failures_in_a_row_switch_the_reader_off_and_on_and_a_read_card_forgives_them(tmp_path):
    switch = tmp_path / "authorized"
    healer = Healer(switch, off_s=0.0)

    assert [healer.failed() for _ in range(FAILURES_MAX - 1)] == [False] * (FAILURES_MAX - 1)
    assert not switch.exists()
    healer.well()
    assert [healer.failed() for _ in range(FAILURES_MAX)] == [False] * (FAILURES_MAX - 1) + [True]
    assert switch.read_text() == "1"


def test_a_switch_that_may_not_be_used_is_told_and_costs_nothing(tmp_path, caplog):
    healer = Healer(tmp_path / "none" / "authorized", off_s=0.0)

    assert not any(healer.failed() for _ in range(2 * FAILURES_MAX))
    assert "cannot be switched off and on" in caplog.text
    assert not any(Healer(None).failed() for _ in range(2 * FAILURES_MAX))


def test_a_reader_that_stays_away_is_switched_off_and_on_and_its_history_says_so(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(supervise, "_RETRY_LOST_S", (0.0,))
    switch, events = tmp_path / "authorized", Events()
    supervisor = Supervisor(events, time.monotonic)
    with Pcscd():
        supervisor.start(PcscReader(Settings(name="stuck", match="ACR122", power=str(switch))))
        while "switched off and on" not in (down := events.next_of(DeviceDown)).reason:
            assert down.reason.startswith("no reader named like")
        supervisor.stop()
        assert supervisor.join(PATIENCE_S) == ()

    assert switch.read_text() == "1"
    assert any("switched off and on" in each.reason for each in supervisor.health()[0].history)


def test_a_card_that_left_before_the_reader_could_beep_is_no_fault():
    def gone(_: bytes) -> Response:
        raise CardTornError("transmit ff00405d")

    with pytest.raises(CardTornError):
        signal(gone, Signal.BAD)
