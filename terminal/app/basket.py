"""The open basket as bytes, so that a till that was restarted shows it again.

It is local state, written without waiting for the disk: after a power cut it may be gone or old, and
nothing depends on it. What is in the ledger meanwhile wins: a sale that was posted does not come back,
and a payment that was taken ahead does.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from terminal.core.journal import (
    Bill,
    Buyer,
    Entry,
    PaymentReturned,
    PaymentTaken,
    PurseIntent,
    SalePosted,
    SaleVoided,
    Tender,
)
from terminal.core.pricing.basket import Member
from terminal.core.pricing.quote import Quote
from terminal.core.purse.words import taken_off
from terminal.core.refusal import Refusal
from terminal.core.sale import Due, Idle, Open, Sale, State, repriced
from terminal.core.till import Till
from terminal.core.turn import Turn

VERSION = 1
RECENT_MAX = 32
"""Answered calls that are remembered across a restart with the basket."""


class Saved(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a till at work."""

    version: int
    head_seq: int
    """The ledger's head when this was written."""
    sale: Sale | None
    tenders: tuple[Tender, ...]
    ahead: tuple[Tender, ...]
    held: tuple[Sale, ...]
    recent: tuple[tuple[str, bytes, bytes], ...]
    """Calls that changed the basket only: id, digest, answer as JSON."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Saved)


def pack(till: Till, head_seq: int, recent: Iterable[tuple[str, bytes, bytes]]) -> bytes:
    """Return ``till`` as bytes."""
    state = till.sale
    sale = None if isinstance(state, Idle) else state.sale
    tenders, ahead = (state.tenders, state.ahead) if isinstance(state, Due) else ((), ())
    return _encoder.encode(
        Saved(VERSION, head_seq, sale, tenders, ahead, till.held, tuple(recent)[-RECENT_MAX:])
    )


def unpack(data: bytes) -> Saved | None:
    """Return what was saved; None for what this version cannot read, which is no loss of money."""
    try:
        saved = _decoder.decode(data)
    except msgspec.DecodeError:
        return None
    return saved if saved.version == VERSION else None


def state_after(
    saved: Saved | None,
    since: Iterable[Entry],
    due: Sequence[Entry],
    member_of: Callable[[Buyer], Member],
    waited: Entry | None = None,
) -> State:
    """Return the state of the sale to begin with.

    ``since`` are the entries posted after ``saved`` was written, ``due`` the payments taken ahead whose
    sale is not posted, which outlive the saved basket; ``member_of`` looks their buyer up again.
    ``waited`` is an intent to pay off a card that is not settled: its sale outlives the basket too.
    """
    if due:
        return _due(saved, due, member_of)
    ended = {_ended(entry) for entry in since}
    if waited is not None and isinstance(waited.body, PurseIntent) and waited.body.bill is not None:
        bill = waited.body.bill
        if not _holds(saved, bill):
            return Due(_billed(bill, waited.facts, member_of), (), ())
    if saved is None or saved.sale is None or saved.sale.id in ended:
        return Idle()
    tenders = _still_there(saved)
    return Due(saved.sale, (), tenders) if tenders else Open(saved.sale)


def priced_anew(state: State, turn: Turn) -> State:
    """Return ``state`` at the prices of now: its rules may have changed while the till was off."""
    if not isinstance(state, Open):
        return state
    sale = repriced(state.sale, turn)
    return state if isinstance(sale, Refusal) else Open(sale)


def held_after(saved: Saved | None, since: Iterable[Entry], now: State) -> tuple[Sale, ...]:
    """Return the baskets put aside, without those that went on since they were saved, up to ``now``."""
    gone = {_ended(entry) for entry in since}
    if not isinstance(now, Idle):
        gone.add(now.sale.id)
    return tuple(sale for sale in saved.held if sale.id not in gone) if saved else ()


def _due(saved: Saved | None, due: Sequence[Entry], member_of: Callable[[Buyer], Member]) -> State:
    taken = [_taken(entry) for entry in due]
    bill = taken[-1].bill
    ahead = tuple(each.tender for each in taken if each.bill.sale_id == bill.sale_id)
    if saved and saved.sale and _holds(saved, bill):
        return Due(saved.sale, ahead, _still_there(saved))
    return Due(_billed(bill, due[-1].facts, member_of), ahead, ())


def _holds(saved: Saved | None, bill: Bill) -> bool:
    """Return whether the basket that was saved is the one that was billed, and no older one of that sale."""
    sale = saved.sale if saved else None
    return sale is not None and sale.id == bill.sale_id and sale.quote.lines == bill.lines


def _taken(entry: Entry) -> PaymentTaken:
    if isinstance(entry.body, PurseIntent):
        return taken_off(entry.body)
    assert isinstance(entry.body, PaymentTaken)
    return entry.body


def _billed(
    bill: Bill, facts: tuple[tuple[str, str], ...], member_of: Callable[[Buyer], Member]
) -> Sale:
    """Return a sale as it was billed: priced, and without the goods that would price it again."""
    totals = bill.totals
    quote = Quote(
        bill.lines, totals.gross, totals.discount, totals.rounding, totals.total,
        totals.earned, bill.points_why, facts,
    )  # fmt: skip
    member = member_of(bill.buyer) if bill.buyer else None
    return Sale(bill.sale_id, member=member, quote=quote)


def _still_there(saved: Saved) -> tuple[Tender, ...]:
    """Return what was tendered and can be counted on: what value may be spent is asked anew."""
    return tuple(tender for tender in saved.tenders if not tender.spent)


def _ended(entry: Entry) -> str:
    match entry.body:
        case SalePosted(bill=bill) | SaleVoided(bill=bill):
            return bill.sale_id
        case PaymentReturned(sale_id=sale_id):
            return sale_id
        case _:
            return ""
