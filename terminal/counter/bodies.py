"""What changing calls carry: one structure per call, checked before anything else sees it.

Size first, then JSON, then the fields. JSON is stricter here than the standard library's: a key twice, NaN,
a fraction, text that is no Unicode and nesting past the parser's depth are refused. Whether an amount makes
sense is for the core to say.
"""

import json
import re
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

BODY_MAX = 64 * 1024
LINES_MAX = 500
TENDERS_MAX = 20
_INTEGER_MAX = 2**53 - 1  # What every JSON reader holds exactly.
_NO_CONTROL = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z"

CallId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_-]{1,64}\Z",
        description="Drawn by the caller for this call; the same id again acts once.",
    ),
]
CouponCode = Annotated[str, Meta(min_length=1, max_length=256)]
Whole = Annotated[int, Meta(ge=-_INTEGER_MAX, le=_INTEGER_MAX)]
Amount = Annotated[
    int, Meta(ge=-_INTEGER_MAX, le=_INTEGER_MAX, description="Money in minor units (fen).")
]
Quantity = Annotated[
    int,
    Meta(ge=-_INTEGER_MAX, le=_INTEGER_MAX, description="Thousandths: 1000 is one piece."),
]
Code = Annotated[str, Meta(min_length=1, max_length=512)]
Name = Annotated[str, Meta(max_length=60, pattern=_NO_CONTROL)]
Word = Annotated[str, Meta(max_length=200, pattern=_NO_CONTROL)]
Number = Annotated[str, Meta(pattern=r"^[0-9]{1,12}\Z")]
Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,12}\Z", description="4 to 12 digits.")]


Coupons = Annotated[tuple[CouponCode, ...], Meta(max_length=10, description="Codes of coupons.")]
Chosen = Annotated[tuple[Word, ...], Meta(max_length=20, description="Rules that are chosen.")]


class Fields(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An object of the API; unknown fields are faults."""


class Plain(Fields, frozen=True, kw_only=True):
    """A call that needs nothing but its id."""

    id: CallId


class SessionBody(Plain, frozen=True, kw_only=True):
    """Signing in."""

    operator: Number
    pin: Pin


class PinBody(SessionBody, frozen=True, kw_only=True):
    """Another PIN for an operator who knows the present one."""

    new_pin: Pin


class ScanBody(Plain, frozen=True, kw_only=True):
    """As if the scanner had read it."""

    text: str


class LineFields(Fields, frozen=True, kw_only=True):
    """Goods by ``code``, or an amount-only line with ``name`` and ``unit_price``."""

    code: Code | None = None
    name: Name | None = None
    quantity: Quantity = 1000
    unit_price: Amount | None = None


class LineBody(LineFields, frozen=True, kw_only=True):
    """A line to add."""

    id: CallId


class LineChangeBody(Plain, frozen=True, kw_only=True):
    """Another quantity or unit price; what is left out stays."""

    quantity: Quantity | None = None
    unit_price: Amount | None = None


class MemberFields(Fields, frozen=True, kw_only=True):
    """Exactly one of the three."""

    card: Word | None = None
    phone: Annotated[str, Meta(pattern=r"^\+?[0-9]{1,15}\Z")] | None = None
    member: Word | None = None


class MemberBody(MemberFields, frozen=True, kw_only=True):
    """Who buys."""

    id: CallId


class TopUpBody(Plain, frozen=True, kw_only=True):
    """Money to load a card with, and how it was taken; the card is laid on the reader next."""

    type: Annotated[str, Meta(pattern=r"^(cash|external)\Z")]
    amount: Amount
    reference: Annotated[str, Meta(max_length=64, pattern=_NO_CONTROL)] = ""


class MovementBody(Plain, frozen=True, kw_only=True):
    """What becomes of a movement on a card.

    ``card`` and ``cash`` give back what is owed; ``paid`` and ``void`` are the head office's decision
    where no card can tell any more.
    """

    how: Annotated[str, Meta(pattern=r"^(card|cash|paid|void)\Z")]


class TenderFields(Fields, frozen=True, kw_only=True):
    """A means of payment; of cash, ``amount`` is what was handed over."""

    type: Annotated[
        str, Meta(pattern=r"^(cash|stored_value|points|coupon|count|credit|external|purse)\Z")
    ]
    amount: Amount
    reference: Annotated[
        str, Meta(max_length=256, pattern=_NO_CONTROL, description="Of a coupon, its code.")
    ] = ""


class TenderBody(TenderFields, frozen=True, kw_only=True):
    """A tender for the open sale."""

    id: CallId


class CouponBody(Plain, frozen=True, kw_only=True):
    """A coupon for the open sale."""

    code: CouponCode


class ChoiceBody(Plain, frozen=True, kw_only=True):
    """A rule that holds only when chosen."""

    rule: Word
    chosen: bool


class IssueBody(Plain, frozen=True, kw_only=True):
    """New coupons."""

    campaign: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,30}\Z")]
    until: Annotated[int, Meta(ge=20_000_101, le=20_991_231, description="Last day: 20261231.")]
    count: Annotated[int, Meta(ge=1, le=500)] = 1
    holder: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{0,31}\Z")] = ""
    place: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{0,31}\Z",
            description="The till that redeems them offline; empty: any that asks first.",
        ),
    ] = ""
    print: bool = False
    """Whether the first few are printed, each with its code."""


class RegisterBody(Plain, frozen=True, kw_only=True):
    """Somebody who becomes a member: a name, and a phone number or a card."""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=_NO_CONTROL)]
    phone: Annotated[str, Meta(pattern=r"^(\+?[0-9]{5,15})?\Z")] = ""
    birthday: Annotated[
        str, Meta(pattern=r"^((0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?\Z", description="MM-DD")
    ] = ""
    card: Annotated[str, Meta(max_length=60, pattern=_NO_CONTROL)] = ""
    tier: Annotated[str, Meta(max_length=40, pattern=_NO_CONTROL)] = ""
    shared: bool = False
    """Whether another member may have the same phone number; a supervisor's."""


class PayInBody(Plain, frozen=True, kw_only=True):
    """What a member pays in; ``reference`` is the number on the slip of an external payment."""

    amount: Amount
    type: Annotated[str, Meta(pattern=r"^(cash|external)\Z")] = "cash"
    reference: Annotated[str, Meta(max_length=64, pattern=_NO_CONTROL)] = ""


class BackTestBody(Plain, frozen=True, kw_only=True):
    """Draft rules to try on past sales."""

    rules: Annotated[str, Meta(max_length=60_000, description="A rules file, as TOML.")]
    since: Annotated[int, Meta(ge=20_000_101, le=20_991_231, description="First business date.")]
    until: Annotated[int, Meta(ge=20_000_101, le=20_991_231, description="Last business date.")]


class ResumeBody(Plain, frozen=True, kw_only=True):
    """The basket to bring back; without ``sale`` the newest."""

    sale: Word | None = None


class QuoteBody(Fields, frozen=True, kw_only=True):
    """A whole basket. ``id`` may be left out: nothing changes."""

    id: CallId | UnsetType = UNSET
    lines: Annotated[tuple[LineFields, ...], Meta(max_length=LINES_MAX)]
    member: MemberFields | None = None
    coupons: Coupons = ()
    chosen: Chosen = ()
    tender: Annotated[str, Meta(pattern=r"^(cash|external|stored_value|)\Z")] = ""
    """How all of it is to be paid: the total may be rounded for cash."""


class SaleBody(Plain, frozen=True, kw_only=True):
    """A whole sale. ``total``, if given, must be what the till comes to."""

    lines: Annotated[tuple[LineFields, ...], Meta(max_length=LINES_MAX)]
    tenders: Annotated[tuple[TenderFields, ...], Meta(max_length=TENDERS_MAX)]
    member: MemberFields | None = None
    total: Amount | None = None
    coupons: Coupons = ()
    chosen: Chosen = ()


class PointsBody(Plain, frozen=True, kw_only=True):
    """Points by hand: given, or as a penalty taken (negative)."""

    points: Whole
    reason: Word


class EventBody(Plain, frozen=True, kw_only=True):
    """An event that the member took part in."""

    event: Word


class WelcomeBody(Plain, frozen=True, kw_only=True):
    """The member joined, perhaps brought by another one (an account number)."""

    brought_by: Word = ""


class GiftBody(Plain, frozen=True, kw_only=True):
    """A gift for points; where it costs money too, how that is paid."""

    gift: Word
    pieces: Annotated[int, Meta(ge=1, le=1000)] = 1
    tender: Annotated[str, Meta(pattern=r"^(cash|external)\Z")] = "cash"
    reference: Annotated[str, Meta(max_length=64, pattern=_NO_CONTROL)] = ""


class DrawBody(Plain, frozen=True, kw_only=True):
    """A draw in a lottery."""

    lottery: Word


class PeriodBody(Plain, frozen=True, kw_only=True):
    """A rule to compute over past business dates, both included: 20261101 to 20261130."""

    rule: Word
    since: Annotated[int, Meta(ge=20000101, le=99991231)]
    until: Annotated[int, Meta(ge=20000101, le=99991231)]


class ImportRow(Fields, frozen=True, kw_only=True):
    """Points for one member."""

    member: Word
    points: Annotated[int, Meta(ge=1, le=1_000_000)]
    reason: Word


class ImportBody(Plain, frozen=True, kw_only=True):
    """Points for many members."""

    rows: Annotated[tuple[ImportRow, ...], Meta(min_length=1, max_length=500)]


class VirtualBody(Plain, frozen=True, kw_only=True):
    """What a person would do to the device: exactly one of the four."""

    card: Word | None = None
    remove: bool | None = None
    text: str | None = None
    paper: Annotated[str, Meta(pattern=r"^(ok|low|out)\Z")] | None = None


class BadBodyError(Exception):
    """The body is not what the call takes. ``field`` is where, or empty for the whole."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


Body = TypeVar("Body", bound=Fields)
_AT = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)
_FIELD = re.compile(r"`([^`]*)`")


def parse(raw: bytes, kind: type[Body]) -> Body:
    """Return ``raw`` as a ``kind``.

    Raises:
        BadBodyError: It is no JSON as we take it, or a field is missing, unknown or wrong.
    """
    assert len(raw) <= BODY_MAX
    tree = _tree(raw)
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as fault:
        raise _bad(str(fault)) from None


def _tree(raw: bytes) -> object:
    try:
        tree = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
        json.dumps(tree, ensure_ascii=False).encode("utf-8")  # Lone surrogates are no text.
    except BadBodyError:
        raise
    except RecursionError:
        raise BadBodyError("", "nested too deep") from None
    except ValueError:
        raise BadBodyError("", "not JSON") from None
    return tree


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise BadBodyError(key[:60], "given twice")
        found[key] = value
    return found


def _no_fraction(text: str) -> object:
    raise BadBodyError("", f"{text[:20]} is no whole number")


def _bad(text: str) -> BadBodyError:
    match = _AT.match(text)
    assert match is not None
    message, field = match[1], match[2] or ""
    if "missing required field" in message or "unknown field" in message:
        named = _FIELD.search(message)
        field = ".".join(part for part in (field, named[1][:60] if named else "") if part)
    return BadBodyError(field, message)
