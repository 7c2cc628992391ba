"""Where letting a rule in could be dearer for the member than leaving it out.

Errs on the side of doubt: a place that is not named here is certain, one that is named costs only time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from terminal.core.pricing.index import Choice, Compiled, Rule
from terminal.core.pricing.promotions import SpendGet, Threshold
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
    def choices(self) -> tuple[tuple[Choice, ...], ...]:
        """The line rules of each line."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Stages at which both ways are tried."""

    rules: frozenset[int]
    lines: frozenset[int]


def doubts(
    ready: Compiled,
    stages: Sequence[Staged],
    grosses: Sequence[Minor],
    measured: Mapping[int, Minor],
) -> Doubt | None:
    """Return where both ways must be tried; None when letting in everything is the best.

    ``measured`` is the net each rule over several units saw when everything was let in.
    """
    searched = [at for at, stage in enumerate(stages) if ready.groups[stage.group].policy == "best"]
    spreads = {at for at in measured if _is_followed(ready, stages, at)}
    rules = frozenset(
        at for at in searched
        if at in measured and (
            _has_rival(ready, stages, at)
            or any(_meet(stages, at, other) and (other in spreads or _jumps(stages[other]))
                   for other in measured if stages[other].group > stages[at].group)
        )
    )  # fmt: skip
    touchy = [at for at in measured if at in spreads]
    touchy += _reachable(stages, grosses, measured, is_certain=not rules and not spreads)
    lines = frozenset(
        at for at in searched
        if at not in measured
        and (
            any(stages[other].group > stages[at].group and _meet(stages, at, other) for other in touchy)
            or _is_excluding(ready, stages, at)
        )
    )  # fmt: skip
    return Doubt(rules, lines) if rules or lines else None


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
    """Return whether a later group does not take what this stage took."""
    bit = 1 << stages[at].group
    return any(
        stage.group > stages[at].group
        and ready.blocked[stage.group] & bit
        and _meet(stages, at, other)
        for other, stage in enumerate(stages)
    )


def _jumps(stage: Staged) -> bool:
    """Return whether a higher net can mean a lower price there."""
    return stage.rule is not None and isinstance(stage.rule.promotion.gives, Threshold | SpendGet)


def _reachable(
    stages: Sequence[Staged],
    grosses: Sequence[Minor],
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
        most = sum(grosses[line] for line in stages[at].lines)
        more, missing = _prospect(stages[at], least if is_certain else 0, most)
        if (more and least + missing <= most) or (more and not is_certain):
            found.append(at)
            gain += more
            cost = min(cost, missing)
    return [] if is_certain and gain <= cost else found


def _prospect(stage: Staged, least: Minor, most: Minor) -> tuple[Minor, Minor]:
    """Return how much more could be taken off at ``most`` than at ``least``, and what the way costs."""
    assert stage.rule is not None
    gives = stage.rule.promotion.gives
    match gives:
        case Threshold(by_pieces=True):
            return 0, 0
        case Threshold():
            more = most_off(gives, most) - most_off(gives, least)
            return more, max(1, next_start(gives, least) - least)
        case _:
            return most, 1  # What can be got is not known here: in doubt.
