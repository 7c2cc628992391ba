"""Computation over a period: points for what members bought in a month, by schedule or by hand.

A pure fold over what the ledger holds: the same sales and rules give the same results, whoever asks and
however often. Each result carries a key of rule, period and member; a result whose key was posted before is
not posted again, so a schedule and a hand that both ask give the points once.

``PER_SALE`` computes each sale by itself, on what was not returned of it; ``PER_PERIOD`` adds the member's
lines of the whole period together first, so that the ladder is judged, and the points rounded down, once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from terminal.core.journal import Entry, SalePosted
from terminal.core.points.accrue import EarnLine, accrue
from terminal.core.points.dates import BusinessDate, after_days, weekday
from terminal.core.points.lots import Origin
from terminal.core.points.occasion import Occasion, occasion_from
from terminal.core.points.program import Every, Mode
from terminal.core.points.rules import Kind, RuleSet
from terminal.core.units import Points


@dataclass(frozen=True, slots=True)
class Bought:
    """A past sale, or what came back of one: then the amounts and quantities are negative."""

    origin: Origin
    """The sale that earned; a refund names the sale it belongs to."""
    occasion: Occasion
    """Of that sale, also for a refund."""
    lines: tuple[EarnLine, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """From ``first`` to ``last``, both included."""

    first: BusinessDate
    last: BusinessDate

    def __post_init__(self) -> None:
        assert self.first <= self.last


@dataclass(frozen=True, slots=True)
class Result:
    """What one member earned, and by which sales."""

    key: str
    account: str
    kind: Kind
    points: Points
    sales: tuple[tuple[Origin, Points], ...]
    """Per sale in ``PER_SALE``; empty in ``PER_PERIOD``, where the points are of all together."""


@dataclass(slots=True)
class _Pile:
    """What lines came to that earn alike."""

    latest: Bought
    lines: dict[tuple[str, str, str, bool], EarnLine] = field(default_factory=dict)

    def add(self, lines: Iterable[EarnLine]) -> None:
        for line in lines:
            key = (line.category, line.brand, line.product, line.earns)
            had = self.lines.get(key)
            if had is not None:
                line = replace(  # noqa: PLW2901 - the line with what it joins
                    line, paid=had.paid + line.paid, quantity=had.quantity + line.quantity
                )
            self.lines[key] = line


def compute(
    sales: Iterable[Bought], rule: RuleSet, period: Period, mode: Mode
) -> tuple[Result, ...]:
    """Return what ``rule`` gives for the sales of ``period``, by member.

    The order of ``sales`` does not matter. In ``PER_PERIOD`` tier, tags and date are judged as they stood at
    the member's last sale of the period.
    """
    piles: dict[tuple[str, Origin | None], _Pile] = {}
    for each in sales:
        occasion = each.occasion
        if not occasion.account or not period.first <= occasion.date <= period.last:
            continue
        key = (occasion.account, each.origin if mode is Mode.PER_SALE else None)
        pile = piles.setdefault(key, _Pile(each))
        pile.latest = max(pile.latest, each, key=_when)
        pile.add(each.lines)
    return _results(piles, rule, period)


def bought(origin: Origin, entry: Entry, brands: Mapping[str, str]) -> Bought | None:
    """Return the sale that ``entry`` holds, None when it is none or nobody's.

    ``brands`` gives the brand of an article's code; the entry keeps none.
    """
    body = entry.body
    if not isinstance(body, SalePosted) or body.bill.buyer is None:
        return None
    buyer = body.bill.buyer
    occasion = replace(
        occasion_from(buyer.account, entry.facts),
        tier=buyer.tier,
        store=entry.store,
        date=entry.business_date,
    )
    used = body.bill.points.used if body.bill.points else None
    off = used.by_line if used else (0,) * len(body.bill.lines)
    lines = tuple(
        EarnLine(
            line.net - part, line.quantity, line.category,
            line.brand or brands.get(line.code, ""), line.code, line.earns,
        )
        for line, part in zip(body.bill.lines, off, strict=True)
    )  # fmt: skip
    return Bought(origin, occasion, lines)


def _when(each: Bought) -> tuple[BusinessDate, int, Origin]:
    return each.occasion.date, each.occasion.minute, each.origin


def _results(
    piles: dict[tuple[str, Origin | None], _Pile], rule: RuleSet, period: Period
) -> tuple[Result, ...]:
    by_member: dict[str, list[tuple[Origin | None, Points]]] = {}
    for (account, origin), pile in piles.items():
        accrual = accrue(tuple(pile.lines.values()), pile.latest.occasion, (rule,))
        earned = accrual.spendable if rule.kind is Kind.SPENDABLE else accrual.standing
        if earned.points:
            by_member.setdefault(account, []).append((origin, earned.points))
    return tuple(
        Result(
            f"{rule.id}/{period.first}-{period.last}/{account}",
            account,
            rule.kind,
            sum(points for _, points in found),
            tuple(sorted((origin, points) for origin, points in found if origin is not None)),
        )
        for account, found in sorted(by_member.items())
    )


def ended_before(every: Every, date: BusinessDate) -> Period:
    """Return the last whole period before business date ``date``.

    >>> ended_before(Every.MONTH, 20270105), ended_before(Every.WEEK, 20261124)
    (Period(first=20261201, last=20261231), Period(first=20261116, last=20261122))
    """
    match every:
        case Every.DAY:
            first = last = after_days(date, -1)
        case Every.WEEK:
            last = after_days(date, -weekday(date))
            first = after_days(last, -6)
        case Every.MONTH:
            last = after_days(date // 100 * 100 + 1, -1)
            first = last // 100 * 100 + 1
        case _:
            year = date // 10000 - 1
            first, last = year * 10000 + 101, year * 10000 + 1231
    return Period(first, last)


def not_yet(results: Sequence[Result], posted: frozenset[str]) -> tuple[Result, ...]:
    """Return the results whose keys are not among those ``posted`` before."""
    return tuple(result for result in results if result.key not in posted)
