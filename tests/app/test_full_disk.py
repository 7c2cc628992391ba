"""A till whose disk fills up: it says so, takes nothing back, and goes on once there is room."""

import contextlib
from pathlib import Path

import pytest

from terminal.store.ledger import CHECKPOINT_EVERY
from tests.kit.mounts import ALONE
from tests.kit.till import COLA, TOP, WATER, TillProcess
from tests.kit.waiting import until

SIZE = "16m"


@pytest.fixture
def till(tmp_path):
    running = TillProcess(tmp_path)
    running.data.mkdir()
    small = f'mount -t tmpfs -o size={SIZE} tmpfs "$0" && exec "$@"'
    running.command = [
        *ALONE, "sh", "-c", small, str(running.data), *running.command,
    ]  # fmt: skip
    running.env["PYTHONPATH"] = str(TOP)  # The way there does not keep the folder one stands in.
    with running:
        running.api.sign_in()
        yield running


def inside(till) -> Path:
    """The data folder as the till sees it: its disk is a mount of its own."""
    return Path(f"/proc/{till.pid}/root{till.data}")


def fill(till) -> Path:
    """Leave no room on the till's disk; return the file that takes it."""
    filler = inside(till) / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return filler


def test_a_full_disk_is_a_refusal_in_words_and_selling_goes_on_once_there_is_room(till):
    first = till.api.sell(COLA)
    filler = fill(till)

    asked = {
        "lines": [{"code": WATER}],
        "tenders": [{"type": "cash", "amount": 1000}],
        "id": "full",
    }
    assert till.api.refused("POST", "/sales", asked) == "disk-full"
    till.api.add(WATER)
    tender = {"type": "cash", "amount": 1000}
    assert till.api.refused("POST", "/sale/tenders", tender) == "disk-full"
    assert till.state()["sale"]["state"] == "open"

    filler.unlink()
    again = till.api.json("POST", "/sales", asked)
    paid = till.api.pay()
    assert [first["seq"] + 1, first["seq"] + 2] == [again["seq"], paid["seq"]]


def test_what_gathered_for_a_quiet_moment_waits_until_there_is_room(till):
    # More than the write-ahead log keeps before an idle till moves it into the ledger's file.
    for _ in range(CHECKPOINT_EVERY + 1):
        till.api.sell(COLA)
    filler = fill(till)

    until(lambda: "is not tidied" in till.log, "the till had its quiet moment")
    assert till.state()["sale"]["state"] == "idle"

    filler.unlink()
    till.api.sell(COLA)
    assert till.stop() == 0
