"""Rules in force for staff, and back-tests of draft rules for supervisors."""

from starlette.requests import Request
from starlette.responses import Response

from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.till import SUPERVISOR
from terminal.counter import rulewords, shapes
from terminal.counter.bodies import BackTestBody, Plain
from terminal.counter.counter import Counter, body_as, json, refused, sign_in_first
from terminal.counter.services import BackTestState

_NAME_MAX = 32


async def rules(counter: Counter, request: Request) -> Response:
    """``GET /rules``: the rules in force in words, since when, and what is wrong with a newer file."""
    language = counter.language(request)
    if counter.who(request) is None:
        return sign_in_first(language)
    shown = counter.desk.view().offers.shown
    if shown is None:
        return json({"version": "", "catalogue": "", "since": None, "faults": [], "rules": []})
    return json(
        {
            "version": shown.book.version,
            "catalogue": shown.book.catalogue,
            "since": shapes.iso(shown.since_ms) if shown.since_ms else None,
            "faults": list(shown.faults),
            "rules": rulewords.rows(shown.book, language),
        }
    )


async def state(counter: Counter, request: Request) -> Response:
    """``GET /backtests/{name}``: how far it is and what came out; with ``.csv`` as a table."""
    refusal = _refusal(counter, request)
    if refusal is not None:
        return refusal
    name, _, form = request.path_params["name"].partition(".")
    found = counter.services.backtests.state(name[:_NAME_MAX])
    if found is None or form not in {"", "csv"} or (form and found.report is None):
        return json({"field": "name", "message": "there is no such back-test"}, 404)
    if form:
        return Response(
            counter.services.backtests.csv(name),
            headers={"content-disposition": 'attachment; filename="backtest.csv"'},
            media_type="text/csv",
        )
    return json(_shape(found))


class Trying:
    """The calls that start and stop a back-test; nothing at the till changes."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def start(self, request: Request) -> Response:
        """``POST /backtests``: play past sales under draft rules."""
        counter = self._counter
        read = await body_as(request, BackTestBody)
        if isinstance(read, Response):
            return read
        refusal = _refusal(counter, request)
        if refusal is not None:
            return refusal
        _, body = read
        name = counter.services.backtests.start(body.rules, body.since, body.until)
        if name is None:
            return refused(refuse(Key.BACKTEST_BUSY), counter.language(request))
        return json({"name": name})

    async def stop(self, request: Request) -> Response:
        """``DELETE /backtests/{name}``: stop it after its slice."""
        read = await body_as(request, Plain)
        if isinstance(read, Response):
            return read
        refusal = _refusal(self._counter, request)
        if refusal is not None:
            return refusal
        if not self._counter.services.backtests.cancel(request.path_params["name"][:_NAME_MAX]):
            return json({"field": "name", "message": "there is no such back-test"}, 404)
        return json({})


def _refusal(counter: Counter, request: Request) -> Response | None:
    who, language = counter.who(request), counter.language(request)
    if who is None:
        return sign_in_first(language)
    if who.role != SUPERVISOR:
        only: Refusal = refuse(Key.SUPERVISOR_ONLY)
        return refused(only, language)
    return None


def _shape(found: BackTestState) -> dict[str, object]:
    return {
        "state": found.state,
        "done": found.done,
        "of": found.of,
        "error": found.error,
        "report": found.report,
    }
