"""Every call of the API, in one table: the server and the OpenAPI document are both made from it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from terminal.counter import actions, bodies, desk, events, offers, reads, trying
from terminal.counter.bodies import BadBodyError, Fields
from terminal.counter.counter import Counter, bad, body_as, json, sign_in_first
from terminal.counter.desk import Action, Call
from terminal.counter.joining import RegisterMember

Params = dict[str, str]
_LINE = re.compile(r"[0-9]{1,9}")
_DEVICE_MAX = 60
_RECEIPT_MAX = 64
_COUPON_MAX = 60
_MEMBER_MAX = 31


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changes the till, or asks the loop: a body becomes an action."""

    method: str
    path: str
    body: type[Fields]
    act: Callable[[Any, Params], Action]
    summary: str
    is_open: bool = False
    """Whether it works without being signed in."""


@dataclass(frozen=True, slots=True)
class Look:
    """A call that changes nothing."""

    path: str
    read: reads.Read
    answer: str
    """Name of its answer among the OpenAPI document's schemas, or a media type."""
    summary: str
    query: str = ""
    is_open: bool = False


class NoSuchPathError(Exception):
    """The path names nothing, such as line ``x``."""


def _line(params: Params) -> int:
    if not _LINE.fullmatch(params["n"]):
        raise NoSuchPathError
    return int(params["n"])


def _name(params: Params, key: str, length_max: int) -> str:
    if not 0 < len(params[key]) <= length_max or not params[key].isprintable():
        raise NoSuchPathError
    return params[key]


def _member(params: Params) -> str:
    return _name(params, "member", _MEMBER_MAX)


CHANGES = (
    Change(
        "POST", "/sale/scan", bodies.ScanBody,
        lambda body, _: desk.ScanText(body.text), "As if the scanner had read the text",
    ),
    Change(
        "POST", "/sale/lines", bodies.LineBody,
        lambda body, _: actions.line(body), "Add goods by code, or an amount with a name",
    ),
    Change(
        "PATCH", "/sale/lines/{n}", bodies.LineChangeBody,
        lambda body, params: actions.change(body, _line(params)),
        "Another quantity or unit price for a line",
    ),
    Change(
        "DELETE", "/sale/lines/{n}", bodies.Plain,
        lambda _, params: desk.RemoveLine(_line(params)), "Take a line out",
    ),
    Change(
        "POST", "/sale/member", bodies.MemberBody,
        lambda body, _: actions.member(body), "Say who buys: by card, phone or account number",
    ),
    Change(
        "DELETE", "/sale/member", bodies.Plain,
        lambda _, __: desk.ClearMember(), "Go on without a member",
    ),
    Change(
        "POST", "/sale/tenders", bodies.TenderBody,
        lambda body, _: actions.tender(body), "Take a tender; the last one posts the sale",
    ),
    Change(
        "DELETE", "/sale/tenders", bodies.Plain,
        lambda _, __: desk.ClearTenders(), "Hand back what was tendered",
    ),
    Change(
        "POST", "/sale/coupons", bodies.CouponBody,
        lambda body, _: offers.ShowCoupon(body.code), "Lay a coupon on the counter",
    ),
    Change(
        "DELETE", "/sale/coupons/{coupon}", bodies.Plain,
        lambda _, params: offers.TakeBackCoupon(_name(params, "coupon", _COUPON_MAX)),
        "Give a coupon back unused",
    ),
    Change(
        "POST", "/sale/choices", bodies.ChoiceBody,
        lambda body, _: offers.ChooseRule(body.rule, body.chosen),
        "Choose a rule that holds only when chosen, or do not",
    ),
    Change(
        "POST", "/coupons", bodies.IssueBody,
        lambda body, _: actions.issue(body), "Issue coupons; the answer holds their codes",
    ),
    Change(
        "POST", "/purse/topups", bodies.TopUpBody,
        lambda body, _: desk.TopUp(body.type, body.amount, body.reference),
        "Load a card with money that was taken; it is laid on the reader next",
    ),
    Change(
        "POST", "/purse/drop", bodies.Plain,
        lambda _, __: desk.DropCard(), "Await no card any more: it is paid otherwise",
    ),
    Change(
        "POST", "/purse/movements/{n}", bodies.MovementBody,
        lambda body, params: desk.SettleMovement(_line(params), body.how),
        "Give back what is owed off a card, or decide what no card can tell",
    ),
    Change(
        "POST", "/purse/slips/{n}/print", bodies.Plain,
        lambda _, params: desk.PointsAct("slip", points=_line(params)),
        "Print the slip of money put on a card or paid out again, marked as a copy",
    ),
    Change("POST", "/sale/void", bodies.Plain, lambda _, __: desk.VoidSale(), "Call the sale off"),
    Change("POST", "/sale/hold", bodies.Plain, lambda _, __: desk.HoldSale(), "Put it aside"),
    Change(
        "POST", "/sale/resume", bodies.ResumeBody,
        lambda body, _: desk.ResumeSale(body.sale), "Bring a basket back; the newest if none is named",
    ),
    Change(
        "POST", "/quote", bodies.QuoteBody,
        lambda body, _: actions.quote(body), "Price a whole basket; nothing changes",
    ),
    Change(
        "POST", "/sales", bodies.SaleBody,
        lambda body, _: actions.sale(body), "A whole sale by a cash-register program",
    ),
    Change(
        "POST", "/members", bodies.RegisterBody,
        lambda body, _: RegisterMember(
            body.name, body.phone, body.birthday, body.card, body.tier, body.shared
        ),
        "Register a member; the answer holds the account number",
    ),
    Change(
        "POST", "/members/{account}/topups", bodies.PayInBody,
        lambda body, params: actions.pay_in(body, _name(params, "account", _RECEIPT_MAX)),
        "A member pays in; the shop's bonus is added",
    ),
    Change(
        "POST", "/receipts/{number}/print", bodies.Plain,
        lambda _, params: desk.PrintCopy(_name(params, "number", _RECEIPT_MAX)),
        "Print a receipt again, marked as a copy",
    ),
    Change(
        "POST", "/members/{member}/points", bodies.PointsBody,
        lambda body, params: desk.PointsAct(
            "by-hand", _member(params), points=body.points, text=body.reason
        ),
        "Give points by hand for a reason, or take them as a penalty",
    ),
    Change(
        "POST", "/members/{member}/checkins", bodies.Plain,
        lambda _, params: desk.PointsAct("check-in", _member(params)), "The member checks in today",
    ),
    Change(
        "POST", "/members/{member}/events", bodies.EventBody,
        lambda body, params: desk.PointsAct("event", _member(params), text=body.event),
        "The member took part in an event, or shared something",
    ),
    Change(
        "POST", "/members/{member}/welcome", bodies.WelcomeBody,
        lambda body, params: desk.PointsAct("welcome", _member(params), text=body.brought_by),
        "Points for joining, and for who brought the member",
    ),
    Change(
        "POST", "/members/{member}/gifts", bodies.GiftBody,
        lambda body, params: desk.PointsAct(
            "gift", _member(params), text=body.gift, pieces=body.pieces,
            tender=body.tender, reference=body.reference,
        ),
        "Exchange points, and money if it costs some, for a gift",
    ),
    Change(
        "POST", "/members/{member}/draws", bodies.DrawBody,
        lambda body, params: desk.PointsAct("draw", _member(params), text=body.lottery),
        "Draw in a lottery for points",
    ),
    Change(
        "POST", "/points/import", bodies.ImportBody,
        lambda body, _: desk.PointsAct(
            "import", rows=tuple((row.member, row.points, row.reason) for row in body.rows)
        ),
        "Points for many members at once",
    ),
    Change(
        "POST", "/points/periods", bodies.PeriodBody,
        lambda body, _: desk.PointsAct(
            "period", points=body.since, text=body.rule, pieces=body.until
        ),
        "Compute a rule over past days and post what it gives when the till is quiet",
    ),
    Change(
        "POST", "/points/slips/{n}/print", bodies.Plain,
        lambda _, params: desk.PointsAct("slip", points=_line(params)),
        "Print the slip of a gift or a draw again, marked as a copy",
    ),
    Change(
        "POST", "/virtual/{device}", bodies.VirtualBody,
        lambda body, params: actions.touch(body, _name(params, "device", _DEVICE_MAX)),
        "Do to a virtual device what a person would", is_open=True,
    ),
)  # fmt: skip
LOOKS = (
    Look("/till", reads.till, "Till", "The till as it is now", is_open=True),
    Look("/events", events.stream, "text/event-stream", "The till, notices and lights as they change",
         is_open=True),
    Look("/members", reads.members, "Members", "Find members by name, phone or number", "q"),
    Look("/members/{member}/points", reads.points, "MemberPoints",
         "A member's points by lots, and what is to be had for them now"),
    Look("/goods", reads.goods, "GoodsFound", "Find goods by name or code", "q"),
    Look("/receipts/{number}", reads.receipt, "Receipt",
         "A posted sale; with .txt or .png as it was printed"),
    Look("/ledger/{seq}", reads.entry, "Entry", "One ledger entry with its postings and reasons"),
    Look("/rules", trying.rules, "Rules", "The rules in force, in words"),
    Look("/backtests/{name}", trying.state, "BackTest",
         "How far a back-test is and what came out; .csv as a table"),
    Look("/ledger/{seq}/explain", reads.explain, "Explained",
         "A sale worked out again: equal, or where not"),
    Look("/devices", reads.devices, "Health", "How every device has been: restarts, ups and downs"),
    Look("/virtual", reads.tray, "Tray", "Virtual devices, and cards and codes to try them with"),
)  # fmt: skip


async def change(counter: Counter, row: Change, request: Request) -> Response:
    """Serve one changing call: check, ask the till, answer."""
    actor = counter.who(request)
    if actor is None and not row.is_open:
        return sign_in_first(counter.language(request))
    read = await body_as(request, row.body)
    if isinstance(read, Response):
        return read
    raw, body = read
    try:
        action = row.act(body, request.path_params)
    except BadBodyError as fault:
        return bad(fault)
    except NoSuchPathError:
        return json({"field": "path", "message": "there is nothing here"}, 404)
    call_id = getattr(body, "id", None) or f"quote-{counter.services.random_bytes(16).hex()}"
    return await counter.answer(request, Call(call_id, counter.digest(request, raw), actor, action))
