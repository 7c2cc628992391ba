"""The rules in force in words, for staff: what each gives, on what, for whom and when."""

from collections.abc import Iterable, Sequence

from terminal.core.pricing.promotions import (
    AmountOff,
    Bundle,
    FixedPrice,
    Gives,
    LevelPrice,
    Limit,
    Nth,
    PercentOff,
    PointsPrice,
    Promotion,
    Selector,
    SetPrice,
    SpendGet,
    Step,
    Threshold,
    When,
)
from terminal.core.pricing.rules import PercentRule, RuleBook
from terminal.core.receipts.layout import money
from terminal.counter.language import Language

NAMED_MAX = 5
"""So many names are listed; then how many more there are."""
_DAY = 100


def promotion_words(rule: Promotion, language: Language) -> str:
    """Return what a promotion does, as one sentence."""
    say = language.word
    parts = [_gives(rule.gives, language), *_on(rule.on, language), *_when(rule.when, language)]
    parts += _limit(rule.limit, language)
    if rule.cap is not None:
        parts.append(_put(say("at most {amount} off a sale"), amount=money(rule.cap)))
    return language.word("; ").join(parts)


def percent_words(rule: PercentRule, language: Language) -> str:
    """Return what a percentage of a category or tier does."""
    parts = [_put(language.word("{percent} % of the price"), percent=rule.percent)]
    parts += _names(language.word("on categories {names}"), rule.categories, language)
    parts += _names(language.word("for tiers {names}"), rule.tiers, language)
    return language.word("; ").join(parts)


def rows(book: RuleBook, language: Language) -> list[dict[str, object]]:
    """Return all rules of prices in force, each with its words, in the order their groups stack."""
    places = {group.id: place for place, group in enumerate(book.groups)}
    found: list[tuple[int, int, dict[str, object]]] = [
        (places[rule.group], -rule.priority, _row(rule, percent_words(rule, language)))
        for rule in book.price_rules
    ]
    found += [
        (places[rule.group], -rule.priority, _row(rule, promotion_words(rule, language)))
        for rule in book.promotions
    ]
    shown = [
        row for _, _, row in sorted(found, key=lambda each: (each[0], each[1], each[2]["rule"]))
    ]
    if book.round_down is not None:
        down = book.round_down
        words = _put(language.word("the total goes down to full {amount}"), amount=money(down.unit))
        if down.cash_only:
            words += language.word("; ") + language.word("paid in cash")
        shown.append(
            {
                "rule": down.id,
                "version": down.version,
                "name": down.name,
                "group": "",
                "words": words,
            }
        )
    return shown


def _row(rule: Promotion | PercentRule, words: str) -> dict[str, object]:
    return {
        "rule": rule.id, "version": rule.version, "name": rule.name, "group": rule.group,
        "words": words,
    }  # fmt: skip


def _put(text: str, **facts: object) -> str:
    return text.format_map({name: str(value) for name, value in facts.items()})


def _gives(gives: Gives, language: Language) -> str:  # noqa: C901 - a table
    say = language.word
    match gives:
        case PercentOff(percent):
            return _put(say("{percent} % of the price"), percent=percent)
        case AmountOff(amount):
            return _put(say("{amount} off each"), amount=money(amount))
        case FixedPrice(price):
            return _put(say("{amount} each"), amount=money(price))
        case LevelPrice(level):
            return _put(say("the price of level {level}"), level=level)
        case Nth(percents):
            shares = " · ".join(f"{percent} %" for percent in percents)
            return _put(say("of each {count} pieces, dearest first, one pays {shares}"),
                        count=len(percents), shares=shares)  # fmt: skip
        case SetPrice(count, price):
            return _put(say("any {count} for {amount}"), count=count, amount=money(price))
        case Bundle(parts, price):
            pieces = sum(count for _, count in parts)
            return _put(say("a set of {count} for {amount}"), count=pieces, amount=money(price))
        case Threshold(steps):
            return " · ".join(_step(step, language, by_pieces=gives.by_pieces) for step in steps)
        case SpendGet(start, _, count, percent, price):
            got = f"{percent} %" if percent is not None else money(price)
            return _put(say("spend {amount}, get {count} for {price} each"),
                        amount=money(start), count=count, price=got)  # fmt: skip
        case PointsPrice(points, price):
            return _put(
                say("{points} points and {amount} each"), points=points, amount=money(price)
            )


def _step(step: Step, language: Language, *, by_pieces: bool) -> str:
    start = str(step.start) if by_pieces else money(step.start)
    if step.percent is not None:
        return _put(
            language.word("from {start} pay {percent} %"), start=start, percent=step.percent
        )
    return _put(language.word("from {start} {amount} off"), start=start, amount=money(step.amount))


def _on(on: Selector, language: Language) -> Iterable[str]:
    say = language.word
    yield from _names(say("on products {names}"), on.products, language)
    yield from _names(say("on categories {names}"), on.categories, language)
    yield from _names(say("on brands {names}"), on.brands, language)
    yield from _names(say("not on {names}"), on.not_products | on.not_categories, language)
    if on.price_min:
        yield _put(say("from a price of {amount}"), amount=money(on.price_min))
    if on.price_max is not None:
        yield _put(say("up to a price of {amount}"), amount=money(on.price_max))


def _when(when: When, language: Language) -> Iterable[str]:
    say = language.word
    for text, names in (
        (say("for tiers {names}"), when.tiers),
        (say("for card types {names}"), when.card_types),
        (say("in stores {names}"), when.stores),
        (say("for price levels {names}"), when.levels),
        (say("for members tagged {names}"), when.tags),
        (say("for segments {names}"), when.segments),
    ):
        yield from _names(text, names, language)
    if when.weekdays:
        named = frozenset(say(WEEKDAYS[day - 1]) for day in when.weekdays)
        ordered = [say(WEEKDAYS[day - 1]) for day in sorted(when.weekdays)]
        assert len(named) == len(ordered)
        yield _put(say("on {names}"), names=say(", ").join(ordered))
    if when.since:
        yield _put(say("from {day}"), day=_day(when.since))
    if when.until:
        yield _put(say("until {day}"), day=_day(when.until))
    for start, end in when.hours:
        yield _put(say("{start} to {end}"), start=_hour(start), end=_hour(end))
    yield from _asked(when, language)


def _asked(when: When, language: Language) -> Iterable[str]:
    say = language.word
    if when.birthday:
        words = {
            "day": say("on the birthday"),
            "week": say("in the week of the birthday"),
            "month": say("in the month of the birthday"),
        }
        yield words[when.birthday]
    if when.first_purchase:
        yield say("at the first purchase")
    if when.coupon:
        yield _put(say("with a coupon {campaign}"), campaign=when.coupon)
    if when.chosen:
        yield say("when the cashier chooses it")
    if when.amount_min:
        yield _put(say("from {amount} of these goods"), amount=money(when.amount_min))
    if when.pieces_min:
        yield _put(say("from {count} pieces of these goods"), count=when.pieces_min)


def _limit(limit: Limit, language: Language) -> Iterable[str]:
    say = language.word
    for text, most in (
        (say("at most {count} in a sale"), limit.per_sale),
        (say("at most {count} for a member"), limit.per_member),
        (say("at most {count} a day at this till"), limit.per_day),
        (say("at most {count} altogether at this till"), limit.total),
    ):
        if most is not None:
            yield _put(text, count=most)


def _names(text: str, names: Iterable[str], language: Language) -> Sequence[str]:
    ordered = sorted(names)
    if not ordered:
        return ()
    shown = language.word(", ").join(ordered[:NAMED_MAX])
    if len(ordered) > NAMED_MAX:
        shown += _put(language.word(" and {count} more"), count=len(ordered) - NAMED_MAX)
    return (_put(text, names=shown),)


def _day(date: int) -> str:
    return f"{date // 10_000}-{date // _DAY % _DAY:02d}-{date % _DAY:02d}"


def _hour(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
