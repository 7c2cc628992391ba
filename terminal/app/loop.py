"""The one loop. Everything that changes the till happens here, one event at a time."""

import queue
import threading
from collections.abc import Callable

from terminal.app.attend import Attendant
from terminal.app.feed import Feed, Inbox

QUIET_S = 1.0
"""After so long without an event the loop does what wants a quiet moment."""
BURST_MAX = 64
"""So many events are attended to before the page is shown the result, however many wait."""


def run(
    inbox: Inbox,
    attendant: Attendant,
    feed: Feed,
    stopping: threading.Event,
    still_alive: Callable[[], None],
) -> None:
    """Serve ``inbox`` until ``stopping``; a None in it only wakes.

    What :meth:`Attendant.take` raises ends the process: the ledger is whole, and systemd starts it anew.
    ``still_alive`` feeds the watchdog, so that it guards the loop itself.
    """
    burst = 0
    while not stopping.is_set():
        try:
            event = inbox.get(timeout=QUIET_S)
        except queue.Empty:
            attendant.rest()
            attendant.idle()
            still_alive()
            continue
        if event is not None:
            feed.busy(at_work=True)
            attendant.take(event)
            feed.busy(at_work=False)
            burst += 1
        if burst >= BURST_MAX or inbox.empty():
            attendant.rest()
            still_alive()
            burst = 0
    attendant.rest()
