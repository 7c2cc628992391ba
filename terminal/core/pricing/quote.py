"""A quote: what a basket costs now, and why.

Each line's gross is rounded half up once; each percentage is computed on the line it belongs to and
rounded half up once; every minor unit between shelf price and net names its rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from terminal.core.allowance import Spent
from terminal.core.points.burn import Offer
from terminal.core.points.earn import Why, earn
from terminal.core.points.entries import GrantedLot, LotPart, PointsUsed
from terminal.core.points.refused import Refused
from terminal.core.pricing.basket import Line, Member
from terminal.core.pricing.earning import Earning, earning, earning_nets, offered
from terminal.core.pricing.engine import Priced, evaluate, points_of
from terminal.core.pricing.facts import NO_FACTS, Facts, Recorder
from terminal.core.pricing.promotions import PercentOff
from terminal.core.pricing.rules import GROUPS, RuleBook
from terminal.core.rounding import half_up, share
from terminal.core.units import ONE_PIECE, Minor, Points, Thousandths


@dataclass(frozen=True, slots=True)
class Discount:
    """One rule's part in a line. ``amount`` is what it took off, positive."""

    rule: str
    version: str
    amount: Minor
    why: str
    """The rule's name as the shop gave it."""
    percent: int = 0
    """What was paid of the price before, in percent, for rules that are percentages."""


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line, priced."""

    n: int
    code: str
    name: str
    category: str
    quantity: Thousandths
    unit_price: Minor
    shelf_price: Minor
    """Unit price of the catalogue; differs from ``unit_price`` after an override."""
    gross: Minor
    net: Minor
    discounts: tuple[Discount, ...]
    points: Points = 0
    """What the line earns; shares of the sale's points."""
    earns: bool = True
    tax_basis_points: int = 0
    cost: Minor | None = None
    """What one unit cost the shop, net of VAT; None is not known."""
    brand: str = ""
    price_min: Minor = 0
    unit: str = "piece"
    levels: tuple[tuple[str, Minor], ...] = ()
    """Unit prices by price level."""


@dataclass(frozen=True, slots=True)
class PointsReason:
    """One rule's part in the points of a sale."""

    rule: str
    version: str
    points: Points
    why: str
    percent: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A basket priced. ``gross - discount - rounding == total`` and the lines' nets add up to it."""

    lines: tuple[QuoteLine, ...]
    gross: Minor
    discount: Minor
    rounding: Minor
    total: Minor
    earned: Points
    points_why: tuple[PointsReason, ...]
    facts: tuple[tuple[str, str], ...]
    """What was read of the world to come to this price."""
    costs: tuple[tuple[str, Points], ...] = ()
    """Points that chosen rules cost the member, by rule; part of the price like money."""
    uses: tuple[tuple[str, int], ...] = ()
    """How much of the limits of rules the basket uses, by rule."""
    campaigns: tuple[str, ...] = ()
    """Campaigns of the coupons that took something off."""
    lots: tuple[GrantedLot, ...] = ()
    """Those of the earned points that dates bind."""
    standing: Points = 0
    """Points of the standing kind that the sale earns."""
    standing_why: tuple[PointsReason, ...] = ()
    offer: Offer | None = None
    """How many points may be used as cash."""
    offer_why: str = "points-no-rule"
    """Why none may, as a key; empty where there is an offer."""
    used: PointsUsed | None = None
    """Points used as cash; known when the sale is paid."""
    cost: tuple[LotPart, ...] = ()
    """The lots that pay ``costs``; known when the sale is paid."""
    cost_spent: tuple[Spent, ...] = ()
    """Against which allowances; known when the sale is paid."""


EMPTY = Quote((), 0, 0, 0, 0, 0, (), ())


def price(
    lines: Sequence[Line], member: Member | None, rules: RuleBook, facts: Facts = NO_FACTS
) -> Quote:
    """Return the quote of ``lines`` for ``member`` (None: a stranger) under ``rules``.

    ``facts`` is what is known of the world; without it, rules that ask for more than the member do not hold.
    """
    if not rules.is_plain:
        return _explained(lines, member, rules, facts)
    tier = member.tier if member else ""
    nets = [_net(line, tier, rules) for line in lines]
    gross = sum(each[0] for each in nets)
    total = sum(each[1] for each in nets)
    paid = [each[1] if line.goods.earns else 0 for line, each in zip(lines, nets, strict=True)]
    earned, shares, why = earn(paid, tier, rules.earn)
    priced = tuple(map(_line, lines, nets, shares if earned else repeat(0)))
    read = (("tier", tier),) if member else ()
    reasons = tuple(PointsReason(*part) for part in why)
    return Quote(priced, gross, gross - total, 0, total, earned, reasons, read)


def _explained(
    lines: Sequence[Line], member: Member | None, rules: RuleBook, facts: Facts
) -> Quote:
    """Return the quote under rules of every kind."""
    recorder = Recorder(member, facts)
    if member is not None:
        recorder.names |= rules.points.asked
    found = evaluate(lines, rules, recorder)
    paid = [net if line.goods.earns else 0 for line, net in zip(lines, found.nets, strict=True)]
    earned = earning(lines, paid, member, rules, facts)
    costs = points_of(found)
    may_use = offered(lines, found.nets, member, rules, facts, sum(costs.values()))
    nets = [
        (gross, net, _reasons(found, place))
        for place, (gross, net) in enumerate(zip(found.grosses, found.nets, strict=True))
    ]
    priced = tuple(map(_line, lines, nets, earned.by_line if earned.points else repeat(0)))
    gross, total = sum(found.grosses), sum(found.nets)
    return Quote(
        priced, gross, gross - total - found.rounding, found.rounding, total, earned.points,
        reasons_of(earned.why), found.facts, tuple(sorted(costs.items())), found.uses,
        _campaigns(found), earned.lots, earned.standing, reasons_of(earned.standing_why),
        *((None, may_use.reason.value) if isinstance(may_use, Refused) else (may_use, "")),
    )  # fmt: skip


def reasons_of(why: Iterable[Why]) -> tuple[PointsReason, ...]:
    """Return the reasons of points in the shape that quotes keep."""
    return tuple(PointsReason(*part) for part in why)


def earning_again(quote: Quote, earned: Earning) -> Quote:
    """Return ``quote`` with other points: part of it is paid with what earns none."""
    lines = tuple(
        replace(line, points=points)
        for line, points in zip(quote.lines, earned.by_line, strict=True)
    )
    return replace(
        quote,
        lines=lines,
        earned=earned.points,
        points_why=reasons_of(earned.why),
        lots=earned.lots,
        standing=earned.standing,
        standing_why=reasons_of(earned.standing_why),
    )


def _campaigns(found: Priced) -> tuple[str, ...]:
    asked = {taken[1].promotion.when.coupon for of_line in found.taken for taken in of_line}
    return tuple(sorted(asked - {""}))


def with_bonus(
    quote: Quote,
    lines: Sequence[Line],
    bonus: Minor,
    member: Member | None,
    rules: RuleBook,
    facts: Facts,
) -> Quote:
    """Return ``quote`` as it earns when ``bonus`` of it is paid with bonus money, shared by nets.

    What points paid for (:attr:`Quote.used`) earns nothing either, line by line.
    """
    off = quote.used.by_line if quote.used else (0,) * len(quote.lines)
    nets = [line.net - part for line, part in zip(quote.lines, off, strict=True)]
    paid = earning_nets(lines, nets, share(bonus, nets))
    return earning_again(quote, earning(lines, paid, member, rules, facts))


def _reasons(found: Priced, place: int) -> tuple[Discount, ...]:
    """Return what made the difference on one line, in the order in which the rules acted."""
    reasons = []
    for _, rule, amount, _, _ in found.taken[place]:
        each = rule.promotion
        percent = each.gives.percent if isinstance(each.gives, PercentOff) else 0
        reasons.append(Discount(each.id, each.version, amount, each.name, percent))
    if found.rounded[place] and found.round_down is not None:
        down = found.round_down
        reasons.append(Discount(down.id, down.version, found.rounded[place], down.name))
    return tuple(reasons)


def _net(line: Line, tier: str, rules: RuleBook) -> tuple[Minor, Minor, tuple[Discount, ...]]:
    """Return a line's gross, its net, and what made the difference."""
    net = gross = half_up(line.price, line.quantity, ONE_PIECE)
    discounts: tuple[Discount, ...] = ()
    category = line.goods.category
    for group in GROUPS:
        best, best_net = None, net
        for rule in rules.candidates_for(group, tier, category):
            candidate = half_up(net, rule.percent, 100)
            if candidate < best_net:
                best, best_net = rule, candidate
        if best is not None:
            taken = Discount(best.id, best.version, net - best_net, best.name, best.percent)
            discounts, net = (*discounts, taken), best_net
    return gross, net, discounts


def _line(line: Line, net: tuple[Minor, Minor, tuple[Discount, ...]], points: Points) -> QuoteLine:
    goods = line.goods
    return QuoteLine(
        line.n, goods.code, goods.name, goods.category, line.quantity, line.price, goods.price,
        *net, points, goods.earns, goods.tax_basis_points, goods.cost, goods.brand, goods.price_min,
        goods.unit, goods.levels,
    )  # fmt: skip
