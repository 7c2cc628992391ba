"""A scanner without hardware: the API scans with it. It refuses what a real one would refuse."""

import threading
from typing import Protocol

from drivers.api import DeviceUp, Emit, Scanned, ScanRefused
from drivers.scanners.framing import CODE_MAX, is_text
from drivers.virtual.mailbox import Mailbox


class Settings(Protocol):
    """What the driver needs of ``config.schema.VirtualScanner``."""

    @property
    def name(self) -> str:
        """Return what the page calls the scanner."""


class VirtualScanner:
    """One scanner; codes come from any thread, events from that of :meth:`run`."""

    def __init__(self, settings: Settings) -> None:
        self.device = settings.name
        self._codes: Mailbox[bytes] = Mailbox()

    def scan(self, text: str) -> bool:
        """Scan a code that holds ``text``; False when too many wait.

        Text beyond ASCII is sent as UTF-8, as scanners do.
        """
        # Four bytes is the most that a character takes: what is cut off is too long anyhow.
        return self._codes.ask(text[: CODE_MAX + 1].encode("utf-8", "replace"))

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Emit what is scanned until ``stop``."""
        emit(DeviceUp(self.device))
        for code in self._codes.wishes(stop):
            if len(code) > CODE_MAX:
                emit(ScanRefused(self.device, f"longer than {CODE_MAX} bytes"))
            elif not code or not all(map(is_text, code)):
                emit(ScanRefused(self.device, "not text"))
            else:
                emit(Scanned(self.device, code.decode("latin-1")))
