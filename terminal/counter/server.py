"""The counter's HTTP server: uvicorn on a thread of its own, over the API and the page."""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn import Config, Server

from sync.patience import PatientProtocol
from terminal.counter import openapi, pages, routes
from terminal.counter.counter import Counter
from terminal.counter.desk import Desk
from terminal.counter.guard import Guard, names
from terminal.counter.services import Services
from terminal.counter.signing import Signing
from terminal.counter.trying import Trying

API = "/api/v1"
BACKLOG = 64
CONNECTIONS_MAX = 96
GRACE_S = 2
TICKS_A_SECOND = 10
"""uvicorn's own beat."""
HEADERS_BYTES_MAX = 16 * 1024


class ListenError(Exception):
    """The address cannot be listened on: taken, or not ours."""


def bind(listen: str) -> socket.socket:
    """Return a socket that listens on ``listen``, such as ``127.0.0.1:8080``; port 0 takes a free one.

    Raises:
        ListenError: It cannot be had.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer takes 44 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise ListenError(f"listen on {listen}: {fault.strerror}") from fault
    return listener


def serve(
    desk: Desk,
    services: Services,
    listener: socket.socket,
    hosts: Iterable[str],
    ready: Callable[[], None],
    stop: threading.Event,
) -> None:
    """Serve until ``stop``, on the caller's thread; ``ready`` is called when the page answers.

    ``hosts`` are further names under which the page may be asked for.
    """
    counter = Counter(desk, services)
    try:
        app = application(counter, listener, hosts)
        run(app, listener, ready, stop, counter.stop, lambda: None)
    finally:
        counter.close()


def application(counter: Counter, listener: socket.socket, hosts: Iterable[str]) -> ASGIApp:
    """Return the whole application behind its guard."""
    signing, trying = Signing(counter), Trying(counter)
    api = [
        Route(f"{API}/session", signing.sign_in, methods=["POST"]),
        Route(f"{API}/session", signing.sign_out, methods=["DELETE"]),
        Route(f"{API}/session/pin", signing.change_pin, methods=["POST"]),
        *(
            Route(API + row.path, _changing(counter, row), methods=[row.method])
            for row in routes.CHANGES
        ),
        *(Route(API + row.path, _looking(counter, row), methods=["GET"]) for row in routes.LOOKS),
        Route(f"{API}/backtests", trying.start, methods=["POST"]),
        Route(f"{API}/backtests/{{name}}", trying.stop, methods=["DELETE"]),
        Route("/api/openapi.json", openapi.serve, methods=["GET"]),
    ]
    host, port = listener.getsockname()[:2]
    app = Starlette(routes=[*api, *pages.routes(counter)])
    app.router.redirect_slashes = False
    return Guard(app, names(host, port, hosts))


class _Server(Server):
    """uvicorn that says when it is ready and stops when an event is set, without signals."""

    def __init__(
        self,
        config: Config,
        ready: Callable[[], None],
        stop: threading.Event,
        ending: Callable[[], None],
        second: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._ready, self._stop, self._ending, self._second = ready, stop, ending, second

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if self._stop.is_set():
            self._ending()
            return True
        if counter % TICKS_A_SECOND == 0:
            self._second()
        return await super().on_tick(counter)


def run(
    app: ASGIApp,
    listener: socket.socket,
    ready: Callable[[], None],
    stop: threading.Event,
    ending: Callable[[], None],
    second: Callable[[], None],
) -> None:
    """Serve ``app`` on ``listener`` until ``stop``; ``ending`` is called first then.

    ``second`` is called about once a second, for as long as the server turns.
    """
    config = Config(
        app,
        http=PatientProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=HEADERS_BYTES_MAX,
    )
    _Server(config, ready, stop, ending, second).run(sockets=[listener])


def _changing(counter: Counter, row: routes.Change) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await routes.change(counter, row, request)

    return endpoint


def _looking(counter: Counter, row: routes.Look) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await row.read(counter, request)

    return endpoint
