"""Bugs planted in the engine one by one; the worked baskets must find each of them.

A list of baskets that lets one pass is not worth its length.
"""

import pytest

from terminal.core.pricing import combine, engine, index, sets, steps
from terminal.core.pricing.promotions import Selector, When
from terminal.core.rounding import share
from tests.core.pricing.baskets import CASES
from tests.core.pricing.shop import core_lines, lines_of, quote


def wrong():
    """Names of the baskets that do not come out as worked out."""
    found = []
    for case in CASES:
        settings = {"member": case.member, "below_cost": case.below_cost, "round_to": case.round_to}
        lines = lines_of(case.basket)
        priced = quote(lines, case.rules, case.groups, facts=case.facts, **settings)
        adds_up = priced.total == sum(line.net for line in priced.lines) == case.total
        whole = all(
            line.gross - sum(d.amount for d in line.discounts) == line.net for line in priced.lines
        )
        if not (adds_up and whole) or len(core_lines(lines)) != len(priced.lines):
            found.append(case.name)
    return found


def floor(amount, numerator, denominator):
    return amount * numerator // denominator


def unequal_shares(total, weights):
    """Rounded one by one, so that they need not add up."""
    whole = sum(weights) or 1
    return tuple((2 * total * weight + whole) // (2 * whole) for weight in weights)


def cheapest_first(self, lines):
    return sorted(original_runs(self, lines), key=lambda run: run[:2])


original_runs = sets.Turn.runs


def no_doubt(*_):
    return None


def first_of_its_group(choices, net, quantity, out):
    return original_best(choices[:1], net, quantity, out)


original_best = combine.best_choice


def only_lowest_step(gives_steps, measured):
    return 0


def each_step_once(gives_steps, measured, times_max):
    return sum(step.amount for step in gives_steps if step.start <= measured)


def whole_ladder(gives_steps, measured):
    percent = gives_steps[original_reached(gives_steps, measured)].percent
    return measured * (100 - percent) // 100


original_reached = steps._reached


def net_of_tax(line, gross):
    cost = line.goods.cost
    return min(gross, cost * line.quantity // 1000) if cost else engine._floor(line, gross)


def round_half_up(rule, nets, recorder):
    if rule is None:
        return None, (0,) * len(nets)
    off = sum(nets) - (sum(nets) + rule.unit // 2) // rule.unit * rule.unit
    return (rule, share(max(0, off), nets))


def without_limit(rule, recorder):
    return None


def any_dimension(self, goods, price):
    return goods.code in self.products or goods.category in self.categories or self == Selector()


def until_the_day_before(self, read, rule):
    late = self.until and read("date") == self.until
    return not late and original_holds(self, read, rule)


original_holds = When.holds


def no_exclusion(groups, places):
    return tuple(1 << place for place in range(len(groups)))


PLANTED = {
    "percentages are cut instead of rounded": (sets, "half_up", floor),
    "shares are rounded one by one and do not add up": (steps, "share", unequal_shares),
    "sets are formed from the cheapest": (sets.Turn, "runs", cheapest_first),
    "the tier price is not optional": (combine, "doubts", no_doubt),
    "the first rule of a group is taken, not the best": (
        combine,
        "best_choice",
        first_of_its_group,
    ),
    "a ladder stays on its lowest step": (steps, "_reached", only_lowest_step),
    "each full step counts once": (steps, "_each_full", each_step_once),
    "a marginal ladder is reckoned whole": (steps, "_by_bands", whole_ladder),
    "the floor forgets VAT": (engine, "_floor_with", net_of_tax),
    "the total is rounded to the nearest, not down": (engine, "_rounded", round_half_up),
    "limits are not counted": (combine, "_units_left", without_limit),
    "exceptions of a selector are not read": (Selector, "takes", any_dimension),
    "the last day is left out": (When, "holds", until_the_day_before),
    "excluded groups stack all the same": (index, "_blocked", no_exclusion),
}


def test_nothing_is_wrong_before_anything_is_planted():
    assert wrong() == []


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug, monkeypatch):
    where, name, planted = PLANTED[bug]
    monkeypatch.setattr(where, name, planted)
    assert wrong(), bug
