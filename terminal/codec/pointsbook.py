"""Makes the points programme of a rules file."""

from config import pointsfile as written
from config.rulefile import RulesFile
from terminal.core.points import rules
from terminal.core.points.awards import CheckIn, Occurrence, Referral, Then, TopUpAward
from terminal.core.points.conditions import MINUTES_A_DAY, When, Which, Whom
from terminal.core.points.gifts import Gift, What
from terminal.core.points.lottery import Prize
from terminal.core.points.program import (
    NO_PROGRAM,
    Computation,
    Every,
    Mode,
    Program,
    Raffle,
    StockedGift,
    asked_of,
)

_AT_SALE = "sale"


def program_of(file: RulesFile) -> Program:
    """Return the points programme of ``file``; :data:`NO_PROGRAM` where it says nothing of points."""
    if not (file.points or file.burn or file.awards or file.gifts or file.lotteries):
        return NO_PROGRAM
    sets = tuple(_rule(each) for each in file.points if each.every == _AT_SALE)
    burn = None if file.burn is None else _burn(file.burn)
    awards = file.awards or written.Awards()
    return Program(
        sets=sets,
        computations=tuple(_computed(each) for each in file.points if each.every != _AT_SALE),
        burn=burn,
        registration=_maybe_occurrence(awards.registration),
        referral=_referral(awards.referral),
        top_up=_top_up(awards.top_up),
        check_in=_check_in(awards.check_in),
        occurrences=tuple(_occurrence(each) for each in awards.events),
        terms=rules.Terms(awards.pending_days, rules.Lapse(awards.lapse), awards.after),
        gifts=tuple(_gift(each) for each in file.gifts),
        raffles=tuple(_raffle(each) for each in file.lotteries),
        asked=asked_of(sets, burn),
    )


def _rule(rule: written.PointsRule) -> rules.RuleSet:
    return rules.RuleSet(
        rule.id,
        str(rule.version),
        rule.name,
        rules.Kind(rule.kind),
        rule.group or "",
        rule.priority,
        _whom(rule.when),
        _which(rule.on),
        _when(rule.when),
        rules.Basis(rule.by),
        _ladder(rules.Shape(rule.ladder), rule.bands),
        tuple(
            rules.Coefficient(
                each.name, each.percent, _whom(each.when), _which(each.on), _when(each.when)
            )
            for each in rule.factors
        ),
        tuple(_multiple(each) for each in rule.multiples),
        rule.multiples_stack,
        rule.most,
        tuple((each.product, each.points) for each in rule.caps),
        rules.Terms(rule.pending_days, rules.Lapse(rule.lapse), rule.after),
    )


def _computed(rule: written.PointsRule) -> Computation:
    mode = Mode.PER_PERIOD if rule.together else Mode.PER_SALE
    return Computation(_rule(rule), Every(rule.every), mode)


def _ladder(shape: rules.Shape, bands: tuple[written.Band, ...]) -> rules.Ladder:
    return rules.Ladder(shape, tuple(rules.Band(b.start, b.per, b.points) for b in bands))


def _multiple(row: written.MultipleRow) -> rules.Multiple:
    if row.birthday:
        return rules.Birthday(row.name, row.percent, rules.Around(row.birthday))
    return rules.Festival(row.name, row.percent, _when(row.when))


def _burn(burn: written.Burn) -> rules.BurnRule:
    return rules.BurnRule(
        burn.id, str(burn.version), burn.name, burn.points, burn.money, burn.points_min, burn.step,
        burn.points_max, burn.percent_max, burn.bill_min, burn.never_below_cost, _whom(burn.when),
        _which(burn.on), _when(burn.when),
    )  # fmt: skip


def _occurrence(row: written.Occurrence) -> Occurrence:
    return Occurrence(row.id, str(row.version), row.name, row.points, row.per_day, row.total)


def _maybe_occurrence(row: written.Occurrence | None) -> Occurrence | None:
    return None if row is None else _occurrence(row)


def _referral(row: written.Referral | None) -> Referral | None:
    return None if row is None else Referral(row.id, str(row.version), row.name, row.levels)


def _top_up(row: written.TopUp | None) -> TopUpAward | None:
    if row is None:
        return None
    ladder = _ladder(rules.Shape.MARGINAL, row.bands)
    return TopUpAward(row.id, str(row.version), row.name, ladder, row.most)


def _check_in(row: written.CheckIn | None) -> CheckIn | None:
    if row is None:
        return None
    return CheckIn(row.id, str(row.version), row.name, row.table, Then(row.then), row.step)


def _gift(row: written.Gift) -> StockedGift:
    gift = Gift(
        row.id, str(row.version), row.name, What(row.what), row.grants, row.days, row.points,
        row.money, row.stock is not None, row.per_member, _whom(row.when), _when(row.when),
    )  # fmt: skip
    return StockedGift(gift, row.stock)


def _raffle(row: written.Lottery) -> Raffle:
    prizes = tuple(
        Prize(each.id, each.name, each.odds, each.stock, each.value, each.instead or "")
        for each in row.prizes
    )
    return Raffle(row.id, str(row.version), row.name, row.points, row.per_member, row.draws, prizes)


def _whom(when: written.PointsWhen) -> Whom:
    return Whom(
        frozenset(when.tiers), frozenset(when.card_types), frozenset(when.stores),
        frozenset(when.tags), frozenset(when.segments),
    )  # fmt: skip


def _which(on: written.PointsOn) -> Which:
    return Which(
        frozenset(on.categories), frozenset(on.brands), frozenset(on.products),
        frozenset(on.not_categories), frozenset(on.not_brands), frozenset(on.not_products),
    )  # fmt: skip


def _when(when: written.PointsWhen) -> When:
    start, end = 0, MINUTES_A_DAY
    if when.hours:
        begin, _, stop = when.hours.partition("-")
        start, end = _minute(begin), _minute(stop) or MINUTES_A_DAY
    return When(
        _date(when.since), _date(when.until), frozenset(when.weekdays), frozenset(when.days),
        start, end,
    )  # fmt: skip


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _date(text: str | None) -> int:
    return int(text.replace("-", "")) if text else 0
