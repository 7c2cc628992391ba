"""One movement of a card's money at a till, as a state machine beside the sale's.

=========  ==================================================================================
 State      What is going on
=========  ==================================================================================
 Free       Nothing
 Asked      A card is awaited; nothing is in the ledger, and it may be called off
 Moving     The intent is in the ledger and the card is at it; nothing else may happen
 Doubted    No answer that can be believed: the card's next tap tells
=========  ==================================================================================

The order of things is always intent, movement, outcome, print. A doubt ends by what the card's counter and
record say, never by its balance, and nothing is asked of a card twice without that.
"""

from dataclasses import dataclass, replace

from terminal.core import journal
from terminal.core import sale as sales
from terminal.core.books import postings_of
from terminal.core.circumstances import spent_elsewhere
from terminal.core.effects import Effect, HandOut, OpenDrawer, Post, Tell
from terminal.core.purse.effects import AskCard, DropCard, MoveCard, SettleCard
from terminal.core.purse.events import (
    CardAsked,
    CardDoubtful,
    CardDropped,
    CardMoved,
    CardReady,
    CardSettled,
    CardUnmoved,
    CashGiven,
    Event,
    OfficeSettled,
)
from terminal.core.purse.words import (
    PURSE,
    Allowed,
    Doubt,
    DoubtState,
    Move,
    Order,
    Outcome,
    Wish,
    doubt_of,
    parse_reference,
    reference_of,
    tail,
)
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Due, Open, State
from terminal.core.tenders import CASH, TENDERS_MAX
from terminal.core.turn import Turn
from terminal.core.units import MONEY_MAX, Minor


@dataclass(frozen=True, slots=True)
class Free:
    """No card is awaited."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A card is awaited for ``order``."""

    order: Order


@dataclass(frozen=True, slots=True)
class Moving:
    """The intent of ``order`` is in the ledger; the card is at it."""

    order: Order
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Doubted:
    """What became of ``doubt`` is unknown, and its card is awaited."""

    order: Order
    doubt: Doubt


Work = Free | Asked | Moving | Doubted
FREE = Free()


Step = tuple[Work, State, tuple[Effect, ...]]


def step(  # noqa: C901, PLR0911, PLR0912 - a table
    work: Work, state: State, event: Event, turn: Turn
) -> Step | Refusal:
    """Return work and sale after ``event`` and the effects to carry out in order, or why not."""
    match event, work:
        case CardAsked(wish), Free():
            return _ask(wish, state, turn)
        case CardAsked(), _:
            return refuse(Key.PURSE_BUSY)
        case CardDropped(), Moving():
            return refuse(Key.PURSE_MOVING)
        case CardDropped(), Asked(order):
            return FREE, state, (DropCard(order.sequence), Tell("purse-dropped"))
        case CardDropped(), Doubted(_, doubt):
            return FREE, state, (DropCard(doubt.sequence), _told("purse-left", doubt))
        case CardReady(), Asked(order) if order.sequence == event.sequence:
            return _ready(order, state, event, turn)
        case CardMoved(), Moving(_, doubt) if doubt.sequence == event.sequence:
            return _moved(doubt, state, event, turn)
        case CardUnmoved(), Moving(order, doubt) if doubt.sequence == event.sequence:
            return _unmoved(order, doubt, state, event, turn)
        case CardUnmoved(key=key), Asked(order) if order.sequence == event.sequence:
            if event.is_torn:
                return work, state, (AskCard(order, is_next=True), Tell("purse-again", "warn"))
            return FREE, state, (DropCard(order.sequence), Tell(key, "bad"))
        case CardDoubtful(), Moving(order, doubt) if doubt.sequence == event.sequence:
            return _doubtful(order, doubt, state)
        case CardSettled(doubt, outcome, balance, proof, how), _:
            return _settled(work, state, doubt, (outcome, how, balance, proof), turn)
        case OfficeSettled(doubt, outcome, how), _:
            return _settled(work, state, doubt, (outcome, how, doubt.after(outcome), b""), turn)
        case CashGiven(doubt), _:
            return _cash(work, state, doubt)
        case _:
            return work, state, ()  # An answer to an order that was dropped meanwhile.


def _ask(wish: Wish, state: State, turn: Turn) -> Step | Refusal:
    refusal = _debit_refusal(wish, state, turn) if wish.move is Move.DEBIT else None
    if wish.move is Move.TOP_UP:
        if wish.tender is None or wish.tender.type not in ("cash", "external"):
            return refuse(Key.TENDER_NOT_HERE, type=wish.tender.type if wish.tender else "")
        if wish.amount > turn.cards.allowed.top_up_max and not turn.cards.is_supervisor:
            return refuse(Key.PURSE_RIGHT, amount=turn.cards.allowed.top_up_max)
        if wish.tender.type == "external" and not wish.tender.reference:
            return refuse(Key.REFERENCE_MISSING)
    if refusal is not None:
        return refusal
    if not 0 < wish.amount <= min(MONEY_MAX, turn.cards.allowed.named_max):
        return refuse(Key.AMOUNT_RANGE)
    order = Order(wish, turn.cards.terminal, turn.cards.sequence, turn.cards.when)
    said = Tell("purse-tap", "warn", (("amount", wish.amount),))
    return Asked(order), state, (AskCard(order), said)


def _debit_refusal(wish: Wish, state: State, turn: Turn) -> Refusal | None:
    if not isinstance(state, Open | Due):
        return refuse(Key.NO_SALE)
    if isinstance(state, Open) and not state.sale.lines:
        return refuse(Key.EMPTY_BASKET)
    if isinstance(state, Open):
        spent = spent_elsewhere(state.sale.brought, state.sale.member, turn.world)
        if spent is not None:
            return spent
    due = _due(state)
    missing = due.sale.quote.total - due.paid
    if wish.amount > missing:
        return refuse(Key.OVERPAID, missing=missing)
    if len(due.ahead) + len(due.tenders) >= TENDERS_MAX - (wish.amount < missing):
        return refuse(Key.AMOUNT_RANGE)
    return None


def _ready(order: Order, state: State, ready: CardReady, turn: Turn) -> Step:
    wish = order.wish
    if ready.doubts:
        return Asked(order), state, (SettleCard(ready.doubts[0]),)
    if wish.purse and wish.purse != ready.purse:
        other = Tell(Key.PURSE_OTHER_CARD, "bad", (("card", tail(wish.purse)),))
        return Asked(order), state, (AskCard(order, is_next=True), other)
    refusal = _card_refusal(wish, ready, turn.cards.allowed)
    if refusal is not None:
        said = Tell(refusal.key, "bad", refusal.facts)
        return FREE, state, (DropCard(order.sequence), said)
    bill = None
    if wish.move is Move.DEBIT:
        assert isinstance(state, Open | Due)
        bill = sales.bill(state.sale)
    intent = journal.PurseIntent(
        ready.purse, ready.family, ready.counter, ready.balance, ready.key_version, wish.move.value,
        wish.amount, order.terminal, order.sequence, order.when, ready.member, bill, wish.tender,
        wish.about,
    )  # fmt: skip
    doubt = doubt_of(intent, DoubtState.OPEN.value)
    facts = state.sale.quote.facts if isinstance(state, Open | Due) and bill else ()
    post = Post(intent, postings_of(intent), facts)
    return Moving(order, doubt), state, (post, MoveCard(order))


def _card_refusal(wish: Wish, ready: CardReady, allowed: Allowed) -> Refusal | None:
    if ready.is_lost:
        return refuse(Key.CARD_LOST)
    if ready.counter < ready.known:
        return refuse(Key.CARD_ROLLED_BACK)
    if wish.move is Move.DEBIT:
        if ready.balance < wish.amount:
            return refuse(Key.PURSE_SHORT, amount=ready.balance, missing=wish.amount)
        return None
    rule = "named" if ready.member else "anonymous"
    ceiling = allowed.named_max if ready.member else allowed.anonymous_max
    if ready.balance + wish.amount > ceiling:
        return refuse(Key.PURSE_CEILING, rule=rule, amount=ceiling, balance=ready.balance)
    return None


def _moved(doubt: Doubt, state: State, moved: CardMoved, turn: Turn) -> Step:
    settled = _outcome(doubt, Outcome.PAID, "answer", moved.balance)
    settled = replace(settled, counter=moved.counter, proof=moved.proof, signed=moved.signed)
    return FREE, *_paid(doubt, state, settled, turn)


def _unmoved(order: Order, doubt: Doubt, state: State, event: CardUnmoved, turn: Turn) -> Step:
    posted = _post(_outcome(doubt, Outcome.VOID, "not-sent", doubt.balance))
    if event.is_torn:
        again = Order(
            replace(order.wish, purse=doubt.purse),
            turn.cards.terminal,
            turn.cards.sequence,
            turn.cards.when,
        )
        effects = (posted, AskCard(again, is_next=True), Tell("purse-again", "warn"))
        return Asked(again), state, effects
    said = Tell(event.key, "bad", (("amount", doubt.balance), ("missing", doubt.amount)))
    return FREE, state, (posted, DropCard(order.sequence), said)


def _doubtful(order: Order, doubt: Doubt, state: State) -> Step:
    posted = _post(_outcome(doubt, Outcome.UNKNOWN, "silence", doubt.balance))
    left = replace(doubt, state=DoubtState.UNKNOWN.value)
    return Doubted(order, left), state, (posted, SettleCard(left), _told("purse-doubt", left))


Word = tuple[Outcome, str, Minor, bytes]
"""Outcome, what tells so, the balance after it, a proof."""


def _settled(work: Work, state: State, doubt: Doubt, word: Word, turn: Turn) -> Step | Refusal:
    outcome, how, balance, proof = word
    is_live = isinstance(work, Doubted) and work.doubt.sequence == doubt.sequence and doubt.is_own
    if outcome is Outcome.UNKNOWN:
        body = replace(_outcome(doubt, outcome, "aged-out", balance), is_witness=not doubt.is_own)
        after, ask = _go_on(work)
        return after, state, (_post(body), *ask, _told("purse-unproven", doubt))
    body = replace(_outcome(doubt, outcome, how, balance), proof=proof)
    if not doubt.is_own:
        after, ask = _go_on(work)
        witness = replace(body, is_witness=True)
        return after, state, (_post(witness), *ask, _told("purse-witnessed", doubt))
    if outcome is Outcome.PAID:
        if is_live:
            return FREE, *_paid(doubt, state, body, turn)
        after, ask = _go_on(work)
        settled, effects = _paid(doubt, state, body, turn)
        return after, settled, (*effects, *ask)
    if is_live and isinstance(work, Doubted) and how == "record":
        wish = replace(work.order.wish, purse=doubt.purse)
        again = Order(wish, turn.cards.terminal, turn.cards.sequence, turn.cards.when)
        if wish.move is not Move.TOP_UP:  # A top-up's money is handed back and asked for anew.
            return Asked(again), state, (_post(body), AskCard(again))
    after, ask = (FREE, ()) if is_live else _go_on(work)
    told = _told("purse-not-loaded" if doubt.move == Move.TOP_UP else "purse-void", doubt)
    return after, state, (_post(body), *ask, told)


def _go_on(work: Work) -> tuple[Work, tuple[AskCard, ...]]:
    """Return ``work`` and, if it waits for the very card that was just looked at, its order once more."""
    return work, ((AskCard(work.order),) if isinstance(work, Asked) else ())


def _paid(
    doubt: Doubt, state: State, body: journal.PurseSettled, turn: Turn
) -> tuple[State, tuple[Effect, ...]]:
    """Return the sale after a movement that happened, and what follows from it."""
    post = _post(body)
    match doubt.move:
        case Move.DEBIT:
            due = _due(state) if isinstance(state, Open | Due) else None
            if due is None or due.sale.id != doubt.sale_id or _missing(due) < doubt.amount:
                return state, (post, _told("purse-owed", doubt))
            reference = reference_of(doubt.purse, doubt.sequence, doubt.balance, doubt.amount)
            tender = journal.Tender("purse", doubt.amount, reference)
            after, effects = sales.paid_ahead(due, tender, turn)
            is_whole = isinstance(after, sales.Idle)
            return after, (replace(post, is_joined=is_whole), *effects)
        case Move.TOP_UP:
            is_cash = doubt.tender is not None and doubt.tender.type == CASH
            drawer = (OpenDrawer(),) if is_cash else ()
            said = Tell("purse-loaded", "good", _facts(doubt, body.balance))
            return state, (post, *drawer, HandOut(), said)
        case _:
            said = Tell("purse-given-back", "good", _facts(doubt, body.balance))
            return without(state, doubt.about), (post, HandOut(), said)


def without(state: State, sequence: int) -> State:
    """Return the sale without the tender off a card that movement ``sequence`` was."""
    if not isinstance(state, Due):
        return state
    kept = tuple(each for each in state.ahead if not _is_of(each, sequence))
    if kept or state.tenders or not state.sale.lines:  # What came back after a crash has no lines.
        return replace(state, ahead=kept)
    return Open(state.sale)


def _is_of(tender: journal.Tender, sequence: int) -> bool:
    named = parse_reference(tender.reference) if tender.type == PURSE else None
    return named is not None and named[1] == sequence


def _cash(work: Work, state: State, doubt: Doubt) -> Step | Refusal:
    if isinstance(work, Moving | Asked):
        return refuse(Key.PURSE_BUSY)
    body = journal.PurseRepaid(doubt.purse, doubt.terminal, doubt.sequence, doubt.amount)
    effects = (Post(body, postings_of(body)), OpenDrawer(), HandOut(), _told("purse-cash", doubt))
    return work, without(state, doubt.sequence), effects


def _due(state: Open | Due) -> Due:
    return state if isinstance(state, Due) else Due(state.sale, (), ())


def _missing(due: Due) -> Minor:
    return due.sale.quote.total - due.paid


def _outcome(doubt: Doubt, outcome: Outcome, how: str, balance: Minor) -> journal.PurseSettled:
    counter = doubt.counter + (outcome is Outcome.PAID)
    return journal.PurseSettled(
        doubt.purse, doubt.terminal, doubt.sequence, doubt.move, doubt.amount, outcome.value, how,
        counter, balance, tender=doubt.tender, about=doubt.about, line=doubt.line,
    )  # fmt: skip


def unknown(doubt: Doubt, how: str) -> journal.PurseSettled:
    """Return the entry that nobody knows what became of ``doubt``."""
    return _outcome(doubt, Outcome.UNKNOWN, how, doubt.balance)


def waiting(intent: journal.PurseIntent) -> Doubted:
    """Return the work of a till that was restarted while ``intent`` was not settled."""
    wish = Wish(Move(intent.move), intent.amount, intent.purse, intent.tender, intent.about)
    order = Order(wish, intent.terminal, intent.sequence, intent.when)
    return Doubted(order, doubt_of(intent, DoubtState.UNKNOWN.value))


def _post(body: journal.PurseSettled) -> Post:
    return Post(body, postings_of(body))


def _told(key: str, doubt: Doubt) -> Tell:
    return Tell(key, "warn", (("amount", doubt.amount), ("card", tail(doubt.purse))))


def _facts(doubt: Doubt, balance: Minor) -> tuple[tuple[str, str | int], ...]:
    return ("amount", doubt.amount), ("card", tail(doubt.purse)), ("balance", balance)
