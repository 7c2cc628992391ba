"""The page running on a free port, over any books."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sync.hq.names import Known
from sync.hq.page.around import Around
from sync.hq.page.server import serve
from sync.hq.reader import HqReader
from tests.kit.ports import free_port
from tests.kit.waiting import PATIENCE_S
from tests.sync.page.shop import NAMES, START_MS

NOW_MS = START_MS + 47_000_000
NAMED = Known(names=dict(NAMES))


@contextmanager
def running(reader: HqReader, language: str = "en", known: Known = NAMED) -> Iterator[str]:
    """Serve ``reader`` while inside; yield the page's address."""
    stop, ready = threading.Event(), threading.Event()
    listen = f"127.0.0.1:{free_port()}"
    around = Around(lambda: NOW_MS, known=known)
    arguments = (listen, reader, language, stop, ready.set, around)
    thread = threading.Thread(target=serve, args=arguments, name="page")
    thread.start()
    try:
        assert ready.wait(PATIENCE_S), "the page did not start"
        yield f"http://{listen}"
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the page did not stop"
