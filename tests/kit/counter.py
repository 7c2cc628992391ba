"""A counter that runs for a test: the real server on a free port, over :mod:`tests.kit.desk`."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

from terminal.counter.server import bind, serve
from terminal.counter.services import Services
from tests.kit.desk import CASHIER_PIN, KEY, FakeDesk, services
from tests.kit.waiting import PATIENCE_S


@dataclass
class Counter:
    """A running counter and a client that acts like the page."""

    desk: FakeDesk
    services: Services
    address: str
    client: httpx.Client
    ids: "count[int]" = field(default_factory=count)

    def call(self, method: str, path: str, **fields: object) -> httpx.Response:
        """Make a changing call with an id of its own."""
        body = {"id": f"t{next(self.ids)}", **fields}
        return self.client.request(method, f"/api/v1{path}", json=body)

    def get(self, path: str) -> httpx.Response:
        """Make a reading call."""
        return self.client.get(f"/api/v1{path}")

    def sign_in(self, operator: str = "1001", pin: str = CASHIER_PIN) -> httpx.Response:
        """Sign in as the page does; the client keeps the cookie."""
        return self.call("POST", "/session", operator=operator, pin=pin)

    def program(self) -> httpx.Client:
        """Return a client that acts like a cash-register program."""
        headers = {"authorization": f"Bearer {KEY}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=PATIENCE_S)


@contextmanager
def counter(locale: str = "zh-CN", **changed: object) -> Iterator[Counter]:
    """Run a counter; stop it at the end, its thread with it."""
    listener = bind("127.0.0.1:0")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready, stop = threading.Event(), threading.Event()
    with FakeDesk() as desk:
        given = services(desk, locale, **changed)
        thread = threading.Thread(
            target=serve, args=(desk, given, listener, ("till.lan",), ready.set, stop)
        )
        thread.start()
        try:
            assert ready.wait(PATIENCE_S)
            with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
                yield Counter(desk, given, address, client)
        finally:
            stop.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
