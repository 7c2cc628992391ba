"""The desk's two sides: calls into the loop's inbox, views out to whoever watches."""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from terminal.counter.desk import Answer, Call, DeskFullError, View

INBOX_MAX = 1000
"""Events that may wait. A driver that finds the inbox full waits, a caller is told 503."""
WATCHERS_MAX = 50
SLOW_S = 2.0
"""An event that takes longer waits for the disk, and the page says so."""

Inbox = queue.Queue[Any]
"""Frozen events of drivers, uplink and desk; None only wakes the loop."""


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
        self._busy_since: float | None = None
        self._said_slow = False

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
        return replace(self._view, disk="slow") if self._said_slow else self._view

    def busy(self, *, at_work: bool) -> None:
        """Note that the loop has begun with an event, or is done with it."""
        self._busy_since = monotonic() if at_work else None

    def look_after_loop(self) -> None:
        """Show on the page when the loop has been busy for too long, and when it is well again.

        Called now and then from a thread that is not the loop's, which cannot tell of itself.
        """
        since = self._busy_since
        slow = since is not None and monotonic() - since > SLOW_S
        if slow != self._said_slow:
            self._said_slow = slow
            self._wake()

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
        self._wake()

    def _wake(self) -> None:
        for wake in self._watchers:
            wake()
