"""What other threads ask of a virtual device, until its own thread comes to it."""

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

WISHES_MAX = 100
_WAIT_S = 0.25  # Longest that a stop goes unnoticed.

Wish = TypeVar("Wish")


class Mailbox(Generic[Wish]):
    """A bounded queue of wishes."""

    def __init__(self) -> None:
        self._wishes: queue.Queue[Wish] = queue.Queue(WISHES_MAX)

    def ask(self, wish: Wish) -> bool:
        """Add ``wish``, from any thread; return False when there are too many already."""
        try:
            self._wishes.put_nowait(wish)
        except queue.Full:
            return False
        return True

    def wishes(self, stop: threading.Event) -> Iterator[Wish]:
        """Yield the wishes as they come, until ``stop``."""
        while not stop.is_set():
            try:
                wish = self._wishes.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            yield wish
