"""The best combination of rules for the member.

A combination says of each rule whether it is let in. Rules that are let in act in one order: group by group,
within a group first those that look at several units, by priority and id, then each line takes the best of
the line rules for what is left of it. The best combination has the lowest total; among equals the one
counts that lets in the rule of higher order. Groups whose policy is ``always`` are let in always.

Most rules can be let in without a second thought: prices only fall, and what is computed from a lower net
is never higher. Both ways are tried only where that is not so: where rules want the same units, where a
threshold could be reached by doing without something, or where a rule spreads its discount by nets that
later rules go on from. Thresholds of the last group over the same lines are one choice among them. All
combinations are tried up to :data:`COMBINATIONS_MAX` of them, so nine rules in doubt over at most forty
lines always give the true optimum; longer baskets and those with floors (seven rules) try fewer, so that no
cashier waits. Beyond, the best found so far stands: never dearer than letting in everything, and the same for
every order of scanning, since the search is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from terminal.core.pricing.doubt import Doubt, doubts, everywhere
from terminal.core.pricing.facts import Recorder
from terminal.core.pricing.index import FIXED, PERCENT, Choice, Compiled, Rule
from terminal.core.pricing.promotions import NO_LIMIT, PointsPrice, Threshold
from terminal.core.pricing.sets import Parcel, Part, Table, Turn, claimed, uses_of
from terminal.core.pricing.steps import most_off
from terminal.core.units import ONE_PIECE, Minor, Points

COMBINATIONS_MAX = 512
FLOORED_MAX = 128
"""Combinations that are tried where lines have floors: there every rule is in doubt."""
LINES_PRICED_MAX = 40 * COMBINATIONS_MAX
"""Lines times combinations in one search."""

Parcels = list[tuple[Parcel, ...]]
Taken = tuple[int, Rule, Minor, Points, int]
"""What a rule took off a line, the points it cost, and how much of its limit (on the first line it took)."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One step of a combination: a rule over several units, or the line rules of a group."""

    group: int
    rule: Rule | None
    lines: tuple[int, ...]
    rivals: tuple[Rule, ...] = ()
    """Rules beside ``rule`` of which only one can act, so that the one that saves most does."""
    choices: tuple[tuple[Choice, ...], ...] = ()
    """For each of ``lines``, when the stage is of line rules; none that another makes useless."""
    every: tuple[tuple[Choice, ...], ...] = ()
    """The same with all of them, for when some are left out."""


@dataclass(slots=True, eq=False)
class Search:
    """Walks through combinations, each branch on a copy of its own."""

    ready: Compiled
    table: Table
    recorder: Recorder
    stages: Sequence[Stage]
    doubt: Doubt | None = None
    """Where both ways must be tried; None tries nothing but letting in everything."""
    left: int = COMBINATIONS_MAX
    """Combinations that may still be tried."""
    taken: list[Taken] = field(default_factory=list)
    best_total: Minor | None = None
    best: tuple[Taken, ...] = ()
    measured: dict[int, Minor] = field(default_factory=dict)
    """Net that each rule saw at its turn, by its place among the stages."""
    cut: set[int] = field(default_factory=set)
    """Lines whose floor held something back."""
    met: list[tuple[Parcels, Minor, int]] = field(default_factory=list)
    """Parcels, total and count of what was taken when each stage had its turn, if nothing is tried."""
    least: Minor | None = None
    """Total of the last whole combination that let in the rest, without what jumped."""

    def walk(self, at: int, parcels: Parcels, total: Minor) -> None:
        """Go on from stage ``at``; ``parcels`` is this branch's own."""
        doubt = self.doubt
        jumped = 0
        while at < len(self.stages):
            stage = self.stages[at]
            self._arrive(at, parcels, total)
            if stage.rule is None:
                if doubt is not None and at in doubt.lines:
                    self._doubted_lines(at, parcels, total, frozenset(), frozenset())
                    return
                total -= self._lines(stage, parcels, frozenset())
            else:
                rule, parts = self._turns(at, stage, stage.rule, parcels)
                if parts and doubt is not None and at in doubt.rules:
                    mark = len(self.taken)
                    with_it = parcels.copy()
                    saved = self._take(rule, with_it, parts)
                    self.walk(at + 1, with_it, total - saved)
                    del self.taken[mark:]
                    if self.left <= 0:
                        return
                elif parts:
                    saved = self._take(rule, parcels, parts)
                    total -= saved
                    jumped += saved
            at += 1
        self.left -= 1
        if self.least is None:
            self.least = total + jumped
        if self.best_total is None or total < self.best_total:
            self.best_total, self.best = total, tuple(self.taken)

    def _arrive(self, at: int, parcels: Parcels, total: Minor) -> None:
        if self.doubt is None:
            self.met.append((parcels.copy(), total, len(self.taken)))
        group = self.stages[at].group
        if at == 0 or self.stages[at - 1].group != group:
            _open(parcels, self.ready.lasting[group])

    def go_on(self, first: "Search", at: int) -> None:
        """Walk from stage ``at``, up to which nothing is in doubt, where ``first`` had come to it."""
        parcels, total, taken = first.met[at]
        self.taken = first.taken[:taken]
        self.walk(at, parcels.copy(), total)

    def _doubted_lines(
        self, at: int, parcels: Parcels, total: Minor, out: frozenset[Rule], kept: frozenset[Rule]
    ) -> None:
        """Try the line rules of a group with all that help, then without each that helped."""
        mark = len(self.taken)
        with_them = parcels.copy()
        saved = self._lines(self.stages[at], with_them, out)
        helped = sorted({taken[1] for taken in self.taken[mark:]}, key=lambda rule: rule.rank)
        self.least = None
        self.walk(at + 1, with_them, total - saved)
        del self.taken[mark:]
        assert self.doubt is not None
        if self.doubt.most is not None and self._is_hopeless(self.doubt.most):
            return
        for place, rule in enumerate(helped):
            if self.left <= 0:
                return
            if rule not in kept:
                before = kept.union(helped[:place])
                self._doubted_lines(at, parcels, total, out | {rule}, before)

    def _is_hopeless(self, most: Minor) -> bool:
        """Return whether no combination without more of these rules can be better than the best.

        Doing without only raises what the rest starts from, and ``most`` is all that may come of it.
        """
        assert self.least is not None
        assert self.best_total is not None
        return self.least - most >= self.best_total

    def _turns(
        self, at: int, stage: Stage, rule: Rule, parcels: Parcels
    ) -> tuple[Rule, list[Part]]:
        """Return the rule that acts, ``rule`` or a rival, and what it takes part of."""
        if stage.rivals:
            rule, parts = self._best_rival(at, stage, rule, parcels)
            return rule, parts
        return rule, self._turn(at, stage, rule, parcels)

    def _best_rival(
        self, at: int, stage: Stage, rule: Rule, parcels: Parcels
    ) -> tuple[Rule, list[Part]]:
        """Return the rival that saves most; what each saves at most is asked before how it is shared."""
        blocked = self.ready.blocked[stage.group]
        free = [p for line in stage.lines for p in parcels[line] if not p[2] & blocked]
        measured = sum([parcel[1] for parcel in free])
        hopes = [
            (-_hope(rival, measured, len(free)), rival.rank, rival)
            for rival in (rule, *stage.rivals)
        ]
        hopes.sort()
        parts: list[Part] = []
        saved = 0
        for hope, _, rival in hopes:
            if -hope < saved or hope == 0:
                break
            others = self._turn(at, stage, rival, parcels)
            other = sum([part[4] for part in others])
            if other > saved or (other == saved and rival.rank < rule.rank):
                rule, parts, saved = rival, others, other
        if self.doubt is None:
            self.measured[at] = measured
        return rule, parts

    def _turn(self, at: int, stage: Stage, rule: Rule, parcels: Parcels) -> list[Part]:
        blocked = self.ready.blocked[stage.group]
        if self.doubt is None:
            nets = (p[1] for line in stage.lines for p in parcels[line] if not p[2] & blocked)
            self.measured[at] = sum(nets)
        units = _units_left(rule, self.recorder)
        points = 0
        if isinstance(rule.promotion.gives, PointsPrice):
            points = self.recorder("points") - sum(taken[3] for taken in self.taken)
        turn = Turn(self.table, rule, stage.lines, parcels, blocked, units, points, self.cut)
        return claimed(turn)

    def _take(self, rule: Rule, parcels: Parcels, parts: list[Part]) -> Minor:
        """Carry out ``parts`` on ``parcels``; return what was saved."""
        bit = 1 << rule.group
        gives = rule.promotion.gives
        each = gives.points if isinstance(gives, PointsPrice) else 0
        saved = 0
        claims: dict[int, dict[int, Part]] = {}
        uses = 0 if rule.promotion.limit is NO_LIMIT else uses_of(rule, parts)
        for part in parts:
            claims.setdefault(part[0], {})[part[1]] = part
            if part[4]:
                saved += part[4]
                points = each * (part[2] // ONE_PIECE)
                self.taken.append((part[0], rule, part[4], points, uses))
                uses = 0
        for line, by_place in claims.items():
            after: list[Parcel] = []
            for place, (quantity, net, mask) in enumerate(parcels[line]):
                if place not in by_place:
                    after.append((quantity, net, mask))
                    continue
                _, _, part_quantity, part_net, off = by_place[place]
                after.append((part_quantity, part_net - off, mask | bit))
                if part_quantity < quantity:
                    after.append((quantity - part_quantity, net - part_net, mask))
            parcels[line] = tuple(after)
        return saved

    def _lines(self, stage: Stage, parcels: Parcels, out: frozenset[Rule]) -> Minor:
        """Give each line the best of its rules that are not ``out``; return what was saved."""
        ready = self.ready
        blocked = ready.blocked[stage.group]
        # Nothing of this group comes after: who took part is noted only where a later group asks.
        bit = 1 << stage.group & ready.noted
        floors = self.table.floors if self.table.has_floors else None
        saved = 0
        for line, choices in zip(stage.lines, stage.every if out else stage.choices, strict=True):
            parts = parcels[line]
            room = None if floors is None else sum([p[1] for p in parts]) - floors[line]
            for place, (quantity, net, mask) in enumerate(parts):
                if mask & blocked:
                    continue
                after, rule = best_choice(choices, net, quantity, out)
                if rule is None:
                    continue
                if room is not None:
                    if net - after > room:
                        after = net - max(0, room)
                        self.cut.add(line)
                    room -= net - after
                    if after == net:
                        continue
                saved += net - after
                self.taken.append((line, rule, net - after, 0, 0))
                new = (quantity, after, mask | bit)
                if len(parts) == 1:
                    parcels[line] = (new,)
                else:
                    now = parcels[line]
                    parcels[line] = (*now[:place], new, *now[place + 1 :])
        return saved


def best_choice(
    choices: Sequence[Choice], net: Minor, quantity: int, out: frozenset[Rule]
) -> tuple[Minor, Rule | None]:
    """Return the lowest net that a line rule leaves of ``net``, and that rule; the first among equals."""
    best, best_rule = net, None
    for how, value, rule in choices:
        if how == PERCENT:
            after = (2 * net * value + 100) // 200
        elif how == FIXED:
            after = (2 * value * quantity + ONE_PIECE) // (2 * ONE_PIECE)
        else:
            after = max(0, net - (2 * value * quantity + ONE_PIECE) // (2 * ONE_PIECE))
        if after < best and not (out and rule in out):
            best, best_rule = after, rule
    return best, best_rule


def combined(
    ready: Compiled,
    table: Table,
    grosses: Sequence[Minor],
    stages: Sequence[Stage],
    recorder: Recorder,
) -> tuple[Taken, ...]:
    """Return what each rule takes off each line in the best combination."""
    parcels: Parcels = [
        ((quantity, gross, 0),) for quantity, gross in zip(table.quantities, grosses, strict=True)
    ]
    total = sum(grosses)
    stages = with_rivals(ready, stages)
    first = Search(ready, table, recorder, stages)
    first.walk(0, parcels, total)
    most = FLOORED_MAX if table.has_floors else COMBINATIONS_MAX
    left = min(most, max(1, LINES_PRICED_MAX // max(1, len(grosses))))
    if not first.measured and not any(ready.lasting):
        return first.best  # Line rules only: each leaves the lowest net, and lower is never dearer.
    if first.cut or (first.measured and table.has_floors):
        # What a floor holds back from one rule another may give: nothing is certain there.
        return _searched(first, everywhere(ready, stages), left).best
    doubt = doubts(ready, stages, _sums(first, grosses), first.measured)
    if doubt is not None and doubt.most is not None:
        # How high the nets can be at all is worth knowing: it clears most doubts.
        without = [
            Stage(stage.group, None, ()) if at in doubt.lines else stage
            for at, stage in enumerate(stages)
        ]
        bare = Search(ready, table, recorder, without)
        bare.go_on(first, min(doubt.lines))
        doubt = doubts(ready, stages, {**first.measured, **bare.measured}, first.measured)
    if doubt is None:
        return first.best
    return _searched(first, doubt, left).best


def _searched(first: Search, doubt: Doubt, left: int) -> Search:
    """Return the search with both ways tried where ``doubt`` says, from where ``first`` came to it."""
    search = Search(first.ready, first.table, first.recorder, first.stages, doubt, left)
    search.go_on(first, min(doubt.rules | doubt.lines, default=0))
    return search


def _sums(first: Search, grosses: Sequence[Minor]) -> dict[int, Minor]:
    """Return the gross of the lines of each stage that was measured."""
    return {at: sum([grosses[line] for line in first.stages[at].lines]) for at in first.measured}


def _hope(rule: Rule, measured: Minor, parcels: int) -> Minor:
    """Return what a threshold can save at most; roundings of lines may each add a unit."""
    gives = rule.promotion.gives
    assert isinstance(gives, Threshold)
    if gives.by_pieces:
        return measured
    hope = most_off(gives, measured)
    return (
        hope + parcels if hope and any(step.percent is not None for step in gives.steps) else hope
    )


def with_rivals(ready: Compiled, stages: Sequence[Stage]) -> Sequence[Stage]:
    """Return ``stages`` with the thresholds of the last group over the same lines as one."""
    last = [stage for stage in stages if stage.group == stages[-1].group] if stages else []
    if (
        len(last) < 2  # noqa: PLR2004 - two are rivals
        or ready.groups[last[0].group].policy != "best"
        or any(
            stage.rule is None
            or not isinstance(stage.rule.promotion.gives, Threshold)
            or stage.lines != last[0].lines
            for stage in last
        )
    ):
        return stages
    first = last[0]
    rivals = tuple([stage.rule for stage in last[1:] if stage.rule is not None])
    return [*stages[: -len(last)], Stage(first.group, first.rule, first.lines, rivals)]


def _open(parcels: Parcels, lasting: int) -> None:
    """Forget what no later group asks for, and put together again what is alike."""
    for line, parts in enumerate(parcels):
        if len(parts) == 1 and parts[0][2] & ~lasting == 0:
            continue
        alike: dict[int, tuple[int, Minor]] = {}
        for quantity, net, mask in parts:
            old = alike.get(mask & lasting, (0, 0))
            alike[mask & lasting] = (old[0] + quantity, old[1] + net)
        parcels[line] = tuple(
            [(quantity, net, mask) for mask, (quantity, net) in sorted(alike.items())]
        )


def _units_left(rule: Rule, recorder: Recorder) -> int | None:
    limit = rule.promotion.limit
    left = [] if limit.per_sale is None else [limit.per_sale]
    if limit.is_counted:
        used = recorder.used(rule.promotion.id)
        if limit.per_member is not None and not recorder.is_member:
            left.append(0)  # Nobody can count for somebody who is not known.
        counts = (
            (limit.per_member, used.by_member), (limit.per_day, used.today), (limit.total, used.ever)
        )  # fmt: skip
        left += [most - count for most, count in counts if most is not None]
    return max(0, min(left)) if left else None
