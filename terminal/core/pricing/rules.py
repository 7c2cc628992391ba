"""The rules that pricing understands, as values.

Groups stack in their order, each on the net that the group before left; within a group a line takes part
in at most one rule, the one that leaves the lowest net, ties going to the higher priority and then to the
smaller id. More kinds of rules join :data:`PriceRule` without the quote changing its shape.
"""

from dataclasses import dataclass, field
from typing import Any

from terminal.core.points.program import NO_PROGRAM, Program
from terminal.core.pricing.promotions import Group, Promotion, RoundDown
from terminal.core.stored import TopUpRule
from terminal.core.units import Minor, Percent, Points

GROUPS = ("category", "tier")
"""In the order they stack."""
PLAIN_GROUPS = tuple(Group(name) for name in GROUPS)


@dataclass(frozen=True, slots=True)
class PercentRule:
    """Lines of some categories, for members of some tiers, go for ``percent`` of what they cost."""

    id: str
    version: str
    name: str
    group: str
    priority: int
    percent: Percent
    """What is paid: 95 means five percent off."""
    tiers: frozenset[str]
    """Whom it is for; empty means everybody, members or not."""
    categories: frozenset[str]
    """What it is for; empty means all goods."""

    def __post_init__(self) -> None:
        assert self.group in GROUPS
        assert 0 <= self.percent <= 100  # noqa: PLR2004 - percent


PriceRule = PercentRule


@dataclass(frozen=True, slots=True)
class EarnRule:
    """Points for spending: ``points`` for each full ``spend``, times the tier's percent."""

    id: str
    version: str
    name: str
    spend: Minor
    points: Points
    points_max: Points
    """The most one sale may earn: limits the damage of a mistyped price."""
    tier_percent: tuple[tuple[str, Percent], ...]
    """Multiplier by tier, in percent; a tier that is not named earns at 100."""

    def __post_init__(self) -> None:
        assert self.spend > 0
        assert self.points >= 0


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules in force with the versions that stand in every entry, indexed for pricing."""

    version: str
    catalogue: str
    price_rules: tuple[PriceRule, ...]
    earn: EarnRule | None
    candidates: dict[tuple[str, str, str], tuple[PriceRule, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Memo of :meth:`candidates_for`; a pure function of ``price_rules``."""
    promotions: tuple[Promotion, ...] = ()
    groups: tuple[Group, ...] = PLAIN_GROUPS
    """In the order they stack; holds the group of every rule."""
    round_down: RoundDown | None = None
    never_below_cost: bool = False
    """Whether the cost of a line, VAT added, is the least it goes for."""
    points: Program = NO_PROGRAM
    """The rules of points of a rules file; without rule sets the plain ``earn`` counts."""
    compiled: list[Any] = field(default_factory=list, compare=False, repr=False)
    """Memo of :func:`terminal.core.pricing.index.compiled`; a pure function of the other fields."""

    topup: TopUpRule | None = None
    """The ladder of bonuses on top-ups."""

    @property
    def is_plain(self) -> bool:
        """Return whether there are percentages of categories and tiers and nothing else."""
        return not (
            self.promotions
            or self.round_down
            or self.never_below_cost
            or self.points is not NO_PROGRAM
        )

    @property
    def asks_tender(self) -> bool:
        """Whether a price may depend on how it is paid."""
        return self.round_down is not None and self.round_down.cash_only

    def candidates_for(self, group: str, tier: str, category: str) -> tuple[PriceRule, ...]:
        """Return the rules of ``group`` that a line of ``category`` may take, best priority first.

        ``tier`` is empty for somebody who is no member.
        """
        key = (group, tier, category)
        found = self.candidates.get(key)
        if found is None:
            found = tuple(
                sorted(
                    (
                        rule
                        for rule in self.price_rules
                        if rule.group == group
                        and (not rule.tiers or tier in rule.tiers)
                        and (not rule.categories or category in rule.categories)
                    ),
                    key=lambda rule: (-rule.priority, rule.id),
                )
            )
            self.candidates[key] = found
        return found
