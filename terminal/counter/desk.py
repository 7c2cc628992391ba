"""The desk between the counter's threads and the loop: calls go in, answers and views come out.

Only frozen values cross it. A call carries the id its caller drew; asking twice with the same id acts
once. A view is the whole state of the till at one version, and rendering it is the counter's own work.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from terminal.core.purse.words import Doubt
from terminal.core.refusal import Refusal
from terminal.core.stored import Stored
from terminal.core.till import Operator, Till
from terminal.core.units import Minor, Thousandths
from terminal.counter.joining import RegisterMember
from terminal.counter.offers import (
    NO_OFFERS,
    ChooseRule,
    IssueCoupons,
    Offers,
    ShowCoupon,
    TakeBackCoupon,
)

ANSWER_WAIT_S = 5.0
"""No answer by then is ``outcome-unknown``: ask again with the same id."""


@dataclass(frozen=True, slots=True)
class ScanText:
    """As if a scanner had read ``text``."""

    text: str


@dataclass(frozen=True, slots=True)
class AddLine:
    """Goods by ``code``; or, without one, an amount-only line called ``name``."""

    code: str | None
    name: str | None
    quantity: Thousandths
    unit_price: Minor | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """Another quantity or unit price for line ``n``; None leaves it."""

    n: int
    quantity: Thousandths | None
    unit_price: Minor | None


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """Line ``n`` goes."""

    n: int


@dataclass(frozen=True, slots=True)
class SetMember:
    """Exactly one is given: a card's number or medium, a phone number, or an account number."""

    card: str | None
    phone: str | None
    member: str | None


@dataclass(frozen=True, slots=True)
class ClearMember:
    """The sale goes on without a member."""


@dataclass(frozen=True, slots=True)
class TakeTender:
    """The customer pays; of cash, ``amount`` is what was handed over."""

    type: str
    amount: Minor
    reference: str


@dataclass(frozen=True, slots=True)
class DropCard:
    """No card is awaited any more: the customer pays otherwise, or not at all."""


@dataclass(frozen=True, slots=True)
class TopUp:
    """Load a card; the money was taken as ``type`` says."""

    type: str
    amount: Minor
    reference: str


@dataclass(frozen=True, slots=True)
class SettleMovement:
    """What becomes of movement ``sequence`` on a card.

    ``how``: given back on the ``card`` or in ``cash``, or decided by the head office as ``paid`` or ``void``.
    """

    sequence: int
    how: str


@dataclass(frozen=True, slots=True)
class ClearTenders:
    """Hand back what was tendered."""


@dataclass(frozen=True, slots=True)
class VoidSale:
    """Call the open sale off."""


@dataclass(frozen=True, slots=True)
class HoldSale:
    """Put the open basket aside."""


@dataclass(frozen=True, slots=True)
class ResumeSale:
    """Bring a basket back; None: the newest."""

    sale_id: str | None


@dataclass(frozen=True, slots=True)
class SellWhole:
    """A whole sale by a cash-register program."""

    lines: tuple[AddLine, ...]
    member: SetMember | None
    tenders: tuple[TakeTender, ...]
    total: Minor | None
    coupons: tuple[str, ...] = ()
    """Codes."""
    chosen: tuple[str, ...] = ()
    """Rules that the program chose."""


@dataclass(frozen=True, slots=True)
class QuoteOnly:
    """A whole basket in, its quote out; nothing changes."""

    lines: tuple[AddLine, ...]
    member: SetMember | None
    coupons: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    tender: str = ""
    """How all of it is to be paid, if that is known."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """``operator`` has shown the right PIN; the counter checked it."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class SignOut:
    """The operator leaves."""


@dataclass(frozen=True, slots=True)
class ChangePin:
    """``operator`` chose a new PIN, already hashed."""

    operator: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Again:
    """Only tells what the call with this id did; empty when it was never carried out."""


@dataclass(frozen=True, slots=True)
class LockOperator:
    """Too many wrong PINs."""

    operator: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class PrintCopy:
    """Print receipt ``number`` again, marked as a copy unless its original never started."""

    number: str


@dataclass(frozen=True, slots=True)
class PayIn:
    """A member tops up their account."""

    account: str
    amount: Minor
    tender: str
    """``cash`` or ``external``."""
    reference: str


@dataclass(frozen=True, slots=True)
class TouchVirtual:
    """Do to a virtual device what a person would: ``what`` is ``card``, ``remove``, ``text`` or ``paper``."""

    device: str
    what: str
    value: str


@dataclass(frozen=True, slots=True)
class PointsAct:
    """Something done to the points of ``member`` (account number) without a sale.

    ``kind`` is ``by-hand check-in event welcome gift draw import slip period``; ``points`` how many by hand,
    a slip's entry, or a period's first day, whose last is ``pieces``; ``text`` the reason, the id of a rule,
    or who brought the member; ``rows`` of an import: account number, points, reason.
    """

    kind: str
    member: str = ""
    points: int = 0
    text: str = ""
    pieces: int = 1
    tender: str = ""
    reference: str = ""
    rows: tuple[tuple[str, int, str], ...] = ()


Action = (
    ScanText
    | AddLine
    | ChangeLine
    | RemoveLine
    | SetMember
    | ClearMember
    | TakeTender
    | ShowCoupon
    | TakeBackCoupon
    | ChooseRule
    | IssueCoupons
    | DropCard
    | TopUp
    | SettleMovement
    | ClearTenders
    | VoidSale
    | HoldSale
    | ResumeSale
    | SellWhole
    | QuoteOnly
    | SignIn
    | SignOut
    | ChangePin
    | Again
    | LockOperator
    | PrintCopy
    | RegisterMember
    | PayIn
    | TouchVirtual
    | PointsAct
)


@dataclass(frozen=True, slots=True)
class Call:
    """One changing call of the API."""

    id: str
    """Drawn by the caller, 1 to 64 characters of ``[0-9A-Za-z_-]``."""
    digest: bytes
    """SHA-256 of method, path and body, to tell a repeat from another call under the same id."""
    actor: Operator | None
    """Who asks: the session's operator or the key's program. None only for signing in."""
    action: Action


@dataclass(frozen=True, slots=True)
class Done:
    """It was done. ``result`` is the JSON object of the answer."""

    result: dict[str, object]


Answer = Done | Refusal


class DeskFullError(Exception):
    """The inbox is full; the caller is told 503 and asks again."""


@dataclass(frozen=True, slots=True)
class DeviceLight:
    """One device as the page shows it."""

    name: str
    kind: str
    """``reader``, ``scanner`` or ``printer``."""
    state: str
    """``up``, ``warn`` or ``down``."""
    key: str
    """What is the matter, as a key of the translations: ``ok``, ``paper-low``, ``paper-out``,
    ``cover-open``, ``offline``, ``silent``, ``lost``, ``card-hung``, ``starting``."""
    detail: str
    """For the technician: the driver's own words."""


@dataclass(frozen=True, slots=True)
class SyncLight:
    """How far the head office is behind."""

    connected: bool
    head: int
    acknowledged: int
    since_ms: int | None
    """Wall time of the last acknowledgement; None: never."""
    trouble: str
    """Empty, or a key of the translations."""
    fresh: tuple[tuple[str, int], ...] = ()
    """Tables of master data, and when (wall time) each was last known to be the newest."""
    waiting: bool = False
    """Whether the first goods and members have yet to come."""


@dataclass(frozen=True, slots=True)
class PrintDoubt:
    """A receipt that is not known to be printed: ``waiting`` or ``unknown``."""

    receipt: str
    state: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What the result bar shows and speaks. ``key`` is of the translations."""

    n: int
    key: str
    level: str
    """``good``, ``warn`` or ``bad``."""
    facts: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class View:
    """The whole till at one version."""

    version: int
    till: Till
    devices: tuple[DeviceLight, ...]
    sync: SyncLight
    doubts: tuple[PrintDoubt, ...]
    last_receipt: str
    """Number of the newest receipt, or empty."""
    notices: tuple[Notice, ...]
    """The last few, newest last."""
    disk: str
    """``ok`` or ``slow``: the disk does not answer."""
    shop_faults: int = 0
    """Faults of a shop file that was not taken over; the last good one is in force."""
    offers: Offers = NO_OFFERS
    purse_doubts: tuple[Doubt, ...] = ()
    """Movements on cards that are not settled, oldest first."""
    takes_purses: bool = False
    """Whether a reader here moves money on cards."""
    value: Stored | None = None
    """What the member at the till may spend of stored value here; None without a member."""


class Desk(Protocol):
    """What the counter may ask of the till; safe from any thread."""

    def ask(self, call: Call) -> "Future[Answer]":
        """Put ``call`` into the inbox.

        Raises:
            DeskFullError: The inbox is full.
        """

    def view(self) -> View:
        """Return the newest view."""

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called, from the loop's thread, at each new view; returns how to stop it."""
