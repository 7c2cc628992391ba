"""The page's routes: each question answered as a page for people and as JSON for programs."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sync.hq.page.around import Around, Languages
from sync.hq.page.asking import BadParameterError
from sync.hq.page.drawing import Drawing
from sync.hq.page.guard import Guard
from sync.hq.page.language import LANGUAGES, Language
from sync.hq.page.live import Live
from sync.hq.page.openapi import CALLS, ROOT, Refusal, describe
from sync.hq.page.questions import NotFoundError, Question, Questions
from sync.hq.reader import HqReader

STATIC = Path(__file__).parent / "static"
LANGUAGE_COOKIE = "hq_language"
_NO_STORE = {"cache-control": "no-store"}
_PATHS = {
    "overview": "/",
    "tills": "/tills",
    "sales": "/sales",
    "entry": "/entries/{ledger}/{seq}",
    "balances": "/balances",
    "quarantine": "/quarantine",
}

Endpoint = Callable[[Request], Response]


def application(reader: HqReader, locale: str, around: Around, stop: Event) -> ASGIApp:
    """Return the whole page as an ASGI application."""
    questions = Questions(reader, around).by_name()
    site = _Site(Drawing(around), Languages(locale, {each: Language(each) for each in LANGUAGES}))
    described = describe()
    routes = [Route(path, site.page(name, questions[name])) for name, path in _PATHS.items()]
    routes += [Route(ROOT + call.path, site.json(questions[call.name])) for call in CALLS]
    routes += [
        Route("/api/openapi.json", lambda _request: _json(described)),
        Route("/events", Live(reader, stop).answer),
        Route("/healthz", lambda _request: Response(b"ok\n", media_type="text/plain")),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=around.hosts)],
        exception_handlers={
            BadParameterError: site.bad_parameter,
            NotFoundError: site.not_found,
            HTTPException: site.no_page,
        },
    )
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


class _Site:
    """Turns questions into endpoints. They are plain functions, so the server runs them on threads."""

    def __init__(self, drawing: Drawing, languages: Languages) -> None:
        self._drawing = drawing
        self._languages = languages

    def page(self, name: str, question: Question) -> Endpoint:
        """Return the endpoint that draws the answer to ``question``."""

        def endpoint(request: Request) -> Response:
            language = self._language(request)
            query = request.query_params
            answer = question(request.path_params, query, language)
            page = self._drawing.page(name, language, answer=answer, query=query)
            return HTMLResponse(page, headers=_NO_STORE)

        return endpoint

    def json(self, question: Question) -> Endpoint:
        """Return the endpoint that answers ``question`` to programs."""

        def endpoint(request: Request) -> Response:
            answer = question(request.path_params, request.query_params, self._language(request))
            return _json(msgspec.json.encode(answer))

        return endpoint

    def bad_parameter(self, request: Request, error: Exception) -> Response:
        """Answer a question with a wrong parameter."""
        assert isinstance(error, BadParameterError)
        return self._fault(request, 400, Refusal(error.field, f"{error.field}: {error.wanted}"))

    def not_found(self, request: Request, error: Exception) -> Response:
        """Answer a question for what is not there."""
        return self._fault(request, 404, Refusal("not-found", str(error)))

    def no_page(self, request: Request, error: Exception) -> Response:
        """Answer for a path that does not exist."""
        assert isinstance(error, HTTPException)
        return self._fault(request, error.status_code, Refusal("not-found", error.detail))

    def _fault(self, request: Request, status: int, refusal: Refusal) -> Response:
        if request.url.path.startswith("/api/"):
            return _json(msgspec.json.encode(refusal), status)
        page = self._drawing.page("fault", self._language(request), status=status, refusal=refusal)
        return HTMLResponse(page, status, headers=_NO_STORE)

    def _language(self, request: Request) -> Language:
        return self._languages.pick(request.cookies.get(LANGUAGE_COOKIE))


def _json(data: bytes, status: int = 200) -> Response:
    return Response(data, status, headers=_NO_STORE, media_type="application/json")
