"""A card reader without hardware: the API puts cards on it and takes them away."""

import threading
from typing import Protocol

from drivers.api import CardArrived, CardImage, CardLeft, DeviceUp, Emit
from drivers.virtual.mailbox import Mailbox


class Settings(Protocol):
    """What the driver needs of ``config.schema.VirtualReader``."""

    @property
    def name(self) -> str:
        """Return what the page calls the reader."""


class VirtualReader:
    """One reader; cards come from any thread, events from that of :meth:`run`."""

    def __init__(self, settings: Settings) -> None:
        self.device = settings.name
        self._cards: Mailbox[CardImage | None] = Mailbox()

    def present(self, card: CardImage) -> bool:
        """Put ``card`` on the reader, in place of any other; False when too many wait."""
        return self._cards.ask(card)

    def remove(self) -> bool:
        """Take the card away, if there is one; False when too many wishes wait."""
        return self._cards.ask(None)

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Emit what happens on the reader until ``stop``."""
        emit(DeviceUp(self.device))
        is_present = False
        for card in self._cards.wishes(stop):
            if is_present:
                emit(CardLeft(self.device))
            is_present = card is not None
            if card is not None:
                emit(CardArrived(self.device, card))
