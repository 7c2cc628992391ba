"""A whole machine is booted, and a sale made through its units. Needs root, systemd-nspawn, mmdebstrap."""

import json
from pathlib import Path

import pytest

from tests.systemd.boot import boot

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
PROGRAM = """#!/opt/tallypoint/.venv/bin/python3
import sys

sys.path.insert(0, "/opt/tallypoint/src")
from terminal.app.cli import main

sys.exit(main())
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the visit saw, from one boot, and under ``journal`` what the units said."""
    till = (EXAMPLES / "terminal-virtual.toml").read_text()
    answer = boot(
        tmp_path_factory.mktemp("shop"),
        PROGRAM,
        "tests.systemd.visit_sale",
        {
            "terminal.toml": till.replace('"data"', '"/var/lib/tallypoint"'),
            "hq.toml": (EXAMPLES / "hq.toml").read_text(),
            "shop.toml": (EXAMPLES / "shop.toml").read_text(),
        },
    )
    first, verdict, journal = answer.split("\n", 2)
    assert verdict == "exit 0", answer
    return {**json.loads(first), "journal": journal}


def test_ready_means_that_the_page_answers_and_the_devices_run(said):
    assert said["till_at_ready"] == 200
    reader, scanner, printer = said["devices_at_ready"]
    assert (reader, scanner) == ("up", "up")
    assert printer in ("up", "warn")  # It runs, and may not have said yet how it is.


def test_the_head_office_is_ready_when_its_page_answers(said):
    assert said["hq_at_ready"] == 303  # To where people sign in.


def test_a_sale_goes_from_tap_to_head_office_through_the_units(said):
    assert said["first"]["receipt"] in said["first"]["text"]
    assert "农夫山泉饮用天然水" in said["first"]["text"]
    assert "会员价" in said["first"]["text"]
    assert said["hq_sales"] == [said["first"]["receipt"]]


def test_a_killed_unit_comes_back_with_its_ledger_and_counts_on(said):
    assert said["text_after_kill"] == said["first"]["text"]
    assert said["second"] == said["first"]["receipt"][:-1] + "2"


def test_a_program_that_falls_silent_is_ended_by_the_watchdog_and_started_again(said):
    assert said["fell_silent"] == {"tallypoint": "watchdog", "tallypoint-hq": "watchdog"}
    assert said["records"] >= 4
    assert said["equal"]


def test_a_unit_that_is_asked_to_stop_ends_well(said):
    well = ["inactive", "success", "0"]
    assert said["stopped"] == {"tallypoint": well, "tallypoint-hq": well}


def test_a_ledger_whose_last_record_is_spoilt_never_says_ready(said):
    assert said["damaged"] == ["1", "not ready"]


def test_no_program_fell_over_a_bug_of_its_own(said):
    assert "Traceback" not in said["journal"], said["journal"]
