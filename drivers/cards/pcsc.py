"""Reads member cards on one PC/SC reader, contact or contactless, through pcscd.

The only module that imports pyscard, and only its thin ``scard`` layer. pyscard's ``CardMonitor``
is not for a daemon: it is a process-wide singleton, calls observers on a hidden thread, starts
another thread for each wait, and ends silently when pcscd restarts. Here the thread is the
caller's, and a lost pcscd is a DeviceLostError.

Whatever happens while a card is talked to counts as the card's fault: if the reader or pcscd has
gone, the next wait says so. The bytes that come with a failure are neither kept nor logged; pyscard
has been seen to hand out process memory there.

Units: waits are in milliseconds, as PC/SC counts them.
Sources: PC/SC part 5 (SCardGetStatusChange). The upper 16 bits of a reader state count insertions
and removals in pcsc-lite, and so betray a card that left and came back between two waits.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from smartcard import scard

from drivers import api
from drivers.cards.identify import read_card
from drivers.cards.seam import BadMacError, CardRefusedError, Response, Transmit

CARD_LIMIT_S = 8.0
"""Longest that one card may take; the slowest honest one seen takes under a second."""
SERVICE_LIMIT_S = 8.0
NAMES_SHOWN_MAX = 8
_WAIT_MS = 500  # One wait; also the longest that a stop goes unnoticed.
_CARD_CALL = "the card does not answer: take the card away"
_SERVICE_CALL = "the card service (pcscd) does not answer: restart it"
_UNSIGNED = 0xFFFFFFFF  # Some builds of pyscard count results from -2**31.
_GONE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE

ReadCard = Callable[[Transmit, bytes], api.CardImage]
"""Reads a card, given a way to talk to it and its ATR; see :mod:`drivers.cards.identify`."""


class Settings(Protocol):
    """What the driver needs of ``config.schema.PcscReader``."""

    @property
    def name(self) -> str:
        """Return what the page calls the reader."""

    @property
    def match(self) -> str:
        """Return a part of the reader's PC/SC name."""


class PcscReader:
    """One reader, watched and read by the thread that calls :meth:`run`."""

    def __init__(
        self,
        settings: Settings,
        read: ReadCard = read_card,
        card_limit_s: float = CARD_LIMIT_S,
    ) -> None:
        self.device = settings.name
        self.in_call: api.DeviceCall | None = None
        self._wanted = settings.match
        self._read_card = read
        self._card_limit_s = card_limit_s

    def run(self, emit: api.Emit, stop: threading.Event) -> None:
        """Emit what happens on the reader until ``stop``.

        Raises:
            DeviceLostError: pcscd or the reader is not there, or no longer there.
        """
        with self._service_call():
            context = _establish()
        try:
            self._watch(context, emit, stop)
        finally:
            with self._service_call():
                scard.SCardReleaseContext(context)

    def _watch(self, context: Any, emit: api.Emit, stop: threading.Event) -> None:
        with self._service_call():
            reader = self._find(context)
        emit(api.DeviceUp(self.device))
        seen, present = _Change(scard.SCARD_STATE_UNAWARE, b""), False
        while not stop.is_set():
            before = seen
            with self._service_call():
                seen = _wait_for_change(context, reader, before)
            if before.state and seen.insertions == before.insertions:
                continue  # Nothing came or went.
            if present:
                emit(api.CardLeft(self.device))
            present = bool(seen.state & scard.SCARD_STATE_PRESENT)
            if present:
                emit(self._read(context, reader, seen.atr))

    def _find(self, context: Any) -> str:
        hresult, readers = scard.SCardListReaders(context, [])
        if _is(hresult, scard.SCARD_E_NO_READERS_AVAILABLE):
            readers = []
        else:
            _check(hresult, "list readers")
        for name in readers:
            if self._wanted.casefold() in str(name).casefold():
                return str(name)
        raise api.DeviceLostError(
            f"no reader named like {self._wanted!r} is plugged in; there are: "
            f"{', '.join(map(str, readers[:NAMES_SHOWN_MAX])) or 'none'}"
        )

    def _read(self, context: Any, reader: str, atr: bytes) -> api.DeviceEvent:
        with self._call(self._card_limit_s, _CARD_CALL):
            try:
                return api.CardArrived(self.device, self._read_patiently(context, reader, atr))
            except (api.CardTornError, CardRefusedError, BadMacError) as error:
                return api.CardUnreadable(self.device, str(error))

    def _read_patiently(self, context: Any, reader: str, atr: bytes) -> api.CardImage:
        """Read the card, and once more if it was torn: reading does no harm.

        A card that is put down slowly often fails at first touch and answers at the second.
        """
        try:
            with _card(context, reader) as transmit:
                return self._read_card(transmit, atr)
        except api.CardTornError:
            with _card(context, reader) as transmit:
                return self._read_card(transmit, atr)

    def _service_call(self) -> contextlib.AbstractContextManager[None]:
        return self._call(SERVICE_LIMIT_S, _SERVICE_CALL)

    @contextlib.contextmanager
    def _call(self, limit_s: float, if_hung: str) -> Iterator[None]:
        self.in_call = api.DeviceCall(limit_s, if_hung)
        try:
            yield
        finally:
            self.in_call = None


class _Change(NamedTuple):
    """What a wait returned: the reader's state, as PC/SC packs it, and the card's ATR."""

    state: int
    atr: bytes

    @property
    def insertions(self) -> int:
        """Return how many cards came or went, modulo 65,536."""
        return (self.state & _UNSIGNED) >> 16


def _establish() -> Any:
    hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _check(hresult, "reach pcscd")
    return context


@contextlib.contextmanager
def _card(context: Any, reader: str) -> Iterator[Transmit]:
    hresult, card, protocol = scard.SCardConnect(
        context, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY
    )
    _check_card(hresult, "connect")
    header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1

    def transmit(command: bytes) -> Response:
        # Only the header of a command goes into the reason: what follows it may be a secret.
        hresult, raw = scard.SCardTransmit(card, header, list(command))
        _check_card(hresult, f"transmit {command[:4].hex()}")
        return Response.parse(bytes(raw))

    try:
        yield transmit
    finally:
        # Any other disposition powers the card down and resets everyone else's handle.
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


def _wait_for_change(context: Any, reader: str, before: _Change) -> _Change:
    hresult, changes = scard.SCardGetStatusChange(context, _WAIT_MS, [(reader, before.state)])
    if _is(hresult, scard.SCARD_E_TIMEOUT):
        return before
    _check(hresult, "wait for a card")
    if len(changes) != 1:
        raise api.DeviceLostError(f"wait for a card: {len(changes)} answers")
    [(_, state, atr)] = changes
    if state & _GONE:
        raise api.DeviceLostError(f"the reader {reader} was unplugged")
    return _Change(state & ~scard.SCARD_STATE_CHANGED, bytes(atr))


def _is(hresult: int, meaning: int) -> bool:
    return (hresult & _UNSIGNED) == (meaning & _UNSIGNED)


def _check(hresult: int, doing: str) -> None:
    if hresult != scard.SCARD_S_SUCCESS:
        raise api.DeviceLostError(_explain(hresult, doing))


def _check_card(hresult: int, doing: str) -> None:
    if hresult != scard.SCARD_S_SUCCESS:
        raise api.CardTornError(_explain(hresult, doing))


def _explain(hresult: int, doing: str) -> str:
    return f"{doing}: {scard.SCardGetErrorMessage(hresult)} ({hresult & _UNSIGNED:08X})"
