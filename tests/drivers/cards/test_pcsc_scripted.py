"""The PC/SC driver against scripted sessions: what pcscd would answer, call by call.

The scripts are written by hand in the shape that pyscard 2.0.5 and 2.3.1 return. The results of a
card pulled mid-command were seen with pcsc-lite 1.9.9 on a virtual reader; those that a virtual
reader cannot give (unplugged, wrapped counter, results from -2**31, a leak) follow PC/SC part 5.
What can be had from a real pcscd is tested there, in ``test_pcscd``.
"""

import threading
from functools import partial
from typing import Any

import pytest
from smartcard import scard

from config.schema import PcscReader as Settings
from drivers.api import CardArrived, CardImage, CardLeft, CardUnreadable, DeviceLostError, DeviceUp
from drivers.cards import pcsc

OK = scard.SCARD_S_SUCCESS
EMPTY, PRESENT = scard.SCARD_STATE_EMPTY, scard.SCARD_STATE_PRESENT
ATR = bytes.fromhex("3b80800101")
READER = "ACS ACR1252 00 00"

SCRIPTED = (
    "SCardEstablishContext",
    "SCardListReaders",
    "SCardGetStatusChange",
    "SCardConnect",
    "SCardTransmit",
)
RELEASED = ("SCardReleaseContext", "SCardDisconnect")


class Session:
    """Runs the driver against scripted (call, answer) pairs; stops it after the last one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *script: tuple[str, Any]):
        start = (("SCardEstablishContext", (OK, 1)), ("SCardListReaders", (OK, [READER])))
        self._answers = iter((*start, *script))
        self._stop = threading.Event()
        self.events: list[Any] = []
        self.released: list[tuple[Any, ...]] = []
        for call in SCRIPTED:
            monkeypatch.setattr(scard, call, partial(self._answer, call))
        for call in RELEASED:
            monkeypatch.setattr(scard, call, lambda *given, call=call: self._release(call, *given))

    def play(self) -> list[Any]:
        settings = Settings(name="reader", match="acr1252")
        pcsc.PcscReader(settings).run(self.events.append, self._stop)
        assert next(self._answers, None) is None
        return self.events

    def _answer(self, call: str, *_: object) -> Any:
        for expected, scripted in self._answers:
            assert call == expected
            return scripted
        self._stop.set()
        return scard.SCARD_E_TIMEOUT, []

    def _release(self, *call: Any) -> int:
        self.released.append(call)
        return OK


def state(count: int, flags: int) -> tuple[str, Any]:
    return "SCardGetStatusChange", (OK, [(READER, count << 16 | flags, list(ATR))])


def answer(*raw: int, hresult: int = OK) -> tuple[str, Any]:
    return "SCardTransmit", (hresult, list(raw))


CONNECT = ("SCardConnect", (OK, 7, scard.SCARD_PROTOCOL_T1))
SELECTED = answer(0x90, 0x00)
READ = answer(*b"MEMBER", 0x90, 0x00)
ARRIVED = CardArrived("reader", CardImage("iso7816", b"", ATR, b"MEMBER"))
UP = DeviceUp("reader")


def test_a_card_comes_is_read_and_goes(monkeypatch):
    session = Session(
        monkeypatch, state(0, EMPTY), state(1, PRESENT), CONNECT, SELECTED, READ, state(2, EMPTY)
    )

    assert session.play() == [UP, ARRIVED, CardLeft("reader")]


def test_a_second_tap_between_two_waits_is_seen(monkeypatch):
    session = Session(
        monkeypatch,
        state(1, PRESENT), CONNECT, SELECTED, READ,
        state(3, PRESENT), CONNECT, SELECTED, READ,
    )  # fmt: skip

    assert session.play() == [UP, ARRIVED, CardLeft("reader"), ARRIVED]


def test_a_counter_that_begins_anew_is_no_less_a_change(monkeypatch):
    session = Session(monkeypatch, state(0xFFFF, EMPTY), state(0, PRESENT), CONNECT, SELECTED, READ)

    assert session.play() == [UP, ARRIVED]


def test_a_reader_taken_by_another_program_for_a_moment_is_no_new_card(monkeypatch):
    session = Session(
        monkeypatch,
        state(1, PRESENT), CONNECT, SELECTED, READ,
        state(1, PRESENT | scard.SCARD_STATE_INUSE), state(1, PRESENT),
    )  # fmt: skip

    assert session.play() == [UP, ARRIVED]


def test_a_state_counted_from_below_zero_is_understood(monkeypatch):
    signed = ("SCardGetStatusChange", (OK, [(READER, (0x8001 << 16 | PRESENT) - 2**32, [*ATR])]))
    session = Session(monkeypatch, state(0x8000, EMPTY), signed, CONNECT, SELECTED, READ)

    assert session.play() == [UP, ARRIVED]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (answer(hresult=scard.SCARD_W_REMOVED_CARD), "80100069"),
        (answer(hresult=scard.SCARD_E_NOT_TRANSACTED), "80100016"),
        (answer(), "answer without status word"),
        (answer(0x90), "answer without status word"),
    ],
    ids=["removed", "not transacted", "success with zero bytes", "half a status word"],
)
def test_a_card_torn_twice_is_unreadable_not_fatal(monkeypatch, failure, reason):
    session = Session(
        monkeypatch, state(1, PRESENT), CONNECT, SELECTED, failure, CONNECT, SELECTED, failure
    )

    [up, unreadable] = session.play()

    assert up == UP
    assert isinstance(unreadable, CardUnreadable)
    assert reason in unreadable.reason


def test_a_card_torn_once_is_read_again(monkeypatch):
    torn = answer(hresult=scard.SCARD_E_NOT_TRANSACTED)
    session = Session(monkeypatch, state(1, PRESENT), CONNECT, torn, CONNECT, SELECTED, READ)

    assert session.play() == [UP, ARRIVED]


def test_bytes_that_come_with_a_failure_are_neither_used_nor_told(monkeypatch):
    # pyscard once returned 65,548 bytes of process memory with a failure.
    leak = answer(*b"SECRET" * 10_000, 0x90, 0x00, hresult=scard.SCARD_F_COMM_ERROR)
    session = Session(monkeypatch, state(1, PRESENT), CONNECT, leak, CONNECT, leak)

    [_, unreadable] = session.play()

    assert isinstance(unreadable, CardUnreadable)
    assert len(unreadable.reason) < 120
    assert "SECRET" not in unreadable.reason


def test_a_card_in_the_hands_of_another_program_is_unreadable(monkeypatch):
    taken = ("SCardConnect", (scard.SCARD_E_SHARING_VIOLATION, 0, 0))
    session = Session(monkeypatch, state(1, PRESENT), taken, taken)

    [_, unreadable] = session.play()

    assert unreadable.reason.startswith("connect: Sharing violation")


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (("SCardGetStatusChange", (scard.SCARD_E_NO_SERVICE, [])), "wait for a card: Service not"),
        (("SCardGetStatusChange", (scard.SCARD_E_UNKNOWN_READER, [])), "wait for a card: Unknown"),
        (("SCardGetStatusChange", (OK, [])), "wait for a card: 0 answers"),
        (state(0, scard.SCARD_STATE_UNKNOWN), "the reader ACS ACR1252 00 00 was unplugged"),
        (state(0, scard.SCARD_STATE_UNAVAILABLE), "the reader ACS ACR1252 00 00 was unplugged"),
    ],
)
def test_a_lost_reader_ends_the_run(monkeypatch, lost, reason):
    session = Session(monkeypatch, state(0, EMPTY), lost)

    with pytest.raises(DeviceLostError, match=reason):
        session.play()
    assert session.released == [("SCardReleaseContext", 1)]


def test_what_was_taken_is_given_back_and_the_card_left_as_it_is(monkeypatch):
    session = Session(monkeypatch, state(1, PRESENT), CONNECT, SELECTED, READ)

    session.play()

    assert session.released == [
        ("SCardDisconnect", 7, scard.SCARD_LEAVE_CARD),
        ("SCardReleaseContext", 1),
    ]


@pytest.mark.parametrize(
    ("answered", "there"),
    [
        ((scard.SCARD_E_NO_READERS_AVAILABLE, []), "none"),
        ((OK, ["Gemalto PC Twin"]), "Gemalto PC Twin"),
    ],
)
def test_a_reader_that_is_not_plugged_in_is_told_with_those_that_are(monkeypatch, answered, there):
    session = Session(monkeypatch)
    monkeypatch.setattr(scard, "SCardListReaders", lambda *_: answered)

    with pytest.raises(DeviceLostError, match=f"'acr1252' is plugged in; there are: {there}"):
        session.play()
