"""Encodes journal entries as MessagePack arrays, version first, fields only ever added at the end.

Arrays instead of maps: a sale of six lines takes about 300 bytes. An entry is encoded once, hashed over
those bytes and never encoded again to compare. Decoding refuses what is too large, malformed or of a
version that is not known yet; what the bytes mean for the books is checked by the caller.
"""

from typing import Annotated, Any, NamedTuple

import msgspec

from terminal.core import journal
from terminal.core.journal import Bill, Body, Buyer, Entry, Posting, Stamp, Tender, Totals, Versions
from terminal.core.pricing.quote import Discount, PointsReason, QuoteLine

VERSION = 1
ENTRY_BYTES_MAX = 48_000
"""No entry is larger; sealing and decoding both refuse it."""


class UndecodableError(Exception):
    """The bytes are no entry that this version understands."""


class EntryTooLargeError(Exception):
    """An entry would not fit into a record; the sale must be split."""


_Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What every database holds; MessagePack itself goes up to 2**64 - 1."""


class _Discount(msgspec.Struct, array_like=True, frozen=True):
    rule: str
    version: str
    amount: _Int
    why: str
    percent: _Int = 0


class _Line(msgspec.Struct, array_like=True, frozen=True):
    n: _Int
    code: str
    name: str
    category: str
    quantity: _Int
    unit_price: _Int
    shelf_price: _Int
    gross: _Int
    net: _Int
    discounts: tuple[_Discount, ...]
    points: _Int = 0
    earns: bool = True
    tax_basis_points: _Int = 0


class _Bill(msgspec.Struct, array_like=True, frozen=True):
    sale_id: str
    buyer: tuple[str, str, str, _Int] | None
    lines: tuple[_Line, ...]
    totals: tuple[_Int, _Int, _Int, _Int, _Int]
    points_why: tuple[tuple[str, str, _Int, str, _Int], ...]


class _Tender(msgspec.Struct, array_like=True, frozen=True):
    type: str
    amount: _Int
    reference: str = ""


class _Sale(msgspec.Struct, array_like=True, frozen=True, tag=1):
    receipt: str
    bill: _Bill
    tenders: tuple[_Tender, ...]
    change: _Int


class _PaymentTaken(msgspec.Struct, array_like=True, frozen=True, tag=2):
    bill: _Bill
    tender: _Tender


class _PaymentReturned(msgspec.Struct, array_like=True, frozen=True, tag=3):
    sale_id: str
    tender: _Tender


class _SaleVoided(msgspec.Struct, array_like=True, frozen=True, tag=4):
    bill: _Bill


class _PinChanged(msgspec.Struct, array_like=True, frozen=True, tag=5):
    operator: str
    verifier: str


class _LockedOut(msgspec.Struct, array_like=True, frozen=True, tag=6):
    operator: str
    until_ms: _Int


class _Reprinted(msgspec.Struct, array_like=True, frozen=True, tag=7):
    receipt: str
    copy: _Int


_Body = (
    _Sale | _PaymentTaken | _PaymentReturned | _SaleVoided | _PinChanged | _LockedOut | _Reprinted
)


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    version: _Int
    stamp: tuple[_Int, str, _Int, bool]
    business_date: _Int
    store: str
    terminal: str
    operator: str
    call_id: str
    versions: tuple[str, str, _Int]
    facts: tuple[tuple[str, str], ...]
    body: _Body
    postings: tuple[tuple[str, str, _Int], ...]
    corrects: tuple[str, _Int] | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Entry)


def encode(entry: Entry) -> bytes:
    """Return ``entry`` as the bytes of a record.

    Raises:
        EntryTooLargeError: It takes more than :data:`ENTRY_BYTES_MAX`.
    """
    stamp, versions = entry.stamp, entry.versions
    data = _encoder.encode(
        (
            VERSION,
            (stamp.wall_ms, stamp.boot, stamp.since_boot_ms, stamp.trusted),
            entry.business_date,
            entry.store,
            entry.terminal,
            entry.operator,
            entry.call_id,
            (versions.rules, versions.catalogue, versions.engine),
            entry.facts,
            _pack_body(entry.body),
            [(posting.account, posting.unit, posting.amount) for posting in entry.postings],
            entry.corrects,
        )
    )
    if len(data) > ENTRY_BYTES_MAX:
        raise EntryTooLargeError(f"{len(data)} bytes, at most {ENTRY_BYTES_MAX}")
    return data


def decode(data: bytes) -> Entry:
    """Return the entry that ``data`` holds.

    Raises:
        UndecodableError: It holds none, or one of a later version.
    """
    wire = _decode(data)
    return Entry(
        Stamp(*wire.stamp),
        wire.business_date,
        wire.store,
        wire.terminal,
        wire.operator,
        wire.call_id,
        Versions(*wire.versions),
        wire.facts,
        _unpack_body(wire.body),
        tuple(Posting(*posting) for posting in wire.postings),
        wire.corrects,
    )


class BookLines(NamedTuple):
    """What the books need of an entry, and nothing more."""

    postings: tuple[tuple[str, str, int], ...]
    """Account, unit, amount."""
    wall_ms: int
    business_date: int
    sale: tuple[int, int, int, int, int] | None
    """Gross, discount, rounding, total and points earned of a paid sale, otherwise ``None``."""
    member: str
    """Account number of the buyer of a paid sale, otherwise empty."""


def decode_books(data: bytes) -> BookLines:
    """Return what the entry in ``data`` does to the books; refuses exactly what :func:`decode` refuses.

    The whole entry is checked either way; this only builds no values that the books never look at.

    Raises:
        UndecodableError: As for :func:`decode`.
    """
    wire = _decode(data)
    wall_ms, body = wire.stamp[0], wire.body
    if not isinstance(body, _Sale):
        return BookLines(wire.postings, wall_ms, wire.business_date, None, "")
    buyer = body.bill.buyer
    member = "" if buyer is None else buyer[0]
    return BookLines(wire.postings, wall_ms, wire.business_date, body.bill.totals, member)


def _decode(data: bytes) -> _Entry:
    if len(data) > ENTRY_BYTES_MAX:
        raise UndecodableError(f"{len(data)} bytes, at most {ENTRY_BYTES_MAX}")
    try:
        wire = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UndecodableError(str(error)) from error
    if wire.version != VERSION:
        raise UndecodableError(f"entry version {wire.version} is not known here")
    return wire


def _pack_body(body: Body) -> tuple[Any, ...]:
    match body:
        case journal.SalePosted(receipt, bill, tenders, change):
            return (1, receipt, _pack_bill(bill), [_pack_tender(t) for t in tenders], change)
        case journal.PaymentTaken(bill, tender):
            return (2, _pack_bill(bill), _pack_tender(tender))
        case journal.PaymentReturned(sale_id, tender):
            return (3, sale_id, _pack_tender(tender))
        case journal.SaleVoided(bill):
            return (4, _pack_bill(bill))
        case journal.PinChanged(operator, verifier):
            return (5, operator, verifier)
        case journal.LockedOut(operator, until_ms):
            return (6, operator, until_ms)
        case journal.Reprinted(receipt, copy):
            return (7, receipt, copy)


def _pack_tender(tender: Tender) -> tuple[Any, ...]:
    return (tender.type, tender.amount, tender.reference)


def _pack_bill(bill: Bill) -> tuple[Any, ...]:
    buyer, totals = bill.buyer, bill.totals
    return (
        bill.sale_id,
        buyer and (buyer.account, buyer.tier, buyer.medium, buyer.points_before),
        [
            (
                line.n, line.code, line.name, line.category, line.quantity, line.unit_price,
                line.shelf_price, line.gross, line.net,
                [(d.rule, d.version, d.amount, d.why, d.percent) for d in line.discounts],
                line.points, line.earns, line.tax_basis_points,
            )
            for line in bill.lines
        ],
        (totals.gross, totals.discount, totals.rounding, totals.total, totals.earned),
        [(why.rule, why.version, why.points, why.why, why.percent) for why in bill.points_why],
    )  # fmt: skip


def _unpack_body(body: _Body) -> Body:
    match body:
        case _Sale(receipt, bill, tenders, change):
            paid = tuple(_unpack_tender(tender) for tender in tenders)
            return journal.SalePosted(receipt, _unpack_bill(bill), paid, change)
        case _PaymentTaken(bill, tender):
            return journal.PaymentTaken(_unpack_bill(bill), _unpack_tender(tender))
        case _PaymentReturned(sale_id, tender):
            return journal.PaymentReturned(sale_id, _unpack_tender(tender))
        case _SaleVoided(bill):
            return journal.SaleVoided(_unpack_bill(bill))
        case _PinChanged(operator, verifier):
            return journal.PinChanged(operator, verifier)
        case _LockedOut(operator, until_ms):
            return journal.LockedOut(operator, until_ms)
        case _Reprinted(receipt, copy):
            return journal.Reprinted(receipt, copy)


def _unpack_tender(wire: _Tender) -> Tender:
    return Tender(wire.type, wire.amount, wire.reference)


def _unpack_bill(wire: _Bill) -> Bill:
    return Bill(
        wire.sale_id,
        None if wire.buyer is None else Buyer(*wire.buyer),
        tuple(_unpack_line(line) for line in wire.lines),
        Totals(*wire.totals),
        tuple(PointsReason(*why) for why in wire.points_why),
    )


def _unpack_line(wire: _Line) -> QuoteLine:
    discounts = tuple(
        Discount(d.rule, d.version, d.amount, d.why, d.percent) for d in wire.discounts
    )
    return QuoteLine(
        wire.n, wire.code, wire.name, wire.category, wire.quantity, wire.unit_price,
        wire.shelf_price, wire.gross, wire.net, discounts, wire.points, wire.earns,
        wire.tax_basis_points,
    )  # fmt: skip
