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
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, Self

from smartcard import scard

from drivers import api
from drivers.cards.identify import read_card
from drivers.cards.seam import BadMacError, CardRefusedError, Response, Transmit
from drivers.cards.teller import Open, Teller

CARD_LIMIT_S = 8.0
"""Longest that one card may take; the slowest honest one seen takes under a second."""
SERVICE_LIMIT_S = 8.0
COMMANDS_MAX = 8
"""So many commands may wait for the reader's thread."""
GO_LIMIT_S = 2.0
"""So long the thread waits for the ledger while a card is open; later commands still find it, but a card that
leaves is noticed late until then."""
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
        purses: Open | None = None,
    ) -> None:
        """``purses`` opens the purse of a card; None: cards only name their members here."""
        self.device = settings.name
        self.in_call: api.DeviceCall | None = None
        self._wanted = settings.match
        self._read_card = read
        self._card_limit_s = card_limit_s
        self._teller = Teller(settings.name, read, purses) if purses is not None else None
        self._commands: queue.Queue[api.CardCommand] = queue.Queue(COMMANDS_MAX)
        self._context: Any = None
        self._session = contextlib.ExitStack()
        """The connection to a card with a purse, for as long as it lies there."""

    def purse(self, command: api.CardCommand) -> bool:
        """Queue ``command``; see :class:`~drivers.api.PurseReader`."""
        if self._teller is None:
            return False
        try:
            self._commands.put_nowait(command)
        except queue.Full:
            return False
        context = self._context
        if context is not None:
            scard.SCardCancel(context)  # Ends a wait for cards; the command ends a wait for itself.
        return True

    def run(self, emit: api.Emit, stop: threading.Event) -> None:
        """Emit what happens on the reader until ``stop``.

        Raises:
            DeviceLostError: pcscd or the reader is not there, or no longer there.
        """
        with self._service_call():
            context = _establish()
        self._context = context
        try:
            self._watch(context, emit, stop)
        finally:
            self._context = None
            with self._service_call():
                self._put_down()
                scard.SCardReleaseContext(context)

    def _watch(self, context: Any, emit: api.Emit, stop: threading.Event) -> None:
        with self._service_call():
            reader = self._find(context)
        emit(api.DeviceUp(self.device))
        seen, present = _Change(scard.SCARD_STATE_UNAWARE, b""), False
        while not stop.is_set():
            self._obey(context, reader, seen, emit)
            before = seen
            with self._service_call():
                seen = _wait_for_change(context, reader, before)
            if before.state and seen.insertions == before.insertions:
                continue  # Nothing came or went.
            self._put_down()
            if present:
                emit(api.CardLeft(self.device))
            present = bool(seen.state & scard.SCARD_STATE_PRESENT)
            if present:
                emit(self._read(context, reader, seen.atr))

    def _find(self, context: Any) -> str:
        readers = _names(context)
        for name in readers:
            if self._wanted.casefold() in name.casefold():
                return name
        raise api.DeviceLostError(
            f"no reader named like {self._wanted!r} is plugged in; there are: "
            f"{', '.join(readers[:NAMES_SHOWN_MAX]) or 'none'}"
        )

    def _read(self, context: Any, reader: str, atr: bytes) -> api.DeviceEvent:
        with self._call(self._card_limit_s, _CARD_CALL):
            try:
                if self._teller is not None:
                    return self._serve(self._teller, context, reader, atr)
                return api.CardArrived(self.device, self._read_patiently(context, reader, atr))
            except (api.CardTornError, CardRefusedError, BadMacError) as error:
                return api.CardUnreadable(self.device, str(error))

    def _put_down(self) -> None:
        """End the session with the card; it has gone, or nothing more is wanted of it."""
        if self._teller is not None:
            self._teller.left()
        self._session.close()

    def _serve(self, teller: Teller, context: Any, reader: str, atr: bytes) -> api.DeviceEvent:
        """Have the teller look at the card that came. Moves nothing, so a torn card is tried twice.

        Raises:
            CardTornError: It left.
        """
        try:
            event = teller.arrived(self._connect(context, reader), atr)
        except api.CardTornError:
            self._put_down()
            event = teller.arrived(self._connect(context, reader), atr)
        if not teller.holds_card:
            self._put_down()
        return event

    def _connect(self, context: Any, reader: str) -> Transmit:
        return self._session.enter_context(_card(context, reader))

    def _obey(self, context: Any, reader: str, seen: "_Change", emit: api.Emit) -> None:
        """Carry out what the loop asks, until it asks no more and no open card waits for its word."""
        teller = self._teller
        if teller is None:
            return
        while True:
            wait_s = GO_LIMIT_S if teller.is_ready else 0.0
            try:
                command = self._commands.get(block=wait_s > 0, timeout=wait_s or None)
            except queue.Empty:
                return
            with self._call(self._card_limit_s, _CARD_CALL):
                events = self._commanded(teller, command, context, reader, seen)
            for event in events:
                emit(event)

    def _commanded(
        self, teller: Teller, command: api.CardCommand, context: Any, reader: str, seen: "_Change"
    ) -> list[api.DeviceEvent]:
        wants_card = isinstance(command, api.CardOrder) and not command.is_next
        wants_card |= isinstance(command, api.CardQuestion)
        if wants_card and seen.has_card and not teller.holds_card:
            self._session.close()
            with contextlib.suppress(api.CardTornError):
                teller.shown(self._connect(context, reader), seen.atr)
        return list(teller.obey(command))

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


class Bench:
    """One reader in the hands of a technician's command, for cards put on it one after another.

    Use it in a ``with`` block. Nobody watches these calls: a card that never answers is taken away by hand.
    """

    def __init__(self, match: str) -> None:
        self._match = match
        self._context: Any = None
        self._seen = self._card = _Change(scard.SCARD_STATE_UNAWARE, b"")
        self.reader = ""
        """Its PC/SC name."""

    def __enter__(self) -> Self:
        """Find the reader.

        Raises:
            DeviceLostError: pcscd is not there, or not exactly one reader is named like that.
        """
        self._context = _establish()
        found = [
            name for name in _names(self._context) if self._match.casefold() in name.casefold()
        ]
        if len(found) != 1:
            scard.SCardReleaseContext(self._context)
            shown = ", ".join(found[:NAMES_SHOWN_MAX]) or "none"
            raise api.DeviceLostError(
                f"there must be one reader named like {self._match!r}: {shown}"
            )
        [self.reader] = found
        return self

    def __exit__(self, *_: object) -> None:
        scard.SCardReleaseContext(self._context)

    def wait_for_card(self, limit_s: float) -> bytes | None:
        """Return the ATR of the card that lies there, waiting so long for one; None: none came.

        Raises:
            DeviceLostError: pcscd or the reader has gone.
        """
        if not self._wait(limit_s, lambda seen: seen.has_card):
            return None
        self._card = self._seen
        return self._card.atr

    def wait_until_free(self, limit_s: float) -> bool:
        """Return whether that card has been taken away within that time, another there or not.

        Raises:
            DeviceLostError: pcscd or the reader has gone.
        """
        before = self._card.insertions
        return self._wait(limit_s, lambda seen: not seen.has_card or seen.insertions != before)

    def card(self, *, is_reset: bool = False) -> contextlib.AbstractContextManager[Transmit]:
        """Connect to the card for a ``with`` block; ``is_reset``: wake it first, should it sleep.

        Raises:
            CardTornError: It left, or another program is using it.
        """
        return _card(self._context, self.reader, is_reset=is_reset)

    def _wait(self, limit_s: float, is_so: Callable[["_Change"], bool]) -> bool:
        for _ in range(1 + int(limit_s * 1000) // _WAIT_MS):
            self._seen = _wait_for_change(self._context, self.reader, self._seen)
            if is_so(self._seen):
                return True
        return False


class _Change(NamedTuple):
    """What a wait returned: the reader's state, as PC/SC packs it, and the card's ATR."""

    state: int
    atr: bytes

    @property
    def has_card(self) -> bool:
        """Return whether a card lies there."""
        return bool(self.state & scard.SCARD_STATE_PRESENT)

    @property
    def insertions(self) -> int:
        """Return how many cards came or went, modulo 65,536."""
        return (self.state & _UNSIGNED) >> 16


def _establish() -> Any:
    hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _check(hresult, "reach pcscd")
    return context


def _names(context: Any) -> list[str]:
    hresult, readers = scard.SCardListReaders(context, [])
    if _is(hresult, scard.SCARD_E_NO_READERS_AVAILABLE):
        return []
    _check(hresult, "list readers")
    return [str(name) for name in readers]


@contextlib.contextmanager
def _card(context: Any, reader: str, *, is_reset: bool = False) -> Iterator[Transmit]:
    hresult, card, protocol = scard.SCardConnect(
        context, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY
    )
    _check_card(hresult, "connect")
    if is_reset:
        # A reset that meets no card was seen to leave a virtual reader blind: never at the end.
        hresult, protocol = scard.SCardReconnect(
            card, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY, scard.SCARD_RESET_CARD
        )
        _check_card(hresult, "reset")
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
    if _is(hresult, scard.SCARD_E_TIMEOUT) or _is(hresult, scard.SCARD_E_CANCELLED):
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
