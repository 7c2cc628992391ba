"""Makes rules of a rules file: what people write becomes what pricing reckons with."""

from collections.abc import Iterable
from dataclasses import replace

from config import rulefile as written
from config.rulechecks import in_order
from terminal.codec.pointsbook import program_of
from terminal.core.pricing import promotions as rules
from terminal.core.pricing.rules import GROUPS, RuleBook

_MINUTES_A_DAY = 24 * 60


def rule_book(file: written.RulesFile, plain: RuleBook) -> RuleBook:
    """Return ``plain`` with the rules of ``file``; the groups of percentages come first if it has none.

    >>> file = written.RulesFile(version=7, groups=(written.Group(id="sale"),))
    >>> book = rule_book(file, RuleBook("1", "1", (), None))
    >>> book.version, [group.id for group in book.groups]
    ('7', ['category', 'tier', 'sale'])
    """
    named = [_group(group) for group in in_order(file.groups)]
    there = {group.id for group in named}
    groups = [rules.Group(name) for name in GROUPS if name not in there] + named
    down = file.round_down
    return replace(
        plain,
        version=str(file.version),
        groups=tuple(groups),
        promotions=tuple([promotion(each) for each in file.promotions]),
        round_down=None if down is None else _round_down(down),
        never_below_cost=file.never_below_cost,
        points=program_of(file),
        candidates={},
        compiled=[],
    )


def promotion(rule: written.Promotion) -> rules.Promotion:
    """Return one rule of the file as pricing knows it."""
    limit = rule.limit
    return rules.Promotion(
        rule.id, str(rule.version), rule.name, rule.group, rule.priority, _gives(rule),
        _on(rule.on), _when(rule.when),
        _limit(limit), rule.cap,
    )  # fmt: skip


def _limit(limit: written.Limit) -> rules.Limit:
    """Return the limit as this till keeps it: its share of what all tills may give together."""
    if limit == written.Limit():
        return rules.NO_LIMIT
    per_day, total = (
        None if each is None else each // limit.shared_by for each in (limit.per_day, limit.total)
    )
    return rules.Limit(limit.per_sale, limit.per_member, per_day, total)


def _round_down(down: written.RoundDown) -> rules.RoundDown:
    return rules.RoundDown(down.id, str(down.version), down.name, down.unit, down.cash_only)


def _gives(rule: written.Promotion) -> rules.Gives:  # noqa: C901 - a table
    match rule:
        case written.PercentOff():
            return rules.PercentOff(rule.percent)
        case written.AmountOff():
            return rules.AmountOff(rule.amount)
        case written.FixedPrice():
            return rules.FixedPrice(rule.price)
        case written.LevelPrice():
            return rules.LevelPrice(rule.level)
        case written.Nth():
            return rules.Nth(rule.percents, rule.same)
        case written.SetPrice():
            return rules.SetPrice(rule.count, rule.price, rule.same)
        case written.Bundle():
            parts = tuple((_on(part.on), part.count) for part in rule.parts)
            return rules.Bundle(parts, rule.price)
        case written.Threshold():
            steps = tuple(rules.Step(s.start, s.amount or 0, s.percent) for s in rule.steps)
            return rules.Threshold(steps, rule.mode, rule.by == "pieces")
        case written.SpendGet():
            gets, price = _on(rule.gets), rule.price or 0
            return rules.SpendGet(rule.spend, gets, rule.count, rule.percent, price, rule.each)
        case written.PointsPrice():
            return rules.PointsPrice(rule.points, rule.price)


def _group(group: written.Group) -> rules.Group:
    return rules.Group(group.id, group.policy, frozenset(group.excludes))


def _on(on: written.On) -> rules.Selector:
    return rules.Selector(
        frozenset(on.products), frozenset(on.categories), frozenset(on.brands),
        frozenset(on.not_products), frozenset(on.not_categories), on.price_min, on.price_max,
    )  # fmt: skip


def _when(when: written.When) -> rules.When:
    if when == written.When():
        return rules.ALWAYS
    return rules.When(
        frozenset(when.tiers), frozenset(when.card_types), frozenset(when.stores),
        frozenset(when.levels),
        frozenset(when.tags), frozenset(when.segments), frozenset(when.weekdays),
        _date(when.since), _date(when.until), tuple(_windows(when.hours)), when.birthday,
        when.first_purchase, when.coupon, when.chosen, when.amount_min, when.pieces_min,
    )  # fmt: skip


def _date(text: str | None) -> int:
    return int(text.replace("-", "")) if text else 0


def _windows(hours: Iterable[str]) -> Iterable[tuple[int, int]]:
    """Return the windows in minutes; one that passes midnight becomes two.

    >>> list(_windows(["22:00-02:00"]))
    [(1320, 1440), (0, 120)]
    """
    for span in hours:
        start, end = (int(part[:2]) * 60 + int(part[3:]) for part in span.split("-"))
        if start < end:
            yield start, end
        else:
            yield start, _MINUTES_A_DAY
            yield 0, end
