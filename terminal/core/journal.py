"""The journal: one entry per business event, double entry, immutable.

An entry says what happened (its body), when, by whom, under which versions of rules and catalogue, which
facts pricing read, and what it does to the books (its postings). Postings add up to zero in each unit, so
the balance of a member is a fold over entries and never a number of its own. Entries are encoded by
:mod:`terminal.codec` and sealed by :mod:`sync.protocol.record`; a correction is a new entry that names
the one it corrects. Fields are only ever added, at the end.
"""

from dataclasses import dataclass

from terminal.core.allowance import AllowancesClosed, AllowancesOpened, Spent
from terminal.core.lineage import Carried, LedgerOpened
from terminal.core.officebook import (
    AccountsMerged,
    LossDeclared,
    ValueAdjusted,
    ValueLapsed,
    Verdict,
)
from terminal.core.points.entries import (
    GiftGiven,
    GrantedLot,
    LotPart,
    LotteryDrawn,
    LotteryOpened,
    PeriodComputed,
    PointsGiven,
    PointsTaken,
    PointsUsed,
)
from terminal.core.pricing.coupons import CouponsIssued
from terminal.core.pricing.quote import PointsReason, QuoteLine
from terminal.core.profile import MemberRegistered
from terminal.core.stored import ToppedUp
from terminal.core.units import Minor, Points

ENGINE_VERSION = 1
"""Raised whenever the same basket could come out at another price."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened, as well as the till knows. Order comes from the ledger, not from here."""

    wall_ms: int
    """Milliseconds since 1970 UTC; never behind the last record of the ledger."""
    boot: str
    """The boot the monotonic time belongs to."""
    since_boot_ms: int
    trusted: bool
    """False while the wall clock was not synchronised since boot."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg of an entry. ``amount`` is signed: debits positive, credits negative."""

    account: str
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Versions:
    """What the price was computed with."""

    rules: str
    catalogue: str
    engine: int = ENGINE_VERSION


@dataclass(frozen=True, slots=True)
class Buyer:
    """The member of a sale as the entry keeps it: no name, nothing personal."""

    account: str
    tier: str
    medium: str
    """Which card or code named the member, for example ``uid:04a1b2c3d4e5f6``."""
    points_before: Points


@dataclass(frozen=True, slots=True)
class Tender:
    """A means of payment and its amount; of cash, what was handed over."""

    type: str
    amount: Minor
    reference: str = ""
    spent: tuple[Spent, ...] = ()
    """Of value: the allowances and lots it comes from."""
    left: int = 0
    """Of value: what the member had left of it afterwards, as far as this till knew."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a quote as the entry keeps them."""

    gross: Minor
    discount: Minor
    rounding: Minor
    total: Minor
    earned: Points


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the rules of a sale used up besides money."""

    costs: tuple[tuple[str, Points], ...] = ()
    """Points that chosen rules cost the member, by rule."""
    uses: tuple[tuple[str, int], ...] = ()
    """How much of the limits of rules was used, by rule."""
    coupons: tuple[str, ...] = ()
    """Ids of the coupons that were redeemed; see :attr:`terminal.core.pricing.coupons.Coupon.id`."""


NOTHING_DRAWN = Drawn()


@dataclass(frozen=True, slots=True)
class BillPoints:
    """What a bill does to points beside the points it earns: dates, the standing kind, points as cash."""

    lots: tuple[GrantedLot, ...] = ()
    """What of the earned points is bound by dates; the rest is not."""
    standing: Points = 0
    standing_why: tuple[PointsReason, ...] = ()
    used: PointsUsed | None = None
    lapsing: tuple[Points, int] = (0, 0)
    """Of what the member had before: how many lapse next, and on which day; zeros: none will."""
    cost: tuple[LotPart, ...] = ()
    """Lots that pay what chosen rules cost in points (:attr:`Drawn.costs`); what is in none is undated."""
    cost_spent: tuple[Spent, ...] = ()
    """Against which allowances; empty where the till is the authority."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What was bought by whom, priced: the part a sale and a payment taken ahead of it share."""

    sale_id: str
    buyer: Buyer | None
    lines: tuple[QuoteLine, ...]
    totals: Totals
    points_why: tuple[PointsReason, ...]
    drawn: Drawn = NOTHING_DRAWN
    points: BillPoints | None = None
    """None where points have no dates, are of one kind and none were used."""


@dataclass(frozen=True, slots=True)
class SalePosted:
    """A paid sale. ``tenders`` holds all of it, payments taken ahead included."""

    receipt: str
    bill: Bill
    tenders: tuple[Tender, ...]
    change: Minor


@dataclass(frozen=True, slots=True)
class PaymentTaken:
    """An irrevocable payment taken before the sale was complete; the sale is due until it is posted."""

    bill: Bill
    tender: Tender


@dataclass(frozen=True, slots=True)
class PaymentReturned:
    """A payment taken ahead was given back because its sale was called off."""

    sale_id: str
    tender: Tender


@dataclass(frozen=True, slots=True)
class SaleVoided:
    """A basket was called off before it was paid; nothing moved."""

    bill: Bill


@dataclass(frozen=True, slots=True)
class PinChanged:
    """An operator chose a new PIN. ``verifier`` is its Argon2id hash, peppered by the till."""

    operator: str
    verifier: str


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Too many wrong PINs. The lock counts on the till's own clock and survives a restart."""

    operator: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Reprinted:
    """A copy of a receipt was asked for. ``copy`` counts from 1."""

    receipt: str
    copy: int


@dataclass(frozen=True, slots=True)
class PurseIntent:
    """A movement of the money on a card that is about to be asked of it; committed before the card hears.

    Until a :class:`PurseSettled` names it, whether it happened is a doubt.
    """

    purse: str
    """The number that the card's keys hang on, in hexadecimal."""
    family: str
    counter: int
    """The card's counter before the movement: with it a later tap settles what became of it."""
    balance: Minor
    """Before the movement."""
    key_version: int
    move: str
    """``debit``, ``top-up``, ``refund`` or ``void``; see :class:`terminal.core.purse.words.Move`."""
    amount: Minor
    terminal: str
    """The terminal as cards know it, in hexadecimal; with ``sequence`` it names the movement for ever."""
    sequence: int
    when: str
    """The terminal's local time as the card keeps it, ``YYYYMMDDhhmmss``."""
    member: str
    """Account number of whose card it is; empty when nobody knows."""
    bill: Bill | None = None
    """What is paid with it, so that the sale comes back as due after a crash."""
    tender: Tender | None = None
    """How a top-up was paid for."""
    about: int = 0
    """Sequence of the movement that is given back by this one."""


@dataclass(frozen=True, slots=True)
class PurseSettled:
    """What became of the movement that an intent announced."""

    purse: str
    terminal: str
    sequence: int
    move: str
    amount: Minor
    outcome: str
    """``paid``, ``void`` or ``unknown``; see :class:`terminal.core.purse.words.Outcome`."""
    how: str
    """What tells so: ``answer``, ``not-sent``, ``record``, ``silence``, ``restart``, ``aged-out``,
    ``office``."""
    counter: int
    """The card's counter of the movement; of an unknown one the counter before it."""
    balance: Minor
    """After the movement, as far as it is known."""
    proof: bytes = b""
    """What a third party can check: transaction MAC, TAC."""
    signed: bytes = b""
    tender: Tender | None = None
    """How a top-up was paid for: it is handed back when the card was not loaded."""
    about: int = 0
    is_witness: bool = False
    """The intent is another till's: this one only saw the card, and moves nothing in its books."""
    line: str = ""
    """Which of a card's counters: a wallet counts what is loaded by itself (``load``)."""


@dataclass(frozen=True, slots=True)
class PurseRepaid:
    """A payment off a card whose sale had ended otherwise was given back in cash."""

    purse: str
    terminal: str
    sequence: int
    amount: Minor


Body = (
    SalePosted
    | PaymentTaken
    | PaymentReturned
    | SaleVoided
    | PinChanged
    | LockedOut
    | Reprinted
    | PointsGiven
    | PointsTaken
    | GiftGiven
    | LotteryOpened
    | LotteryDrawn
    | PeriodComputed
    | AllowancesOpened
    | AllowancesClosed
    | ToppedUp
    | MemberRegistered
    | ValueAdjusted
    | ValueLapsed
    | LossDeclared
    | AccountsMerged
    | Verdict
    | LedgerOpened
    | Carried
    | CouponsIssued
    | PurseIntent
    | PurseSettled
    | PurseRepaid
)
NUMBERED = (SalePosted, ToppedUp)
"""Entries with a receipt: their field ``receipt`` is its name, given when they are posted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event, whole. What a ledger record's bytes mean."""

    stamp: Stamp
    business_date: int
    """Year, month and day as one number: 20261121."""
    store: str
    terminal: str
    operator: str
    call_id: str
    """The id that the caller drew for the change, so that asking twice acts once."""
    versions: Versions
    facts: tuple[tuple[str, str], ...]
    """What pricing read of the world, name and value."""
    body: Body
    postings: tuple[Posting, ...]
    corrects: tuple[str, int] | None = None
    """Ledger id and sequence of the entry that this one corrects."""


class UnbalancedError(Exception):
    """An entry's postings do not add up to zero in some unit, or name an account that is none."""
