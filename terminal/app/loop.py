"""The one loop. Everything that changes the till happens here, one event at a time."""

import queue
import threading
from collections.abc import Callable
from time import monotonic

from terminal.app.attend import Attendant
from terminal.app.feed import Feed, Inbox

QUIET_S = 1.0
"""After so long without an event the loop does what wants a quiet moment."""
BURST_MAX = 64
"""So many events are attended to before the page is shown the result, however many wait."""
BURST_S = 1.0
"""Nor does the page or the watchdog wait much longer than this, on a disk that takes seconds a sale."""


def run(
    inbox: Inbox,
    attendant: Attendant,
    feed: Feed,
    stopping: threading.Event,
    still_alive: Callable[[], None],
) -> None:
    """Serve ``inbox`` until ``stopping``, or until a new ledger must be begun; a None in it only wakes.

    What :meth:`Attendant.take` raises ends the process: the ledger is whole, and systemd starts it anew.
    ``still_alive`` feeds the watchdog, so that it guards the loop itself.
    """
    burst, began = 0, 0.0
    while not stopping.is_set() and attendant.outrun is None:
        try:
            event = inbox.get(timeout=QUIET_S)
        except queue.Empty:
            feed.busy(at_work=True)  # The disk can hold this up as well.
            attendant.rest()
            attendant.idle()
            feed.busy(at_work=False)
            still_alive()
            continue
        feed.busy(at_work=True)
        if event is not None:
            began = began if burst else monotonic()
            attendant.take(event)
            burst += 1
        if burst >= BURST_MAX or inbox.empty() or monotonic() - began > BURST_S:
            attendant.rest()
            still_alive()
            burst = 0
        feed.busy(at_work=False)
    attendant.rest()
