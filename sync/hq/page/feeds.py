"""The feed for other systems: every entry and every change of the fleet, numbered and resumed by number.

As JSON page by page, or as server-sent events that stay open. Nothing is told twice under another number, and
nothing is left out: a system that keeps the last number it has dealt with goes on after it.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

import anyio
import msgspec
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sync.hq.follow import TILL
from sync.hq.page import asking
from sync.hq.page.language import Language
from sync.hq.page.questions import Given
from sync.hq.reader import Ask, HqReader
from sync.hq.schema import seq_of, stream_of
from terminal.codec.entry import UndecodableError, decode
from terminal.core.journal import Posting, SalePosted

STREAMS_MAX = 32
LOOK_S = 0.25
BEAT_LOOKS = 40
"""After so many looks without news a comment is sent, so that a dead connection is found."""
_ROWS = 200


@dataclass(frozen=True, slots=True)
class TillNews:
    """What changed about a till."""

    terminal: str
    ledger: str
    branch: int
    connected: bool
    chain: str
    """``whole``, ``quarantine``, ``refused`` or ``forked``."""
    clock_off: bool


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One number of the feed: an entry, a record in quarantine, or a change of the fleet (``till``)."""

    id: int
    kind: str
    ledger: str = ""
    branch: int = 0
    seq: int = 0
    terminal: str = ""
    store: str = ""
    operator: str = ""
    wall_ms: int = 0
    business_date: int = 0
    receipt: str = ""
    member: str = ""
    total: int = 0
    """What a sale came to."""
    postings: tuple[Posting, ...] = ()
    till: TillNews | None = None


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """Items after a number, oldest first; ``next`` is the number to go on after."""

    items: tuple[FeedItem, ...]
    next: int


class Feeds:
    """The feed over one reader, and all open streams of it."""

    def __init__(self, reader: HqReader, stop: Event) -> None:
        self._reader = reader
        self._stop = stop
        self._open = 0

    def page(self, _path: Given, query: Given, _language: Language) -> FeedAnswer:
        """Return items after ``after``, from the beginning without it."""
        after = asking.whole(query, "after", 0, asking.NUMBER_MAX) or 0
        items = self._items(after, asking.rows(query))
        return FeedAnswer(items, items[-1].id if items else after)

    async def answer(self, request: Request) -> Response:
        """Answer with a stream that goes on after ``Last-Event-ID`` or ``after``, or begins now.

        Raises:
            BadParameterError: The number is none.
        """
        given = {
            "after": request.headers.get("last-event-id") or request.query_params.get("after", "")
        }
        asked = given if given["after"] else {}
        after = asking.whole(asked, "after", 0, asking.NUMBER_MAX)
        if self._open >= STREAMS_MAX:
            return PlainTextResponse("too many open streams\n", 503, {"retry-after": "5"})
        if after is None:
            after = await to_thread.run_sync(self._newest)
        return StreamingResponse(
            self._stream(after),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    async def _stream(self, after: int) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            quiet = 0
            yield b"retry: 2000\n\n"
            while not self._stop.is_set():
                items = await to_thread.run_sync(partial(self._items, after, _ROWS))
                for item in items:
                    event = TILL if item.kind == TILL else "entry"
                    data = msgspec.json.encode(item)
                    yield b"id: %d\nevent: %s\ndata: %s\n\n" % (item.id, event.encode(), data)
                if items:
                    after, quiet = items[-1].id, 0
                elif quiet >= BEAT_LOOKS:
                    quiet = 0
                    yield b": beat\n\n"
                quiet += 1
                if len(items) < _ROWS:
                    await anyio.sleep(LOOK_S)
        finally:
            self._open -= 1

    def _newest(self) -> int:
        with self._reader.reading() as ask:
            return int(ask("SELECT coalesce(max(id), 0) FROM feed").fetchone()[0])

    def _items(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        with self._reader.reading() as ask:
            rows = ask(
                "SELECT feed.id, feed.kind, feed.data, feed.record, record.body FROM feed"
                " LEFT JOIN record ON record.id = feed.record"
                " WHERE feed.id > ? ORDER BY feed.id LIMIT ?",
                (after, limit),
            ).fetchall()
            return tuple(_item(ask, *tuple(row)) for row in rows)


def _item(ask: Ask, number: int, kind: str, data: str, record: int, body: bytes | None) -> FeedItem:
    if kind == TILL:
        said: dict[str, Any] = json.loads(data)
        return FeedItem(number, kind, terminal=said["terminal"], till=TillNews(**said))
    row = ask(
        "SELECT ledger_id, branch, terminal FROM stream WHERE id = ?", (stream_of(record),)
    ).fetchone()
    place = (row[0], row[1], seq_of(record), row[2])
    try:
        entry = decode(bytes(body or b""))
    except UndecodableError:
        return FeedItem(number, kind, *place)
    sale = entry.body if isinstance(entry.body, SalePosted) else None
    buyer = sale.bill.buyer if sale else None
    return FeedItem(
        number, kind, *place, entry.store, entry.operator, entry.stamp.wall_ms, entry.business_date,
        sale.receipt if sale else "", buyer.account if buyer else "",
        sale.bill.totals.total if sale else 0, entry.postings,
    )  # fmt: skip
