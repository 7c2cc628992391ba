"""Past sales under draft rules: what they would have cost and given, by rule and by segment.

Each sale is priced again from its entry: its lines at their prices of then, its buyer, coupons and choices of
then, and what else follows from the entry (store, day, hour, tender). Limits are counted anew from the first
sale that is played. What is known only of now (tags, segments, card type, level and birthday of members) is
taken as it is now. Nothing is changed anywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import TypeVar

from terminal.core.again import UnreadableFactsError, basket_of
from terminal.core.circumstances import NOTHING_BROUGHT, World, facts_of_sale
from terminal.core.journal import Bill, Entry, SalePosted
from terminal.core.pricing.basket import Member
from terminal.core.pricing.facts import Facts, Used, facts_of
from terminal.core.pricing.index import compiled
from terminal.core.pricing.quote import Quote, QuoteLine, price
from terminal.core.pricing.rules import RuleBook
from terminal.core.rounding import half_up
from terminal.core.units import ONE_PIECE, Minor, Points

_WHOLE = 10_000
WALK_IN = ""
"""The segment of whoever was no member."""
GROUPS_MAX = 2_000
"""Rules and segments that are told apart; what comes after them goes into one row called ``…``."""
REST = "…"
Row = TypeVar("Row")


@dataclass(slots=True)
class Sums:
    """What sales came to, as they were and as they would have been."""

    sales: int = 0
    total_before: Minor = 0
    total_after: Minor = 0
    discount_before: Minor = 0
    discount_after: Minor = 0
    points_before: Points = 0
    points_after: Points = 0
    margin_before: Minor = 0
    """Net of VAT, less cost, of the lines whose cost is known."""
    margin_after: Minor = 0
    costless: int = 0
    """Lines whose cost is not known: they are in no margin."""

    def add(self, other: "Sums") -> None:
        """Add another sum to this one."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class RuleSums:
    """What one rule did in the sales, before and after."""

    name: str
    sales_before: int = 0
    sales_after: int = 0
    discount_before: Minor = 0
    discount_after: Minor = 0
    points_before: Points = 0
    points_after: Points = 0
    margin_before: Minor = 0
    """Margin of the lines it took something off."""
    margin_after: Minor = 0


@dataclass(frozen=True, slots=True)
class Around:
    """What a back-test knows besides an entry."""

    minute: int
    """Minute of the day by the shop's clock."""
    is_first: bool
    """Whether it is the buyer's first sale in the ledger."""
    member: Member | None
    """The buyer as they are now; None: a stranger, or not known any more."""


@dataclass(slots=True)
class BackTest:
    """Plays sales, one after the other in their order."""

    book: RuleBook
    whole: Sums = field(default_factory=Sums)
    segments: dict[str, Sums] = field(default_factory=dict)
    rules: dict[str, RuleSums] = field(default_factory=dict)
    skipped: int = 0
    """Sales whose facts could not be read."""
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _account: str = ""
    _today: int = 0

    def play(self, entry: Entry, around: Around) -> None:
        """Price one past sale under the draft and add up both ways."""
        body = entry.body
        if not isinstance(body, SalePosted) or not body.bill.lines:
            return
        bill = body.bill
        try:
            quote = self._quoted(entry, bill, around, _tender(body))
        except UnreadableFactsError:
            self.skipped += 1
            return
        self._note_uses(quote)
        sums = _sums(bill, quote)
        self.whole.add(sums)
        for name in _segments(bill, around.member):
            _kept(self.segments, name, Sums()).add(sums)
        self._by_rule(bill, quote)

    def used(self, account: str) -> tuple[Used, ...]:
        """Return how often each limited rule was used by the sales played so far."""
        counts = self._counts
        return tuple(
            Used(
                rule,
                counts.get((rule, f"m{account}"), 0) if account else 0,
                counts.get((rule, f"d{self._today}"), 0),
                counts[rule, ""],
            )
            for rule in compiled(self.book).counted
            if (rule, "") in counts
        )

    def has_bought(self, account: str) -> bool:  # noqa: ARG002 - it stands in the member instead
        """Return nothing that the sale's own facts do not say."""
        return False

    def is_redeemed(self, coupon: str) -> bool:  # noqa: ARG002 - past sales bring no coupons
        """Return whether a coupon was used: past sales bring campaigns, not coupons."""
        return False

    def _quoted(self, entry: Entry, bill: Bill, around: Around, tender: str) -> Quote:
        lines, buyer = basket_of(bill, entry.facts)
        try:
            then = facts_of(entry.facts)
        except ValueError as error:
            raise UnreadableFactsError(str(error)) from error
        member = buyer
        if buyer is not None:
            now = around.member or buyer
            member = replace(
                now, account=buyer.account, tier=buyer.tier, points=buyer.points,
                medium=buyer.medium, bought=not around.is_first,
            )  # fmt: skip
        self._account = member.account if member else ""
        self._today = entry.business_date
        known = Facts(
            store=entry.store,
            date=entry.business_date,
            weekday=weekday_of(entry.business_date),
            minute=around.minute,
            coupons=then.coupons,
            chosen=then.chosen,
        )
        if self.book.is_plain:
            return price(lines, member, self.book)
        world = World(self.book, known, self)
        facts = facts_of_sale(world, member, NOTHING_BROUGHT, tender)
        return price(lines, member, self.book, facts)

    def _note_uses(self, quote: Quote) -> None:
        for rule, units in quote.uses:
            scopes = ["", f"d{self._today}"]
            if self._account:
                scopes.append(f"m{self._account}")
            for scope in scopes:
                self._counts[rule, scope] = self._counts.get((rule, scope), 0) + units

    def _by_rule(self, bill: Bill, quote: Quote) -> None:
        for lines, way in ((bill.lines, "before"), (quote.lines, "after")):
            acted: set[str] = set()
            for line in lines:
                margin = margin_of(line)
                for part in line.discounts:
                    row = _kept(self.rules, part.rule, RuleSums(part.why))
                    _raise(row, f"discount_{way}", part.amount)
                    _raise(row, f"margin_{way}", margin or 0)
                    acted.add(part.rule)
            for why in bill.points_why if way == "before" else quote.points_why:
                row = _kept(self.rules, why.rule, RuleSums(why.why))
                _raise(row, f"points_{way}", why.points)
                acted.add(why.rule)
            for rule in acted:
                _raise(_kept(self.rules, rule, RuleSums(rule)), f"sales_{way}", 1)


def margin_of(line: QuoteLine) -> Minor | None:
    """Return what is left of a line's net without VAT after its cost; None where the cost is not known."""
    if line.cost is None:
        return None
    net = half_up(line.net, _WHOLE, _WHOLE + line.tax_basis_points)
    return net - half_up(line.cost, line.quantity, ONE_PIECE)


def weekday_of(business_date: int) -> int:
    """Return the weekday of a business date, Monday is 1.

    >>> weekday_of(20261121)
    6
    """
    year, rest = divmod(business_date, 10_000)
    return date(year, *divmod(rest, 100)).isoweekday()


def _tender(body: SalePosted) -> str:
    kinds = {each.type for each in body.tenders}
    return kinds.pop() if len(kinds) == 1 else ""


def _segments(bill: Bill, member: Member | None) -> Iterable[str]:
    """Return the segments a sale counts in: the member's own, else the tier."""
    if bill.buyer is None:
        return (WALK_IN,)
    return member.segments if member and member.segments else (bill.buyer.tier,)


def _sums(bill: Bill, quote: Quote) -> Sums:
    totals = bill.totals
    before, costless = _margins(bill.lines)
    after, _ = _margins(quote.lines)
    has_buyer = bill.buyer is not None
    return Sums(
        1, totals.total, quote.total,
        totals.discount + totals.rounding, quote.discount + quote.rounding,
        totals.earned if has_buyer else 0, quote.earned if has_buyer else 0,
        before, after, costless,
    )  # fmt: skip


def _margins(lines: tuple[QuoteLine, ...]) -> tuple[Minor, int]:
    margins = [margin_of(line) for line in lines]
    return sum(each for each in margins if each is not None), margins.count(None)


def _kept(rows: dict[str, Row], name: str, new: Row) -> Row:
    return rows.setdefault(name if name in rows or len(rows) < GROUPS_MAX else REST, new)


def _raise(row: RuleSums, name: str, by: int) -> None:
    setattr(row, name, getattr(row, name) + by)
