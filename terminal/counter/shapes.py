"""The till's state as the JSON that the API speaks: names here are part of the outer contract.

Two shapes: whole, for who is signed in, and public, for the customer's display and the page before anybody
has signed in, which holds nothing about the member but what the display shows.
"""

from datetime import UTC, datetime, timedelta

from terminal.core.journal import Tender
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.quote import EMPTY, Quote
from terminal.core.purse.words import PURSE, Doubt, parse_reference, tail
from terminal.core.purse.work import Asked, Doubted, Moving, Work
from terminal.core.sale import Due, Idle, Sale
from terminal.counter.desk import DeviceLight, Notice, View
from terminal.counter.language import Language, mask_name
from terminal.counter.offers import Offers
from terminal.counter.services import Services

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PHONE_SHOWN = 3, 4

Json = dict[str, object]


def till(view: View, services: Services, language: Language, *, whole: bool) -> Json:
    """Return the snapshot of ``view``; without ``whole`` what anybody may see."""
    operator = view.till.operator
    shown: Json = {
        "version": view.version,
        "now": iso(services.now_ms()),
        "store": services.store,
        "terminal": services.terminal,
        "title": services.title,
        "currency": services.currency,
        "locale": services.locale,
        "signed_in": whole,
        "sale": _sale(view, whole=whole),
        "devices": [light(each, language, whole=whole) for each in view.devices],
        "sync": _sync(view, language),
        "disk": view.disk,
        "shop_faults": view.shop_faults,
        "last_receipt": view.last_receipt,
        "virtual": [{"name": each.name, "kind": each.kind} for each in services.virtual],
    }
    if whole:
        shown["operator"] = operator and {
            "number": operator.number,
            "name": operator.name,
            "role": operator.role,
        }
        shown["held"] = [_held(sale) for sale in view.till.held]
        shown["purses"] = view.takes_purses
        shown["purse"] = _purse(view.till.purse)
        shown["purse_doubts"] = [_movement(each, language) for each in view.purse_doubts]
        shown["doubts"] = [{"receipt": d.receipt, "state": d.state} for d in view.doubts]
    return shown


def _reference(tender: Tender) -> str:
    """Return what names a payment: of one off a card, the card and the movement's number."""
    named = parse_reference(tender.reference) if tender.type == PURSE else None
    return tender.reference if named is None else f"··{tail(named[0])} #{named[1]}"


def _purse(work: Work) -> Json | None:
    """Return what is going on with a card; None: nothing."""
    match work:
        case Asked(order):
            state, wish = "tap", order.wish
        case Moving(order):
            state, wish = "leave", order.wish
        case Doubted(order):
            state, wish = "again", order.wish
        case _:
            return None
    return {
        "state": state,
        "move": wish.move.value,
        "amount": wish.amount,
        "card": tail(wish.purse) if wish.purse else None,
    }


def _movement(doubt: Doubt, language: Language) -> Json:
    facts: dict[str, str | int] = {"amount": doubt.amount, "card": tail(doubt.purse)}
    return {
        "sequence": doubt.sequence,
        "card": tail(doubt.purse),
        "move": doubt.move,
        "amount": doubt.amount,
        "state": doubt.state,
        "when": doubt.when,
        "message": language.sentence(f"purse-{doubt.state}", facts),
    }


def light(device: DeviceLight, language: Language, *, whole: bool) -> Json:
    """Return one device's light with its words; ``whole`` adds what only technicians want."""
    shown: Json = {
        "name": device.name,
        "kind": device.kind,
        "state": device.state,
        "key": device.key,
        "message": language.device(device.kind, device.key),
    }
    return shown | {"detail": device.detail} if whole else shown


def _sync(view: View, language: Language) -> Json:
    sync = view.sync
    trouble = sync.trouble or ("first-data" if sync.waiting else "")
    return {
        "connected": sync.connected,
        "acknowledged": sync.acknowledged,
        "pending": sync.head - sync.acknowledged,
        "fresh_at": None if sync.since_ms is None else iso(sync.since_ms),
        "trouble": trouble,
        "message": language.trouble(trouble) if trouble else "",
        "fresh": {table: iso(at_ms) for table, at_ms in sync.fresh},
    }


def _held(sale: Sale) -> Json:
    return {
        "id": sale.id,
        "lines": len(sale.lines),
        "total": sale.quote.total,
        "member": mask_name(sale.member.name) if sale.member else None,
    }


def _sale(view: View, *, whole: bool) -> Json:
    state = view.till.sale
    if isinstance(state, Idle):
        return {"state": "idle", "id": None, "quote": quote(EMPTY), "member": None, "tenders": []}
    sale = state.sale
    due = state if isinstance(state, Due) else None
    tenders = [
        {"type": each.type, "amount": each.amount, "reference": _reference(each), "taken": taken}
        for group, taken in (((due.ahead, True), (due.tenders, False)) if due else ())
        for each in group
    ]
    paid = due.paid if due else 0
    units = {line.n: line.goods.unit for line in sale.lines}
    shown: Json = {
        "state": "due" if due else "open",
        "id": sale.id,
        "quote": quote(sale.quote, units),
        "paid": paid,
        "missing": sale.quote.total - paid,
        "tenders": tenders if whole else [],
        "member": None,
    }
    if whole:
        shown |= _brought(sale, view.offers)
    if sale.member:
        shown["member"] = (
            _at_the_till(sale.member, view) if whole else {"tier_name": sale.member.tier_name}
        )
    return shown


def _brought(sale: Sale, offers: Offers) -> Json:
    """Return coupons on the counter and rules to choose; of a coupon also whether it took something off."""
    return {
        "coupons": [
            {
                "id": each.id,
                "campaign": each.campaign,
                "until": each.until,
                "used": each.campaign in sale.quote.campaigns,
            }
            for each in sale.brought.coupons
        ],
        "choices": [
            {"rule": rule, "name": name, "chosen": rule in sale.brought.chosen}
            for rule, name in offers.choices
        ],
        "cash_total": offers.cash_total,
    }


def _at_the_till(who: Member, view: View) -> Json:
    """Return the member of the sale, with what of the stored value may be spent here."""
    value = view.value
    spendable = {
        "amount": value.amount if value else 0,
        "principal": value.principal if value else 0,
        "bonus": value.bonus if value else 0,
        "why": value.why if value else "none-here",
    }
    return {**member(who), "spendable": spendable}


def quote(priced: Quote, units: dict[int, str] | None = None) -> Json:
    """Return a quote with all its reasons, as the contract writes it."""
    units = units or {}
    return {
        "lines": [
            {
                "n": line.n,
                "code": line.code,
                "name": line.name,
                "quantity": line.quantity,
                "unit": units.get(line.n, "piece"),
                "unit_price": line.unit_price,
                "shelf_price": line.shelf_price,
                "gross": line.gross,
                "net": line.net,
                "points": line.points,
                "discounts": [
                    {
                        "rule": part.rule,
                        "version": part.version,
                        "amount": part.amount,
                        "why": part.why,
                        "percent": part.percent,
                    }
                    for part in line.discounts
                ],
            }
            for line in priced.lines
        ],
        "gross": priced.gross,
        "discount": priced.discount,
        "rounding": priced.rounding,
        "total": priced.total,
        "points": {
            "earned": priced.earned,
            "standing": priced.standing,
            "why": [
                {
                    "rule": part.rule,
                    "version": part.version,
                    "points": part.points,
                    "why": part.why,
                    "percent": part.percent,
                }
                for part in priced.points_why
            ],
        },
        "redeemable": _redeemable(priced),
    }


def _redeemable(priced: Quote) -> Json:
    """Return how many points may be used as cash, and how; or why none, as the key of a refusal."""
    offer = priced.offer
    if offer is None:
        return {
            "points_min": 0, "points_max": 0, "amount_max": 0, "step": 0, "points": 0, "money": 0,
            "why": priced.offer_why,
        }  # fmt: skip
    rule = offer.rule
    return {
        "points_min": offer.points_min,
        "points_max": offer.points_max,
        "amount_max": offer.points_max * rule.money // rule.points,
        "step": offer.step,
        "points": rule.points,
        "money": rule.money,
        "why": rule.name,
    }


def member(who: Member) -> Json:
    """Return a member as the cashier sees one: name and phone masked."""
    return {
        "account": who.account,
        "name": mask_name(who.name),
        "phone": mask_phone(who.phone),
        "tier": who.tier,
        "tier_name": who.tier_name,
        "points": who.points,
        "pending": who.pending,
        "lapsing": {"points": who.lapsing[0], "day": who.lapsing[1]},
        "standing": who.standing,
        "stored": who.stored,
        "bonus": who.bonus,
        "birthday": who.birthday,
        "medium": who.medium,
    }


def goods(article: Goods) -> Json:
    """Return an article as the search shows it."""
    return {
        "code": article.code,
        "name": article.name,
        "price": article.price,
        "unit": article.unit,
        "category": article.category,
    }


def notice(said: Notice, language: Language) -> Json:
    """Return what the result bar shows and speaks."""
    facts = dict(said.facts)
    message = language.sentence(said.key, facts)
    if said.key == "welcome":
        facts["name"] = mask_name(str(facts.get("name", "")))
    return {"n": said.n, "key": said.key, "level": said.level, "message": message, "facts": facts}


def mask_phone(phone: str) -> str:
    """Return ``phone`` with its middle hidden.

    >>> mask_phone("13812345678")
    '138****5678'
    """
    first, last = _PHONE_SHOWN
    if len(phone) <= first + last:
        return "*" * len(phone)
    return phone[:first] + "*" * (len(phone) - first - last) + phone[-last:]


def iso(wall_ms: int) -> str:
    """Return a wall time as ISO 8601 UTC.

    >>> iso(1_795_219_200_123)
    '2026-11-21T00:00:00.123Z'
    """
    moment = _EPOCH + timedelta(milliseconds=wall_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
