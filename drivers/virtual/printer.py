"""A printer without hardware: the API shows its slips, takes its paper out and opens its cover.

It is driven by the same procedure as a real one, over a port in memory.
"""

import threading

from drivers.api import Cover, Paper
from drivers.printers.driver import PrinterSettings, QueuedPrinter
from drivers.virtual.paper import PaperRoll

PAPER_WORDS = (Paper.OK, Paper.LOW, Paper.OUT)
COVER_WORDS = (Cover.CLOSED, Cover.OPEN)


class VirtualPrinter(QueuedPrinter):
    """One printer; its slips and switches are for any thread."""

    def __init__(self, settings: PrinterSettings) -> None:
        encoding = "gb18030" if settings.encoding == "picture" else settings.encoding
        self._port = _MemoryPort(PaperRoll(encoding))
        super().__init__(settings, self._plug)

    def texts(self) -> list[str]:
        """Return the newest slips as text, oldest first."""
        with self._port.changed:
            return self._port.roll.texts()

    def drawer_kicks(self) -> int:
        """Return how often the drawer was opened."""
        with self._port.changed:
            return self._port.roll.kicks

    def set_paper(self, paper: str) -> bool:
        """Put paper in (``ok``), leave little (``low``), take it out (``out``); False if no such."""
        if paper not in PAPER_WORDS:
            return False
        with self._port.changed:
            self._port.roll.paper = Paper(paper)
            self._port.go_on()
        self.prepare()
        return True

    def set_cover(self, cover: str) -> bool:
        """Make the cover ``closed`` or ``open``; False if it is told anything else."""
        if cover not in COVER_WORDS:
            return False
        with self._port.changed:
            self._port.roll.cover = Cover(cover)
            self._port.go_on()
        self.prepare()
        return True

    def set_online(self, *, online: bool) -> None:
        """Press the printer's own button."""
        with self._port.changed:
            self._port.roll.online = online
            self._port.go_on()
        self.prepare()

    def _plug(self, stop: threading.Event) -> "_MemoryPort":
        del stop  # Nothing here waits.
        return self._port


class _MemoryPort:
    """The way to a roll of paper in memory; see :class:`drivers.printers.port.Port`."""

    can_answer = True

    def __init__(self, roll: PaperRoll) -> None:
        self.roll = roll
        self.changed = threading.Condition()
        """Held around every use of the roll, and told when the roll has something to say."""
        self._said = bytearray()

    def write(self, data: memoryview, timeout_s: float) -> int:
        with self.changed:
            self.changed.wait_for(lambda: self.roll.room > 0, timeout_s)
            taken = bytes(data[: max(0, self.roll.room)])
            self._said += self.roll.take(taken)
            return len(taken)

    def read(self, timeout_s: float) -> bytes:
        with self.changed:
            self.changed.wait_for(lambda: self._said, timeout_s)
            said = bytes(self._said)
            self._said.clear()
            return said

    def drain(self, timeout_s: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.roll.is_idle, timeout_s)

    def close(self) -> None:
        """Stay: what was printed is remembered over a fresh start of the driver."""

    def go_on(self) -> None:
        """Print what has waited for paper. The caller holds ``changed``."""
        self._said += self.roll.go_on()
        self.changed.notify_all()
