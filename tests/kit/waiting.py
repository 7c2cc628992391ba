"""Waiting for what happens, with a deadline, instead of sleeping and hoping."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 60.0
"""Long enough for a busy two-core machine; a test that passes never waits for it."""


def until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Return as soon as ``is_so`` holds; fail with ``what`` when it does not in time."""
    tick = threading.Event()
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        tick.wait(0.01)


class Events:
    """Collects what drivers emit; tests take events from it in order."""

    def __init__(self) -> None:
        self._inbox: queue.Queue[Any] = queue.Queue()
        self.seen: list[Any] = []

    def __call__(self, event: Any) -> None:
        """Take an event; this is the ``emit`` to give to a driver."""
        self._inbox.put(event)

    def next(self, patience_s: float = PATIENCE_S) -> Any:
        """Return the next event, whatever it is."""
        try:
            event = self._inbox.get(timeout=patience_s)
        except queue.Empty:
            raise AssertionError(f"no event came after {self.seen}") from None
        self.seen.append(event)
        return event

    def next_of(self, kind: type, device: str | None = None) -> Any:
        """Return the next event of ``kind`` (from ``device``), passing over all others."""
        while True:
            event = self.next()
            if isinstance(event, kind) and device in (None, event.device):
                return event

    def nothing_waits(self) -> bool:
        """Return whether every event has been taken."""
        return self._inbox.empty()
