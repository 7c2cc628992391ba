"""Accrual: what the paid lines of a sale earn under all rule sets, exactly, and rounded down once.

For each set that serves the occasion:

1. The ladder is judged once, on the sum of all lines that the set counts. Its points belong to the lines
   in proportion to what they count: filling bands line by line would make the order of scanning matter.
2. Each line's part is multiplied by the coefficients of its goods, then by those of the member and hour,
   then by birthday and festival. Caps of products and of the set come last.

All of it stays exact, as whole numerators over one denominator. Of each group the set that gives most
remains, and every set without a group; they add up, and only then the sum is rounded down: **one floor per
sale** and kind of points.
What remains is shared over the lines by largest remainder, and likewise over the rules that gave it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm, prod

from terminal.core.points.conditions import ALL_GOODS
from terminal.core.points.occasion import Occasion, is_in_force, is_kept, serves
from terminal.core.points.rules import Basis, Kind, RuleSet
from terminal.core.rounding import half_up, share
from terminal.core.units import ONE_PIECE, Minor, Points, Thousandths

_PLAIN = 100


@dataclass(frozen=True, slots=True)
class EarnLine:
    """One line of a sale as earning sees it."""

    paid: Minor
    """What was paid for it with tenders that earn: see :func:`paid_by_line`."""
    quantity: Thousandths
    category: str
    brand: str
    product: str
    earns: bool
    """False for tobacco, gift cards, and lines paid with a card that earns nothing."""


@dataclass(frozen=True, slots=True)
class Because:
    """One rule set's part in the points of a sale."""

    rule: RuleSet
    points: Points
    percent: int
    """What all factors came to before caps, rounded half up; nothing is computed from it."""
    factors: tuple[tuple[str, int], ...]
    """Name and percent of each factor that belongs to the whole sale."""


@dataclass(frozen=True, slots=True)
class Earned:
    """Points of one kind, with their shares: both add up."""

    points: Points
    by_line: tuple[Points, ...]
    because: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class Accrual:
    """What a sale earns of both kinds."""

    spendable: Earned
    standing: Earned


@dataclass(frozen=True, slots=True)
class _Exact:
    """A set's points, unrounded: ``by_line`` over ``denominator``."""

    rule: RuleSet
    by_line: list[int]
    denominator: int
    percent: int
    factors: tuple[tuple[str, int], ...]


def accrue(lines: Sequence[EarnLine], occasion: Occasion, sets: Sequence[RuleSet]) -> Accrual:
    """Return what ``lines`` earn at ``occasion`` under ``sets``, in any order of both."""
    best: dict[tuple[Kind, str, str], _Exact] = {}
    for rule in sets:
        if not (
            occasion.account and serves(rule.whom, occasion) and is_in_force(rule.when, occasion)
        ):
            continue
        found = _exact(rule, lines, occasion)
        place = (rule.kind, rule.group, "" if rule.group else rule.id)
        if found is not None and (place not in best or _is_better(found, best[place])):
            best[place] = found
    ordered = sorted(best.values(), key=lambda each: each.rule.id)
    return Accrual(*(_floored(ordered, kind, len(lines)) for kind in Kind))


def paid_by_line(nets: Sequence[Minor], not_earning: Minor) -> tuple[Minor, ...]:
    """Return what each line was paid with tenders that earn, when ``not_earning`` was paid otherwise.

    Points, coupons and bonus money do not earn unless the shop says so; their amount falls on the lines
    by largest remainder over the nets.

    >>> paid_by_line([1000, 500, 0], 100)
    (933, 467, 0)
    """
    shares = share(not_earning, nets)
    return tuple(net - part for net, part in zip(nets, shares, strict=True))


def _exact(rule: RuleSet, lines: Sequence[EarnLine], occasion: Occasion) -> _Exact | None:
    """Return the unrounded points of one set, None when it gives none."""
    counts, matched = _counted(rule, lines)
    whole = sum(counts)
    numerator, denominator = rule.ladder.at(1 if rule.basis is Basis.SALE else whole)
    if not whole or not numerator:
        return None
    factors = _sale_factors(rule, occasion)
    weights, scale = _weighted(rule, counts, matched, occasion)
    times = numerator * prod(percent for _, percent in factors)
    by_line = [weight * times for weight in weights]
    whole_denominator = denominator * whole * scale * _PLAIN ** len(factors)
    percent = half_up(sum(weights) * times * _PLAIN, denominator, whole_denominator * numerator)
    exact = _Exact(rule, by_line, whole_denominator, percent, factors)
    exact = _capped(_products_capped(exact, lines), rule.points_max)
    return exact if any(exact.by_line) else None


def _counted(rule: RuleSet, lines: Sequence[EarnLine]) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return what each line counts for, and which coefficients its goods may take."""
    counts: list[int] = []
    matched: list[tuple[int, ...]] = []
    for line in lines:
        found = rule.coefficients_for(line.category, line.brand, line.product)
        counted = found is not None and line.earns and line.paid > 0
        amount = line.quantity if rule.basis is Basis.QUANTITY else line.paid
        counts.append(amount if counted else 0)
        matched.append(found or ())
    return counts, matched


def _sale_factors(rule: RuleSet, occasion: Occasion) -> tuple[tuple[str, int], ...]:
    """Return the factors that fall on every line alike."""
    factors = [
        (each.name, each.percent)
        for each in rule.coefficients
        if each.which == ALL_GOODS
        and serves(each.whom, occasion)
        and is_in_force(each.when, occasion)
    ]
    kept = [(each.name, each.percent) for each in rule.multiples if is_kept(each, occasion)]
    if kept and not rule.multiples_stack:
        kept = [max(kept, key=lambda each: each[1])]
    return (*factors, *kept)


def _weighted(
    rule: RuleSet, counts: list[int], matched: list[tuple[int, ...]], occasion: Occasion
) -> tuple[list[int], int]:
    """Return each line's count times the coefficients of its goods, and what that is scaled by."""
    asked = {n for line in matched for n in line}
    if not asked:
        return counts, 1
    active = {
        n: rule.coefficients[n].percent
        for n in asked
        if serves(rule.coefficients[n].whom, occasion)
        and is_in_force(rule.coefficients[n].when, occasion)
    }
    percents = [[active[n] for n in line if n in active] for line in matched]
    most = max(len(each) for each in percents)
    weights = [
        count * prod(each) * _PLAIN ** (most - len(each))
        for count, each in zip(counts, percents, strict=True)
    ]
    return weights, _PLAIN**most


def _products_capped(exact: _Exact, lines: Sequence[EarnLine]) -> _Exact:
    """Hold each line to the cap of its product: so many points a unit."""
    caps = dict(exact.rule.product_caps)
    if not caps:
        return exact
    denominator = exact.denominator * ONE_PIECE
    by_line = [
        min(part * ONE_PIECE, caps[line.product] * line.quantity * exact.denominator)
        if line.product in caps
        else part * ONE_PIECE
        for part, line in zip(exact.by_line, lines, strict=True)
    ]
    return _Exact(exact.rule, by_line, denominator, exact.percent, exact.factors)


def _capped(exact: _Exact, points_max: Points) -> _Exact:
    """Hold the whole sale to the set's cap; the lines keep their proportions."""
    whole = sum(exact.by_line)
    if whole <= points_max * exact.denominator:
        return exact
    by_line = [part * points_max for part in exact.by_line]
    return _Exact(exact.rule, by_line, whole, exact.percent, exact.factors)


def _is_better(new: _Exact, old: _Exact) -> bool:
    ours, theirs = sum(new.by_line) * old.denominator, sum(old.by_line) * new.denominator
    if ours != theirs:
        return ours > theirs
    return (-new.rule.priority, new.rule.id) < (-old.rule.priority, old.rule.id)


def _floored(ordered: Sequence[_Exact], kind: Kind, lines: int) -> Earned:
    """Add up, round down once, share over lines and over rules."""
    exacts = [each for each in ordered if each.rule.kind is kind]
    common = lcm(*(each.denominator for each in exacts))
    scaled = [[part * (common // each.denominator) for part in each.by_line] for each in exacts]
    by_rule = [sum(each) for each in scaled]
    points = sum(by_rule) // common
    if not points:
        return Earned(0, (0,) * lines, ())
    because = tuple(
        Because(each.rule, part, each.percent, each.factors)
        for each, part in zip(exacts, share(points, by_rule), strict=True)
    )
    return Earned(
        points, share(points, [sum(column) for column in zip(*scaled, strict=True)]), because
    )
