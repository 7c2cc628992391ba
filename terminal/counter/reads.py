"""Calls that change nothing: the snapshot, searches, receipts, ledger entries."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from terminal.core.refusal import Key, refuse
from terminal.counter import shapes
from terminal.counter.counter import BusyError, Counter, busy, json, refused, sign_in_first
from terminal.counter.language import Language

FOUND_MAX = 20
QUERY_MAX = 60
_RECEIPT = re.compile(r"[0-9A-Za-z-]{1,64}")
_SEQ = re.compile(r"[0-9]{1,15}")

Read = Callable[[Counter, Request], Awaitable[Response]]


async def till(counter: Counter, request: Request) -> Response:
    """``GET /till``: the snapshot; without a session what anybody may see."""
    is_whole = counter.who(request) is not None and request.query_params.get("view") != "display"
    language = counter.language(request)
    return json(shapes.till(counter.desk.view(), counter.services, language, whole=is_whole))


async def members(counter: Counter, request: Request) -> Response:
    """``GET /members?q=``: members by name, phone or number."""

    def search(text: str) -> list[shapes.Json]:
        found = counter.services.search_members(text, FOUND_MAX)
        return [shapes.member(each) for each in found]

    return await _search(counter, request, "members", search)


async def points(counter: Counter, request: Request) -> Response:
    """``GET /members/{member}/points``: lots, gifts, lotteries and awards of one member."""
    member = request.path_params["member"][:40]

    def find() -> Response:
        found = counter.services.points(member)
        if found is None:
            return refused(refuse(Key.UNKNOWN_MEMBER), counter.language(request), 404)
        return json(found)

    return await _signed_in(counter, request, find)


async def goods(counter: Counter, request: Request) -> Response:
    """``GET /goods?q=``: goods by name or code."""

    def search(text: str) -> list[shapes.Json]:
        return [shapes.goods(each) for each in counter.services.search_goods(text, FOUND_MAX)]

    return await _search(counter, request, "goods", search)


async def _search(
    counter: Counter, request: Request, name: str, search: Callable[[str], list[shapes.Json]]
) -> Response:
    text = request.query_params.get("q", "").strip()
    if len(text) > QUERY_MAX or not text.isprintable():
        return json({"field": "q", "message": f"at most {QUERY_MAX} printable characters"}, 400)
    return await _signed_in(counter, request, lambda: json({name: search(text) if text else []}))


async def receipt(counter: Counter, request: Request) -> Response:
    """``GET /receipts/{number}``: the posted sale; ``.txt`` and ``.png``: as printed."""
    number, _, form = request.path_params["number"].partition(".")
    services, language = counter.services, counter.language(request)
    if not _RECEIPT.fullmatch(number) or form not in ("", "txt", "png"):
        return _no_receipt(number[:64], language)

    def find() -> Response:
        if form == "txt":
            text = services.receipt_text(number)
            return _no_receipt(number, language) if text is None else _kept(text, "text/plain")
        if form == "png":
            picture = services.receipt_png(number)
            missing = picture is None
            return _no_receipt(number, language) if missing else _kept(picture or b"", "image/png")
        found = services.receipt(number)
        return _no_receipt(number, language) if found is None else json(found)

    return await _signed_in(counter, request, find)


async def entry(counter: Counter, request: Request) -> Response:
    """``GET /ledger/{seq}``: one entry with its postings and reasons."""
    seq = request.path_params["seq"]

    def find() -> Response:
        found = counter.services.entry(int(seq)) if _SEQ.fullmatch(seq) else None
        if found is None:
            return json({"field": "seq", "message": "no such entry"}, 404)
        return json(found)

    return await _signed_in(counter, request, find)


async def explain(counter: Counter, request: Request) -> Response:
    """``GET /ledger/{seq}/explain``: a sale worked out again under the rules of its time."""
    seq = request.path_params["seq"]

    def find() -> Response:
        found = counter.services.explain(int(seq)) if _SEQ.fullmatch(seq) else None
        if found is None:
            return json({"field": "seq", "message": "no such entry"}, 404)
        return json(found)

    return await _signed_in(counter, request, find)


async def devices(counter: Counter, request: Request) -> Response:
    """``GET /devices``: how every device has been: how often started again, its newest ups and downs."""

    def find() -> Response:
        found = counter.services.devices()
        for each in found:
            history: Any = each["history"]
            each["history"] = [{**change, "at": shapes.iso(change["at"])} for change in history]
        return json({"devices": found})

    return await _signed_in(counter, request, find)


async def tray(counter: Counter, request: Request) -> Response:
    """``GET /virtual``: virtual devices, and what there is to tap and to scan."""
    devices = [{"name": each.name, "kind": each.kind} for each in counter.services.virtual]

    def find() -> Response:
        if not devices:
            return json({"devices": [], "cards": [], "codes": []})
        offered = counter.services.tray()
        return json({"devices": devices, "cards": offered.cards, "codes": offered.codes})

    return await _signed_in(counter, request, find)


async def _signed_in(counter: Counter, request: Request, find: Callable[[], Response]) -> Response:
    if counter.who(request) is None:
        return sign_in_first(counter.language(request))
    try:
        return await counter.read(partial(find))
    except BusyError:
        return busy(counter.language(request))


def _no_receipt(number: str, language: Language) -> Response:
    return refused(refuse(Key.NO_SUCH_RECEIPT, number=number), language, 404)


def _kept(content: str | bytes, kind: str) -> Response:
    """A receipt never changes: the page may keep it, for the operator alone."""
    return Response(content, headers={"cache-control": "private, max-age=3600"}, media_type=kind)
