"""Turns questions and deeds into endpoints: who asks, may they, and the answer as a page or as JSON."""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

import msgspec
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sync.hq.page.around import Around, Languages
from sync.hq.page.asking import BadParameterError
from sync.hq.page.deeds import Act, Deed, Moved, Shown, Way
from sync.hq.page.door import FORM_BYTES_MAX, Caller, Door, sent
from sync.hq.page.drawing import Drawing
from sync.hq.page.export import Exports
from sync.hq.page.language import Language
from sync.hq.page.openapi import Refusal
from sync.hq.page.paths import Path
from sync.hq.page.questions import Question
from sync.hq.page.signing_in import SigningIn
from sync.hq.people import DeniedError
from sync.hq.roles import Right

LANGUAGE_COOKIE = "hq_language"
_NO_STORE = {"cache-control": "no-store"}
_DENIED = {"wrong-sign-in": 401, "wait": 429, "wrong-password": 403}
Endpoint = Callable[[Request], Response]
Waiting = Callable[[Request], Awaitable[Response]]


class Site:
    """Endpoints that only read are plain functions, so the server runs them on threads."""

    def __init__(
        self, drawing: Drawing, languages: Languages, door: Door, signing: SigningIn
    ) -> None:
        self._drawing = drawing
        self._languages = languages
        self._door = door
        self._signing = signing

    def page(self, page: Path, question: Question) -> Endpoint:
        """Return the endpoint that draws the answer to ``question``."""

        def endpoint(request: Request) -> Response:
            caller = self._caller(request, page.right)
            if isinstance(caller, Response):
                return caller
            query = request.query_params
            answer = question(request.path_params, query, self._language(request))
            return self._draw(request, page.name, caller, answer=answer, query=query)

        return endpoint

    def json(self, right: Right, question: Question) -> Endpoint:
        """Return the endpoint that answers ``question`` to programs."""

        def endpoint(request: Request) -> Response:
            caller = self._caller(request, right)
            if isinstance(caller, Response):
                return caller
            answer = question(request.path_params, request.query_params, self._language(request))
            return json_of(msgspec.json.encode(answer))

        return endpoint

    def deed(self, way: Way, act: Act) -> Waiting:
        """Return the endpoint that has ``act`` done."""

        async def endpoint(request: Request) -> Response:
            caller = await to_thread.run_sync(self._caller, request, way.right)
            if isinstance(caller, Response):
                return caller
            form = await sent(request, way.bytes_max)
            deed = Deed(request.path_params, form, caller, self._language(request))
            return await to_thread.run_sync(partial(self._done, request, act, deed))

        return endpoint

    def export(self, exports: Exports, around: Around) -> Endpoint:
        """Return the endpoint that gives tables out as files."""

        def endpoint(request: Request) -> Response:
            caller = self._caller(request, Right.EXPORT)
            if isinstance(caller, Response):
                return caller
            act, query = caller.act(around.now_ms()), request.query_params
            return exports.answer(request.path_params["name"], query, self._language(request), act)

        return endpoint

    def guarded(self, endpoint: Waiting, right: Right = Right.SEE) -> Waiting:
        """Return ``endpoint`` for those only who may."""

        async def whole(request: Request) -> Response:
            caller = await to_thread.run_sync(self._caller, request, right)
            return caller if isinstance(caller, Response) else await endpoint(request)

        return whole

    def _done(self, request: Request, act: Act, deed: Deed) -> Response:
        outcome = act(deed)
        if _is_api(request):
            if isinstance(outcome, Moved):
                return json_of(b'{"done":true}')
            return json_of(msgspec.json.encode(outcome.answer), outcome.status)
        if isinstance(outcome, Moved):
            return RedirectResponse(outcome.to, 303)
        return self._shown(request, outcome, deed.caller)

    def _shown(self, request: Request, outcome: Shown, caller: Caller) -> Response:
        return self._draw(
            request, outcome.name, caller, outcome.status, answer=outcome.answer, query={}
        )

    async def sign_in(self, request: Request) -> Response:
        """Answer the page on which people sign in."""
        if request.method == "POST":
            form = await sent(request, FORM_BYTES_MAX)
            try:
                return await to_thread.run_sync(self._signing.sign_in, request, form)
            except DeniedError as error:
                wanted = form.get("next", "/")
                return await self._ask_who(request, wanted, error.key, _DENIED.get(error.key, 403))
        return await self._ask_who(request, request.query_params.get("next", "/"), "", 200)

    async def _ask_who(self, request: Request, wanted: str, denied: str, status: int) -> Response:
        nobody = await to_thread.run_sync(self._signing.is_nobody_there)
        return self._draw(
            request, "sign-in", None, status, wanted=wanted[:1000], denied=denied, nobody=nobody
        )

    async def password(self, request: Request) -> Response:
        """Answer the page on which people choose their password."""
        caller = await to_thread.run_sync(self._door.caller, request)
        if caller is None or caller.is_program:
            return RedirectResponse("/sign-in", 303)
        denied = ""
        if request.method == "POST":
            form = await sent(request, FORM_BYTES_MAX)
            try:
                return await to_thread.run_sync(self._signing.choose, request, form, caller)
            except DeniedError as error:
                denied = error.key
        return self._draw(request, "password", caller, 403 if denied else 200, denied=denied)

    async def sign_out(self, request: Request) -> Response:
        """Sign out."""
        caller = await to_thread.run_sync(self._door.caller, request)
        if caller is None or caller.is_program:
            return RedirectResponse("/sign-in", 303)
        return await to_thread.run_sync(self._signing.sign_out, request, caller)

    def _caller(self, request: Request, right: Right) -> Caller | Response:
        """Return who asks, or what is answered to those who may not."""
        caller = self._door.caller(request)
        if caller is None:
            if _is_api(request):
                refusal = Refusal("sign-in", "a program key or a signed-in person is wanted")
                answer = json_of(msgspec.json.encode(refusal), 401)
                answer.headers["www-authenticate"] = "Bearer"
                return answer
            if request.method != "GET":
                return RedirectResponse("/sign-in", 303)
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"/sign-in?next={quote(request.url.path + query)}", 303)
        if caller.must_change:
            if _is_api(request):
                return json_of(msgspec.json.encode(Refusal("password", "choose a password")), 403)
            return RedirectResponse("/password", 303)
        if not caller.may(right):
            return self._fault(request, 403, Refusal("right", f"the right {right} is wanted"))
        return caller

    def bad_parameter(self, request: Request, error: Exception) -> Response:
        """Answer a question with a wrong parameter."""
        assert isinstance(error, BadParameterError)
        return self._fault(request, 400, Refusal(error.field, f"{error.field}: {error.wanted}"))

    def denied(self, request: Request, error: Exception) -> Response:
        """Answer a deed that cannot be done."""
        assert isinstance(error, DeniedError)
        words = self._language(request)(f"denied {error.key}")
        return self._fault(request, _DENIED.get(error.key, 409), Refusal(error.key, words))

    def not_stored(self, request: Request, error: Exception) -> Response:
        """Answer a deed that the database did not take."""
        return self._fault(request, 503, Refusal("not-stored", str(error)))

    def not_found(self, request: Request, error: Exception) -> Response:
        """Answer a question for what is not there."""
        return self._fault(request, 404, Refusal("not-found", str(error)))

    def no_page(self, request: Request, error: Exception) -> Response:
        """Answer for a path that does not exist."""
        assert isinstance(error, HTTPException)
        return self._fault(request, error.status_code, Refusal("not-found", error.detail))

    def _fault(self, request: Request, status: int, refusal: Refusal) -> Response:
        if _is_api(request):
            return json_of(msgspec.json.encode(refusal), status)
        caller = self._door.caller(request)
        return self._draw(request, "fault", caller, status, status=status, refusal=refusal)

    def _draw(
        self,
        request: Request,
        name: str,
        caller: Caller | None,
        code: int = 200,
        /,
        **facts: object,
    ) -> Response:
        page = self._drawing.page(name, self._language(request), caller=caller, **facts)
        return HTMLResponse(page, code, headers=_NO_STORE)

    def _language(self, request: Request) -> Language:
        return self._languages.pick(request.cookies.get(LANGUAGE_COOKIE))


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def json_of(data: bytes, status: int = 200) -> Response:
    """Return JSON that nobody keeps."""
    return Response(data, status, headers=_NO_STORE, media_type="application/json")
