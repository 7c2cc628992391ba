"""The till around a sale: who works at it, which baskets wait, and who may do what.

:func:`handle` is as pure as :func:`terminal.core.sale.step`, which it calls once it is sure that somebody
is signed in and has the right. A sale asked for whole by a cash-register program does not touch the
basket that the cashier is filling.
"""

from dataclasses import dataclass, replace

from terminal.core import sale
from terminal.core.burning import with_costs
from terminal.core.effects import Effect, Tell
from terminal.core.journal import Tender
from terminal.core.pricing.coupons import Coupon
from terminal.core.purse import events as cards
from terminal.core.purse import work as purses
from terminal.core.purse.words import PURSE, Move, Wish
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Due, Idle, Open, Sale, State
from terminal.core.tenders import CASH
from terminal.core.turn import Turn
from terminal.core.units import Minor

HELD_MAX = 20
SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who is signed in."""

    number: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Till:
    """Everything that changes during a day besides the ledger."""

    operator: Operator | None
    sale: State
    held: tuple[Sale, ...]
    purse: purses.Work = purses.FREE
    """What is going on between the sale and a card with money on it."""


NEW = Till(None, Idle(), ())


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``operator`` has proved who they are."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The operator leaves the till; an open basket stays."""


@dataclass(frozen=True, slots=True)
class Held:
    """The open basket is put aside."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The basket put aside under ``sale_id`` comes back; None: the newest one."""

    sale_id: str | None


@dataclass(frozen=True, slots=True)
class Sold:
    """A program asks for a whole sale at once."""

    lines: tuple[sale.LineAdded, ...]
    member: sale.MemberIdentified | None
    tenders: tuple[Tender, ...]
    expected: Minor | None
    """The total the program reckons with; None: whatever it comes to."""
    coupons: tuple[Coupon, ...] = ()
    """With good signatures."""
    chosen: tuple[str, ...] = ()
    """Rules that the program chose."""


Event = SignedIn | SignedOut | Held | Resumed | Sold | sale.Event | cards.Event
Outcome = tuple[Till, tuple[Effect, ...]]


def handle(  # noqa: C901, PLR0911, PLR0912 - a table
    till: Till, event: Event, turn: Turn
) -> Outcome | Refusal:
    """Return the till after ``event`` and the effects to carry out in order, or why not."""
    match event:
        case SignedIn(operator):
            hello = Tell("hello", "good", (("name", operator.name),))
            return replace(till, operator=operator), (hello,)
        case SignedOut():
            return replace(till, operator=None), ()
        case (
            cards.CardReady()
            | cards.CardMoved()
            | cards.CardUnmoved()
            | cards.CardDoubtful()
            | cards.CardSettled()
        ):
            return _purse(till, event, turn)  # The card is at it, whoever has left meanwhile.
        case _ if till.operator is None:
            return refuse(Key.SIGN_IN_FIRST)
        case sale.Tendered(Tender(type=kind, amount=amount)) if kind == PURSE:
            return _purse(till, cards.CardAsked(Wish(Move.DEBIT, amount)), turn)
        case cards.OfficeSettled() if till.operator.role != SUPERVISOR:
            return refuse(Key.PURSE_RIGHT, amount=0)
        case cards.CardAsked() | cards.CardDropped() | cards.OfficeSettled() | cards.CashGiven():
            return _purse(till, event, turn)
        case sale.MemberIdentified() if not isinstance(till.purse, purses.Free):
            return till, ()  # It is the card that was asked for.
        case Held() | Resumed() if not isinstance(till.purse, purses.Free):
            return refuse(Key.PURSE_BUSY)
        case Held():
            return _hold(till)
        case Resumed(sale_id):
            return _resume(till, sale_id, turn)
        case _ if till.operator.role != SUPERVISOR and _sets_price(event):
            return refuse(Key.PRICE_RIGHT)
        case _ if _lies_here(till, event):
            return refuse(Key.COUPON_HERE)
        case Sold():
            return _sell(till, event, turn)
        case _ if not isinstance(till.purse, purses.Free):
            return refuse(Key.PURSE_BUSY)
        case _:
            after = sale.step(till.sale, event, turn)
            if isinstance(after, Refusal):
                return after
            state, effects = after
            return replace(till, sale=state), effects


def _purse(till: Till, event: cards.Event, turn: Turn) -> Outcome | Refusal:
    role = till.operator.role if till.operator else ""
    around = replace(turn.cards, is_supervisor=role == SUPERVISOR)
    after = purses.step(till.purse, till.sale, event, replace(turn, cards=around))
    if isinstance(after, Refusal):
        return after
    work, state, effects = after
    return replace(till, purse=work, sale=state), effects


def whole(event: Sold, turn: Turn, tender: str = "") -> Sale | Refusal:
    """Return the priced sale that ``event`` asks for; nothing is posted.

    ``tender`` is how all of it is to be paid, if that is known.
    """
    state: State = Idle()
    parts: tuple[sale.Event, ...] = (
        *event.lines,
        *((event.member,) if event.member else ()),
        *map(sale.CouponShown, event.coupons),
        *(sale.RuleChosen(rule, is_on=True) for rule in event.chosen),
    )
    for part in parts:
        after = sale.step(state, part, turn)
        if isinstance(after, Refusal):
            return after
        state = after[0]
    if not isinstance(state, Open):
        return refuse(Key.EMPTY_BASKET)
    return sale.repriced(state.sale, turn, tender) if tender else state.sale


def _sets_price(event: Event) -> bool:
    """Return whether another price than the shelf's is asked for."""
    match event:
        case Sold(lines=lines):
            return any(line.unit_price is not None for line in lines)
        case sale.LineAdded(unit_price=asked) | sale.LineChanged(unit_price=asked):
            return asked is not None
        case _:
            return False


def _lies_here(till: Till, event: Event) -> bool:
    """Return whether a coupon that is shown lies in a basket of the till, open or put aside."""
    match event:
        case Sold(coupons=coupons):
            pass
        case sale.CouponShown(coupon):
            coupons = (coupon,)
        case _:
            return False
    baskets = till.held if isinstance(till.sale, Idle) else (*till.held, till.sale.sale)
    here = {each.id for basket in baskets for each in basket.brought.coupons}
    return any(each.id in here for each in coupons)


def _sell(till: Till, event: Sold, turn: Turn) -> Outcome | Refusal:
    is_cash = all(each.type == CASH for each in event.tenders)
    wanted = whole(event, turn, CASH if is_cash else "")
    if isinstance(wanted, Refusal):
        return wanted
    total = wanted.quote.total
    if not wanted.lines:
        return refuse(Key.EMPTY_BASKET)
    if event.expected is not None and event.expected != total:
        return refuse(Key.TOTAL_DIFFERS, total=total)
    due = Due(wanted, (), ())
    for number, tender in enumerate(event.tenders, 1):
        missing = total - due.paid
        last = sale.offered(due, tender, turn)
        if isinstance(last, Refusal):
            return last
        due = replace(due, tenders=(*due.tenders, last))
        if tender.amount >= missing:
            if number < len(event.tenders):
                return refuse(Key.OVERPAID, missing=0)
            costed = with_costs(wanted.quote, due.tenders, turn.points)
            if isinstance(costed, Refusal):
                return costed
            wanted = sale.earning(replace(wanted, quote=costed), due.tenders, turn)
            return till, sale.posted(wanted, (), due.tenders, tender.amount - missing, "sold")
    return refuse(Key.TOTAL_DIFFERS, total=total)


def _hold(till: Till) -> Outcome | Refusal:
    if not isinstance(till.sale, Open):
        return refuse(Key.SALE_DUE if isinstance(till.sale, Due) else Key.NO_SALE)
    if len(till.held) >= HELD_MAX:
        return refuse(Key.HOLD_FULL, baskets=HELD_MAX)
    return replace(till, sale=Idle(), held=(*till.held, till.sale.sale)), (Tell("held"),)


def _resume(till: Till, sale_id: str | None, turn: Turn) -> Outcome | Refusal:
    if not isinstance(till.sale, Idle):
        return refuse(Key.SALE_OPEN)
    wanted = sale_id or (till.held[-1].id if till.held else None)
    found = next((each for each in till.held if each.id == wanted), None)
    if found is None:
        return refuse(Key.NOTHING_HELD)
    held = tuple(each for each in till.held if each is not found)
    basket = sale.repriced(found, turn)
    if isinstance(basket, Refusal):
        return basket
    return replace(till, sale=Open(basket), held=held), ()
