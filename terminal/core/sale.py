"""One sale at the till, as a state machine without I/O.

:func:`step` is a pure function: a state and an event go in, the next state and the effects to carry out
come out, or a refusal and nothing has changed. ``Post`` always comes before what depends on it: what is
not in the ledger has not happened, and what is printed is already in it.

=========  ===============================================================================
 State      Events it accepts
=========  ===============================================================================
 Idle       LineAdded, MemberIdentified
 Open       LineAdded, LineChanged, LineRemoved, MemberIdentified, MemberCleared,
            Tendered, Voided
 Due        Tendered, TendersCleared, Voided
=========  ===============================================================================

A sale is ``Due`` while something has been tendered and not all of it. Cash in the customer's hand can be
given back without a trace; an external payment cannot, so it is posted the moment it is taken and the sale
comes back as due after a crash. Source: transition tables in the manner of h11's ``_state.py``.
"""

from dataclasses import dataclass, replace

from terminal.core import journal
from terminal.core.books import postings_of
from terminal.core.journal import Bill, BillPoints, Body, Buyer, Posting, Tender, Totals
from terminal.core.points.entries import PointsUsed
from terminal.core.points.occasion import is_birthday
from terminal.core.points.rules import Around
from terminal.core.pricing.basket import LINES_MAX, Goods, Line, Member
from terminal.core.pricing.facts import NO_FACTS, Facts
from terminal.core.pricing.limits import too_much
from terminal.core.pricing.quote import EMPTY, Quote, price
from terminal.core.pricing.rules import RuleBook
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.units import MONEY_MAX, QUANTITY_MAX, Minor, Thousandths

CASH, EXTERNAL = "cash", "external"
"""The tenders that need nobody's word. Value (stored value, points, coupons, counts, credit) is spent only
against an allowance of the head office and refused where there is none."""
PIECE = "piece"
TENDERS_MAX = 20
REFERENCE_MAX = 64


@dataclass(frozen=True, slots=True)
class Sale:
    """What is being bought, by whom, and what it costs now."""

    id: str
    lines: tuple[Line, ...] = ()
    member: Member | None = None
    next_n: int = 1
    quote: Quote = EMPTY


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
    | Tendered
    | TendersCleared
    | Voided
)


@dataclass(frozen=True, slots=True)
class Post:
    """Commit ``body`` to the ledger before anything else is done."""

    body: Body
    postings: tuple[Posting, ...]
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Print:
    """Print the receipt of the sale just posted."""


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """Open the cash drawer: cash came in or goes out."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Show a notice to the cashier; ``level`` is ``good``, ``warn`` or ``bad``."""

    key: str
    level: str = "good"
    facts: tuple[tuple[str, str | int], ...] = ()


Effect = Post | Print | OpenDrawer | Tell
Step = tuple[State, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a step may use besides state and event: the rules in force and an id for a new sale."""

    rules: RuleBook
    new_id: str
    facts: Facts = NO_FACTS
    """The world now, as far as rules may ask for it; what belongs to the member is added to it."""


def step(state: State, event: Event, turn: Turn) -> Step | Refusal:
    """Return the state after ``event`` and the effects to carry out in order, or why not."""
    match state, event:
        case Idle(), LineAdded() | MemberIdentified():
            return _open(Sale(turn.new_id), event, turn)
        case Open(sale), _:
            return _open(sale, event, turn)
        case Due(), _:
            return _due(state, event)
        case _:
            return refuse(Key.NO_SALE)


def _open(sale: Sale, event: Event, turn: Turn) -> Step | Refusal:
    match event:
        case LineAdded():
            return _add(sale, event, turn)
        case LineChanged():
            return _change(sale, event, turn)
        case LineRemoved(n):
            return _remove(sale, n, turn)
        case MemberIdentified(member):
            welcome = Tell("welcome", "good", (("name", member.name), ("tier", member.tier_name)))
            return _priced(replace(sale, member=member), turn, welcome)
        case MemberCleared():
            return _priced(replace(sale, member=None), turn)
        case Tendered(tender):
            return take(Due(sale, (), ()), tender) if sale.lines else refuse(Key.EMPTY_BASKET)
        case Voided():
            return _void(Open(sale))
        case TendersCleared():
            return refuse(Key.NO_SALE)


def _due(due: Due, event: Event) -> Step | Refusal:
    match event:
        case Tendered(tender):
            return take(due, tender)
        case TendersCleared() if due.ahead:
            return refuse(Key.PAYMENT_TAKEN, amount=sum(tender.amount for tender in due.ahead))
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
    return Bill(sale.id, buyer, quote.lines, totals, quote.points_why, points=_bill_points(quote))


def _bill_points(quote: Quote, used: PointsUsed | None = None) -> BillPoints | None:
    """Return what the bill does to points beside earning them; None where there is nothing of it."""
    if not (quote.lots or quote.standing or used):
        return None
    return BillPoints(quote.lots, quote.standing, quote.standing_why, used)


def take(due: Due, tender: Tender) -> Step | Refusal:
    """Return ``due`` after ``tender``: still due, or posted and done."""
    missing = due.sale.quote.total - due.paid
    refusal = _tender_refusal(due, tender, missing)
    if refusal is not None:
        return refusal
    if tender.amount < missing:
        left = Tell("more-due", "warn", (("amount", missing - tender.amount),))
        if tender.type == CASH:
            return replace(due, tenders=(*due.tenders, tender)), (left,)
        body = journal.PaymentTaken(bill(due.sale), tender)
        post = Post(body, postings_of(body), due.sale.quote.facts)
        return replace(due, ahead=(*due.ahead, tender)), (post, left)
    tenders = (*due.tenders, tender)
    return Idle(), posted(due.sale, due.ahead, tenders, tender.amount - missing)


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


def _add(sale: Sale, event: LineAdded, turn: Turn) -> Step | Refusal:
    if not 0 < event.quantity <= QUANTITY_MAX:
        return refuse(Key.QUANTITY_RANGE)
    unit_price = event.goods.price if event.unit_price is None else event.unit_price
    if not 0 <= unit_price <= MONEY_MAX:
        return refuse(Key.AMOUNT_RANGE)
    same = _same_piece(sale, event.goods, unit_price)
    if same is not None:
        return _change(sale, LineChanged(same.n, same.quantity + event.quantity), turn)
    if len(sale.lines) >= LINES_MAX:
        return refuse(Key.BASKET_FULL, lines=LINES_MAX)
    line = Line(sale.next_n, event.goods, event.quantity, unit_price)
    return _priced(replace(sale, lines=(*sale.lines, line), next_n=sale.next_n + 1), turn)


def _same_piece(sale: Sale, goods: Goods, unit_price: Minor) -> Line | None:
    """Return the line that one more of ``goods`` joins.

    Wherever it stands: percentages round once on a line, so two lines of one article could cost another
    total than one line of both, and the order of scanning must not. Each weighing is a line of its own,
    as the label on the bag says.
    """
    if goods.unit != PIECE:
        return None
    return next(
        (line for line in sale.lines if line.price == unit_price and line.goods == goods), None
    )


def _change(sale: Sale, event: LineChanged, turn: Turn) -> Step | Refusal:
    line = next((line for line in sale.lines if line.n == event.n), None)
    if line is None:
        return refuse(Key.NO_SUCH_LINE, n=event.n)
    quantity = line.quantity if event.quantity is None else event.quantity
    unit_price = line.price if event.unit_price is None else event.unit_price
    if not 0 < quantity <= QUANTITY_MAX:
        return refuse(Key.QUANTITY_RANGE)
    if not 0 <= unit_price <= MONEY_MAX:
        return refuse(Key.AMOUNT_RANGE)
    changed = replace(line, quantity=quantity, price=unit_price)
    lines = tuple(changed if each is line else each for each in sale.lines)
    return _priced(replace(sale, lines=lines), turn)


def _remove(sale: Sale, n: int, turn: Turn) -> Step | Refusal:
    lines = tuple(line for line in sale.lines if line.n != n)
    if len(lines) == len(sale.lines):
        return refuse(Key.NO_SUCH_LINE, n=n)
    return _priced(replace(sale, lines=lines), turn)


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


def _tender_refusal(due: Due, tender: Tender, missing: Minor) -> Refusal | None:
    if tender.type not in (CASH, EXTERNAL):
        return refuse(Key.TENDER_NOT_HERE, type=tender.type)
    if not 0 <= tender.amount <= MONEY_MAX or (tender.amount == 0 and missing):
        return refuse(Key.AMOUNT_RANGE)
    # The last place is kept for a tender that pays the rest, so that a sale can always be ended.
    if len(due.ahead) + len(due.tenders) >= TENDERS_MAX - (tender.amount < missing):
        return refuse(Key.AMOUNT_RANGE)
    if tender.type == EXTERNAL:
        if tender.amount > missing:
            return refuse(Key.OVERPAID, missing=missing)
        if not tender.reference or len(tender.reference) > REFERENCE_MAX:
            return refuse(Key.REFERENCE_MISSING)
    return None


def repriced(sale: Sale, turn: Turn) -> Sale | Refusal:
    """Return ``sale`` at the prices of the rules in force, or why it is too much for one sale."""
    quote = price(sale.lines, sale.member, turn.rules, _facts(sale.member, turn))
    return too_much(quote) or replace(sale, quote=quote)


def _facts(member: Member | None, turn: Turn) -> Facts:
    """Return what is known of the world with ``member``: their birthday is near on the date of the sale."""
    facts = turn.facts
    if member is None or not member.birthday or not facts.date:
        return facts
    near = (around.value for around in Around if is_birthday(member.birthday, around, facts.date))
    return replace(facts, birthday=frozenset(near))


def _priced(sale: Sale, turn: Turn, *effects: Effect) -> Step | Refusal:
    after = repriced(sale, turn)
    return after if isinstance(after, Refusal) else (Open(after), effects)
