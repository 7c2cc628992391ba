"""The API's description, made of the same table as its routes and of the answers' own types."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from sync.hq.page import asking
from sync.hq.page.answers import (
    BalancesAnswer,
    OverviewAnswer,
    SalesAnswer,
)
from sync.hq.page.checks import ChecksAnswer
from sync.hq.page.deeds import Way
from sync.hq.page.desk import QuarantineAnswer, WaitingAnswer
from sync.hq.page.enrolling import EnrolmentAnswer
from sync.hq.page.erasing import ConflictsAnswer
from sync.hq.page.exposed import ExposureAnswer
from sync.hq.page.feeds import FeedAnswer, FeedItem
from sync.hq.page.fleet import TillsAnswer
from sync.hq.page.lookback_views import (
    AnomaliesAnswer,
    DaysAnswer,
    LiabilityAnswer,
    MemberAnswer,
    MembersAnswer,
    StreamAnswer,
)
from sync.hq.page.opened import RecordAnswer
from sync.hq.page.paths import WAYS
from sync.hq.page.purses import PursesAnswer
from sync.hq.page.questions import AuditAnswer, PeopleAnswer
from sync.hq.page.ruling import RulesAnswer, RulesTextAnswer
from sync.hq.roles import Right

ROOT = "/api/v1"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question was not answered."""

    error: str
    """The parameter that is wrong, or ``not-found``."""
    message: str


_LIMIT = {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": asking.ROWS_MAX, "default": asking.ROWS},
}
_LEDGER = {"name": "ledger", "in": "path", "required": True, "schema": {"type": "string"}}
_SEQ = {"name": "seq", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}

_KIND = {
    "name": "kind", "in": "path", "required": True,
    "schema": {"type": "string", "enum": ["record", "refused"]},
}  # fmt: skip
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_VERSION = {"name": "version", "in": "path", "required": True, "schema": {"type": "string"}}
_ACCOUNT = {"name": "account", "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, kind: str, what: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": what, "schema": {"type": kind}}


_BEFORE = _query("before", "integer", "`next` of the page above")


@dataclass(frozen=True, slots=True)
class Call:
    """One path of the API."""

    name: str
    """Of the question that answers it."""
    path: str
    summary: str
    answer: type
    parameters: tuple[dict[str, Any], ...] = ()
    right: Right = Right.SEE


CALLS = (
    Call("overview", "/overview", "The head office at a glance", OverviewAnswer),
    Call("tills", "/tills", "The fleet: last seen, lag, chain, version, paper, disk, clock", TillsAnswer,
         (_LIMIT, _query("after", "string", "`next` of the page above"),
          _query("state", "string", "`trouble`, `silent` or `waiting`"),
          _query("search", "string", "part of the till's name"))),
    Call(
        "sales",
        "/sales",
        "Paid sales with their reasons, newest first",
        SalesAnswer,
        (
            _LIMIT,
            _query("before", "integer", "`next` of the page above"),
            _query("terminal", "string", "only this till's"),
            _query("member", "string", "only this member's, by account number"),
        ),
    ),
    Call(
        "entry",
        "/entries/{ledger}/{seq}",
        "One record with its postings and its why",
        RecordAnswer,
        (_LEDGER, _SEQ, _query("branch", "integer", "of a forked ledger; 0 without it")),
    ),
    Call(
        "balances",
        "/balances",
        "Accounts in the books, by name",
        BalancesAnswer,
        (
            _LIMIT,
            _query("search", "string", "part of the account's name; without it the members'"),
            _query("after", "string", "account of `next` of the page above"),
            _query("unit", "string", "unit of `next` of the page above"),
        ),
    ),
    Call("quarantine", "/quarantine", "What the books did not take", QuarantineAnswer),
    Call("stream", "/tills/{ledger}", "Entries of one till, newest first", StreamAnswer,
         (_LEDGER, _LIMIT, _BEFORE, _query("branch", "integer", "of a forked ledger; 0 without it"))),
    Call("members", "/members", "Members by account number", MembersAnswer,
         (_LIMIT, _query("search", "string", "part of number or name"),
          _query("after", "string", "`next` of the page above"))),
    Call("member", "/members/{account}", "A member and every entry that moved them", MemberAnswer,
         (_ACCOUNT, _LIMIT, _BEFORE)),
    Call("conflicts", "/conflicts", "Members who registered twice, by phone number", ConflictsAnswer),
    Call("days", "/days", "Sales and points by business day and store", DaysAnswer,
         (_query("since", "string", "first day, as 2026-11-21"), _query("until", "string", "last day"),
          _query("store", "string", "only this store"))),
    Call("liability", "/liability", "What members hold, by the month it came in", LiabilityAnswer),
    Call("anomalies", "/anomalies", "What is odd, newest first", AnomaliesAnswer,
         (_LIMIT, _BEFORE, _query("kind", "string", "only of this kind"),
          _query("settled", "string", "`yes`: also what is settled"))),
    Call("checks", "/checks", "Sales worked out again: differences, newest first; coupons",
         ChecksAnswer, (_LIMIT, _BEFORE)),
    Call("exposure", "/exposure", "What tills may still spend of members' value, whatever happens",
         ExposureAnswer),
    Call("purses", "/purses", "Cards with money: shadow accounts, gaps, and what is not settled",
         PursesAnswer, (_LIMIT, _query("after", "string", "`next` of the page above"))),
    Call("waiting", "/quarantine/{kind}/{id}", "A record in quarantine or a refused message, opened",
         WaitingAnswer, (_KIND, _ID)),
    Call("rules", "/rules", "Versions of the rules, rollouts, and what the tills run", RulesAnswer),
    Call("rules-text", "/rules/{version}", "A version of the rules whole", RulesTextAnswer, (_VERSION,)),
    Call("feed", "/feed", "Every entry and change of the fleet, numbered, after a number", FeedAnswer,
         (_LIMIT, _query("after", "integer", "the last number dealt with"))),
    Call("enrolment", "/enrolment", "Keys of tills, and tokens that are open", EnrolmentAnswer,
         right=Right.ENROL),
    Call("people", "/people", "Who may sign in, and the keys of programs", PeopleAnswer,
         right=Right.PEOPLE),
    Call("audit", "/audit", "Who did what here, newest first", AuditAnswer,
         (_LIMIT, _query("before", "integer", "`next` of the page above"),
          _query("who", "string", "only what this person or program did")), Right.AUDIT),
)  # fmt: skip


def describe() -> bytes:
    """Return the description as JSON (OpenAPI 3.1)."""
    types = (*(call.answer for call in CALLS), Refusal)
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tallypoint head office",
            "version": "1",
            "description": "Asked with a program key (`tallypoint hq key new NAME`). Money is integer "
            "minor units, points are integers, times are milliseconds since 1970 UTC.",
        },
        "paths": _paths(),
        "security": [{"key": []}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(document)


_STREAM = {
    "operationId": "events",
    "summary": "The feed as server-sent events `entry` and `till`; resumed by `Last-Event-ID`",
    "parameters": [_query("after", "integer", "go on after this number; without it from now on")],
    "responses": {
        "200": {
            "description": "Each event's `id` is its number, its data a FeedItem",
            "content": {
                "text/event-stream": {
                    "schema": {"$ref": f"#/components/schemas/{FeedItem.__name__}"}
                }
            },
        }
    },
}


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {
        ROOT + call.path: {"get": _operation(call)} for call in CALLS
    }
    paths[f"{ROOT}/events"] = {"get": _STREAM}
    for way in WAYS:
        paths.setdefault(ROOT + way.path, {})["post"] = _doing(way)
    return paths


def _doing(way: Way) -> dict[str, Any]:
    fields = {name: {"type": "string"} for name in way.fields}
    schema = {"type": "object", "properties": fields}
    refusals = {"400": "A field is wrong", "403": "Not allowed", "409": "Cannot be done"}
    return {
        "operationId": way.name,
        "summary": f"{way.summary} (right: {way.right})",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", way.path)
        ],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "Done"}}
        | {code: _content(what, Refusal.__name__) for code, what in refusals.items()},
    }


def _operation(call: Call) -> dict[str, Any]:
    refusals = {"400": "A parameter is wrong", "401": "Who asks?", "403": "Not allowed"}
    if "{" in call.path:
        refusals["404"] = "No such record"
    return {
        "operationId": call.name,
        "summary": call.summary,
        "parameters": list(call.parameters),
        "responses": {"200": _content("The answer", call.answer.__name__)}
        | {code: _content(what, Refusal.__name__) for code, what in refusals.items()},
    }


def _content(what: str, name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": what, "content": {"application/json": {"schema": schema}}}
