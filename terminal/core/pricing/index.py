"""Finds the rules that a line may take without looking at the others.

Rules lie under the products, brands or categories they name. What a kind of article may take in one state
of the world is worked out once and remembered, so ten thousand rules that do not match cost nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from terminal.core.pricing.basket import Goods
from terminal.core.pricing.facts import Recorder
from terminal.core.pricing.promotions import (
    AmountOff,
    Bundle,
    FixedPrice,
    Group,
    LevelPrice,
    PercentOff,
    Promotion,
    Selector,
    SpendGet,
    When,
    order,
)
from terminal.core.pricing.rules import PercentRule, RuleBook
from terminal.core.units import Minor

PERCENT, OFF, FIXED = 0, 1, 2
"""How a line rule computes: ``value`` is what is paid of 100, what is taken off, or what a unit costs."""
VIEWS_MAX = 1_000
"""States of the world that are remembered; then all are forgotten."""
ARTICLES_MAX = 1_000
"""Articles that are remembered for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A promotion in its place. Compared by identity."""

    promotion: Promotion
    group: int
    rank: int
    """Its place among all rules: by group, then priority, then id."""


Article = tuple[str, str, str, Minor, tuple[tuple[str, Minor], ...]]
"""Code, category, brand, unit price and prices of levels: what rules can tell articles by."""
Choice = tuple[int, int, Rule]
"""How a line rule computes, with what value, and which rule it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What one article may take at one price in one state of the world."""

    choices: dict[int, tuple[Choice, ...]]
    """By group: line rules, none of which another makes useless."""
    every: dict[int, tuple[Choice, ...]]
    """By group: all line rules, for when some are left out."""
    waiting: tuple[Choice, ...]
    """Line rules that ask for an amount or pieces in the basket first."""
    sets: tuple[Rule, ...]
    """Rules that look at several lines, or at several units of one."""
    reads: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything that was found out for one state of the world."""

    articles: dict[Article, Matches] = field(default_factory=dict)
    truths: dict[Rule, tuple[bool, frozenset[str]]] = field(default_factory=dict)
    """Whether a rule holds, and the facts that were read to know."""


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A rule book made ready: rules in place, groups as bits, indexes, memos."""

    groups: tuple[Group, ...]
    blocked: tuple[int, ...]
    """By group: bits of the groups whose units it does not take, its own among them."""
    lasting: tuple[int, ...]
    """By group: bits that still mean something when its turn comes."""
    noted: int
    """Bits that mean something to any later group."""
    by_product: dict[str, list[Rule]]
    by_brand: dict[str, list[Rule]]
    by_category: dict[str, list[Rule]]
    by_nothing: list[Rule]
    asked: tuple[str, ...]
    """Facts that some rule asks for, except the time."""
    hours: tuple[int, ...]
    """Minutes of the day at which some rule begins or ends."""
    counted: tuple[str, ...]
    """Rules of which sales before this one must be counted."""
    views: dict[tuple[Any, ...], View] = field(default_factory=dict)
    articles: dict[Article, tuple[tuple[Rule, Choice | None], ...]] = field(default_factory=dict)
    """The rules that name an article, in any state of the world."""

    def view(self, recorder: Recorder) -> View:
        """Return what is known of this state of the world, an empty view at first."""
        read = recorder.peek
        key: tuple[Any, ...] = tuple([read(name) for name in self.asked])
        if self.hours:
            minute = read("minute")
            key = (*key, minute < 0, sum(minute >= edge for edge in self.hours))
        found = self.views.get(key)
        if found is None:
            if len(self.views) >= VIEWS_MAX:
                self.views.clear()
            found = self.views[key] = View()
        return found

    def matches(self, view: View, goods: Goods, price: Minor, recorder: Recorder) -> Matches:
        """Return what ``goods`` may take at this unit price."""
        key = (goods.code, goods.category, goods.brand, price, goods.levels)
        found = view.articles.get(key)
        if found is None:
            if len(view.articles) >= ARTICLES_MAX:
                view.articles.clear()
            found = view.articles[key] = self._matched(view, key, goods, recorder)
        return found

    def _matched(self, view: View, key: Article, goods: Goods, recorder: Recorder) -> Matches:
        free: dict[int, list[Choice]] = {}
        waiting: list[Choice] = []
        sets: list[Rule] = []
        reads: set[str] = set()
        for rule, choice in self._meant(key, goods):
            holds, read = view.truths.get(rule) or _asked_once(view, rule, recorder)
            reads |= read
            if not holds:
                continue
            when = rule.promotion.when
            if choice is None:
                sets.append(rule)
            elif when.amount_min or when.pieces_min:
                waiting.append(choice)
            else:
                free.setdefault(rule.group, []).append(choice)
        choices = {group: _useful(found) for group, found in free.items()}
        every = {group: tuple(found) for group, found in free.items()}
        return Matches(choices, every, tuple(waiting), tuple(sets), frozenset(reads))

    def _meant(self, key: Article, goods: Goods) -> tuple[tuple[Rule, Choice | None], ...]:
        """Return the rules that name the article, whatever the world is like, in their order."""
        found = self.articles.get(key)
        if found is None:
            if len(self.articles) >= ARTICLES_MAX:
                self.articles.clear()
            rules = [rule for rule in self._near(goods) if _is_meant(rule.promotion, goods, key[3])]
            rules.sort(key=lambda rule: rule.rank)
            with_choice = [(rule, _choice(rule, goods)) for rule in rules]
            # A level that the article has no price for.
            found = tuple([each for each in with_choice if not each[1] or each[1][1] >= 0])
            self.articles[key] = found
        return found

    def _near(self, goods: Goods) -> Iterable[Rule]:
        yield from self.by_nothing
        yield from self.by_product.get(goods.code, ())
        yield from self.by_brand.get(goods.brand, ())
        yield from self.by_category.get(goods.category, ())


def _asked_once(view: View, rule: Rule, recorder: Recorder) -> tuple[bool, frozenset[str]]:
    scratch = recorder.fresh()
    holds = rule.promotion.when.holds(scratch, rule.promotion.id)
    truth = view.truths[rule] = (holds, frozenset(scratch.names))
    return truth


def compiled(book: RuleBook) -> Compiled:
    """Return ``book`` made ready; the work is done once for a book."""
    if not book.compiled:
        book.compiled.append(_compile(book))
    found = book.compiled[0]
    assert isinstance(found, Compiled)
    return found


def promotion_of(rule: PercentRule) -> Promotion:
    """Return a percentage of a category or tier as the promotion it is."""
    return Promotion(
        rule.id, rule.version, rule.name, rule.group, rule.priority, PercentOff(rule.percent),
        Selector(categories=rule.categories), When(tiers=rule.tiers),
    )  # fmt: skip


def _compile(book: RuleBook) -> Compiled:
    places = {group.id: place for place, group in enumerate(book.groups)}
    every = [*map(promotion_of, book.price_rules), *book.promotions]
    every.sort(key=lambda each: (places[each.group], *order(each), each.version))
    rules = [Rule(each, places[each.group], rank) for rank, each in enumerate(every)]
    blocked = _blocked(book.groups, places)
    lasting = _lasting(blocked)
    made = Compiled(
        book.groups, blocked, lasting, reduce(or_, lasting, 0), {}, {}, {}, [],
        _asked(every), tuple(sorted({edge for e in every for span in e.when.hours for edge in span})),
        tuple([each.id for each in every if each.limit.is_counted]),
    )  # fmt: skip
    for rule in rules:
        _file(made, rule)
    return made


def _file(made: Compiled, rule: Rule) -> None:
    """Lay ``rule`` where any line that it could take will look for it, once."""
    tables = (made.by_product, made.by_brand, made.by_category)
    names: tuple[set[str], ...] = (set(), set(), set())
    for on in _selectors(rule.promotion):
        for place, wanted in enumerate((on.products, on.brands, on.categories)):
            if wanted:
                names[place].update(wanted)
                break
        else:
            made.by_nothing.append(rule)
            return
    if sum(map(bool, names)) > 1:  # A line could find it twice; it looks everywhere instead.
        made.by_nothing.append(rule)
        return
    for table, found in zip(tables, names, strict=True):
        for name in found:
            table.setdefault(name, []).append(rule)


def _selectors(promotion: Promotion) -> tuple[Selector, ...]:
    match promotion.gives:
        case Bundle(parts):
            return tuple(part for part, _ in parts)
        case SpendGet(gets=gets):
            return (promotion.on, gets)
        case _:
            return (promotion.on,)


def _is_meant(promotion: Promotion, goods: Goods, price: Minor) -> bool:
    return any(on.takes(goods, price) for on in _selectors(promotion))


def _choice(rule: Rule, goods: Goods) -> Choice | None:
    promotion = rule.promotion
    if promotion.cap is not None or any(
        each is not None
        for each in (
            promotion.limit.per_sale, promotion.limit.per_member,
            promotion.limit.per_day, promotion.limit.total,
        )
    ):  # fmt: skip
        return None
    match promotion.gives:
        case PercentOff(percent):
            return PERCENT, percent, rule
        case AmountOff(amount):
            return OFF, amount, rule
        case FixedPrice(price):
            return FIXED, price, rule
        case LevelPrice(level):
            return FIXED, dict(goods.levels).get(level, -1), rule
        case _:
            return None


def _useful(choices: list[Choice]) -> tuple[Choice, ...]:
    """Return ``choices`` without those that an earlier one of the same kind always equals or beats."""
    best: dict[int, int] = {}
    kept = []
    for choice in choices:
        how, value, _ = choice
        worth = value if how == OFF else -value
        if how not in best or worth > best[how]:
            best[how] = worth
            kept.append(choice)
    return tuple(kept)


def _asked(every: list[Promotion]) -> tuple[str, ...]:
    names: set[str] = set()
    for each in every:
        when = each.when
        wanted = {
            "tier": when.tiers, "card_type": when.card_types, "store": when.stores,
            "level": when.levels, "tags": when.tags, "segments": when.segments,
            "weekday": when.weekdays, "date": when.since or when.until, "birthday": when.birthday,
            "first_purchase": when.first_purchase, "coupons": when.coupon, "chosen": when.chosen,
        }  # fmt: skip
        names |= {name for name, value in wanted.items() if value}
    return tuple(sorted(names))


def _blocked(groups: tuple[Group, ...], places: dict[str, int]) -> tuple[int, ...]:
    bits = [1 << place for place in range(len(groups))]
    for place, group in enumerate(groups):
        for other in group.excludes:
            bits[place] |= 1 << places[other]
            bits[places[other]] |= 1 << place
    return tuple(bits)


def _lasting(blocked: tuple[int, ...]) -> tuple[int, ...]:
    lasting = []
    for place in range(len(blocked)):
        meaning = 0
        for bits in blocked[place:]:
            meaning |= bits
        lasting.append(meaning & ((1 << place) - 1))
    return tuple(lasting)
