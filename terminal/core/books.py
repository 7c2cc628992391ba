"""What an entry does to the books: one pure function that the till, HQ and the checks share.

The till applies the deltas row by row in the sale's own commit; HQ sums them per batch and updates in key
order. Both therefore hold the same balances, and either can be rebuilt from the records alone.
"""

from collections.abc import Iterable

from terminal.core import accounts
from terminal.core.allowance import Spent
from terminal.core.journal import (
    BillPoints,
    Body,
    Entry,
    PaymentReturned,
    PaymentTaken,
    Posting,
    PurseIntent,
    PurseRepaid,
    PurseSettled,
    SalePosted,
    Tender,
    UnbalancedError,
)
from terminal.core.officebook import AccountsMerged, ValueAdjusted, ValueLapsed
from terminal.core.points.entries import GiftGiven, LotteryDrawn, PointsGiven, PointsTaken
from terminal.core.stored import ToppedUp

POSTING_MAX = 10**15
"""A thousand times what one sale may come to. More is a forged entry, and would overflow a sum one day."""

Deltas = dict[tuple[str, str], int]
"""Signed change by account and unit."""

_ASSET = {
    "cash": accounts.CASH,
    "external": accounts.EXTERNAL,
    "points": accounts.POINTS_USED,
    "purse": accounts.PURSES,
}
"""What a tender is to the shop: money it has or is owed, or revenue it gave up."""
_ISSUED = {
    accounts.POINTS: accounts.POINTS_ISSUED,
    accounts.PRINCIPAL: accounts.PRINCIPAL_ISSUED,
    accounts.BONUS: accounts.BONUS_ISSUED,
}
"""The other side of what members hold, by unit."""


def deltas(entry: Entry) -> Deltas:
    """Return what ``entry`` changes, checked.

    Raises:
        UnbalancedError: The postings of a unit do not add up to zero, an account is not in the chart, or
            an amount is past :data:`POSTING_MAX`.
    """
    return total(entry.postings)


def total(postings: Iterable[Posting]) -> Deltas:
    """Sum ``postings`` by account and unit, and check them.

    Raises:
        UnbalancedError: As for :func:`deltas`.
    """
    change: Deltas = {}
    by_unit: dict[str, int] = {}
    for posting in postings:
        unit, amount = posting.unit, posting.amount
        key = (posting.account, unit)
        change[key] = change.get(key, 0) + amount
        by_unit[unit] = by_unit.get(unit, 0) + amount
        if not -POSTING_MAX <= amount <= POSTING_MAX:
            raise UnbalancedError(f"amount {amount} on {posting.account!r} is out of range")
        if not accounts.is_known(posting.account, unit):
            raise UnbalancedError(f"no account {posting.account!r} in {unit!r}")
    for unit, amount in by_unit.items():
        if amount:
            raise UnbalancedError(f"postings in {unit} add up to {amount}, not to zero")
    return change


def postings_of(body: Body, ahead: tuple[Tender, ...] = ()) -> tuple[Posting, ...]:
    """Return the postings of ``body``; ``ahead`` are the tenders of a sale that were posted before it."""
    match body:
        case SalePosted():
            return _sale(body, ahead)
        case PaymentTaken(tender=tender):
            return _pair(_ASSET[tender.type], accounts.DUE, tender.amount)
        case PointsGiven() | PointsTaken() | GiftGiven() | LotteryDrawn():
            return _of_points(body)
        case PaymentReturned(tender=tender):
            return _pair(accounts.DUE, _ASSET[tender.type], tender.amount)
        case ToppedUp():
            return _top_up(body)
        case ValueAdjusted() | ValueLapsed() | AccountsMerged():
            return _by_office(body)
        case PurseIntent(tender=Tender(type=means, amount=amount)):
            return _pair(_ASSET[means], accounts.DUE, amount)
        case PurseSettled():
            return _purse(body)
        case PurseRepaid(amount=amount):
            return _pair(accounts.DUE, accounts.CASH, amount)
        case _:
            return ()


def _purse(settled: PurseSettled) -> tuple[Posting, ...]:
    """Return the postings of a movement on a card: ``DUE`` holds what waits for its other side."""
    if settled.is_witness or settled.outcome == "unknown":
        return ()
    amount = settled.amount
    if settled.outcome == "void":
        tender = settled.tender
        return () if tender is None else _pair(accounts.DUE, _ASSET[tender.type], amount)
    if settled.move == "debit":
        return _pair(accounts.PURSES, accounts.DUE, amount)
    return _pair(accounts.DUE, accounts.PURSES, amount)


def _sale(sale: SalePosted, ahead: tuple[Tender, ...]) -> tuple[Posting, ...]:
    totals = sale.bill.totals
    money: list[tuple[str, int]] = []
    if ahead:
        money.append((accounts.DUE, sum(tender.amount for tender in ahead)))
    for tender in sale.tenders[len(ahead) :]:
        money += _value(tender) if tender.spent else ((_ASSET[tender.type], tender.amount),)
    if sale.change:
        money.append((accounts.CASH, -sale.change))
    money += [
        (accounts.SALES, -totals.gross),
        (accounts.DISCOUNTS, totals.discount),
        (accounts.ROUNDING, totals.rounding),
    ]
    postings = [Posting(account, accounts.MONEY, amount) for account, amount in money if amount]
    buyer = sale.bill.buyer
    if buyer is not None and totals.earned:
        postings += [
            Posting(accounts.POINTS_ISSUED, accounts.POINTS, totals.earned),
            Posting(accounts.member(buyer.account), accounts.POINTS, -totals.earned),
        ]
    cost = sum(points for _, points in sale.bill.drawn.costs)
    if buyer is not None and cost:
        postings += [
            Posting(accounts.member(buyer.account), accounts.POINTS, cost),
            Posting(accounts.POINTS_ISSUED, accounts.POINTS, -cost),
        ]
    if buyer is not None and sale.bill.points is not None:
        postings += _bill_points(accounts.member(buyer.account), sale.bill.points)
    # Points used as cash stand in the bill.
    spent = [p for each in sale.tenders for p in each.spent if p.unit != accounts.POINTS]
    if spent:
        assert buyer is not None, "value is a member's"
        postings += value_taken(buyer.account, spent)
    return tuple(postings)


def _bill_points(member: str, points: BillPoints) -> list[Posting]:
    """Return the standing points that came, and the points that went as cash."""
    postings: list[Posting] = []
    if points.standing:
        postings += [
            Posting(accounts.STANDING_ISSUED, accounts.STANDING, points.standing),
            Posting(member, accounts.STANDING, -points.standing),
        ]
    if points.used is not None:
        postings += [
            Posting(member, accounts.POINTS, points.used.points),
            Posting(accounts.POINTS_ISSUED, accounts.POINTS, -points.used.points),
        ]
    return postings


def _of_points(body: PointsGiven | PointsTaken | GiftGiven | LotteryDrawn) -> tuple[Posting, ...]:
    """Return the postings of points that move without a sale."""
    member = accounts.member(body.account)
    if isinstance(body, PointsGiven):
        standing = body.unit == accounts.STANDING
        issued = accounts.STANDING_ISSUED if standing else accounts.POINTS_ISSUED
        given = (Posting(issued, body.unit, body.points), Posting(member, body.unit, -body.points))
        return given if body.points else ()
    taken = (
        Posting(member, accounts.POINTS, body.points),
        Posting(accounts.POINTS_ISSUED, accounts.POINTS, -body.points),
    )
    paid: tuple[Posting, ...] = ()
    if isinstance(body, GiftGiven) and body.money:
        paid = _pair(_ASSET[body.tender], accounts.GIFTS, body.money)
    return (*taken, *paid) if body.points else paid


def value_taken(account: str, spent: Iterable[Spent]) -> list[Posting]:
    """Return the postings by which a member's value becomes less, in the units that it is kept in."""
    sums: dict[str, int] = {}
    for part in spent:
        sums[part.unit] = sums.get(part.unit, 0) + part.amount
    return [leg for unit, amount in sums.items() for leg in value_given(account, unit, -amount)]


def value_given(account: str, unit: str, amount: int) -> tuple[Posting, Posting]:
    """Return the postings by which a member holds ``amount`` more of ``unit``; less, if negative."""
    return (
        Posting(_ISSUED[unit], unit, amount),
        Posting(accounts.member(account), unit, -amount),
    )


def _value(tender: Tender) -> list[tuple[str, int]]:
    """Return what a tender of value is in money: principal was owed, all else is a discount."""
    principal = sum(part.amount for part in tender.spent if part.unit == accounts.PRINCIPAL)
    rest = _ASSET.get(tender.type, accounts.DISCOUNTS)
    return [(accounts.STORED, principal), (rest, tender.amount - principal)]


def _by_office(body: ValueAdjusted | ValueLapsed | AccountsMerged) -> tuple[Posting, ...]:
    if isinstance(body, AccountsMerged):
        return _merged(body)
    amount = sum(lot.amount for _, lot in body.value_lots())
    legs = value_given(body.account, body.unit, amount)
    if body.unit != accounts.PRINCIPAL:
        return legs
    return (*legs, *_pair(accounts.ADJUSTED, accounts.STORED, amount))


def _merged(body: AccountsMerged) -> tuple[Posting, ...]:
    """Return the postings of a merge: what the shop owes stays the same, and is owed to the other account."""
    return tuple(
        Posting(accounts.member(whose), unit, leg)
        for unit, amount in body.units
        if amount
        for whose, leg in ((body.account, amount), (body.into, -amount))
    )


def _top_up(body: ToppedUp) -> tuple[Posting, ...]:
    money = [Posting(_ASSET[kind], accounts.MONEY, amount) for kind, amount, _ in body.paid]
    money.append(Posting(accounts.STORED, accounts.MONEY, -body.principal))
    for unit, lot in body.value_lots():
        money += value_given(body.account, unit, lot.amount)
    return tuple(money)


def _pair(debit: str, credit: str, amount: int) -> tuple[Posting, ...]:
    return (
        Posting(debit, accounts.MONEY, amount),
        Posting(credit, accounts.MONEY, -amount),
    )
