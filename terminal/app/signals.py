"""Waiting for the word to stop: the main thread does nothing else.

A signal handler runs between two instructions of whatever the main thread does, and one that puts into a
full queue never returns; so it only sets an event.
"""

import signal
import threading
from types import FrameType


def until_told() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; called by the main thread."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, tell)
    return told
