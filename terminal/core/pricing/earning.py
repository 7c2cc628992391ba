"""What a quote earns: by the shop's points programme, or by its one plain rule where there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from terminal.core.points.accrue import Earned, EarnLine, accrue
from terminal.core.points.burn import BurnLine, Offer, offer
from terminal.core.points.dates import NEVER
from terminal.core.points.earn import Why, as_why, earn
from terminal.core.points.entries import GrantedLot, dated
from terminal.core.points.lots import dates_of
from terminal.core.points.occasion import Occasion
from terminal.core.points.refused import Reason, Refused
from terminal.core.pricing.basket import Line, Member
from terminal.core.pricing.facts import Facts
from terminal.core.pricing.rules import RuleBook
from terminal.core.rounding import half_up
from terminal.core.units import ONE_PIECE, Minor, Points

_SOME_DAY = 20000101
"""Where nothing is known of the world; rules that ask for a date do not hold then."""


@dataclass(frozen=True, slots=True)
class Earning:
    """What a basket earns, with shares and reasons."""

    points: Points
    by_line: tuple[Points, ...]
    why: tuple[Why, ...]
    lots: tuple[GrantedLot, ...] = ()
    standing: Points = 0
    standing_why: tuple[Why, ...] = ()


def occasion_of(member: Member | None, facts: Facts) -> Occasion:
    """Return who buys, where and when, as rules of points ask for it."""
    return Occasion(
        member.account if member else "",
        member.tier if member else "",
        facts.card_type,
        facts.store,
        facts.tags,
        facts.segments,
        facts.date or _SOME_DAY,
        max(0, facts.minute),
        "",
        facts.birthday,
    )


def earning(
    lines: Sequence[Line],
    paid: Sequence[Minor],
    member: Member | None,
    rules: RuleBook,
    facts: Facts,
) -> Earning:
    """Return what ``lines`` earn, of which ``paid`` counts: nothing of a line that earns nothing."""
    sets = rules.points.sets
    if not sets:
        return Earning(*earn(paid, member.tier if member else "", rules.earn))
    if member is None:
        return Earning(0, (0,) * len(lines), ())
    earn_lines = [
        EarnLine(
            amount, line.quantity, line.goods.category, line.goods.brand, line.goods.code,
            line.goods.earns,
        )
        for line, amount in zip(lines, paid, strict=True)
    ]  # fmt: skip
    found = accrue(earn_lines, occasion_of(member, facts), sets)
    spendable, standing = found.spendable, found.standing
    return Earning(
        spendable.points,
        spendable.by_line,
        as_why(spendable),
        _lots(spendable, facts.date),
        standing.points,
        as_why(standing),
    )


def _lots(earned: Earned, date: int) -> tuple[GrantedLot, ...]:
    """Return the dated lots of what was earned: what lapses together lies together."""
    by_days: dict[tuple[int, int], Points] = {}
    for each in earned.because:
        days = dates_of(each.rule.terms, date) if date else (0, NEVER)
        by_days[days] = by_days.get(days, 0) + each.points
    return dated(tuple(GrantedLot(points, *days) for days, points in sorted(by_days.items())))


def offered(
    lines: Sequence[Line],
    nets: Sequence[Minor],
    member: Member | None,
    rules: RuleBook,
    facts: Facts,
    cost: Points = 0,
) -> Offer | Refused:
    """Return how many of the member's points may pay for ``lines``, or why none.

    ``cost`` is what chosen rules take of them already.
    """
    rule = rules.points.burn
    if rule is None:
        return Refused(Reason.NO_RULE)
    if member is None:
        return Refused(Reason.NO_MEMBER)
    burn_lines = [
        BurnLine(
            net,
            None if line.goods.cost is None else half_up(line.goods.cost, line.quantity, ONE_PIECE),
            line.goods.tax_basis_points,
            line.goods.category,
            line.goods.brand,
            line.goods.code,
            burns=True,
        )
        for line, net in zip(lines, nets, strict=True)
    ]
    return offer(
        burn_lines, occasion_of(member, facts), member.points - member.pending - cost, rule
    )


def earning_nets(lines: Sequence[Line], nets: Sequence[Minor], off: Sequence[Minor]) -> list[Minor]:
    """Return what counts for points of each line when ``off`` of it was paid with what earns nothing."""
    return [
        net - part if line.goods.earns else 0
        for line, net, part in zip(lines, nets, off, strict=True)
    ]
