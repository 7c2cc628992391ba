"""The power-cut laboratory. By hand, with everything: ``python -m tests.lab.long``."""

import os
import random

import pytest

from tests.lab.bench import Scratch, cuts, examine, experiment, record
from tests.lab.second import second_cuts

SEED = int(os.environ.get("TP_LAB_SEED", "20261121"))
SALES = 24
IMAGES_PER_CUT = 6


@pytest.fixture(scope="module")
def scratch():
    with Scratch() as made:
        yield made


@pytest.fixture(scope="module")
def recorded(scratch):
    return record(scratch, SALES)


def test_no_power_cut_loses_halves_or_doubles_anything(scratch, recorded):
    found = experiment(scratch, recorded, random.Random(SEED), IMAGES_PER_CUT)
    print(f"seed {SEED}: {found.report()}")
    assert found.wrong == []
    assert found.cuts >= 300
    assert found.images >= 2_000
    assert {
        "all",
        "none",
        "subset",
        "dropped",
        "alone",
        "random",
        "torn",
        "garbage",
        "spoiled",
    } <= set(found.kinds)


def test_a_second_cut_during_recovery_loses_nothing_either(scratch, recorded):
    found = second_cuts(scratch, recorded, random.Random(SEED), images=12, most=3)
    print(f"seed {SEED}: {found.report()}")
    assert found.wrong == []
    assert found.cuts >= 50


def test_appending_at_once_after_a_cut_would_be_found(scratch, recorded):
    """The padding that protects the last commit may be missing then; so the log is emptied first."""
    draw = random.Random(SEED)
    found = second_cuts(scratch, recorded, draw, images=12, most=3, fault="append at once")
    assert any("posted" in wrong for wrong in found.wrong)


def test_the_recording_holds_all_that_the_till_wrote(scratch, recorded):
    *_, (_, disk, said) = cuts(recorded)
    assert said.posted == SALES
    assert examine(scratch, disk.image(disk.pending()), said) == []


@pytest.mark.parametrize(
    ("fault", "sign"),
    [
        ("synchronous normal", "posted"),
        ("psow on", "posted"),
        ("outbox outside", "outbox"),
        ("print before post", "are on paper and not in the ledger"),
    ],
)
def test_a_planted_fault_is_found(scratch, fault, sign):
    ops = record(scratch, 8, fault)
    found = experiment(scratch, ops, random.Random(SEED), IMAGES_PER_CUT, until=sign)
    print(f"seed {SEED}: {fault}: {found.report()}: {found.wrong[:1]}")
    assert any(sign in wrong for wrong in found.wrong), found.wrong
