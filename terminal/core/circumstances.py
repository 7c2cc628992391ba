"""What a basket brings to its own price: who buys, coupons on the counter, chosen rules, the tender.

Coupons and choices change a price only through rules that ask for them. A coupon is redeemed when a rule that
asks for its campaign took something off; one that gave nothing stays the customer's.
"""

from dataclasses import dataclass, replace

from terminal.core.history import NO_HISTORY, History
from terminal.core.journal import NOTHING_DRAWN, BillPoints, Drawn
from terminal.core.points.occasion import is_birthday
from terminal.core.points.rules import Around
from terminal.core.pricing.basket import Member
from terminal.core.pricing.coupons import Coupon, judge
from terminal.core.pricing.facts import Facts
from terminal.core.pricing.index import compiled
from terminal.core.pricing.quote import Quote
from terminal.core.pricing.rules import RuleBook
from terminal.core.refusal import Key, Refusal, refuse

COUPONS_MAX = 10
CHOICES_MAX = 20
"""Of each so many in one sale."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What was brought to a basket besides goods and a member."""

    coupons: tuple[Coupon, ...] = ()
    chosen: tuple[str, ...] = ()
    """Ids of rules that the cashier chose."""


NOTHING_BROUGHT = Brought()


@dataclass(frozen=True, slots=True)
class World:
    """Where and when a basket is priced, and under which rules."""

    rules: RuleBook
    facts: Facts
    history: History = NO_HISTORY


def facts_of_sale(world: World, member: Member | None, brought: Brought, tender: str = "") -> Facts:
    """Return all that is known of the world with this member and what was brought."""
    facts, ready = world.facts, compiled(world.rules)
    account = member.account if member else ""
    if ready.counted:
        facts = replace(facts, used=world.history.used(account))
    if brought is not NOTHING_BROUGHT:
        valid = [
            each.campaign
            for each in brought.coupons
            if _refusal(each, facts.date, account, world.history) is None
        ]
        facts = replace(facts, coupons=frozenset(valid), chosen=frozenset(brought.chosen))
    if tender:
        facts = replace(facts, tender=tender)
    return facts if member is None else _with_member(facts, member, world, ready.asked)


def _with_member(facts: Facts, member: Member, world: World, asked: tuple[str, ...]) -> Facts:
    if member.tags or member.segments or member.card_type or member.level:
        facts = replace(
            facts, tags=frozenset(member.tags), segments=frozenset(member.segments),
            card_type=member.card_type, level=member.level,
        )  # fmt: skip
    if "first_purchase" in asked:
        is_first = not (member.bought or world.history.has_bought(member.account))
        facts = replace(facts, first_purchase=is_first)
    if member.birthday and facts.date:
        near = (each.value for each in Around if is_birthday(member.birthday, each, facts.date))
        facts = replace(facts, birthday=frozenset(near))
    return facts


def with_coupon(
    brought: Brought, coupon: Coupon, member: Member | None, world: World
) -> Brought | Refusal:
    """Return ``brought`` with ``coupon``, whose signature is good; or why it is not taken."""
    if any(each.id == coupon.id for each in brought.coupons):
        return refuse(Key.COUPON_HERE)
    refusal = _refusal(coupon, world.facts.date, member.account if member else "", world.history)
    if refusal is not None:
        return refusal
    if coupon.campaign not in campaigns(world.rules):
        return refuse(Key.COUPON_NO_RULE, campaign=coupon.campaign)
    if any(each.campaign == coupon.campaign for each in brought.coupons):
        return refuse(Key.COUPON_ONE, campaign=coupon.campaign)
    if len(brought.coupons) >= COUPONS_MAX:
        return refuse(Key.COUPON_TOO_MANY, coupons=COUPONS_MAX)
    return replace(brought, coupons=(*brought.coupons, coupon))


def with_choice(brought: Brought, rule: str, world: World, *, is_on: bool) -> Brought | Refusal:
    """Return ``brought`` with ``rule`` chosen, or not chosen any more."""
    left = tuple(each for each in brought.chosen if each != rule)
    if not is_on:
        return replace(brought, chosen=left)
    if rule not in choices(world.rules):
        return refuse(Key.NO_SUCH_CHOICE, rule=rule)
    if len(left) >= CHOICES_MAX:
        return refuse(Key.CHOICE_TOO_MANY, choices=CHOICES_MAX)
    return replace(brought, chosen=(*left, rule))


def spent_elsewhere(brought: Brought, member: Member | None, world: World) -> Refusal | None:
    """Return why a coupon of the basket is not good any more; None while all are."""
    account = member.account if member else ""
    refusals = (
        _refusal(each, world.facts.date, account, world.history) for each in brought.coupons
    )
    return next((each for each in refusals if each is not None), None)


def drawn_by(quote: Quote, brought: Brought) -> Drawn:
    """Return what the rules of a quote use up besides money; coupons that took nothing off are not used."""
    coupons = tuple(each.id for each in brought.coupons if each.campaign in quote.campaigns)
    if quote.costs or quote.uses or coupons:
        return Drawn(quote.costs, quote.uses, coupons)
    return NOTHING_DRAWN


def points_in(quote: Quote, member: Member | None) -> BillPoints | None:
    """Return what the bill does to points beside earning them; None where there is nothing of it."""
    lapsing = member.lapsing if member else (0, 0)
    if not (quote.lots or quote.standing or quote.used or lapsing[1] or quote.cost):
        return None
    return BillPoints(
        quote.lots,
        quote.standing,
        quote.standing_why,
        quote.used,
        lapsing,
        quote.cost,
        quote.cost_spent,
    )


def campaigns(rules: RuleBook) -> frozenset[str]:
    """Return the campaigns that some rule in force asks for."""
    return frozenset(each.when.coupon for each in rules.promotions if each.when.coupon)


def choices(rules: RuleBook) -> dict[str, str]:
    """Return the rules that may be chosen here: name by id."""
    return {each.id: each.name for each in rules.promotions if each.when.chosen}


def _refusal(coupon: Coupon, today: int, account: str, history: History) -> Refusal | None:
    used = (coupon.serial,) if history.is_redeemed(coupon.id) else ()
    return judge(coupon, today, account, used)
