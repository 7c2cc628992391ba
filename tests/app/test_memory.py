"""What the programs hold in memory never reaches a file by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.till import TillProcess

UNITS = Path(__file__).parents[2] / "systemd"
ASKED = """
import ctypes, resource
from terminal.app.memory import keep_to_itself
PR_GET_DUMPABLE = 3
dumpable = lambda: ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
before = dumpable()
keep_to_itself()
print(before, dumpable(), *resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_process_is_marked_as_one_that_is_never_dumped():
    said = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["1", "0", "0", "0"]


def test_a_running_till_writes_no_core_dump(tmp_path):
    with TillProcess(tmp_path) as till:
        limits = Path(f"/proc/{till.pid}/limits").read_text()

    [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]


@pytest.mark.parametrize("unit", ["tallypoint.service", "tallypoint-hq.service"])
def test_the_units_forbid_core_dumps(unit):
    assert "LimitCORE=0" in (UNITS / unit).read_text().splitlines()
