"""Encodes journal entries as MessagePack arrays, version first, fields only ever added at the end.

Arrays instead of maps: a sale of six lines takes about 300 bytes. An entry is encoded once, hashed over
those bytes and never encoded again to compare. Decoding refuses what is too large, malformed or of a
version that is not known yet; what the bytes mean for the books is checked by the caller.
"""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from terminal.codec.bill import (
    Int,
    WireBill,
    WireTender,
    pack_bill,
    pack_tender,
    unpack_bill,
    unpack_tender,
)
from terminal.codec.kinds import BY_SHAPE, FORMS, MOVES_LOTS
from terminal.core import journal
from terminal.core.journal import Body, Entry, Posting, Stamp, Versions

VERSION = 1
ENTRY_BYTES_MAX = 48_000
"""No entry is larger; sealing and decoding both refuse it."""


class UndecodableError(Exception):
    """The bytes are no entry that this version understands."""


class EntryTooLargeError(Exception):
    """An entry would not fit into a record; the sale must be split."""


class _Sale(msgspec.Struct, array_like=True, frozen=True, tag=1):
    receipt: str
    bill: WireBill
    tenders: tuple[WireTender, ...]
    change: Int


class _PaymentTaken(msgspec.Struct, array_like=True, frozen=True, tag=2):
    bill: WireBill
    tender: WireTender


class _PaymentReturned(msgspec.Struct, array_like=True, frozen=True, tag=3):
    sale_id: str
    tender: WireTender


class _SaleVoided(msgspec.Struct, array_like=True, frozen=True, tag=4):
    bill: WireBill


if TYPE_CHECKING:
    _Body = Any
else:
    _Body = reduce(or_, BY_SHAPE, _Sale | _PaymentTaken | _PaymentReturned | _SaleVoided)


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    version: Int
    stamp: tuple[Int, str, Int, bool]
    business_date: Int
    store: str
    terminal: str
    operator: str
    call_id: str
    versions: tuple[str, str, Int]
    facts: tuple[tuple[str, str], ...]
    body: _Body
    postings: tuple[tuple[str, str, Int], ...]
    corrects: tuple[str, Int] | None = None


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
    body: Body | None = None
    """The whole body where it may move lots or allowances, otherwise ``None``."""


def decode_books(data: bytes) -> BookLines:
    """Return what the entry in ``data`` does to the books; refuses exactly what :func:`decode` refuses.

    The whole entry is checked either way; this only builds no values that the books never look at.

    Raises:
        UndecodableError: As for :func:`decode`.
    """
    wire = _decode(data)
    wall_ms, body = wire.stamp[0], wire.body
    if not isinstance(body, _Sale):
        whole = _unpack_body(body) if isinstance(body, _MOVES_LOTS) else None
        return BookLines(wire.postings, wall_ms, wire.business_date, None, "", whole)
    buyer = body.bill.buyer
    member = "" if buyer is None else buyer.account
    sums = body.bill.totals
    totals = (sums.gross, sums.discount, sums.rounding, sums.total, sums.earned)
    moves_lots = body.bill.points is not None or any(tender.spent for tender in body.tenders)
    whole = _unpack_body(body) if moves_lots else None
    return BookLines(wire.postings, wall_ms, wire.business_date, totals, member, whole)


_MOVES_LOTS = tuple(FORMS[kind].shape for kind in MOVES_LOTS)


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
            return (1, receipt, pack_bill(bill), [pack_tender(t) for t in tenders], change)
        case journal.PaymentTaken(bill, tender):
            return (2, pack_bill(bill), pack_tender(tender))
        case journal.PaymentReturned(sale_id, tender):
            return (3, sale_id, pack_tender(tender))
        case journal.SaleVoided(bill):
            return (4, pack_bill(bill))
        case _:
            pack = FORMS[type(body)].pack
            assert pack is not None
            return pack(body)  # type: ignore[no-any-return]


def _unpack_body(body: _Body) -> Body:
    match body:
        case _Sale(receipt, bill, tenders, change):
            paid = tuple(unpack_tender(tender) for tender in tenders)
            return journal.SalePosted(receipt, unpack_bill(bill), paid, change)
        case _PaymentTaken(bill, tender):
            return journal.PaymentTaken(unpack_bill(bill), unpack_tender(tender))
        case _PaymentReturned(sale_id, tender):
            return journal.PaymentReturned(sale_id, unpack_tender(tender))
        case _SaleVoided(bill):
            return journal.SaleVoided(unpack_bill(bill))
        case _:
            unpack = BY_SHAPE[type(body)].unpack
            assert unpack is not None
            return unpack(body)  # type: ignore[no-any-return]
