"""Server-sent events: the whole till at each new view, notices as they are said, lights that changed.

A slow page misses versions, never the newest one: between two sends only "there is something new" is kept.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from terminal.counter import shapes
from terminal.counter.counter import STREAMS_MAX, Counter, busy
from terminal.counter.desk import View
from terminal.counter.language import Language

HEARTBEAT_S = 15.0
"""A comment at least so often, so that a dead connection is noticed on both ends."""


async def stream(counter: Counter, request: Request) -> Response:
    """``GET /events``; with ``?view=display`` what the customer may see."""
    if len(counter.streams) >= STREAMS_MAX:
        return busy(counter.language(request))
    return StreamingResponse(
        _events(counter, request),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(counter: Counter, request: Request) -> AsyncIterator[bytes]:
    loop, wake = asyncio.get_running_loop(), asyncio.Event()
    language = counter.language(request)
    is_display = request.query_params.get("view") == "display"

    def call() -> None:
        with suppress(RuntimeError):  # The server has stopped meanwhile.
            loop.call_soon_threadsafe(wake.set)

    unwatch = counter.desk.watch(call)
    counter.streams.add(wake)
    try:
        yield b"retry: 1000\n\n"
        before: View | None = None
        while not counter.is_stopping:
            wake.clear()
            view = counter.desk.view()
            is_whole = not is_display and counter.who(request) is not None
            if before is None or view is not before:
                yield _news(counter, view, before, language, is_whole=is_whole)
            else:
                yield b": still here\n\n"
            before = view
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), HEARTBEAT_S)
    finally:
        counter.streams.discard(wake)
        unwatch()


def _news(
    counter: Counter, view: View, before: View | None, language: Language, *, is_whole: bool
) -> bytes:
    snapshot = shapes.till(view, counter.services, language, whole=is_whole)
    parts = [_event("till", snapshot)]
    if before is not None and is_whole:
        shown = max((each.n for each in before.notices), default=0)
        parts += [
            _event("notice", shapes.notice(each, language))
            for each in view.notices
            if each.n > shown
        ]
        lights = set(before.devices)
        parts += [
            _event("device", shapes.light(each, language, whole=True))
            for each in view.devices
            if each not in lights
        ]
    return b"".join(parts)


def _event(name: str, value: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(value))
