"""One sale at the till, as a state machine without I/O.

:func:`step` is a pure function: a state and an event go in, the next state and the effects to carry out
come out, or a refusal and nothing has changed. ``Post`` always comes before what depends on it: what is
not in the ledger has not happened, and what is printed is already in it.

=========  ===============================================================================
 State      Events it accepts
=========  ===============================================================================
 Idle       LineAdded, MemberIdentified, CouponShown
 Open       LineAdded, LineChanged, LineRemoved, MemberIdentified, MemberCleared,
            CouponShown, CouponTaken, RuleChosen, Tendered, Voided
 Due        Tendered, TendersCleared, Voided
=========  ===============================================================================

A sale is ``Due`` while something has been tendered and not all of it. Cash in the customer's hand can be
given back without a trace; an external payment cannot, so it is posted the moment it is taken and the sale
comes back as due after a crash. Source: transition tables in the manner of h11's ``_state.py``.
"""

from dataclasses import dataclass, replace

from terminal.core import journal
from terminal.core.books import postings_of
from terminal.core.burning import spent_anew, used_in, with_costs
from terminal.core.circumstances import (
    NOTHING_BROUGHT,
    Brought,
    drawn_by,
    facts_of_sale,
    points_in,
    spent_elsewhere,
    with_choice,
    with_coupon,
)
from terminal.core.effects import Effect, OpenDrawer, Post, Print, Tell
from terminal.core.journal import Bill, Buyer, Tender, Totals
from terminal.core.pricing import lines
from terminal.core.pricing.basket import Goods, Line, Member
from terminal.core.pricing.coupons import Coupon
from terminal.core.pricing.limits import too_much
from terminal.core.pricing.quote import EMPTY, Quote, price, with_bonus
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.stored import split
from terminal.core.tenders import CASH, UNMADE, Asked
from terminal.core.tenders import offered as tenders_of
from terminal.core.turn import Turn
from terminal.core.units import Minor, Thousandths


@dataclass(frozen=True, slots=True)
class Sale:
    """What is being bought, by whom, and what it costs now."""

    id: str
    lines: tuple[Line, ...] = ()
    member: Member | None = None
    next_n: int = 1
    quote: Quote = EMPTY
    brought: Brought = NOTHING_BROUGHT


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is at the till."""


@dataclass(frozen=True, slots=True)
class Open:
    """The basket is being filled."""

    sale: Sale


@dataclass(frozen=True, slots=True)
class Due:
    """The price is fixed and some of it has been tendered."""

    sale: Sale
    ahead: tuple[Tender, ...]
    """Tenders that are in the ledger already."""
    tenders: tuple[Tender, ...]
    """Tenders that are not."""

    @property
    def paid(self) -> Minor:
        """What has been tendered so far."""
        return sum(tender.amount for tender in (*self.ahead, *self.tenders))


State = Idle | Open | Due


@dataclass(frozen=True, slots=True)
class LineAdded:
    """``goods`` go into the basket at ``unit_price`` (None: the shelf price)."""

    goods: Goods
    quantity: Thousandths
    unit_price: Minor | None = None


@dataclass(frozen=True, slots=True)
class LineChanged:
    """Line ``n`` gets another quantity or unit price; None leaves it."""

    n: int
    quantity: Thousandths | None = None
    unit_price: Minor | None = None


@dataclass(frozen=True, slots=True)
class LineRemoved:
    """Line ``n`` is taken out."""

    n: int


@dataclass(frozen=True, slots=True)
class MemberIdentified:
    """A card, code or number named a member."""

    member: Member


@dataclass(frozen=True, slots=True)
class MemberCleared:
    """The sale goes on without a member."""


@dataclass(frozen=True, slots=True)
class CouponShown:
    """A coupon with a good signature lies on the counter."""

    coupon: Coupon


@dataclass(frozen=True, slots=True)
class CouponTaken:
    """The customer takes the coupon with this id back."""

    id: str


@dataclass(frozen=True, slots=True)
class RuleChosen:
    """A rule that holds only when chosen is wanted, or is not any more."""

    rule: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Tendered:
    """The customer gives ``tender``; of cash, what was handed over."""

    tender: Tender


@dataclass(frozen=True, slots=True)
class TendersCleared:
    """What was tendered is handed back and the basket opens again."""


@dataclass(frozen=True, slots=True)
class Voided:
    """The sale is called off before it was paid."""


Event = (
    LineAdded
    | LineChanged
    | LineRemoved
    | MemberIdentified
    | MemberCleared
    | CouponShown
    | CouponTaken
    | RuleChosen
    | Tendered
    | TendersCleared
    | Voided
)


Step = tuple[State, tuple[Effect, ...]]


def step(state: State, event: Event, turn: Turn) -> Step | Refusal:
    """Return the state after ``event`` and the effects to carry out in order, or why not."""
    match state, event:
        case Idle(), LineAdded() | MemberIdentified() | CouponShown():
            return _open(Sale(turn.new_id), event, turn)
        case Open(sale), _:
            return _open(sale, event, turn)
        case Due(), _:
            return _due(state, event, turn)
        case _:
            return refuse(Key.NO_SALE)


def _open(sale: Sale, event: Event, turn: Turn) -> Step | Refusal:
    match event:
        case LineAdded(goods, quantity, unit_price):
            added = lines.added(sale.lines, sale.next_n, goods, quantity, unit_price)
            return _with_lines(sale, added, turn)
        case LineChanged(n, quantity, unit_price):
            return _with_lines(sale, lines.changed(sale.lines, n, quantity, unit_price), turn)
        case LineRemoved(n):
            return _with_lines(sale, lines.without(sale.lines, n), turn)
        case CouponShown() | CouponTaken() | RuleChosen():
            return _bring(sale, event, turn)
        case MemberIdentified(member):
            welcome = Tell("welcome", "good", (("name", member.name), ("tier", member.tier_name)))
            return _priced(replace(sale, member=member), turn, welcome)
        case MemberCleared():
            return _priced(replace(sale, member=None), turn)
        case Tendered(tender):
            return _pay(sale, tender, turn)
        case Voided():
            return _void(Open(sale))
        case TendersCleared():
            return refuse(Key.NO_SALE)


def _bring(sale: Sale, event: CouponShown | CouponTaken | RuleChosen, turn: Turn) -> Step | Refusal:
    match event:
        case CouponShown(coupon):
            shown = with_coupon(sale.brought, coupon, sale.member, turn.world)
            return _with(
                sale, shown, turn, Tell("coupon", "good", (("campaign", coupon.campaign),))
            )
        case CouponTaken(id_):
            left = tuple(each for each in sale.brought.coupons if each.id != id_)
            return _with(sale, replace(sale.brought, coupons=left), turn)
        case RuleChosen(rule, is_on):
            return _with(sale, with_choice(sale.brought, rule, turn.world, is_on=is_on), turn)


def _due(due: Due, event: Event, turn: Turn) -> Step | Refusal:
    match event:
        case Voided() if any(tender.type == "purse" for tender in due.ahead):
            return refuse(Key.PURSE_GIVE_BACK)
        case Tendered(tender):
            return take(due, tender, turn)
        case TendersCleared() if due.ahead:
            return refuse(Key.PAYMENT_TAKEN, amount=sum(tender.amount for tender in due.ahead))
        case TendersCleared() if not due.sale.lines:
            return refuse(Key.SALE_DUE)  # It came back after a crash, as it was billed.
        case TendersCleared():
            return Open(due.sale), (Tell("give-back", "warn", (("amount", due.paid),)),)
        case Voided():
            return _void(due)
        case _:
            return refuse(Key.SALE_DUE)


def bill(sale: Sale) -> Bill:
    """Return ``sale`` as the ledger keeps it: priced, and nothing personal in it."""
    quote, member = sale.quote, sale.member
    buyer = Buyer(member.account, member.tier, member.medium, member.points) if member else None
    totals = Totals(quote.gross, quote.discount, quote.rounding, quote.total, quote.earned)
    drawn = drawn_by(quote, sale.brought)
    return Bill(
        sale.id, buyer, quote.lines, totals, quote.points_why, drawn, points_in(quote, member)
    )


def take(due: Due, tender: Tender, turn: Turn) -> Step | Refusal:
    """Return ``due`` after ``tender``: still due, or posted and done."""
    missing = due.sale.quote.total - due.paid
    taken = offered(due, tender, turn)
    if isinstance(taken, Refusal):
        return taken
    tender = taken
    if tender.amount < missing:
        left = Tell("more-due", "warn", (("amount", missing - tender.amount),))
        if tender.type in UNMADE:
            return replace(due, tenders=(*due.tenders, tender)), (left,)
        body = journal.PaymentTaken(bill(due.sale), tender)
        post = Post(body, postings_of(body), due.sale.quote.facts)
        return replace(due, ahead=(*due.ahead, tender)), (post, left)
    tenders = spent_anew((*due.tenders, tender), turn.points)
    if isinstance(tenders, Refusal):
        return tenders
    costed = with_costs(due.sale.quote, tenders, turn.points)
    if isinstance(costed, Refusal):
        return costed
    sale = earning(replace(due.sale, quote=costed), tenders, turn)
    return Idle(), posted(sale, due.ahead, tenders, tender.amount - missing)


def offered(due: Due, tender: Tender, turn: Turn) -> Tender | Refusal:
    """Return ``tender`` as it may be taken for what is due; see :func:`terminal.core.tenders.offered`."""
    sale, before = due.sale, (*due.ahead, *due.tenders)
    asked = Asked(sale.quote.total - due.paid, before, sale.member, sale.quote)
    return tenders_of(asked, tender, turn.purse, turn.points)


def earning(sale: Sale, tenders: tuple[Tender, ...], turn: Turn) -> Sale:
    """Return ``sale`` with the points it earns paid so: bonus money and points used earn none."""
    _, bonus = split(part for tender in tenders for part in tender.spent)
    used = used_in(sale.quote, tenders, turn.points)
    quote = replace(sale.quote, used=used) if used else sale.quote
    if not (bonus or used):
        return sale
    if sale.lines:  # A sale that comes back after a crash knows its bill only.
        facts = facts_of_sale(turn.world, sale.member, sale.brought, "")
        quote = with_bonus(quote, sale.lines, bonus, sale.member, turn.rules, facts)
    return replace(sale, quote=quote)


def paid_ahead(due: Due, tender: Tender, turn: Turn) -> Step:
    """Return ``due`` after ``tender``, which the caller has posted: still due, or posted and done."""
    ahead, missing = (*due.ahead, tender), due.sale.quote.total - due.paid - tender.amount
    assert missing >= 0
    if missing:
        return replace(due, ahead=ahead), (Tell("more-due", "warn", (("amount", missing),)),)
    costed = with_costs(due.sale.quote, due.tenders, turn.points)
    # The money is off the card: what points cannot pay any more becomes a debt.
    sale = due.sale if isinstance(costed, Refusal) else replace(due.sale, quote=costed)
    return Idle(), posted(earning(sale, due.tenders, turn), ahead, due.tenders, 0)


def posted(
    sale: Sale,
    ahead: tuple[Tender, ...],
    tenders: tuple[Tender, ...],
    change: Minor,
    told: str = "paid",
) -> tuple[Effect, ...]:
    """Return the effects of a paid sale, in order; the receipt's number is the ledger's to give.

    ``told`` is the key of the notice: the cashier's own sale, or one that a program made beside it.
    """
    body = journal.SalePosted("", bill(sale), (*ahead, *tenders), change)
    post = Post(body, postings_of(body, ahead), sale.quote.facts)
    done = Tell(told, "good", (("total", sale.quote.total), ("change", change)))
    drawer = (OpenDrawer(),) if any(tender.type == CASH for tender in tenders) else ()
    return (post, Print(), *drawer, done)


def _with_lines(sale: Sale, lines: tuple[Line, ...] | Refusal, turn: Turn) -> Step | Refusal:
    if isinstance(lines, Refusal):
        return lines
    is_new = len(lines) > len(sale.lines)
    return _priced(replace(sale, lines=lines, next_n=sale.next_n + is_new), turn)


def _with(sale: Sale, brought: Brought | Refusal, turn: Turn, *said: Effect) -> Step | Refusal:
    if isinstance(brought, Refusal):
        return brought
    return _priced(replace(sale, brought=brought), turn, *said)


def _void(state: Open | Due) -> Step:
    if not state.sale.quote.lines:
        return Idle(), (Tell("voided"),)
    effects: list[Effect] = []
    ahead = state.ahead if isinstance(state, Due) else ()
    for tender in ahead:
        returned = journal.PaymentReturned(state.sale.id, tender)
        effects.append(Post(returned, postings_of(returned)))
    facts = state.sale.quote.facts
    effects.append(Post(journal.SaleVoided(bill(state.sale)), (), facts))
    owed = state.paid if isinstance(state, Due) else 0
    effects.append(Tell("voided-return", "warn", (("amount", owed),)) if owed else Tell("voided"))
    return Idle(), tuple(effects)


def repriced(sale: Sale, turn: Turn, tender: str = "") -> Sale | Refusal:
    """Return ``sale`` at the prices of the rules in force, or why it is too much for one sale.

    ``tender`` is how all of it is to be paid, if that is known: some rules ask.
    """
    facts = turn.facts
    if not turn.rules.is_plain:
        facts = facts_of_sale(turn.world, sale.member, sale.brought, tender)
    quote = price(sale.lines, sale.member, turn.rules, facts)
    return too_much(quote) or replace(sale, quote=quote)


def _pay(sale: Sale, tender: Tender, turn: Turn) -> Step | Refusal:
    """Return the open sale with its first tender; cash that covers all of it may round it down."""
    if not sale.lines:
        return refuse(Key.EMPTY_BASKET)
    spent = spent_elsewhere(sale.brought, sale.member, turn.world)
    if spent is not None:
        return spent
    if tender.type == CASH and turn.rules.asks_tender:
        whole = repriced(sale, turn, CASH)
        if not isinstance(whole, Refusal) and tender.amount >= whole.quote.total:
            sale = whole
    return take(Due(sale, (), ()), tender, turn)


def _priced(sale: Sale, turn: Turn, *effects: Effect) -> Step | Refusal:
    after = repriced(sale, turn)
    return after if isinstance(after, Refusal) else (Open(after), effects)
