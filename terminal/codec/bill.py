"""How a bill and its tenders lie in an entry: lines, reasons and totals, written out for speed.

Nine entries in ten are sales, so these are packed and unpacked by hand; every other kind goes by the table
of :mod:`terminal.codec.kinds`.
"""

from typing import Annotated, Any

import msgspec

from terminal.core.allowance import Spent
from terminal.core.journal import NOTHING_DRAWN, Bill, BillPoints, Buyer, Drawn, Tender, Totals
from terminal.core.points.entries import GrantedLot, LotPart, PointsUsed
from terminal.core.pricing.quote import Discount, PointsReason, QuoteLine

Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What every database holds; MessagePack itself goes up to 2**64 - 1."""


class WireDiscount(msgspec.Struct, array_like=True, frozen=True):
    """What one rule took off a line."""

    rule: str
    version: str
    amount: Int
    why: str
    percent: Int = 0


class WireLine(msgspec.Struct, array_like=True, frozen=True):
    """One line of a bill."""

    n: Int
    code: str
    name: str
    category: str
    quantity: Int
    unit_price: Int
    shelf_price: Int
    gross: Int
    net: Int
    discounts: tuple[WireDiscount, ...]
    points: Int = 0
    earns: bool = True
    tax_basis_points: Int = 0
    cost: Int | None = None
    brand: str = ""
    price_min: Int = 0
    unit: str = "piece"
    levels: tuple[tuple[str, Int], ...] = ()


class WireBuyer(msgspec.Struct, array_like=True, frozen=True):
    """The member of a bill."""

    account: str
    tier: str
    medium: str
    points_before: Int


class WireTotals(msgspec.Struct, array_like=True, frozen=True):
    """The sums of a bill."""

    gross: Int
    discount: Int
    rounding: Int
    total: Int
    earned: Int


class WirePointsReason(msgspec.Struct, array_like=True, frozen=True):
    """What one rule gave in points."""

    rule: str
    version: str
    points: Int
    why: str
    percent: Int


class WireDrawn(msgspec.Struct, array_like=True, frozen=True):
    """What the rules of a bill used up besides money."""

    costs: tuple[tuple[str, Int], ...] = ()
    uses: tuple[tuple[str, Int], ...] = ()
    coupons: tuple[str, ...] = ()


_NOTHING = WireDrawn()


class WireGrantedLot(msgspec.Struct, array_like=True, frozen=True):
    """Points that came, with their days."""

    points: Int
    usable_on: Int
    lapses_on: Int


class WireLotPart(msgspec.Struct, array_like=True, frozen=True):
    """Points of one lot."""

    ledger: str
    seq: Int
    part: Int
    points: Int
    usable_on: Int
    lapses_on: Int


class WirePointsUsed(msgspec.Struct, array_like=True, frozen=True):
    """Points used as cash."""

    rule: str
    version: str
    why: str
    points: Int
    money: Int
    by_line: tuple[Int, ...]
    points_by_line: tuple[Int, ...]
    parts: tuple[WireLotPart, ...]


class WireBillPoints(msgspec.Struct, array_like=True, frozen=True):
    """What a bill does to points beside the points it earns."""

    lots: tuple[WireGrantedLot, ...] = ()
    standing: Int = 0
    standing_why: tuple[WirePointsReason, ...] = ()
    used: WirePointsUsed | None = None
    lapsing: tuple[Int, Int] = (0, 0)
    cost: tuple[WireLotPart, ...] = ()
    cost_spent: tuple[tuple[str, str, str, Int], ...] = ()


class WireBill(msgspec.Struct, array_like=True, frozen=True):
    """What was bought by whom, priced."""

    sale_id: str
    buyer: WireBuyer | None
    lines: tuple[WireLine, ...]
    totals: WireTotals
    points_why: tuple[WirePointsReason, ...]
    drawn: WireDrawn = _NOTHING
    points: WireBillPoints | None = None


class WireTender(msgspec.Struct, array_like=True, frozen=True):
    """A means of payment."""

    type: str
    amount: Int
    reference: str = ""
    spent: tuple[tuple[str, str, str, Int], ...] = ()
    left: Int = 0


def pack_tender(tender: Tender) -> tuple[Any, ...]:
    """Return ``tender`` as it lies in an entry."""
    if not tender.spent:
        return (tender.type, tender.amount, tender.reference)
    spent = [(part.allowance, part.unit, part.lot, part.amount) for part in tender.spent]
    return (tender.type, tender.amount, tender.reference, spent, tender.left)


def pack_bill(bill: Bill) -> tuple[Any, ...]:
    """Return ``bill`` as it lies in an entry."""
    buyer, totals = bill.buyer, bill.totals
    packed = (
        bill.sale_id,
        buyer and (buyer.account, buyer.tier, buyer.medium, buyer.points_before),
        [
            (
                line.n, line.code, line.name, line.category, line.quantity, line.unit_price,
                line.shelf_price, line.gross, line.net,
                [(d.rule, d.version, d.amount, d.why, d.percent) for d in line.discounts],
                line.points, line.earns, line.tax_basis_points, *_more(line),
            )
            for line in bill.lines
        ],
        (totals.gross, totals.discount, totals.rounding, totals.total, totals.earned),
        [(why.rule, why.version, why.points, why.why, why.percent) for why in bill.points_why],
    )  # fmt: skip
    if bill.points is None:
        return packed if bill.drawn is NOTHING_DRAWN else (*packed, _drawn(bill.drawn))
    return (*packed, _drawn(bill.drawn), _pack_points(bill.points))


def _pack_points(points: BillPoints) -> tuple[Any, ...]:
    used = points.used
    return (
        [(lot.points, lot.usable_on, lot.lapses_on) for lot in points.lots],
        points.standing,
        [(why.rule, why.version, why.points, why.why, why.percent) for why in points.standing_why],
        used
        and (
            used.rule, used.version, used.why, used.points, used.money, used.by_line,
            used.points_by_line,
            [(p.ledger, p.seq, p.part, p.points, p.usable_on, p.lapses_on) for p in used.parts],
        ),
        points.lapsing,
        *_cost(points),
    )  # fmt: skip


def _cost(points: BillPoints) -> tuple[Any, ...]:
    """Return what chosen rules cost, where they cost anything."""
    if not points.cost and not points.cost_spent:
        return ()
    return (
        [(p.ledger, p.seq, p.part, p.points, p.usable_on, p.lapses_on) for p in points.cost],
        [(s.allowance, s.unit, s.lot, s.amount) for s in points.cost_spent],
    )


def _more(line: QuoteLine) -> tuple[Any, ...]:
    """Return the end of a line as far as it says something: most goods have a cost at most."""
    if line.levels:
        return (line.cost, line.brand, line.price_min, line.unit, line.levels)
    if line.unit != "piece":
        return (line.cost, line.brand, line.price_min, line.unit)
    if line.price_min:
        return (line.cost, line.brand, line.price_min)
    if line.brand:
        return (line.cost, line.brand)
    return () if line.cost is None else (line.cost,)


def _drawn(drawn: Drawn) -> tuple[Any, ...]:
    return drawn.costs, drawn.uses, drawn.coupons


def unpack_tender(wire: WireTender) -> Tender:
    """Return the tender that was read."""
    spent = tuple(Spent(*part) for part in wire.spent)
    return Tender(wire.type, wire.amount, wire.reference, spent, wire.left)


def unpack_bill(wire: WireBill) -> Bill:
    """Return the bill that was read."""
    buyer, totals = wire.buyer, wire.totals
    return Bill(
        wire.sale_id,
        None
        if buyer is None
        else Buyer(buyer.account, buyer.tier, buyer.medium, buyer.points_before),
        tuple(_unpack_line(line) for line in wire.lines),
        Totals(totals.gross, totals.discount, totals.rounding, totals.total, totals.earned),
        tuple(_unpack_why(why) for why in wire.points_why),
        NOTHING_DRAWN
        if wire.drawn == _NOTHING
        else Drawn(wire.drawn.costs, wire.drawn.uses, wire.drawn.coupons),
        None if wire.points is None else _unpack_points(wire.points),
    )


def _unpack_why(why: WirePointsReason) -> PointsReason:
    return PointsReason(why.rule, why.version, why.points, why.why, why.percent)


def _unpack_points(wire: WireBillPoints) -> BillPoints:
    used = wire.used
    return BillPoints(
        tuple(GrantedLot(lot.points, lot.usable_on, lot.lapses_on) for lot in wire.lots),
        wire.standing,
        tuple(_unpack_why(why) for why in wire.standing_why),
        None
        if used is None
        else PointsUsed(
            used.rule, used.version, used.why, used.points, used.money, used.by_line,
            used.points_by_line,
            tuple(
                LotPart(p.ledger, p.seq, p.part, p.points, p.usable_on, p.lapses_on)
                for p in used.parts
            ),
        ),
        wire.lapsing,
        tuple(
            LotPart(p.ledger, p.seq, p.part, p.points, p.usable_on, p.lapses_on) for p in wire.cost
        ),
        tuple(Spent(*each) for each in wire.cost_spent),
    )  # fmt: skip


def _unpack_line(wire: WireLine) -> QuoteLine:
    discounts = tuple(
        Discount(d.rule, d.version, d.amount, d.why, d.percent) for d in wire.discounts
    )
    return QuoteLine(
        wire.n, wire.code, wire.name, wire.category, wire.quantity, wire.unit_price,
        wire.shelf_price, wire.gross, wire.net, discounts, wire.points, wire.earns,
        wire.tax_basis_points, wire.cost, wire.brand, wire.price_min, wire.unit, wire.levels,
    )  # fmt: skip
