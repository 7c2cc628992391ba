"""The OpenAPI document, made from the table of routes and the structures of the bodies."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from terminal.counter import bodies, routes
from terminal.counter.answers import SCHEMAS
from terminal.counter.counter import json

_REF = "#/components/schemas/{name}"
_SESSION = (
    ("POST", "/session", bodies.SessionBody, "Sign in; gives the page its cookie"),
    ("DELETE", "/session", bodies.Plain, "Sign out"),
    ("POST", "/session/pin", bodies.PinBody, "Choose another PIN"),
)
_TRYING = (
    (
        "POST",
        "/backtests",
        bodies.BackTestBody,
        "Play past sales under draft rules; nothing changes",
    ),
    ("DELETE", "/backtests/{name}", bodies.Plain, "Stop a back-test"),
)
_PARAMETER = re.compile(r"\{(\w+)\}")
_REFUSALS = (
    ("400", "Fault", "A field is missing, unknown or wrong"),
    ("401", "Refusal", "Nobody is signed in, or the key is not known"),
    ("408", "Fault", "The body came too slowly"),
    ("409", "Refusal", "Refused; nothing has changed"),
    ("413", "Fault", "The body is too large"),
    ("415", "Fault", "The body is not application/json"),
    ("503", "Refusal", "The till is busy; send the same call again"),
    ("504", "Refusal", "Outcome unknown; ask again with the same id"),
)

Json = dict[str, Any]


async def serve(_: Request) -> Response:
    """``GET /api/openapi.json``."""
    return json(document())


def document() -> Json:
    """Return the whole document."""
    rows = [(row.method, row.path, row.body, row.summary, row.is_open) for row in routes.CHANGES]
    rows += [(*row, row[0] == "POST") for row in _SESSION]
    rows += [(*row, False) for row in _TRYING]
    kinds = sorted({row[2] for row in rows}, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    paths: Json = {}
    for method, path, body, summary, is_open in rows:
        paths.setdefault(path, {})[method.lower()] = _change(path, body, summary, is_open=is_open)
    for look in routes.LOOKS:
        paths.setdefault(look.path, {})["get"] = _look(look)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tallypoint terminal",
            "version": "1",
            "description": "Money is integer minor units, points are integers, quantities integer"
            " thousandths, times ISO 8601 UTC. Every changing call carries an id drawn by the caller:"
            " the same id with the same body acts once and gives the first answer again.",
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS | schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "tallypoint"},
            },
        },
    }


def _change(path: str, body: type, summary: str, *, is_open: bool) -> Json:
    answer = {"/quote": "Quote"}.get(path, "Done")
    return {
        "summary": summary,
        "parameters": list(_parameters(path)),
        "requestBody": {"required": True, "content": _content(body.__name__)},
        "responses": {"200": _response("Done", answer)} | _refusals(),
        "security": [] if is_open else [{"session": []}, {"key": []}],
    }


def _look(look: routes.Look) -> Json:
    asked = [{"name": look.query, "in": "query", "schema": {"type": "string", "maxLength": 60}}]
    is_media = "/" in look.answer
    content = {look.answer: {"schema": {"type": "string"}}} if is_media else _content(look.answer)
    responses: Json = {"200": {"description": look.summary, "content": content}}
    if not look.is_open:
        responses |= {"401": _response(_REFUSALS[1][2], "Refusal")}
    if "{" in look.path:
        responses |= {"404": _response("There is none", "Refusal")}
    return {
        "summary": look.summary,
        "parameters": [*_parameters(look.path), *(asked if look.query else [])],
        "responses": responses,
        "security": [] if look.is_open else [{"session": []}, {"key": []}],
    }


def _parameters(path: str) -> Iterable[Json]:
    for name in _PARAMETER.findall(path):
        kind = "integer" if name in ("n", "seq") else "string"
        yield {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def _refusals() -> Json:
    return {status: _response(words, name) for status, name, words in _REFUSALS}


def _response(words: str, name: str) -> Json:
    return {"description": words, "content": _content(name)}


def _content(name: str) -> Json:
    return {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}
