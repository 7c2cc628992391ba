"""What happened and waits for the loop: bounded in number and in bytes, whoever sends."""

import queue
from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import Event

from sync.hq.append import GROUP_MAX
from sync.hq.receive import is_batch
from sync.hq.watch import ShopRead
from sync.mqtt import TURN_S_MAX, Message, PipeEvent

INBOX_MAX = 5_000
"""Messages waiting for the loop; more are dropped and repeated: each till has one on its way."""
INBOX_BYTES_MAX = 64_000_000
GROUP_BYTES_MAX = 500_000
"""Batches are committed together up to so many bytes, so that no till waits long for others."""

Happened = PipeEvent | ShopRead


class Inbox:
    """Filled by other threads, emptied by the loop."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Happened] = queue.Queue(INBOX_MAX)
        self._bytes_in = self._bytes_out = 0
        """Each written by one thread only: messages come by the broker's."""

    def offer(self, event: PipeEvent) -> bool:
        """Put in what came from the broker; return whether there was room."""
        size = len(event.payload) if isinstance(event, Message) else 0
        if self._bytes_in - self._bytes_out + size > INBOX_BYTES_MAX:
            return False
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            return False
        self._bytes_in += size
        return True

    def put(self, event: ShopRead, stop: Event) -> None:
        """Put in what must not be lost; waits while there is no room."""
        while not stop.is_set():
            with suppress(queue.Full):
                self._queue.put(event, timeout=TURN_S_MAX)
                return

    def take(self, wait_s: float) -> list[Happened]:
        """Return what waits, in order, up to ``GROUP_MAX``; nothing after ``wait_s`` of quiet."""
        taken: list[Happened] = []
        with suppress(queue.Empty):
            taken.append(self._queue.get(timeout=wait_s))
            while len(taken) < GROUP_MAX:
                taken.append(self._queue.get_nowait())
        self._bytes_out += sum(len(e.payload) for e in taken if isinstance(e, Message))
        return taken


def grouped(events: Sequence[Happened]) -> Iterator[list[Message] | Happened]:
    """Yield events in order, batches that follow each other together."""
    group: list[Message] = []
    size = 0
    for event in events:
        is_more = isinstance(event, Message) and is_batch(event)
        if group and (not is_more or size > GROUP_BYTES_MAX):
            yield group
            group, size = [], 0
        if isinstance(event, Message) and is_more:
            group.append(event)
            size += len(event.payload)
        else:
            yield event
    if group:
        yield group
