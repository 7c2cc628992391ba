"""Coupons, rules to choose and rules in force, as they cross the desk."""

from dataclasses import dataclass

from terminal.core.pricing.rules import RuleBook
from terminal.core.units import Minor


@dataclass(frozen=True, slots=True)
class ShowCoupon:
    """A coupon's code was read or typed."""

    code: str


@dataclass(frozen=True, slots=True)
class TakeBackCoupon:
    """The customer takes the coupon with this id back."""

    id: str


@dataclass(frozen=True, slots=True)
class ChooseRule:
    """A rule that holds only when chosen is wanted, or is not any more."""

    rule: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class IssueCoupons:
    """New coupons of a campaign are wanted."""

    campaign: str
    until: int
    """Last business date: 20261231."""
    holder: str
    place: str
    count: int
    is_printed: bool = False
    """Whether they are to be printed, each with its code."""


@dataclass(frozen=True, slots=True)
class RulesShown:
    """The rules in force, for staff to read."""

    book: RuleBook
    since_ms: int
    """Wall time since when; 0: not known."""
    faults: tuple[str, ...]
    """Of a newer file that was not taken over, each with its line."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What there is to choose for the open basket."""

    choices: tuple[tuple[str, str], ...] = ()
    """Rules that hold only when chosen: id and name."""
    cash_total: Minor | None = None
    """What the basket comes to when all of it is paid in cash; None where that makes no difference."""
    shown: RulesShown | None = None
    """The rules in force; None before the till is open."""


NO_OFFERS = Offers()
