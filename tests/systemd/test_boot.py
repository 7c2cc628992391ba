"""A whole machine is booted with the till's unit in it. Needs root, systemd-nspawn, mmdebstrap."""

import json
from pathlib import Path

import pytest

from tests.systemd.boot import boot

HERE = Path(__file__).parent
SHEBANG = "#!/opt/tallypoint/.venv/bin/python3\n"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the stand-in and systemd said, from one boot."""
    answer = boot(
        tmp_path_factory.mktemp("machine"),
        SHEBANG + (HERE / "standin.py").read_text(),
        "tests.systemd.visit_unit",
        {"terminal.toml": "# any\n"},
    )
    first, verdict = answer.splitlines()[:2]
    assert verdict == "exit 0", answer
    return json.loads(first)


def test_the_sandbox_lets_the_till_do_its_work(said):
    facts = said["first"]
    assert facts["user"]
    assert facts["starts"] == 1
    assert facts["boot_id"] == 36
    assert facts["signature"] == 64
    assert len(facts["libraries"]) == 4
    assert facts["callback"] == 7
    assert facts["netlink"] == "yes"
    assert facts["read_settings"] == "yes"
    assert facts["state_mode"] == "0o700"


def test_the_sandbox_keeps_the_till_from_everything_else(said):
    facts = said["first"]
    assert facts["write_etc"] == "Read-only file system"
    assert facts["write_program"] == "Read-only file system"
    assert facts["read_shadow"] == "Permission denied"
    assert facts["packet"] != "yes"
    assert facts["see_others"] == 1


def test_a_killed_till_comes_back_with_its_ledger(said):
    assert said["second"]["starts"] == 2


def test_wrong_settings_are_not_tried_again(said):
    assert said["after_78"] == ["exit-code", "78", "2"]
