"""What every request of the counter shares: who asks, the body, the desk, and how answers are written."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.till import Operator
from terminal.counter.bodies import BODY_MAX, BadBodyError, Body, parse
from terminal.counter.desk import ANSWER_WAIT_S, Answer, Call, Desk, DeskFullError, Done
from terminal.counter.language import Language, choose
from terminal.counter.services import Services
from terminal.counter.sessions import COOKIE, Sessions

BODY_WAIT_S = 10.0
"""A body that takes longer is given up, so that nobody holds a connection for nothing."""
READERS = 2
"""Threads that read receipts and search."""
READS_MAX = 32
"""Reads that wait at one time."""
STREAMS_MAX = 16
KEY_MAX = 200

Value = TypeVar("Value")


class BodyError(Exception):
    """The body cannot be read. ``status`` is the HTTP status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class BusyError(Exception):
    """Too much waits already; the caller is told 503 and asks again."""


@dataclass(slots=True)
class Counter:
    """The state of the counter's server; its thread alone touches it."""

    desk: Desk
    services: Services
    answer_wait_s: float = ANSWER_WAIT_S
    sessions: Sessions = field(init=False)
    readers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(READERS, "counter-read")
    )
    hasher: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "counter-pin"))
    reads: int = 0
    streams: set[asyncio.Event] = field(default_factory=set)
    asked: set[asyncio.Future[None]] = field(default_factory=set)
    """Calls that wait for the till's answer."""
    is_stopping: bool = False

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.services.random_bytes, time.monotonic)

    def stop(self) -> None:
        """End every open event stream, and tell who still waits that the outcome is unknown."""
        self.is_stopping = True
        for wake in self.streams:
            wake.set()
        for answered in self.asked:
            if not answered.done():
                answered.set_result(None)

    def close(self) -> None:
        """Let the threads go."""
        self.readers.shutdown(wait=False, cancel_futures=True)
        self.hasher.shutdown(wait=False, cancel_futures=True)

    def who(self, request: Request) -> Operator | None:
        """Return who asks: the program of the key, or the operator of the session."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            digest = hashlib.sha256(key.strip()[:KEY_MAX].encode("utf-8", "replace")).hexdigest()
            return self.services.api_keys().get(digest)
        return self.sessions.who(request.cookies.get(COOKIE))

    def language(self, request: Request) -> Language:
        """Return the language to answer in: asked for in the query or header, else the till's."""
        asked = request.query_params.get("lang") or request.headers.get("accept-language", "")
        return choose(asked, self.services.locale)

    async def read(self, work: Callable[[], Value]) -> Value:
        """Return what ``work`` returns, done on a thread of the readers.

        Raises:
            BusyError: Too many reads wait.
        """
        if self.reads >= READS_MAX:
            raise BusyError
        self.reads += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.readers, work)
        finally:
            self.reads -= 1

    async def ask(self, call: Call) -> Answer | None:
        """Return the till's answer to ``call``; None when none came in time.

        Raises:
            DeskFullError: The inbox is full.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not answered.done():
                answered.set_result(None)

        def done(_: Future[Answer]) -> None:
            with suppress(RuntimeError):  # The server has stopped meanwhile.
                loop.call_soon_threadsafe(tell)

        future = self.desk.ask(call)
        # Never cancelled when the wait ends: the till acts all the same, and remembers the id.
        future.add_done_callback(done)
        self.asked.add(answered)
        try:
            await asyncio.wait_for(answered, self.answer_wait_s)
        except TimeoutError:
            return None
        finally:
            self.asked.discard(answered)
        return future.result() if future.done() else None

    async def answer(self, request: Request, call: Call) -> Response:
        """Put ``call`` to the till and return its answer as a response."""
        try:
            answer = await self.ask(call)
        except DeskFullError:
            return busy(self.language(request))
        return answer_of(answer, self.language(request))

    def digest(self, request: Request, raw: bytes, *, secret: bool = False) -> bytes:
        """Return what tells a repeated call from another one under the same id.

        A body that holds a PIN is keyed: a plain hash of it in the ledger would give the PIN away.
        """
        text = f"{request.method} {request.url.path}\n".encode() + raw
        if secret:
            return hmac.digest(self.services.pepper, text, "sha256")
        return hashlib.sha256(text).digest()


async def body_of(request: Request) -> bytes:
    """Return the body of ``request``, which must be JSON of at most :data:`BODY_MAX` bytes.

    Raises:
        BodyError: It is too large, too slow or of another type.
    """
    announced = request.headers.get("content-length", "0")
    if (
        not announced.isascii()
        or not announced.isdigit()
        or len(announced) > len(str(BODY_MAX)) + 2
    ):
        raise BodyError(413, f"a body has at most {BODY_MAX} bytes")
    if int(announced) > BODY_MAX:
        raise BodyError(413, f"a body has at most {BODY_MAX} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and (announced != "0" or request.method != "DELETE"):
        raise BodyError(415, "send application/json")
    try:
        return await asyncio.wait_for(_whole(request), BODY_WAIT_S)
    except TimeoutError:
        raise BodyError(408, f"the body took longer than {BODY_WAIT_S:.0f} s") from None


async def body_as(request: Request, kind: type[Body]) -> tuple[bytes, Body] | Response:
    """Return the body of ``request`` as bytes and as a ``kind``, or the response that says what is wrong.

    A DELETE may give its id in the query instead of a body.
    """
    try:
        raw = await body_of(request)
        if not raw and request.method == "DELETE":
            raw = msgspec.json.encode({"id": request.query_params.get("id", "")})
        return raw, parse(raw, kind)
    except BodyError as fault:
        return json({"field": "", "message": fault.message}, fault.status)
    except BadBodyError as fault:
        return bad(fault)


async def _whole(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_MAX:
            raise BodyError(413, f"a body has at most {BODY_MAX} bytes")
    return bytes(raw)


def json(value: object, status: int = 200) -> Response:
    """Return ``value`` as a JSON response that nothing keeps."""
    return Response(
        msgspec.json.encode(value), status, {"cache-control": "no-store"}, "application/json"
    )


def refused(refusal: Refusal, language: Language, status: int = 409) -> Response:
    """Return why not, with a sentence that says what to do next."""
    message = language.sentence(refusal.key, dict(refusal.facts))
    return json({"refused": refusal.key.value, "message": message}, status)


def sign_in_first(language: Language) -> Response:
    """Return that nobody is signed in, or that the key is none of ours."""
    return refused(refuse(Key.SIGN_IN_FIRST), language, 401)


def bad(fault: BadBodyError) -> Response:
    """Return which field is wrong, and why."""
    return json({"field": fault.field, "message": fault.message}, 400)


def busy(language: Language) -> Response:
    """Return that the till is busy; the same call may be sent again."""
    message = language.word("The till is busy. Try again in a moment.")
    return json({"refused": "busy", "message": message}, 503)


def answer_of(answer: Answer | None, language: Language) -> Response:
    """Return ``answer`` as a response; None is an outcome nobody knows yet."""
    match answer:
        case None:
            message = language.word("No answer yet. Ask again with the same id.")
            return json({"refused": "outcome-unknown", "message": message}, 504)
        case Done(result):
            return json(result)
        case Refusal():
            return refused(answer, language)
