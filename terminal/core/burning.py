"""Paying with points: what a tender of points takes, from which lots, and what the bill keeps of it.

Points used are a discount and no revenue, though they are entered like a tender; ``amount`` is what they are
worth. They are taken when the sale is posted, from the lots that the tender named when it was taken, so that
handing back leaves no trace. Where a head office is the authority, points are spent only against its
allowance; where there is none, from the till's own books.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from terminal.core import accounts
from terminal.core.allowance import Spendable, Spent, Wallet
from terminal.core.journal import Tender
from terminal.core.points.burn import Offer, share_within
from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.entries import UNDATED, LotPart, PointsUsed
from terminal.core.points.lots import Holding, Origin, Part
from terminal.core.points.moves import out, usable
from terminal.core.pricing.quote import Quote
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.rounding import share
from terminal.core.units import Minor, Points

POINTS = "points"
"""The tender."""
OWN = "own:points"
"""The allowance of a till that is the authority over its own books; it lies in no table."""
_UNDATED = "undated"


def lot_name(origin: Origin) -> str:
    """Return the name of a lot of points in an allowance.

    >>> lot_name(Origin("L1", 7, 0)), lot_name(UNDATED)
    ('L1:7:0', 'undated')
    """
    return _UNDATED if origin == UNDATED else f"{origin.ledger}:{origin.seq}:{origin.part}"


def lot_of(name: str, own: str = "") -> Origin:
    """Return the lot that ``name`` names; those of ledger ``own`` go without its name.

    Raises:
        ValueError: It is no name of a lot.
    """
    if name == _UNDATED:
        return UNDATED
    ledger, seq, part = name.rsplit(":", 2)
    return Origin("" if ledger == own else ledger, int(seq), int(part))


@dataclass(frozen=True, slots=True)
class PointsPurse:
    """What of a member's points may be used at this till at one moment."""

    date: BusinessDate
    now_ms: int
    own: str
    """This till's ledger."""
    holding: Holding
    """The lots as far as they are known here, settled to ``date``; where the till is the authority they are
    all there is to say."""
    wallet: Wallet | None = None
    """The open allowances, where a head office is the authority."""

    @property
    def available(self) -> Points:
        """Return how many points may be used."""
        if self.wallet is None:
            return max(0, self.holding.available(self.date))
        return self.wallet.spendable(accounts.POINTS, self.now_ms, self.date).amount

    def spend(self, points: Points) -> tuple[Spent, ...] | Refusal:
        """Return which lots ``points`` are taken from, or why they cannot be."""
        if points > self.available:
            known = self.holding.available(self.date)
            short = self.wallet is not None and points <= known
            key = Key.POINTS_NO_ALLOWANCE if short else Key.POINTS_NOT_ENOUGH
            return refuse(key, available=self.available, asked=points)
        if self.wallet is not None:
            spent = self.wallet.spend(accounts.POINTS, points, self.now_ms, self.date)
            assert not isinstance(spent, Spendable), "it was available"
            return spent
        _, parts = out(self.holding, points, usable(self.holding, self.date))
        return tuple(
            Spent(OWN, accounts.POINTS, lot_name(part.origin), part.points) for part in parts
        )

    def less(self, spent: Iterable[Spent]) -> "PointsPurse":
        """Return the purse after ``spent``."""
        mine = [each for each in spent if each.unit == accounts.POINTS]
        if not mine:
            return self
        if self.wallet is not None:
            return replace(self, wallet=self.wallet.less(mine))
        gone: dict[Origin, Points] = {}
        for each in mine:
            origin = lot_of(each.lot, self.own)
            gone[origin] = gone.get(origin, 0) + each.amount
        lots = tuple(
            replace(lot, left=lot.left - gone.get(lot.origin, 0)) for lot in self.holding.lots
        )
        return replace(self, holding=replace(self.holding, lots=lots))

    def parts(self, spent: Iterable[Spent]) -> tuple[LotPart, ...]:
        """Return ``spent`` as an entry keeps lots, in the order they are taken."""
        days = {lot.origin: (lot.usable_on, lot.lapses_on) for lot in self.holding.lots}
        found = []
        for each in spent:
            origin = lot_of(each.lot, self.own)
            usable_on, lapses_on = days.get(origin, (0, NEVER))
            found.append(Part(origin, each.amount, usable_on, lapses_on))
        return tuple(LotPart(*p.origin, p.points, p.usable_on, p.lapses_on) for p in found)


def as_tender(
    tender: Tender, before: Sequence[Tender], quote: Quote, purse: PointsPurse | None
) -> Tender | Refusal:
    """Return ``tender``, whose amount is what the points are worth, with the lots they come from."""
    offer = quote.offer
    if offer is None:
        return refuse(Key(quote.offer_why))
    if purse is None:
        return refuse(Key.TENDER_NOT_HERE, type=tender.type)
    if any(each.type == POINTS for each in before):
        return refuse(Key.POINTS_USED_ALREADY)
    points = points_for(offer, tender.amount)
    if isinstance(points, Refusal):
        return points
    spent = purse.spend(points)
    return spent if isinstance(spent, Refusal) else replace(tender, reference="", spent=spent)


def points_for(offer: Offer, amount: Minor) -> Points | Refusal:
    """Return how many points ``amount`` takes, or why it cannot be paid so."""
    rule = offer.rule
    points, rest = divmod(amount * rule.points, rule.money)
    if rest or points % offer.step:
        return refuse(Key.POINTS_NOT_A_STEP, step=offer.step)
    if points < offer.points_min:
        return refuse(Key.POINTS_BELOW_MINIMUM, points_min=offer.points_min)
    if points > offer.points_max:
        return refuse(Key.POINTS_OVER_MAXIMUM, points_max=offer.points_max)
    return points


def spent_anew(
    tenders: tuple[Tender, ...], purse: PointsPurse | None
) -> tuple[Tender, ...] | Refusal:
    """Return ``tenders`` with points taken from the lots as they are now, when the sale is posted.

    Between the tender and now another sale of this till may have used them.
    """
    place = next((n for n, each in enumerate(tenders) if each.type == POINTS), None)
    if place is None:
        return tenders
    tender = tenders[place]
    if purse is None:
        return refuse(Key.TENDER_NOT_HERE, type=tender.type)
    spent = purse.spend(sum(part.amount for part in tender.spent))
    if isinstance(spent, Refusal):
        return spent
    return (*tenders[:place], replace(tender, spent=spent), *tenders[place + 1 :])


def with_costs(
    quote: Quote, tenders: tuple[Tender, ...], purse: PointsPurse | None
) -> Quote | Refusal:
    """Return ``quote`` with the lots that pay what chosen rules cost, or why they cannot be paid."""
    cost = sum(points for _, points in quote.costs)
    if not cost:
        return quote
    if purse is None:
        return refuse(Key.POINTS_NO_MEMBER)
    left = purse.less(part for tender in tenders for part in tender.spent)
    spent = left.spend(cost)
    if isinstance(spent, Refusal):
        return spent
    against = () if purse.wallet is None else spent
    return replace(quote, cost=purse.parts(spent), cost_spent=against)


def used_in(
    quote: Quote, tenders: Iterable[Tender], purse: PointsPurse | None
) -> PointsUsed | None:
    """Return what the bill keeps of points among ``tenders``: the shares of all lines, and the lots."""
    tender = next((each for each in tenders if each.type == POINTS), None)
    if tender is None or quote.offer is None or purse is None:
        return None
    offer = quote.offer
    points = sum(part.amount for part in tender.spent)
    by_line = share_within(tender.amount, [line.net for line in quote.lines], offer.rooms)
    rule = offer.rule
    return PointsUsed(
        rule.id, rule.version, rule.name, points, tender.amount, by_line, share(points, by_line),
        purse.parts(tender.spent),
    )  # fmt: skip
