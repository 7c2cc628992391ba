"""Reads member cards on one PC/SC reader, contact or contactless, through pcscd.

Whatever happens while a card is talked to counts as the card's fault: if the reader or pcscd has
gone, the next wait says so.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from drivers import api
from drivers.cards.heal import Healer
from drivers.cards.identify import read_card
from drivers.cards.manners import SeveralCardsError, Signal, check_alone, signal
from drivers.cards.seam import BadMacError, CardRefusedError, Transmit
from drivers.cards.service import (
    NAMES_SHOWN_MAX,
    UNAWARE,
    Change,
    cancel,
    connected,
    establish,
    names_of,
    release,
    wait_for_change,
)
from drivers.cards.storage import Passage
from drivers.cards.teller import Open, Teller
from terminal.core.refusal import Key

CARD_LIMIT_S = 8.0
"""Longest that one card may take; the slowest honest one seen takes under a second."""
SERVICE_LIMIT_S = 8.0
COMMANDS_MAX = 8
"""So many commands may wait for the reader's thread."""
GO_LIMIT_S = 2.0
"""So long the thread waits for the ledger while a card is open; later commands still find it, but a card that
leaves is noticed late until then."""
_CARD_CALL = "the card does not answer: take the card away"
_SERVICE_CALL = "the card service (pcscd) does not answer: restart it"
_SWITCHED = "it failed again and again, and was switched off and on"

ReadCard = Callable[[Transmit, bytes], api.CardImage]
"""Reads a card, given a way to talk to it and its ATR; see :mod:`drivers.cards.identify`."""


class Settings(Protocol):
    """What the driver needs of ``config.schema.PcscReader``."""

    @property
    def passage(self) -> str:
        """Return ``pn532`` for a reader around a PN532, which can tell how many cards lie there."""

    @property
    def signal(self) -> str:
        """Return ``acr122`` for a reader with its LEDs and buzzer, ``none`` for any other."""

    @property
    def power(self) -> str | None:
        """Return the file that switches the reader off and on; None: there is none."""

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
        self._sees_several = settings.passage == Passage.PN532
        self._signals = settings.signal != "none"
        self._healer = Healer(Path(settings.power) if settings.power else None)
        self._card_limit_s = card_limit_s
        self._teller = Teller(settings.name, read, purses) if purses is not None else None
        self._commands: queue.Queue[api.CardCommand] = queue.Queue(COMMANDS_MAX)
        self._context: Any = None
        self._session = contextlib.ExitStack()
        """The connection to a card with a purse, for as long as it lies there."""
        self._open: Transmit | None = None
        """The way to that card."""

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
            cancel(context)  # Ends a wait for cards; the command ends a wait for itself.
        return True

    def run(self, emit: api.Emit, stop: threading.Event) -> None:
        """Emit what happens on the reader until ``stop``.

        Raises:
            DeviceLostError: pcscd or the reader is not there, or no longer there.
        """
        with self._service_call():
            context = establish()
        self._context = context
        try:
            self._watch(context, emit, stop)
        finally:
            self._context = None
            with self._service_call():
                self._put_down()
                release(context)

    def _watch(self, context: Any, emit: api.Emit, stop: threading.Event) -> None:
        with self._service_call():
            reader = self._find(context)
        emit(api.DeviceUp(self.device))
        seen, present = UNAWARE, False
        while not stop.is_set():
            self._obey(context, reader, seen, emit)
            before = seen
            with self._service_call():
                seen = wait_for_change(context, reader, before)
            if before.state and seen.insertions == before.insertions:
                continue  # Nothing came or went.
            self._put_down()
            if present:
                emit(api.CardLeft(self.device))
            present = seen.has_card
            if present:
                event = self._read(context, reader, seen.atr)
                emit(event)
                self._show(context, reader, [event])
                self._judge(event)

    def _judge(self, event: api.DeviceEvent) -> None:
        """Count failures in a row.

        Raises:
            DeviceLostError: There were so many that the reader was switched off and on.
        """
        match event:
            case api.CardUnreadable(key=Key.CARD_UNREADABLE) if self._healer.failed():
                raise api.DeviceLostError(_SWITCHED)
            case api.CardArrived():
                self._healer.well()
            case _:
                return

    def _show(self, context: Any, reader: str, events: Sequence[api.DeviceEvent]) -> None:
        """Have the reader blink and beep for what has happened, if it can."""
        wanted = next(filter(None, map(_signal_for, events)), None)
        if wanted is None or not self._signals:
            return
        with (
            self._call(self._card_limit_s, _CARD_CALL),
            contextlib.suppress(api.CardTornError, CardRefusedError),
        ):
            if self._open is not None:
                signal(self._open, wanted)
                return
            with connected(context, reader) as transmit:
                signal(transmit, wanted)

    def _find(self, context: Any) -> str:
        readers = names_of(context)
        for name in readers:
            if self._wanted.casefold() in name.casefold():
                return name
        if self._healer.failed():
            raise api.DeviceLostError(_SWITCHED)
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
            except SeveralCardsError as error:
                self._put_down()
                return api.CardUnreadable(self.device, str(error), Key.SEVERAL_CARDS)
            except (api.CardTornError, CardRefusedError, BadMacError) as error:
                return api.CardUnreadable(self.device, str(error))

    def _put_down(self) -> None:
        """End the session with the card; it has gone, or nothing more is wanted of it."""
        if self._teller is not None:
            self._teller.left()
        self._open = None
        self._session.close()

    def _serve(self, teller: Teller, context: Any, reader: str, atr: bytes) -> api.DeviceEvent:
        """Have the teller look at the card that came. Moves nothing, so a torn card is tried twice.

        Raises:
            CardTornError: It left.
        """
        try:
            event = teller.arrived(self._alone(self._connect(context, reader)), atr)
        except api.CardTornError:
            self._put_down()
            event = teller.arrived(self._alone(self._connect(context, reader)), atr)
        if not teller.holds_card:
            self._put_down()
        return event

    def _connect(self, context: Any, reader: str) -> Transmit:
        self._open = self._session.enter_context(connected(context, reader))
        return self._open

    def _alone(self, transmit: Transmit) -> Transmit:
        """Return ``transmit``, if one card lies there.

        Raises:
            SeveralCardsError: There are more.
        """
        if self._sees_several:
            check_alone(transmit)
        return transmit

    def _obey(self, context: Any, reader: str, seen: "Change", emit: api.Emit) -> None:
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
            self._show(context, reader, events)

    def _commanded(
        self, teller: Teller, command: api.CardCommand, context: Any, reader: str, seen: "Change"
    ) -> list[api.DeviceEvent]:
        wants_card = isinstance(command, api.CardOrder) and not command.is_next
        wants_card |= isinstance(command, api.CardQuestion)
        if wants_card and seen.has_card and not teller.holds_card:
            self._open = None
            self._session.close()
            with contextlib.suppress(api.CardTornError):
                teller.shown(self._connect(context, reader), seen.atr)
        return list(teller.obey(command))

    def _read_patiently(self, context: Any, reader: str, atr: bytes) -> api.CardImage:
        """Read the card, and once more if it was torn: reading does no harm.

        A card that is put down slowly often fails at first touch and answers at the second.
        """
        try:
            with connected(context, reader) as transmit:
                return self._read_card(self._alone(transmit), atr)
        except api.CardTornError:
            with connected(context, reader) as transmit:
                return self._read_card(self._alone(transmit), atr)

    def _service_call(self) -> contextlib.AbstractContextManager[None]:
        return self._call(SERVICE_LIMIT_S, _SERVICE_CALL)

    @contextlib.contextmanager
    def _call(self, limit_s: float, if_hung: str) -> Iterator[None]:
        self.in_call = api.DeviceCall(limit_s, if_hung)
        try:
            yield
        finally:
            self.in_call = None


def _signal_for(event: api.DeviceEvent) -> Signal | None:
    """Return what the reader should say to ``event``; None: nothing."""
    match event:
        case api.CardArrived(card=card):
            return Signal.BAD if card.trouble else Signal.GOOD
        case api.PurseMoved():
            return Signal.GOOD
        case api.CardUnreadable() | api.PurseDoubtful() | api.PurseUnmoved():
            return Signal.BAD
        case _:
            return None
