"""What the ledger does when the disk is full, or fails at the commit itself."""

import os
import subprocess
import sys

import pytest

from terminal.store.ledger import Ledger
from terminal.store.verify import verify
from tests.kit.mounts import ALONE
from tests.lab.recording import ROOT, run
from tests.store.entries import BOOT, IDENTITY


def on_a_small_disk(folder, *arguments: str) -> list[str]:
    ran = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.store.seller", str(folder), "5000", *arguments],
        env={**os.environ, "TP_TMPFS": "6m", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_a_full_disk_refuses_the_next_sale_and_selling_goes_on_when_there_is_room(tmp_path):
    ended, head, still, started, whole, kept, again, whole_again = on_a_small_disk(tmp_path)

    assert ended.endswith("the disk is full")
    assert still.endswith("the disk is full")
    sold = started == "started sold all"  # Starting anew empties the log and so may make room.
    assert sold or started.endswith("the disk is full")
    assert int(kept.split()[1]) == int(head.split()[1]) + sold > sold
    assert again == "sold all"
    assert whole == whole_again == "faults ()"


def test_a_disk_that_fills_up_inside_a_commit_loses_no_sale_that_was_posted(tmp_path):
    ended, head, _, _, whole, kept, again, whole_again = on_a_small_disk(tmp_path, "0")

    assert ended == f"unknown: {tmp_path}/ledger.db: database or disk is full"
    assert int(kept.split()[1]) >= int(head.split()[1])
    assert again == "sold all"
    assert whole == whole_again == "faults ()"


@pytest.mark.parametrize("nth", range(3, 9))
def test_a_commit_that_the_disk_failed_is_resolved_by_its_calls_id(tmp_path, nth):
    ran = run(
        "tests.store.seller", str(tmp_path), "9", folder=tmp_path, log=None,
        TP_LAB_FAIL_SYNC=str(nth), TP_LAB_FAIL_FILE="-wal",
    )  # fmt: skip
    ended, head = ran.stdout.splitlines()
    assert ended == f"unknown: {tmp_path}/ledger.db: disk I/O error", ran.stderr
    posted = int(head.split()[1])

    ledger = Ledger.open(tmp_path / "ledger.db", IDENTITY, BOOT)
    in_doubt = ledger.answered(f"call-{posted + 1}")
    assert ledger.head_seq == posted + (in_doubt is not None)
    assert ledger.answered(f"call-{posted + 2}") is None
    ledger.close()
    assert verify(tmp_path / "ledger.db").faults == ()
