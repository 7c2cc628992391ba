"""Where letting a rule in could be dearer for the member than leaving it out.

Errs on the side of doubt: a place that is not named here is certain, one that is named costs only time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from terminal.core.pricing.index import Compiled, Rule
from terminal.core.pricing.promotions import Gives, SpendGet, Threshold
from terminal.core.pricing.steps import most_off, next_start
from terminal.core.units import Minor


class Staged(Protocol):
    """A step of a combination."""

    @property
    def group(self) -> int:
        """Place of its group."""

    @property
    def rule(self) -> Rule | None:
        """The rule, None for line rules."""

    @property
    def lines(self) -> tuple[int, ...]:
        """What it may take part of."""

    @property
    def rivals(self) -> tuple[Rule, ...]:
        """Rules beside it of which only one can act."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Stages at which both ways are tried."""

    rules: frozenset[int]
    lines: frozenset[int]
    most: Minor | None
    """The most that rules whose steps could be reached take off; None when nets alone do not tell."""


def doubts(
    ready: Compiled,
    stages: Sequence[Staged],
    highest: Mapping[int, Minor],
    measured: Mapping[int, Minor],
) -> Doubt | None:
    """Return where both ways must be tried; None when letting in everything is the best.

    ``measured`` is the net each rule over several units saw when everything was let in, ``highest`` the
    most it could see.
    """
    searched = [at for at, stage in enumerate(stages) if ready.groups[stage.group].policy == "best"]
    spreads = {at for at in measured if _is_followed(ready, stages, at)}
    rules = frozenset(
        at for at in searched
        if at in measured and (
            _has_rival(ready, stages, at)
            or _is_excluding(ready, stages, at)
            or any(_meet(stages, at, other) and (other in spreads or _jumps(stages[other]))
                   for other in measured if stages[other].group > stages[at].group)
        )
    )  # fmt: skip
    touchy = [at for at in measured if at in spreads]
    touchy += _reachable(stages, highest, measured, is_certain=not rules and not spreads)
    lines = frozenset(
        at for at in searched
        if at not in measured
        and (
            any(stages[other].group > stages[at].group and _meet(stages, at, other) for other in touchy)
            or _is_excluding(ready, stages, at)
        )
    )  # fmt: skip
    if not rules and not lines:
        return None
    is_certain = not rules and not spreads and not any(ready.lasting)
    return Doubt(rules, lines, _most(stages, highest) if is_certain else None)


def everywhere(ready: Compiled, stages: Sequence[Staged]) -> Doubt:
    """Return the doubt of a basket in which a line's floor holds something back.

    What one rule cannot take there, another would have taken elsewhere.
    """
    places = [at for at, stage in enumerate(stages) if ready.groups[stage.group].policy == "best"]
    rules = frozenset(at for at in places if stages[at].rule is not None)
    last = max((at for at, stage in enumerate(stages) if stage.rule is not None), default=-1)
    lines = frozenset(
        at for at in places
        if stages[at].rule is None and (at < last or _is_excluding(ready, stages, at))
    )  # fmt: skip
    return Doubt(rules, lines, None)


def _meet(stages: Sequence[Staged], one: int, other: int) -> bool:
    return not set(stages[one].lines).isdisjoint(stages[other].lines)


def _is_followed(ready: Compiled, stages: Sequence[Staged], at: int) -> bool:
    """Return whether a later group goes on from the nets that the rule spread its discount over."""
    return any(
        stage.group > stages[at].group and _meet(stages, at, other)
        for other, stage in enumerate(stages)
    ) or _is_excluding(ready, stages, at)


def _has_rival(ready: Compiled, stages: Sequence[Staged], at: int) -> bool:
    """Return whether something else wants units that the rule takes."""
    bit = 1 << stages[at].group
    return any(
        other != at and ready.blocked[stage.group] & bit and _meet(stages, at, other)
        for other, stage in enumerate(stages)
    )


def _is_excluding(ready: Compiled, stages: Sequence[Staged], at: int) -> bool:
    """Return whether what this stage took is kept apart from the rest of its lines later on."""
    return bool(1 << stages[at].group & ready.noted) and any(
        stage.group > stages[at].group and _meet(stages, at, other)
        for other, stage in enumerate(stages)
    )


def _jumps(stage: Staged) -> bool:
    """Return whether a higher net can mean a lower price there."""
    return stage.rule is not None and isinstance(stage.rule.promotion.gives, Threshold | SpendGet)


def _reachable(
    stages: Sequence[Staged],
    highest: Mapping[int, Minor],
    measured: Mapping[int, Minor],
    *,
    is_certain: bool,
) -> list[int]:
    """Return the stages whose next step could be reached by giving up less than the step gives.

    ``is_certain``: nothing else is in doubt, so that ``measured`` is the least each stage can see.
    """
    found, gain, cost = [], 0, 1 << 62
    for at, least in measured.items():
        if not _jumps(stages[at]):
            continue
        most = highest[at]
        more, missing = _prospect(stages[at], least if is_certain else 0, most)
        if (more and least + missing <= most) or (more and not is_certain):
            found.append(at)
            gain += more
            cost = min(cost, missing)
    return [] if is_certain and gain <= cost else found


def _most(stages: Sequence[Staged], highest: Mapping[int, Minor]) -> Minor | None:
    """Return what all rules over several units could take off at most; None when that is not known."""
    most = 0
    for at, nets in highest.items():
        of_stage = [
            most_off(gives, nets) if isinstance(gives, Threshold) and not gives.by_pieces else None
            for gives in _gives(stages[at])
        ]
        if None in of_stage:
            return None
        most += max(each for each in of_stage if each is not None)
    return most


def _gives(stage: Staged) -> list[Gives]:
    rules = stage.rivals if stage.rule is None else (stage.rule, *stage.rivals)
    return [rule.promotion.gives for rule in rules]


def _prospect(stage: Staged, least: Minor, most: Minor) -> tuple[Minor, Minor]:
    """Return how much more could be taken off at ``most`` than at ``least``, and what the way costs."""
    gives = [each for each in _gives(stage) if isinstance(each, Threshold)]
    if not gives:
        return most, 1  # What can be got is not known here: in doubt.
    of_money = [each for each in gives if not each.by_pieces]
    if not of_money:
        return 0, 0
    more = max(most_off(each, most) for each in of_money)
    now = max(most_off(each, least) for each in of_money) if len(of_money) == len(gives) else 0
    return more - now, max(1, min(next_start(each, least) for each in of_money) - least)
