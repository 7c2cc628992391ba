"""Thousands of seeded schedules hold; a failing one prints itself shortened; each planted bug is found."""

import pytest

from tests.sim.planted import PLANTED
from tests.sim.run import ACTIONS, TILLS, broken, report
from tests.sim.schedule import Clone, Deliver, Sell, draw, text
from tests.sim.shorten import shorten

BLOCKS, SCHEDULES = 4, 500
PLANTED_TRIES = 400


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_schedule_keeps_the_laws(block):
    for seed in range(block * SCHEDULES, (block + 1) * SCHEDULES):
        law = broken(seed, draw(seed, ACTIONS, TILLS))
        assert not law, report(seed, law)


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug):
    laws = (broken(seed, draw(seed, ACTIONS, TILLS), PLANTED[bug]) for seed in range(PLANTED_TRIES))
    assert any(laws)


def test_a_failing_schedule_is_shortened_to_what_it_needs():
    needed = (Clone(1), Sell(2, 300))
    schedule = (Deliver(1), *draw(1, 30, 3), needed[0], *draw(2, 30, 3), needed[1], Deliver(5))

    short = shorten(schedule, lambda tried: [a for a in tried if a in needed] == list(needed))

    assert short == needed
    assert eval(text(short), {"Clone": Clone, "Sell": Sell}) == needed
