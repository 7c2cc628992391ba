"""Thousands of seeded schedules hold; a failing one prints itself shortened; each planted bug is found."""

import pytest

from sync.hq import books
from terminal.core.officebook import ValueLapsed
from tests.sim.broken import LawBrokenError
from tests.sim.planted import PLANTED, WITHOUT_A_ROLL_CALL
from tests.sim.run import ACTIONS, TILLS, broken, report
from tests.sim.schedule import (
    BackUpHq,
    Clone,
    Close,
    Come,
    Deliver,
    Part,
    RestoreHq,
    Sell,
    Spend,
    TopUp,
    Weather,
    draw,
    text,
)
from tests.sim.shorten import shorten
from tests.sim.value import DATE, UNIT
from tests.sim.world import World

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


def test_a_head_office_back_from_a_backup_grants_nothing_before_every_till_was_heard():
    """One till is away with money that the backup does not know to be granted."""
    member = "100001"
    schedule = (
        Weather(), Deliver(30), TopUp(2, 10_000, member), Deliver(30), Close(2), Deliver(30), BackUpHq(),
        Come(0, member), Deliver(30), Sell(0, 100), Sell(1, 100), Deliver(30), Part(0, 2_000), RestoreHq(),
        Deliver(60), Come(1, member), Deliver(150), Sell(1, 100), Deliver(150), Come(1, member), Deliver(60),
        Spend(1, 10_000, member), Spend(0, 10_000, member),
    )  # fmt: skip

    assert not broken(1, schedule)
    assert "more than was paid in" in broken(1, schedule, WITHOUT_A_ROLL_CALL)


def lapse_one_lot_at_two_tills() -> None:
    """Two tills say of the same money that its day is past."""
    with World(1, 2) as world:
        for action in (Weather(), Deliver(30), TopUp(0, 10_000, "100001"), Deliver(60)):
            world.act(action)
        ((_, lot),) = world.tills[0].ledger.value_lots("100001")
        for till in world.tills:
            till.post(ValueLapsed("100001", UNIT, (lot,), DATE))
        world.settle()


def test_two_tills_cannot_expire_one_lot(monkeypatch):
    lapse_one_lot_at_two_tills()  # Only the head office may say so; what they say is set aside.

    monkeypatch.setattr(books, "OFFICE_KINDS", ())
    with pytest.raises(LawBrokenError, match="-10000"):
        lapse_one_lot_at_two_tills()


def test_a_failing_schedule_is_shortened_to_what_it_needs():
    needed = (Clone(1), Sell(2, 300))
    schedule = (Deliver(1), *draw(1, 30, 3), needed[0], *draw(2, 30, 3), needed[1], Deliver(5))

    short = shorten(schedule, lambda tried: [a for a in tried if a in needed] == list(needed))

    assert short == needed
    assert eval(text(short), {"Clone": Clone, "Sell": Sell}) == needed
