"""Prices a basket under rules of every kind: finds the rules, the best combination, and the reasons.

Lines are laid out in an order of their own, so that neither equal remainders nor equal units depend on the
order of scanning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from terminal.core.pricing.basket import Line
from terminal.core.pricing.combine import Stage, Taken, combined
from terminal.core.pricing.facts import Recorder
from terminal.core.pricing.index import Choice, Compiled, Matches, Rule, compiled
from terminal.core.pricing.promotions import RoundDown
from terminal.core.pricing.rules import RuleBook
from terminal.core.pricing.sets import Table
from terminal.core.rounding import half_up, share
from terminal.core.units import ONE_PIECE, Minor, Points, Thousandths

_WHOLE = 10_000
"""Basis points."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What the engine found, by line as they were given."""

    grosses: tuple[Minor, ...]
    nets: tuple[Minor, ...]
    taken: tuple[tuple[Taken, ...], ...]
    rounded: tuple[Minor, ...]
    """What rounding the total took off each line."""
    round_down: RoundDown | None
    facts: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, int], ...] = ()
    """How much of the limits of rules was used, by rule."""

    @property
    def rounding(self) -> Minor:
        """What rounding took off the total."""
        return sum(self.rounded)


def evaluate(lines: Sequence[Line], book: RuleBook, recorder: Recorder) -> Priced:
    """Return the best price of ``lines`` under ``book`` in the world that ``recorder`` reads."""
    order = sorted(range(len(lines)), key=lambda place: _place(lines[place]))
    laid = [lines[place] for place in order]
    ready = compiled(book)
    grosses = [(2 * each.price * each.quantity + ONE_PIECE) // (2 * ONE_PIECE) for each in laid]
    floors = tuple(map(_floor_with if book.never_below_cost else _floor, laid, grosses))
    table = Table(
        tuple([each.goods for each in laid]),
        tuple([each.quantity for each in laid]),
        tuple([each.price for each in laid]),
        floors,
        any(floors),
    )
    stages = _stages(ready, table, laid, grosses, recorder)
    by_place: list[list[Taken]] = [[] for _ in laid]
    nets = grosses.copy()
    uses: dict[str, int] = {}
    for taken in combined(ready, table, grosses, stages, recorder):
        by_place[taken[0]].append(taken)
        nets[taken[0]] -= taken[2]
        if taken[4]:
            name = taken[1].promotion.id
            uses[name] = uses.get(name, 0) + taken[4]
    rule, rounded = _rounded(book.round_down, nets, recorder)
    back = [0] * len(laid)
    for at, place in enumerate(order):
        back[place] = at
    return Priced(
        tuple([grosses[at] for at in back]),
        tuple([nets[at] - rounded[at] for at in back]),
        tuple([tuple(by_place[at]) for at in back]),
        tuple([rounded[at] for at in back]),
        rule,
        recorder.read(),
        tuple(sorted(uses.items())),
    )


def points_of(priced: Priced) -> dict[str, Points]:
    """Return what the rules that cost points cost, by rule."""
    costs: dict[str, Points] = {}
    for of_line in priced.taken:
        for _, rule, _, points, _ in of_line:
            if points:
                costs[rule.promotion.id] = costs.get(rule.promotion.id, 0) + points
    return costs


def _place(line: Line) -> tuple[Minor, str, Thousandths, str, str, int]:
    goods = line.goods
    return (-line.price, goods.code, -line.quantity, goods.category, goods.name, line.n)


def _floor(line: Line, gross: Minor) -> Minor:
    """Return the least ``line`` may come to: its minimum price, or its gross where that is lower."""
    least = line.goods.price_min
    return min(gross, half_up(least, line.quantity, ONE_PIECE)) if least else 0


def _floor_with(line: Line, gross: Minor) -> Minor:
    """Return the floor with the cost: VAT is added to it and the result rounded up."""
    floor = _floor(line, gross)
    cost = line.goods.cost
    if cost is None:
        return floor
    with_tax = cost * line.quantity * (_WHOLE + line.goods.tax_basis_points)
    return max(floor, min(gross, -(-with_tax // (ONE_PIECE * _WHOLE))))


def _stages(
    ready: Compiled,
    table: Table,
    laid: Sequence[Line],
    grosses: Sequence[Minor],
    recorder: Recorder,
) -> list[Stage]:
    view = ready.view(recorder)
    matched = [ready.matches(view, each.goods, each.price, recorder) for each in laid]
    sets: dict[Rule, list[int]] = {}
    waiting: dict[Rule, list[tuple[int, Choice]]] = {}
    groups: dict[int, list[int]] = {}
    for at, found in enumerate(matched):
        recorder.names |= found.reads
        for group in found.choices:
            groups.setdefault(group, []).append(at)
        for rule in found.sets:
            sets.setdefault(rule, []).append(at)
        for choice in found.waiting:
            waiting.setdefault(choice[2], []).append((at, choice))
    late: dict[int, dict[int, list[Choice]]] = {}
    for rule, where in waiting.items():
        if _has_enough(rule, [at for at, _ in where], table, grosses):
            for at, choice in where:
                late.setdefault(rule.group, {}).setdefault(at, []).append(choice)
    found_sets = [
        (rule, at) for rule, at in sets.items() if _has_enough(rule, at, table, grosses)
    ]  # fmt: skip
    stages = [Stage(rule.group, rule, tuple(at)) for rule, at in found_sets]
    stages.sort(key=lambda stage: -1 if stage.rule is None else stage.rule.rank)
    stages += [
        _line_stage(group, groups.get(group, ()), matched, late.get(group, {}))
        for group in groups.keys() | late.keys()
    ]
    stages.sort(key=lambda stage: (stage.group, stage.rule is None))
    return stages


def _line_stage(
    group: int, ready: Sequence[int], matched: Sequence[Matches], late: dict[int, list[Choice]]
) -> Stage:
    """Return the line rules of ``group``; ``late`` are those that waited for the whole basket."""
    if not late:
        return Stage(
            group,
            None,
            tuple(ready),
            choices=tuple([matched[at].choices[group] for at in ready]),
            every=tuple([matched[at].every[group] for at in ready]),
        )
    lines = tuple(sorted({*ready, *late}))
    every = tuple(
        tuple(sorted((*matched[at].every.get(group, ()), *late.get(at, ())), key=_rank))
        for at in lines
    )
    return Stage(group, None, lines, choices=every, every=every)


def _rank(choice: Choice) -> int:
    return choice[2].rank


def _has_enough(rule: Rule, lines: Sequence[int], table: Table, grosses: Sequence[Minor]) -> bool:
    """Return whether the lines a rule names hold the amount and pieces it asks for."""
    when = rule.promotion.when
    if not when.amount_min and not when.pieces_min:
        return True
    named = table.named(rule.promotion.on, lines)
    return (
        sum(grosses[at] for at in named) >= when.amount_min
        and sum(table.pieces(at) for at in named) >= when.pieces_min
    )


def _rounded(
    rule: RoundDown | None, nets: Sequence[Minor], recorder: Recorder
) -> tuple[RoundDown | None, tuple[Minor, ...]]:
    """Return what 抹零 takes off each line, and its rule where it does."""
    none = (0,) * len(nets)
    if rule is None or (rule.cash_only and recorder("tender") != "cash"):
        return None, none
    off = sum(nets) % rule.unit
    return (rule, share(off, nets)) if off else (None, none)
