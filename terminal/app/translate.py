"""What happened at the counter, in the core's words: a card, a code or a call becomes an event.

Everything here looks things up and decides nothing about selling. What means nothing, or must not be
taken, comes back as a refusal. What keyed cards say was checked by their driver, so that nobody here
sees a secret.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from drivers.api import CardImage
from terminal.core import cards, scan
from terminal.core.journal import Tender
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.coupons import Coupon, is_code
from terminal.core.purse.events import CardAsked, CardDropped, CashGiven, OfficeSettled
from terminal.core.purse.events import Event as CardEvent
from terminal.core.purse.words import (
    PURSE,
    Doubt,
    DoubtState,
    Move,
    Outcome,
    Wish,
    parse_reference,
)
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import (
    CouponShown,
    CouponTaken,
    LineAdded,
    LineChanged,
    LineRemoved,
    MemberCleared,
    MemberIdentified,
    RuleChosen,
    Tendered,
    TendersCleared,
    Voided,
)
from terminal.core.till import Event, Held, Resumed, SignedIn, SignedOut, Sold
from terminal.core.units import MONEY_MAX, ONE_PIECE
from terminal.counter import desk, offers

NAME_MAX = 60
COUPON = "coupon"
"""The type of tender that is a coupon's code: a discount, and no money."""


class Lookup(Protocol):
    """What translating may ask the store."""

    def goods(self, code: str) -> Goods | None:
        """Return the goods with this code or bar code."""

    def member_by_medium(self, medium: str) -> Member | None:
        """Return whose medium this is, with what they have now."""

    def is_lost(self, medium: str) -> bool:
        """Return whether ``medium`` was reported lost."""

    def coupon(self, code: str) -> Coupon | Refusal:
        """Return the coupon of a code that is good at this till, as far as its signature says."""

    def members_by_phone(self, phone: str) -> Sequence[Member]:
        """Return who is registered with this phone number."""

    def member_by_account(self, account: str) -> Member | None:
        """Return the member with this account number."""


def card(image: CardImage, look: Lookup) -> Event | Refusal:
    """Return the event of a card on a reader."""
    medium = cards.medium(image.family, image.uid, image.data)
    if image.trouble is not None:
        return _unproven(image.trouble, medium, look)
    return medium if isinstance(medium, Refusal) else _by_medium(medium, look)


def _unproven(trouble: Key, medium: str | Refusal, look: Lookup) -> Event | Refusal:
    """Return the refusal of a card that proves nothing.

    One with another shop's keys may be registered here by its identifier alone, as any such card may.
    """
    if trouble is Key.CARD_OTHER_SHOP and isinstance(medium, str):
        found = _by_medium(medium, look)
        if not isinstance(found, Refusal) or found.key is not Key.UNKNOWN_CARD:
            return found
    return refuse(trouble)


def scanned(text: str, look: Lookup) -> Event | Refusal:
    """Return the event of a scanned or typed code."""
    if is_code(text):
        return coupon(text, look)
    meaning = scan.parse(text)
    match meaning:
        case Refusal():
            return meaning
        case scan.MemberCode(number):
            return _by_medium(f"card:{number}", look)
        case scan.GoodsCode(code, alternatives):
            goods = _first_goods((code, *alternatives), look)
            if goods is None:
                return refuse(Key.UNKNOWN_CODE, code=code[: scan.GOODS_CODE_MAX])
            return LineAdded(goods, ONE_PIECE)


def coupon(code: str, look: Lookup) -> CouponShown | Refusal:
    """Return the coupon that was shown."""
    found = look.coupon(code)
    return found if isinstance(found, Refusal) else CouponShown(found)


def called(action: desk.Action, look: Lookup) -> Event | Refusal:  # noqa: C901, PLR0911, PLR0912 - a table
    """Return the event that an API call asks for. Calls that are no event of the till are not given."""
    match action:
        case desk.ScanText(text):
            return scanned(text, look)
        case desk.AddLine():
            return line(action, look)
        case desk.ChangeLine(n, quantity, unit_price):
            return LineChanged(n, quantity, unit_price)
        case desk.RemoveLine(n):
            return LineRemoved(n)
        case desk.SetMember():
            return member(action, look)
        case desk.ClearMember():
            return MemberCleared()
        case offers.ShowCoupon(code) | desk.TakeTender("coupon", _, code):
            return coupon(code, look)
        case offers.TakeBackCoupon(id_):
            return CouponTaken(id_)
        case offers.ChooseRule(rule, is_on):
            return RuleChosen(rule, is_on)
        case desk.TakeTender(kind, amount, reference):
            return Tendered(Tender(kind, amount, reference))
        case desk.DropCard():
            return CardDropped()
        case desk.TopUp(kind, amount, reference):
            return CardAsked(Wish(Move.TOP_UP, amount, tender=Tender(kind, amount, reference)))
        case desk.ClearTenders():
            return TendersCleared()
        case desk.VoidSale():
            return Voided()
        case desk.HoldSale():
            return Held()
        case desk.ResumeSale(sale_id):
            return Resumed(sale_id)
        case desk.SignIn(operator):
            return SignedIn(operator)
        case desk.SignOut():
            return SignedOut()
        case desk.SellWhole():
            return whole(action, look)
        case _:
            raise AssertionError(f"{action!r} is no event of the till")


def settled(
    asked: desk.SettleMovement, doubts: Sequence[Doubt], ahead: Sequence[Tender], terminal: str
) -> CardEvent | Refusal:
    """Return what is to become of a movement on a card: one in doubt, or one paid ahead of the open sale."""
    doubt = _paid_ahead(asked.sequence, ahead, terminal)
    move = Move.REFUND if doubt is None else Move.VOID
    if doubt is None:
        doubt = next((each for each in doubts if each.sequence == asked.sequence), None)
    if doubt is None:
        return refuse(Key.PURSE_NO_DOUBT)
    is_owed = doubt.state == DoubtState.OWED
    if asked.how in {"card", "cash"} and not is_owed:
        return refuse(Key.PURSE_NO_DOUBT)
    if asked.how in {"paid", "void"} and is_owed:
        return refuse(Key.PURSE_NO_DOUBT)
    match asked.how:
        case "card":
            return CardAsked(Wish(move, doubt.amount, doubt.purse, about=doubt.sequence))
        case "cash":
            return CashGiven(doubt)
        case _:
            return OfficeSettled(doubt, Outcome(asked.how), "office")


def _paid_ahead(sequence: int, ahead: Sequence[Tender], terminal: str) -> Doubt | None:
    """Return the payment off a card that the open sale would have to give back, as money owed."""
    for tender in ahead:
        named = parse_reference(tender.reference) if tender.type == PURSE else None
        if named is not None and named[1] == sequence:
            purse, _, before, _ = named
            return Doubt(
                purse, terminal, sequence, Move.DEBIT.value, tender.amount, 0, before, "", "", "",
                DoubtState.OWED.value,
            )  # fmt: skip
    return None


def whole(action: desk.SellWhole, look: Lookup) -> Sold | Refusal:
    """Return the whole sale that a program asks for."""
    basket = lines(action.lines, look)
    if isinstance(basket, Refusal):
        return basket
    buyer = None if action.member is None else member(action.member, look)
    if isinstance(buyer, Refusal):
        return buyer
    paid = [each for each in action.tenders if each.type != COUPON]
    codes = [each.reference for each in action.tenders if each.type == COUPON]
    shown = coupons((*action.coupons, *codes), look)
    if isinstance(shown, Refusal):
        return shown
    tenders = tuple(Tender(each.type, each.amount, each.reference) for each in paid)
    return Sold(basket, buyer, tenders, action.total, shown, action.chosen)


def coupons(codes: Iterable[str], look: Lookup) -> tuple[Coupon, ...] | Refusal:
    """Return the coupons of ``codes``, or why one is not taken."""
    shown = []
    for code in codes:
        found = look.coupon(code)
        if isinstance(found, Refusal):
            return found
        shown.append(found)
    return tuple(shown)


def lines(asked: tuple[desk.AddLine, ...], look: Lookup) -> tuple[LineAdded, ...] | Refusal:
    """Return the lines of a whole basket."""
    added = []
    for each in asked:
        event = line(each, look)
        if isinstance(event, Refusal):
            return event
        added.append(event)
    return tuple(added)


def line(asked: desk.AddLine, look: Lookup) -> LineAdded | Refusal:
    """Return the line that is asked for: goods by code, or an amount with a name."""
    if asked.code is not None:
        meaning = scan.parse(asked.code)
        if isinstance(meaning, Refusal):
            return meaning
        if isinstance(meaning, scan.MemberCode):
            return refuse(Key.UNKNOWN_CODE, code=meaning.number)
        goods = _first_goods((meaning.code, *meaning.alternatives), look)
        if goods is None:
            return refuse(Key.UNKNOWN_CODE, code=meaning.code[: scan.GOODS_CODE_MAX])
        return LineAdded(goods, asked.quantity, asked.unit_price)
    if asked.unit_price is None or not 0 < asked.unit_price <= MONEY_MAX:
        return refuse(Key.AMOUNT_RANGE)
    name = (asked.name or "").strip()[:NAME_MAX]
    # The amount is this line's shelf price: there is no catalogue price to override.
    return LineAdded(Goods("", name or "*", asked.unit_price, ""), asked.quantity)


def member(asked: desk.SetMember, look: Lookup) -> MemberIdentified | Refusal:
    """Return the member that is asked for by card, phone or account number."""
    if asked.card is not None:
        return _by_medium(asked.card if ":" in asked.card else f"card:{asked.card}", look)
    if asked.phone is not None:
        found = look.members_by_phone(asked.phone)
        if len(found) > 1:
            return refuse(Key.SEVERAL_MEMBERS, count=len(found))
        return MemberIdentified(found[0]) if found else refuse(Key.UNKNOWN_MEMBER)
    by_account = look.member_by_account(asked.member or "")
    return MemberIdentified(by_account) if by_account else refuse(Key.UNKNOWN_MEMBER)


def _by_medium(medium: str, look: Lookup) -> MemberIdentified | Refusal:
    if medium.startswith(cards.CODE_PREFIX):
        number = cards.parse_code(medium)
        if isinstance(number, Refusal):
            return number
        medium = f"card:{number}"
    found = look.member_by_medium(medium)
    if found is not None:
        return MemberIdentified(found)
    if look.is_lost(medium):
        return refuse(Key.CARD_LOST)
    return refuse(Key.UNKNOWN_CARD, medium=medium)  # Whoever registers a member wants its name.


def _first_goods(codes: tuple[str, ...], look: Lookup) -> Goods | None:
    for code in codes:
        goods = look.goods(code)
        if goods is not None:
            return goods
    return None
