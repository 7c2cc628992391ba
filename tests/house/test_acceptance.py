"""tests/acceptance.toml is well-formed, everything it names exists, and the READMEs say the same."""

import re

import pytest

from tests.house.acceptance import COMMANDS, STATES, fault, read
from tests.house.capabilities import READMES, with_table

CAPABILITIES, ROWS = read()
SECTIONS = {
    "main",
    "1.1",
    "1.2",
    "1.3",
    "1.4",
    "1.5",
    "1.6",
    "1.7",
    "1.8",
    "reach",
    "survive",
    "shown",
    *(f"2.{n}" for n in (*range(1, 8), "reach", "hold", "bad")),
    *(f"3.{n}" for n in (*range(1, 8), "reach", "hold")),
    *(f"4.{n}" for n in (*range(1, 8), "reach", "hold")),
}


def test_every_paragraph_has_its_rows():
    assert {re.sub(r"\.?[a-z]$", "", row.id) for row in ROWS} == SECTIONS
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_every_row_says_what_it_is_about():
    known = {each.id for each in CAPABILITIES}
    for row in ROWS:
        assert row.state in STATES, row.id
        assert row.requirement.strip(), row.id
        assert row.capabilities, row.id
        assert set(row.capabilities) <= known, row.id


def test_every_capability_has_a_row():
    used = {capability for row in ROWS for capability in row.capabilities}
    assert {each.id for each in CAPABILITIES} == used
    assert len(CAPABILITIES) == len(used)


def test_what_a_row_names_is_there():
    faults = {
        (row.id, shown): found for row in ROWS for shown in row.show if (found := fault(shown))
    }
    assert faults == {}


def test_what_is_done_is_shown_and_what_is_missing_shows_nothing():
    for row in ROWS:
        assert bool(row.show) == (row.state != "missing"), row.id


def test_a_target_that_was_reached_has_its_figure():
    assert [
        row.id
        for row in ROWS
        if row.id.startswith("reach.") and row.state == "done" and not row.figure
    ] == []


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ("tests/house/test_acceptance.py::test_every_paragraph_has_its_rows", None),
        ("tests/house/test_acceptance.py::test_that_nobody_wrote", "no test"),
        ("tests/house/test_nothing.py::test_x", "no file"),
        ("tests/nowhere/", "no file"),
        ("pyproject.toml", None),
        ("./test", None),
        ("tallypoint config check", None),
    ],
)
def test_a_row_that_names_nothing_would_be_found(shown, wrong):
    said = fault(shown)
    assert said is None if wrong is None else said.startswith(wrong)
    assert COMMANDS


def test_the_tables_in_the_readmes_are_current():
    """Run ``python -m tests.house.capabilities --write`` when this fails."""
    for language, readme in READMES.items():
        assert readme.read_text("utf-8") == with_table(readme, language)
