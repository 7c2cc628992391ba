"""JSON Schemas of the answers, for the OpenAPI document and for the test that holds answers against them."""

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
YES_NO: Json = {"type": "boolean"}
MAYBE_TEXT: Json = {"type": ["string", "null"]}
MAYBE_WHOLE: Json = {"type": ["integer", "null"]}


def _object(optional: Json | None = None, /, **fields: Json) -> Json:
    return {
        "type": "object",
        "properties": fields | (optional or {}),
        "required": sorted(fields),
        "additionalProperties": False,
    }


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(of: Json) -> Json:
    return {"anyOf": [of, {"type": "null"}]}


_REASON = {"rule": TEXT, "version": TEXT, "why": TEXT, "percent": WHOLE}
_LINE = _object(
    n=WHOLE, code=TEXT, name=TEXT, quantity=WHOLE, unit=TEXT, unit_price=WHOLE, shelf_price=WHOLE,
    gross=WHOLE, net=WHOLE, points=WHOLE, discounts=_list(_object(amount=WHOLE, **_REASON)),
)  # fmt: skip
_QUOTE = _object(
    lines=_list(_LINE), gross=WHOLE, discount=WHOLE, rounding=WHOLE, total=WHOLE,
    points=_object(earned=WHOLE, standing=WHOLE, why=_list(_object(points=WHOLE, **_REASON))),
    redeemable=_object(
        points_min=WHOLE, points_max=WHOLE, amount_max=WHOLE, step=WHOLE, points=WHOLE, money=WHOLE, why=TEXT,
    ),
)  # fmt: skip
_ABOUT_MEMBER: Json = {
    "account": TEXT, "name": TEXT, "phone": TEXT, "tier": TEXT, "tier_name": TEXT,
    "points": WHOLE, "pending": WHOLE, "lapsing": _object(points=WHOLE, day=WHOLE),
    "standing": WHOLE, "stored": WHOLE, "bonus": WHOLE, "birthday": TEXT, "medium": TEXT,
}  # fmt: skip
_MEMBER = _object(**_ABOUT_MEMBER)
_BUYER = _object(
    **_ABOUT_MEMBER,
    spendable=_object(amount=WHOLE, principal=WHOLE, bonus=WHOLE, why=TEXT),
)
_SALE = _object(
    {
        "paid": WHOLE,
        "missing": WHOLE,
        "cash_total": MAYBE_WHOLE,
        "coupons": _list(_object(id=TEXT, campaign=TEXT, until=WHOLE, used=YES_NO)),
        "choices": _list(_object(rule=TEXT, name=TEXT, chosen=YES_NO)),
    },
    state={"enum": ["idle", "open", "due"]},
    id=MAYBE_TEXT,
    quote=_ref("Quote"),
    member=_or_null({"anyOf": [_ref("Buyer"), _object(tier_name=TEXT)]}),
    tenders=_list(_object(type=TEXT, amount=WHOLE, reference=TEXT, taken=YES_NO)),
)
_DEVICE = _object(
    {"detail": TEXT},
    name=TEXT,
    kind={"enum": ["reader", "scanner", "printer"]},
    state={"enum": ["up", "warn", "down"]},
    key=TEXT,
    message=TEXT,
)
_TILL = _object(
    {
        "operator": _or_null(_object(number=TEXT, name=TEXT, role=TEXT)),
        "held": _list(_object(id=TEXT, lines=WHOLE, total=WHOLE, member=MAYBE_TEXT)),
        "purses": YES_NO,
        "purse": _or_null(
            _object(state={"enum": ["tap", "leave", "again"]}, move=TEXT, amount=WHOLE, card=MAYBE_TEXT)
        ),
        "purse_doubts": _list(
            _object(
                sequence=WHOLE, card=TEXT, move=TEXT, amount=WHOLE, when=TEXT, message=TEXT,
                state={"enum": ["open", "unknown", "unproven", "owed"]},
            )
        ),
        "doubts": _list(_object(receipt=TEXT, state={"enum": ["waiting", "unknown"]})),
    },
    version=WHOLE, now=TEXT, store=TEXT, terminal=TEXT, title=TEXT, currency=TEXT, locale=TEXT,
    signed_in=YES_NO, sale=_SALE, devices=_list(_DEVICE), disk={"enum": ["ok", "slow"]}, shop_faults=WHOLE,
    last_receipt=TEXT, virtual=_list(_object(name=TEXT, kind=TEXT)),
    sync=_object(
        connected=YES_NO, acknowledged=WHOLE, pending=WHOLE, fresh_at=MAYBE_TEXT, trouble=TEXT,
        message=TEXT, fresh={"type": "object", "additionalProperties": TEXT},
    ),
)  # fmt: skip
SCHEMAS: Json = {
    "Refusal": _object(refused=TEXT, message=TEXT),
    "Fault": _object(field=TEXT, message=TEXT),
    "Done": {"type": "object"},
    "Quote": _QUOTE,
    "Member": _MEMBER,
    "Buyer": _BUYER,
    "Till": _TILL,
    "Members": _object(members=_list(_MEMBER)),
    "MemberPoints": _object(
        account=TEXT,
        points=WHOLE,
        available=WHOLE,
        pending=WHOLE,
        standing=WHOLE,
        debt=WHOLE,
        lots=_list(_object(points=WHOLE, usable_on=WHOLE, lapses_on=WHOLE)),
        gifts=_list(
            _object(
                id=TEXT,
                name=TEXT,
                what=TEXT,
                points=WHOLE,
                money=WHOLE,
                left=_or_null(WHOLE),
                why=TEXT,
            )
        ),
        lotteries=_list(
            _object(
                id=TEXT,
                name=TEXT,
                points=WHOLE,
                drawn=WHOLE,
                draws=WHOLE,
                why=TEXT,
                prizes=_list(_object(name=TEXT, odds=WHOLE, left=WHOLE)),
            )
        ),
        events=_list(_object(id=TEXT, name=TEXT, points=WHOLE)),
        check_in=_or_null(_object(name=TEXT, days=WHOLE, today=YES_NO)),
        welcome=YES_NO,
        burn=_or_null(_object(points=WHOLE, money=WHOLE, step=WHOLE)),
    ),
    "GoodsFound": _object(
        goods=_list(_object(code=TEXT, name=TEXT, price=WHOLE, unit=TEXT, category=TEXT))
    ),
    "Receipt": {"type": "object"},
    "Entry": {"type": "object"},
    "Rules": _object(
        version=TEXT,
        catalogue=TEXT,
        since=MAYBE_TEXT,
        faults=_list(TEXT),
        rules=_list(_object(rule=TEXT, version=TEXT, name=TEXT, group=TEXT, words=TEXT)),
    ),
    "BackTest": _object(
        state={"enum": ["running", "done", "failed", "cancelled"]},
        done=WHOLE,
        of=WHOLE,
        error=TEXT,
        report=_or_null({"type": "object"}),
    ),
    "Explained": _object(
        verdict={"enum": ["equal", "different", "not-comparable"]},
        why=TEXT,
        differences=_list(_object(what=TEXT, line=WHOLE, recorded=TEXT, computed=TEXT)),
    ),
    "Health": _object(
        devices=_list(
            _object(
                name=TEXT,
                up=YES_NO,
                restarts=WHOLE,
                history=_list(_object(at=TEXT, up=YES_NO, reason=TEXT)),
            )
        ),
    ),
    "Tray": _object(
        devices=_list(_object(name=TEXT, kind=TEXT)),
        cards=_list(_object(name=TEXT, tier=TEXT, value=TEXT)),
        codes=_list(_object(name=TEXT, price=WHOLE, value=TEXT)),
    ),
}
