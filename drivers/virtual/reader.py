"""A card reader without hardware: the API puts cards on it and takes them away."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from drivers.api import (
    CardArrived,
    CardCommand,
    CardImage,
    CardLeft,
    DeviceEvent,
    DeviceUp,
    Emit,
)
from drivers.cards.seam import Response
from drivers.virtual.mailbox import Mailbox

PURSE = "purse"
"""Family of a card with money on it."""
TORN = b"torn"
"""What such a card carries that is torn away as soon as it has moved money."""


class Settings(Protocol):
    """What the driver needs of ``config.schema.VirtualReader``."""

    @property
    def name(self) -> str:
        """Return what the page calls the reader."""

    @property
    def purses(self) -> str | None:
        """Return the file in which its cards keep their money; None: they have none."""


class VirtualReader:
    """One reader; cards come from any thread, events from that of :meth:`run`."""

    def __init__(self, settings: Settings) -> None:
        self.device = settings.name
        self._wishes: Mailbox[CardImage | CardCommand | None] = Mailbox()
        self._teller = None
        if settings.purses is not None:
            from drivers.cards.teller import Teller  # noqa: PLC0415 - only with money on cards.
            from drivers.virtual.purses import VirtualPurses  # noqa: PLC0415

            self._purses = VirtualPurses(Path(settings.purses))
            self._teller = Teller(self.device, _read, self._purses.open)

    def present(self, card: CardImage) -> bool:
        """Put ``card`` on the reader, in place of any other; False when too many wait."""
        return self._wishes.ask(card)

    def remove(self) -> bool:
        """Take the card away, if there is one; False when too many wishes wait."""
        return self._wishes.ask(None)

    def purse(self, command: CardCommand) -> bool:
        """Queue ``command``; see :class:`~drivers.api.PurseReader`."""
        return self._teller is not None and self._wishes.ask(command)

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Emit what happens on the reader until ``stop``."""
        emit(DeviceUp(self.device))
        is_present = False
        for wish in self._wishes.wishes(stop):
            if wish is not None and not isinstance(wish, CardImage):
                for event in self._obeyed(wish):
                    emit(event)
                continue
            if is_present:
                emit(CardLeft(self.device))
            if self._teller is not None:
                self._teller.left()
            is_present = wish is not None
            if wish is not None:
                emit(self._arrived(wish))

    def _arrived(self, card: CardImage) -> DeviceEvent:
        if self._teller is None or card.family != PURSE:
            return CardArrived(self.device, card)
        self._purses.laid(tears=card.data == TORN)
        return self._teller.arrived(_speechless, card.uid)

    def _obeyed(self, command: CardCommand) -> Iterator[DeviceEvent]:
        return iter(()) if self._teller is None else self._teller.obey(command)


def _read(_transmit: object, atr: bytes) -> CardImage:
    return CardImage("uid", atr, b"", b"")


def _speechless(command: bytes) -> Response:
    raise AssertionError(f"a virtual card knows no commands: {command.hex()}")
