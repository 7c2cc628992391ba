"""A sale worked out again from its entry: the same to the last fen and point, or where not.

Lines, buyer and tenders stand in the entry; so do the facts that pricing read. What it takes besides are the
rules of that version, which the till and the head office keep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from terminal.core.journal import (
    ENGINE_VERSION,
    Bill,
    Body,
    Entry,
    PaymentTaken,
    SalePosted,
    SaleVoided,
)
from terminal.core.pricing.basket import Goods, Line, Member
from terminal.core.pricing.earning import earning, earning_nets
from terminal.core.pricing.facts import facts_of
from terminal.core.pricing.quote import PointsReason, Quote, QuoteLine, earning_again, price
from terminal.core.pricing.rules import RuleBook
from terminal.core.rounding import share
from terminal.core.stored import split
from terminal.core.units import Minor

DIFFERENCES_MAX = 100
"""So many are named; one is enough to know."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out otherwise than the entry says."""

    what: str
    """``gross``, ``discount``, ``rounding``, ``total``, ``earned``, ``net``, ``points``, ``reasons``,
    ``points-why``, ``standing`` or ``drawn``."""
    line: int
    """Number of the line, 0 for the whole sale."""
    recorded: str
    computed: str


class Verdict(StrEnum):
    """How a sale compares with itself, worked out again."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not-comparable"


@dataclass(frozen=True, slots=True)
class Explained:
    """What came out."""

    verdict: Verdict
    why: str
    """Why it cannot be compared; empty when it could."""
    differences: tuple[Difference, ...] = ()


class UnreadableFactsError(Exception):
    """The facts of an entry are not as pricing writes them."""


def bill_of(body: Body) -> Bill | None:
    """Return the priced bill of an event about a basket; None for other events."""
    return body.bill if isinstance(body, SalePosted | PaymentTaken | SaleVoided) else None


def basket_of(
    bill: Bill, read: tuple[tuple[str, str], ...]
) -> tuple[tuple[Line, ...], Member | None]:
    """Return lines and buyer as pricing had them; ``read`` are the facts of the entry."""
    lines = tuple(Line(line.n, _goods(line), line.quantity, line.unit_price) for line in bill.lines)
    if bill.buyer is None:
        return lines, None
    buyer, points = bill.buyer, dict(read).get("points", "")
    before = int(points) if points.lstrip("-").isdecimal() else bill.buyer.points_before
    member = Member(
        buyer.account, "", "", buyer.tier, buyer.tier, before, 0, 0, "", buyer.medium
    )  # fmt: skip
    return lines, member


def quote_again(entry: Entry, bill: Bill, book: RuleBook) -> Quote:
    """Return the quote of the sale in ``entry`` under ``book``, in the world as it was.

    Raises:
        UnreadableFactsError: The entry's facts mean nothing here.
    """
    lines, member = basket_of(bill, entry.facts)
    try:
        facts = facts_of(entry.facts)
    except ValueError as error:
        raise UnreadableFactsError(str(error)) from error
    quote = price(lines, member, book, facts)
    earned_on = _earning_nets(entry.body, bill, lines, quote)
    if earned_on is None:
        return quote
    return earning_again(quote, earning(lines, earned_on, member, book, facts))


def differences(entry: Entry, book: RuleBook) -> tuple[Difference, ...]:
    """Return where the sale in ``entry`` comes out otherwise under ``book``; empty when it is equal.

    Raises:
        UnreadableFactsError: The entry's facts mean nothing here.
    """
    bill = bill_of(entry.body)
    assert bill is not None, "nothing was priced"
    quote = quote_again(entry, bill, book)
    found = _of_whole(bill, quote)
    for recorded, computed in zip(bill.lines, quote.lines, strict=True):
        found += _of_line(recorded, computed)
    return tuple(found[:DIFFERENCES_MAX])


def compare(entry: Entry, book_of: Callable[[], RuleBook | str]) -> Explained:
    """Return how the sale in ``entry`` compares with itself, worked out again.

    ``book_of`` gives the rules of its time, or says why it cannot.
    """
    bill = bill_of(entry.body)
    if bill is None:
        return _not("it is no sale: nothing was priced")
    if entry.versions.engine != ENGINE_VERSION:
        return _not(f"it was priced by engine {entry.versions.engine}, this is {ENGINE_VERSION}")
    if not bill.lines:
        return _not("it has no lines")
    book = book_of()
    if isinstance(book, str):
        return _not(book)
    try:
        found = differences(entry, book)
    except UnreadableFactsError as error:
        return _not(f"its facts cannot be read: {error}")
    return Explained(Verdict.DIFFERENT if found else Verdict.EQUAL, "", found)


def _not(why: str) -> Explained:
    return Explained(Verdict.NOT_COMPARABLE, why)


def _earning_nets(
    body: Body, bill: Bill, lines: tuple[Line, ...], quote: Quote
) -> list[Minor] | None:
    """Return what counts for points of each line; None where all was paid with what earns."""
    tenders = body.tenders if isinstance(body, SalePosted) else ()
    _, bonus = split(part for tender in tenders for part in tender.spent)
    used = bill.points.used if bill.points is not None else None
    if not bonus and used is None:
        return None
    off = used.by_line if used is not None else (0,) * len(quote.lines)
    nets = [line.net - part for line, part in zip(quote.lines, off, strict=True)]
    return earning_nets(lines, nets, share(bonus, nets))


def _goods(line: QuoteLine) -> Goods:
    return Goods(
        line.code, line.name, line.shelf_price, line.category, line.earns, line.tax_basis_points,
        line.unit, line.cost, line.brand, line.levels, line.price_min,
    )  # fmt: skip


def _of_whole(bill: Bill, quote: Quote) -> list[Difference]:
    totals, points = bill.totals, bill.points
    pairs = (
        ("gross", totals.gross, quote.gross),
        ("discount", totals.discount, quote.discount),
        ("rounding", totals.rounding, quote.rounding),
        ("total", totals.total, quote.total),
        ("earned", totals.earned, quote.earned),
        ("points-why", _points(bill.points_why), _points(quote.points_why)),
        ("standing", points.standing if points else 0, quote.standing),
        ("drawn", _drawn(bill.drawn.costs, bill.drawn.uses), _drawn(quote.costs, quote.uses)),
    )
    return [Difference(what, 0, str(a), str(b)) for what, a, b in pairs if a != b]


def _of_line(recorded: QuoteLine, computed: QuoteLine) -> list[Difference]:
    if recorded == computed:
        return []
    n = recorded.n
    pairs = (
        ("gross", recorded.gross, computed.gross),
        ("net", recorded.net, computed.net),
        ("points", recorded.points, computed.points),
        ("reasons", _reasons(recorded), _reasons(computed)),
    )
    return [Difference(what, n, str(a), str(b)) for what, a, b in pairs if a != b]


def _reasons(line: QuoteLine) -> str:
    return ", ".join(f"{each.rule} v{each.version} -{each.amount}" for each in line.discounts)


def _points(why: tuple[PointsReason, ...]) -> str:
    return ", ".join(f"{each.rule} v{each.version} +{each.points}" for each in why)


def _drawn(costs: tuple[tuple[str, int], ...], uses: tuple[tuple[str, int], ...]) -> str:
    parts = [*(f"{rule} {points} points" for rule, points in costs)]
    return ", ".join(parts + [f"{rule} {units} uses" for rule, units in uses])
