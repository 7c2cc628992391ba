"""Serves the head office's page over HTTP on the thread that calls, until it is asked to stop."""

import socket
from collections.abc import Callable
from threading import Event

import uvicorn
from anyio import to_thread

from sync.hq.page.application import application
from sync.hq.page.around import Around
from sync.hq.reader import HqReader
from sync.patience import PatientProtocol

THREADS = 4
"""Questions read at the same time; each thread holds a connection to the database."""
CONNECTIONS_MAX = 200
_BACKLOG = 128
_GRACE_S = 2  # An open event stream would otherwise hold the server for ever.


class PageNotServedError(Exception):
    """The page's address cannot be taken."""


def serve(
    listen: str,
    reader: HqReader,
    language: str,
    stop: Event,
    ready: Callable[[], None],
    around: Around,
) -> None:
    """Serve the page on ``listen`` ("127.0.0.1:8090"); return when ``stop`` is set.

    ``language`` is the page's first language, ``zh-CN`` or ``en``. ``ready`` is called once requests are
    answered.

    Raises:
        PageNotServedError: ``listen`` is taken or is no address of this machine.
    """
    with _bound(listen) as door:
        app = application(reader, language, around, stop)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=_GRACE_S,
        )
        _Server(config, stop, ready).run(sockets=[door])


class _Server(uvicorn.Server):
    """uvicorn that stops by an event and says when it answers."""

    def __init__(self, config: uvicorn.Config, stop: Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then say so."""
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop; asked ten times a second."""
        return self._stop.is_set() or await super().on_tick(counter)


def _bound(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer takes 44 ms.
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, int(port)))
        door.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        door.close()
        raise PageNotServedError(f"{listen}: {error}") from error
    return door
