"""The units as systemd itself judges them. Needs Debian's systemd and pcscd."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "systemd"
UNITS = ("tallypoint.service", "tallypoint-hq.service")
EXPOSURE_MAX = "20"  # Tenths: 2.0 of 10.


@pytest.fixture
def root(tmp_path):
    """A small root with the unit files of this machine and ours, installed by `systemd/install`."""
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", tmp_path / "etc" / name)
    program = tmp_path / "opt/tallypoint/.venv/bin/tallypoint"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    subprocess.run([HERE / "install", tmp_path], check=True, capture_output=True)
    return tmp_path


def verify(root):
    command = ["systemd-analyze", "verify", f"--root={root}", "--recursive-errors=no", "--man=no"]
    return subprocess.run(
        [*command, *UNITS, "pcscd.socket"], capture_output=True, text=True, check=False
    )


def test_systemd_finds_no_fault_in_the_units(root):
    answer = verify(root)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


@pytest.mark.parametrize("unit", [*UNITS, "pcscd.socket.d/tallypoint.conf"])
def test_a_typing_error_in_a_unit_would_be_found(root, unit):
    path = root / "etc/systemd/system" / unit
    path.write_text(path.read_text().replace("[Socket]", "[Socket]\nProtectHom=yes"))
    path.write_text(path.read_text().replace("ProtectHome=", "ProtectHom="))
    answer = verify(root)
    assert answer.returncode != 0
    assert "ProtectHom" in answer.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_hardened(unit):
    answer = subprocess.run(
        [
            "systemd-analyze", "security", "--offline=true",
            f"--threshold={EXPOSURE_MAX}", "--no-pager", HERE / unit,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-2000:]


def test_a_bare_unit_would_not_pass_the_gate(tmp_path):
    unit = tmp_path / "bare.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    answer = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit],
        capture_output=True,
        check=False,
    )
    assert answer.returncode != 0


def test_users_groups_and_folders_are_made_as_the_units_need_them(root):
    users = (root / "etc/passwd").read_text()
    groups = dict(line.split(":", 1) for line in (root / "etc/group").read_text().splitlines())
    assert "tallypoint:" in users
    assert "tallypoint-hq:" in users
    assert groups["dialout"].endswith("tallypoint")
    assert groups["lp"].endswith("tallypoint")
    assert (root / "etc/tallypoint").is_dir()


def test_a_wrong_setting_is_not_tried_again_and_everything_else_for_ever():
    text = (HERE / "tallypoint.service").read_text()
    for line in (
        "Type=notify",
        "WatchdogSec=120",
        "Restart=always",
        "RestartPreventExitStatus=78",
        "StartLimitIntervalSec=0",
        "After=pcscd.socket",
    ):
        assert f"\n{line}\n" in text
    assert "\nAfter=network-online.target" not in text
