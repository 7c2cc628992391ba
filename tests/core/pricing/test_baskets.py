"""At least eighty baskets worked out by hand, and again by a slow reckoning that knows no engine."""

import pytest

from tests.core.pricing.baskets import CASES, Case
from tests.core.pricing.shop import lines_of, quote, slow


def test_there_are_at_least_eighty():
    assert len({case.name for case in CASES}) == len(CASES) >= 80


def settings(case: Case):
    return {"member": case.member, "below_cost": case.below_cost, "round_to": case.round_to}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_basket_costs_what_was_worked_out(case: Case):
    lines = lines_of(case.basket)
    found = quote(lines, case.rules, case.groups, facts=case.facts, **settings(case))

    assert found.total == case.total
    assert slow(lines, case.rules, case.groups, **settings(case))[0] == case.total
