"""Makes the plain rules of a shop file: percentages of categories and tiers, and points for spending."""

from math import gcd

from config.shop import CategoryRule, EarnRule, ShopFile, TierRule, TopUpRule
from terminal.core import stored
from terminal.core.pricing import rules

SALE_POINTS_MAX = 100_000
"""The most one sale may earn: a mistyped price does no more harm than that."""


class UnknownRuleError(Exception):
    """The shop asks for a rule that this program does not know."""


def shop_rules(shop: ShopFile) -> rules.RuleBook:
    """Return the shop's rules; a tier rule becomes one rule for each tier that pays less.

    Raises:
        UnknownRuleError: Points are given by category, or by two rules.
    """
    price_rules: list[rules.PercentRule] = []
    earn: rules.EarnRule | None = None
    topup: stored.TopUpRule | None = None
    for rule in shop.rules:
        match rule:
            case CategoryRule():
                price_rules.append(_percent(rule, "category", rule.percent, None))
            case TierRule():
                price_rules += [
                    _percent(rule, "tier", tier.percent, tier.id)
                    for tier in shop.tiers
                    if tier.percent < 100  # noqa: PLR2004 - percent
                ]
            case EarnRule():
                if earn is not None or rule.category is not None:
                    raise UnknownRuleError(
                        f"rule {rule.id}: one earn rule, for all goods, is known"
                    )
                earn = _earn(rule, shop)
            case TopUpRule():
                topup = _topup(rule)
    versions = shop.versions
    return rules.RuleBook(
        str(versions.rules), str(versions.catalogue), tuple(price_rules), earn, topup=topup
    )


def _topup(rule: TopUpRule) -> stored.TopUpRule:
    bands = tuple(stored.Band(each.at_least, each.bonus, each.percent) for each in rule.bands)
    return stored.TopUpRule(rule.id, str(rule.version), rule.name, bands)


def _percent(
    rule: CategoryRule | TierRule, group: str, percent: int, tier: str | None
) -> rules.PercentRule:
    return rules.PercentRule(
        rule.id, str(rule.version), rule.name, group, rule.priority, percent,
        frozenset() if tier is None else frozenset((tier,)),
        frozenset() if rule.category is None else frozenset((rule.category,)),
    )  # fmt: skip


def _earn(rule: EarnRule, shop: ShopFile) -> rules.EarnRule:
    # The rule's factor goes into points and spend, so that it and the tier's are rounded once together.
    common = gcd(rule.percent, 100)
    factors = tuple((tier.id, tier.points_percent) for tier in shop.tiers)
    return rules.EarnRule(
        rule.id, str(rule.version), rule.name, rule.amount * (100 // common),
        rule.percent // common, SALE_POINTS_MAX, factors,
    )  # fmt: skip
