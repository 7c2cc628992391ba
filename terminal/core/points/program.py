"""The points programme of a shop: every rule of points in force, as one value of the rule book."""

from dataclasses import dataclass, field
from enum import StrEnum

from terminal.core.points.awards import CheckIn, Occurrence, Referral, TopUpAward
from terminal.core.points.conditions import ALWAYS, When, Whom
from terminal.core.points.gifts import Gift
from terminal.core.points.lottery import Prize
from terminal.core.points.rules import AT_ONCE_FOR_EVER, Birthday, BurnRule, RuleSet, Terms
from terminal.core.units import Points


class Mode(StrEnum):
    """What is rounded down once when a period is computed."""

    PER_SALE = "per-sale"
    """Each sale by itself, on what was not returned of it."""
    PER_PERIOD = "per-period"
    """All sales of the period together."""


class Every(StrEnum):
    """How long a computed period is; each begins with a business date."""

    DAY = "day"
    WEEK = "week"
    """Monday to Sunday."""
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Computation:
    """A rule set that is computed over whole periods and not at the sale (月结积分)."""

    rule: RuleSet
    every: Every
    mode: Mode


@dataclass(frozen=True, slots=True)
class Raffle:
    """A lottery as its rule has it, before the till commits to a secret."""

    id: str
    version: str
    name: str
    points: Points
    """What one draw costs."""
    member_max: int
    """Draws for one member in all; 0: no limit."""
    draws_max: int
    prizes: tuple[Prize, ...]


@dataclass(frozen=True, slots=True)
class StockedGift:
    """A gift with the stock that its rule gives this shop; None: there is always more."""

    gift: Gift
    stock: int | None


@dataclass(frozen=True, slots=True)
class Program:
    """All rules of points."""

    sets: tuple[RuleSet, ...] = ()
    """What a sale earns by."""
    computations: tuple[Computation, ...] = ()
    burn: BurnRule | None = None
    registration: Occurrence | None = None
    referral: Referral | None = None
    top_up: TopUpAward | None = None
    check_in: CheckIn | None = None
    occurrences: tuple[Occurrence, ...] = ()
    """Events attended, links shared."""
    terms: Terms = AT_ONCE_FOR_EVER
    """Of points that are given without a sale."""
    gifts: tuple[StockedGift, ...] = ()
    raffles: tuple[Raffle, ...] = ()
    asked: frozenset[str] = field(default=frozenset(), compare=False)
    """Names of the facts that some rule asks for."""

    @property
    def is_empty(self) -> bool:
        """Return whether there is no rule at all."""
        return self == NO_PROGRAM


NO_PROGRAM = Program()


_ASKED = {"card_types": "card_type", "stores": "store", "tags": "tags", "segments": "segments"}
"""A rule's condition, and the fact it asks for."""


def asked_of(sets: tuple[RuleSet, ...], burn: BurnRule | None) -> frozenset[str]:
    """Return the names of the facts that these rules may ask of a sale; the tier stands there anyway."""
    names: set[str] = set()
    parts: list[tuple[Whom, When]] = [(each.whom, each.when) for each in sets]
    parts += [(each.whom, each.when) for rule in sets for each in rule.coefficients]
    parts += [(burn.whom, burn.when)] if burn else []
    for whom, when in parts:
        for condition, name in _ASKED.items():
            if getattr(whom, condition):
                names.add(name)
        if when != ALWAYS:
            names |= {"date", "minute"}
    multiples = [each for rule in sets for each in rule.multiples]
    if any(isinstance(each, Birthday) for each in multiples):
        names.add("birthday")
    if multiples or any(rule.terms != AT_ONCE_FOR_EVER for rule in sets):
        names |= {"date", "minute"}
    return frozenset(names)
