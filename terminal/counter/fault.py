"""The page of a till that cannot run: which line of its settings is wrong, or which devices it found.

The service stays up so that whoever looks at the screen learns why nothing works. Everything answers 503,
so that no program takes it for a working till.
"""

import socket
import threading
from collections.abc import Callable, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from config.faults import Fault, one_line
from terminal.counter import pages
from terminal.counter.guard import Guard, names
from terminal.counter.language import choose
from terminal.counter.server import API, run


def serve_faults(
    faults: Sequence[Fault],
    devices: Sequence[str],
    listener: socket.socket,
    ready: Callable[[], None],
    stop: threading.Event,
    still_alive: Callable[[], None],
) -> None:
    """Serve the fault page until ``stop``, on the caller's thread; it feeds the watchdog itself.

    Without ``faults`` there are no settings at all, and the page lists ``devices``, one sentence each.
    """

    async def page(request: Request) -> Response:
        text = _drawn(request, faults, devices)
        return Response(text, 503, media_type="text/html")

    async def api(_: Request) -> Response:
        first = one_line(faults[0]) if faults else "there are no settings"
        return JSONResponse({"refused": "no-settings", "message": first}, 503)

    def style(_: Request) -> Response:
        return Response(pages.read("till.css"), media_type="text/css")

    app = Starlette(
        routes=[
            Route("/page/till.css", style),
            Route(API + "/{rest:path}", api, methods=["GET", "POST", "PATCH", "DELETE"]),
            Route("/{rest:path}", page),
        ]
    )
    host, port = listener.getsockname()[:2]
    run(Guard(app, names(host, port, ())), listener, ready, stop, lambda: None, still_alive)


def _drawn(request: Request, faults: Sequence[Fault], devices: Sequence[str]) -> str:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")
    spoken = choose(asked, "zh-CN")
    environment = Environment(
        loader=FileSystemLoader(pages.FOLDER), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("fault.html")
    return template.render(t=spoken.word, locale=spoken.locale, faults=faults, devices=devices)
