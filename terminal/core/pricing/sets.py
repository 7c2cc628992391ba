"""What a rule that looks at several units takes off, at its turn.

A line's net is shared over its units by largest remainder, so every unit has a whole net. Sets are formed
from the dearest unit down, equal ones in the table's order, which does not depend on the order of scanning.
Weighed goods count as money and never as pieces.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from terminal.core.pricing.basket import Goods
from terminal.core.pricing.index import Rule
from terminal.core.pricing.promotions import (
    AmountOff,
    Bundle,
    FixedPrice,
    LevelPrice,
    LineGives,
    Nth,
    PercentOff,
    PointsPrice,
    Selector,
    SetPrice,
    SpendGet,
    Threshold,
)
from terminal.core.pricing.steps import taken_off, times_of
from terminal.core.rounding import half_up, share
from terminal.core.units import ONE_PIECE, Minor, Thousandths

BUNDLES_MAX = 200
"""Bundles of one rule in one sale; later ones go at the price before."""

Parcel = tuple[Thousandths, Minor, int]
"""Part of a line: quantity, net, and bits of the groups it took part in."""
Run = tuple[Minor, int, int, int]
"""Equal units: net of one, line, parcel, how many."""
Part = tuple[int, int, Thousandths, Minor, Minor]
"""What a rule takes part of: line, parcel, quantity, its net before, what is taken off."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The basket laid out for pricing, in an order that scanning has no part in."""

    goods: tuple[Goods, ...]
    quantities: tuple[Thousandths, ...]
    prices: tuple[Minor, ...]
    floors: tuple[Minor, ...]
    """The least each line may come to."""
    has_floors: bool

    def pieces(self, line: int) -> int:
        """Return how many whole pieces ``line`` counts for; 0 for weighed goods."""
        quantity = self.quantities[line]
        return quantity // ONE_PIECE if self.is_counted(line) else 0

    def is_counted(self, line: int) -> bool:
        """Return whether ``line`` is made of whole pieces."""
        return self.goods[line].unit == "piece" and self.quantities[line] % ONE_PIECE == 0

    def named(self, on: Selector, lines: Iterable[int]) -> list[int]:
        """Return those of ``lines`` that ``on`` takes."""
        return [line for line in lines if on.takes(self.goods[line], self.prices[line])]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A rule's turn: the parcels it may take, and how many units it has left."""

    table: Table
    rule: Rule
    lines: tuple[int, ...]
    parcels: list[tuple[Parcel, ...]]
    blocked: int
    units_left: int | None
    points_left: int
    cut: set[int] = field(default_factory=set)
    """Lines whose floor held something back."""

    def free(self, lines: Iterable[int]) -> list[tuple[int, int, Parcel]]:
        """Return line, place and parcel of what is still to be had."""
        blocked = self.blocked
        return [
            (line, place, parcel)
            for line in lines
            for place, parcel in enumerate(self.parcels[line])
            if not parcel[2] & blocked
        ]

    def runs(self, lines: Iterable[int]) -> list[Run]:
        """Return the units that are still to be had, the dearest first."""
        found: list[Run] = []
        for line, place, (quantity, net, _) in self.free(lines):
            if not self.table.is_counted(line):
                continue
            count = quantity // ONE_PIECE
            each, dearer = divmod(net, count)
            if dearer:
                found.append((each + 1, line, place, dearer))
            found.append((each, line, place, count - dearer))
        found.sort(key=lambda run: (-run[0], run[1], run[2]))
        return found

    def at_most(self, count: int) -> int:
        """Return ``count`` or what the rule's limit leaves of it."""
        return count if self.units_left is None else min(count, self.units_left)


def claimed(turn: Turn) -> list[Part]:
    """Return what the rule takes part of; empty when it takes nothing off."""
    gives = turn.rule.promotion.gives
    match gives:
        case Threshold():
            return _threshold(turn, gives)
        case Nth():
            parts = _sets(turn, gives)
        case SetPrice():
            parts = _sets(turn, gives)
        case Bundle():
            parts = _bundles(turn, gives)
        case SpendGet():
            parts = _spend_get(turn, gives)
        case PointsPrice(points, price):
            most = turn.at_most(turn.points_left // points) if points else turn.at_most(1 << 62)
            parts = _units(turn, FixedPrice(price), turn.runs(turn.lines), most)
        case _:
            parts = _limited(turn, gives)
    parts = _bounded(turn, parts)
    return parts if any(part[4] for part in parts) else []


def uses_of(rule: Rule, parts: list[Part]) -> int:
    """Return how much of the rule's limit ``parts`` use up: units, bundles, or times of a threshold."""
    gives = rule.promotion.gives
    units = sum(part[2] for part in parts) // ONE_PIECE
    match gives:
        case Threshold():
            if gives.mode != "each":
                return 1
            pieces = units if gives.by_pieces else 0
            return times_of(gives, [part[3] for part in parts], pieces)
        case Bundle():
            return units // sum(count for _, count in gives.parts)
        case SpendGet():
            return sum(part[2] for part in parts if part[4]) // ONE_PIECE
        case _:
            return units


def unit_net(gives: LineGives, goods: Goods, net: Minor) -> Minor:
    """Return what one unit of ``net`` goes for; never more than before.

    >>> unit_net(PercentOff(50), Goods("1", "a", 999, "c"), 999)
    500
    """
    match gives:
        case PercentOff(percent):
            return half_up(net, percent, 100)
        case AmountOff(amount):
            return max(0, net - amount)
        case FixedPrice(price):
            return min(net, price)
        case LevelPrice(level):
            return min(net, dict(goods.levels).get(level, net))


def _threshold(turn: Turn, gives: Threshold) -> list[Part]:
    free = turn.free(turn.lines)
    nets = [net for _, _, (_, net, _) in free]
    pieces = sum(part[2][0] // ONE_PIECE for part in free if turn.table.is_counted(part[0]))
    if turn.at_most(1) < 1 or not nets:
        return []
    off = taken_off(gives, nets, pieces, turn.units_left)
    if turn.rule.promotion.cap is not None and sum(off) > turn.rule.promotion.cap:
        off = share(turn.rule.promotion.cap, off)
    if turn.table.has_floors:
        off = _fitting(turn, [part[0] for part in free], nets, off)
    if not any(off):
        return []
    return [
        (line, place, quantity, net, each)
        for (line, place, (quantity, net, _)), each in zip(free, off, strict=True)
    ]


def _fitting(
    turn: Turn, lines: list[int], nets: list[Minor], off: tuple[Minor, ...]
) -> tuple[Minor, ...]:
    """Return ``off`` so that no line falls below its floor; the others bear what it cannot."""
    room = _room(turn, lines, nets)
    if all(each <= most for each, most in zip(off, room, strict=True)):
        return off
    turn.cut.update(line for line, each, most in zip(lines, off, room, strict=True) if each > most)
    rest = min(sum(off), sum(room))
    fitting = [0] * len(off)
    open_ = [place for place, most in enumerate(room) if most]
    while rest:
        wanted = share(rest, [nets[place] for place in open_])
        for place, each in zip(open_, wanted, strict=True):
            given = min(each, room[place] - fitting[place])
            fitting[place] += given
            rest -= given
        open_ = [place for place in open_ if fitting[place] < room[place]]
    return tuple(fitting)


def _room(turn: Turn, lines: list[int], nets: list[Minor]) -> list[Minor]:
    """Return how much each part may still lose; a line's parts share its room in their order."""
    if not turn.table.has_floors:
        return nets
    left: dict[int, Minor] = {}
    for line in lines:
        whole = sum(parcel[1] for parcel in turn.parcels[line])
        left[line] = max(0, whole - turn.table.floors[line])
    room = []
    for line, net in zip(lines, nets, strict=True):
        each = min(net, left[line])
        left[line] -= each
        room.append(each)
    return room


def _sets(turn: Turn, gives: Nth | SetPrice) -> list[Part]:
    runs = turn.runs(turn.lines)
    if not gives.same:
        piles = [runs]
    else:
        codes = sorted({turn.table.goods[run[1]].code for run in runs})
        piles = [[run for run in runs if turn.table.goods[run[1]].code == code] for code in codes]
    parts: list[Part] = []
    used = 0
    for pile in piles:
        most = turn.at_most(1 << 62) - used
        new = _nth(gives, pile, most) if isinstance(gives, Nth) else _priced(gives, pile, most)
        used += sum(part[2] for part in new) // ONE_PIECE
        parts += new
    return _merged(parts)


def _nth(gives: Nth, runs: list[Run], most: int) -> list[Part]:
    size = len(gives.percents)
    end = min(sum(run[3] for run in runs), most) // size * size
    parts, start = [], 0
    for net, line, place, count in runs:
        taken = min(count, end - start)
        if taken <= 0:
            break
        off = 0
        for nth, percent in enumerate(gives.percents):
            # How many of the places start .. start + taken - 1 are the nth of their set.
            here = (start + taken - 1 - nth) // size - (start - 1 - nth) // size
            off += here * (net - half_up(net, percent, 100))
        parts.append((line, place, taken * ONE_PIECE, taken * net, off))
        start += taken
    return parts


def _priced(gives: SetPrice, runs: list[Run], most: int) -> list[Part]:
    parts: list[Part] = []
    pool = [list(run) for run in runs]
    left = min(sum(run[3] for run in runs), most) // gives.count
    while left:
        net, line, place, count = pool[0]
        whole = min(count // gives.count, left)
        if whole:
            off = gives.count * net - gives.price
            if off <= 0:
                break
            units = whole * gives.count
            parts.append((line, place, units * ONE_PIECE, units * net, whole * off))
            pool[0][3] -= units
            left -= whole
        else:
            chosen = _drawn(pool, gives.count)
            off = sum(run[0] * run[3] for run in chosen) - gives.price
            if off <= 0:
                break
            parts += _shared(chosen, off)
            left -= 1
        pool = [run for run in pool if run[3]]
    return parts


def _drawn(pool: list[list[int]], count: int) -> list[Run]:
    """Take ``count`` units from the front of ``pool``, as many as it has."""
    chosen = []
    for run in pool:
        taken = min(run[3], count)
        if taken:
            chosen.append((run[0], run[1], run[2], taken))
            run[3] -= taken
            count -= taken
    return chosen


def _shared(chosen: list[Run], off: Minor) -> list[Part]:
    nets = [net * count for net, _, _, count in chosen]
    return [
        (line, place, count * ONE_PIECE, net, each)
        for (_, line, place, count), net, each in zip(chosen, nets, share(off, nets), strict=True)
    ]


def _bundles(turn: Turn, gives: Bundle) -> list[Part]:
    parts: list[Part] = []
    pool = [list(run) for run in turn.runs(turn.lines)]
    table = turn.table
    for _ in range(turn.at_most(BUNDLES_MAX)):
        chosen: list[Run] = []
        for on, count in gives.parts:
            here = [run for run in pool if on.takes(table.goods[run[1]], table.prices[run[1]])]
            drawn = _drawn(here, count)
            if sum(run[3] for run in drawn) < count:
                return _merged(parts)
            chosen += drawn
        off = sum(run[0] * run[3] for run in chosen) - gives.price
        if off <= 0:
            break
        parts += _shared(chosen, off)
    return _merged(parts)


def _spend_get(turn: Turn, gives: SpendGet) -> list[Part]:
    table = turn.table
    got = table.named(gives.gets, turn.lines)
    paid = [
        line for line in table.named(turn.rule.promotion.on, turn.lines) if line not in set(got)
    ]
    spent = turn.free(paid)
    amount = sum(parcel[1] for _, _, parcel in spent)
    if amount < gives.start:
        return []
    times = amount // gives.start if gives.each and gives.start else 1
    benefit = FixedPrice(gives.price) if gives.percent is None else PercentOff(gives.percent)
    parts = _units(turn, benefit, turn.runs(got), turn.at_most(times * gives.count))
    if not parts:
        return []
    return parts + [(line, place, parcel[0], parcel[1], 0) for line, place, parcel in spent]


def _limited(turn: Turn, gives: LineGives) -> list[Part]:
    if turn.units_left is not None:
        return _units(turn, gives, turn.runs(turn.lines), turn.units_left)
    parts = []
    for line, place, (quantity, net, _) in turn.free(turn.lines):
        after = line_net(gives, turn.table.goods[line], net, quantity)
        if after < net:
            parts.append((line, place, quantity, net, net - after))
    return parts


def line_net(gives: LineGives, goods: Goods, net: Minor, quantity: Thousandths) -> Minor:
    """Return what ``quantity`` of an article goes for; an amount or price is one unit's."""
    match gives:
        case PercentOff(percent):
            return half_up(net, percent, 100)
        case AmountOff(amount):
            return max(0, net - half_up(amount, quantity, ONE_PIECE))
        case FixedPrice(price):
            return min(net, half_up(price, quantity, ONE_PIECE))
        case LevelPrice(level):
            of_level = dict(goods.levels).get(level)
            return net if of_level is None else min(net, half_up(of_level, quantity, ONE_PIECE))


def _units(turn: Turn, gives: LineGives, runs: list[Run], most: int) -> list[Part]:
    parts = []
    for net, line, place, count in runs:
        off = net - unit_net(gives, turn.table.goods[line], net)
        taken = min(count, most)
        if off > 0 and taken > 0:
            parts.append((line, place, taken * ONE_PIECE, taken * net, taken * off))
            most -= taken
    return _merged(parts)


def _merged(parts: list[Part]) -> list[Part]:
    """Return one part for each parcel."""
    by_parcel: dict[tuple[int, int], Part] = {}
    for line, place, quantity, net, off in parts:
        old = by_parcel.get((line, place), (line, place, 0, 0, 0))
        by_parcel[line, place] = (line, place, old[2] + quantity, old[3] + net, old[4] + off)
    return list(by_parcel.values())


def _bounded(turn: Turn, parts: list[Part]) -> list[Part]:
    """Return ``parts`` with no more taken off than the rule's cap and the lines' floors allow."""
    if not parts or (turn.rule.promotion.cap is None and not turn.table.has_floors):
        return parts
    room = _room(turn, [part[0] for part in parts], [part[3] for part in parts])
    off = tuple([min(part[4], most) for part, most in zip(parts, room, strict=True)])
    turn.cut.update(part[0] for part, each in zip(parts, off, strict=True) if each < part[4])
    cap = turn.rule.promotion.cap
    if cap is not None and sum(off) > cap:
        off = share(cap, off)
    return [(*part[:4], each) for part, each in zip(parts, off, strict=True)]
