"""The event stream: tells an open page that an answer could have changed, so that it asks again."""

from collections.abc import AsyncIterator
from threading import Event

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sync.hq.reader import HqReader

STREAMS_MAX = 64
LOOK_S = 0.25
"""Between two looks at the books; the longest an open page stays behind them."""
BEAT_LOOKS = 40
"""After so many looks without news a comment is sent, so that a dead connection is found."""


class Live:
    """All open event streams."""

    def __init__(self, reader: HqReader, stop: Event) -> None:
        self._reader = reader
        self._stop = stop
        self._open = 0

    async def answer(self, _request: Request) -> Response:
        """Answer one page's request for news."""
        if self._open >= STREAMS_MAX:
            return PlainTextResponse("too many open pages\n", 503, {"retry-after": "5"})
        return StreamingResponse(
            self._news(), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

    async def _news(self) -> AsyncIterator[str]:
        self._open += 1
        try:
            told, quiet = -1, 0
            yield "retry: 2000\n\n"
            while not self._stop.is_set():
                version = await to_thread.run_sync(self._reader.version)
                if version != told:
                    told, quiet = version, 0
                    yield f"event: books\ndata: {version}\n\n"
                elif quiet >= BEAT_LOOKS:
                    quiet = 0
                    yield ": beat\n\n"
                quiet += 1
                await anyio.sleep(LOOK_S)
        finally:
            self._open -= 1
