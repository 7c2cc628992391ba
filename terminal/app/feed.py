"""The desk's two sides: calls into the loop's inbox, views out to whoever watches."""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from terminal.counter.desk import Answer, Call, DeskFullError, View

INBOX_MAX = 1000
"""Events that may wait. A driver that finds the inbox full waits, a caller is told 503."""
WATCHERS_MAX = 50

Inbox = queue.Queue[Any]
"""Frozen events of drivers, uplink and desk; None asks the loop to end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with the place for its answer."""

    call: Call
    answer: "Future[Answer]"


class Feed:
    """What the counter sees of the till. ``publish`` is the loop's, the rest is safe from any thread."""

    def __init__(self, inbox: Inbox, first: View) -> None:
        self._inbox = inbox
        self._view = first
        self._watchers: tuple[Callable[[], None], ...] = ()

    def ask(self, call: Call) -> "Future[Answer]":
        """Put ``call`` into the inbox.

        Raises:
            DeskFullError: The inbox is full.
        """
        asked = Asked(call, Future())
        try:
            self._inbox.put_nowait(asked)
        except queue.Full:
            raise DeskFullError from None
        return asked.answer

    def view(self) -> View:
        """Return the newest view."""
        return self._view

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called, from the loop's thread, at each new view; returns how to stop it.

        Raises:
            DeskFullError: Too many watch already.
        """
        if len(self._watchers) >= WATCHERS_MAX:
            raise DeskFullError
        # Tuples are replaced whole, so the loop never sees one half changed.
        self._watchers = (*self._watchers, wake)

        def stop() -> None:
            self._watchers = tuple(each for each in self._watchers if each is not wake)

        return stop

    def publish(self, view: View) -> None:
        """Show ``view`` to everybody who watches."""
        self._view = view
        for wake in self._watchers:
            wake()
