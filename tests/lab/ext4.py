"""A real ext4 in a file, whose power is really cut: everything that was not synced is gone.

    python -m tests.lab.ext4 [ROUNDS]      needs root and loop devices

``EXT4_IOC_SHUTDOWN`` without flushing the journal stops the file system at once (as xfstests do); mounting
it again replays the journal like after a power cut.
"""

import fcntl
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from terminal.codec.entry import encode
from terminal.store.calls import CallKey
from terminal.store.errors import CommitUnknownError, LedgerError
from terminal.store.ledger import Ledger
from terminal.store.verify import verify
from tests.lab.recording import ROOT
from tests.lab.workload import bodies, plant
from tests.store.entries import IDENTITY

SHUTDOWN = 0x8004587D
"""``_IOR('X', 125, __u32)``"""
NO_LOG_FLUSH = 2
SIZE = 64 << 20


class Ext4:
    """A file system of its own, mounted below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mounted"
        self._image = folder / "ext4.img"
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        _do("mkfs.ext4", "-q", "-F", str(self._image))

    def __enter__(self) -> Self:
        self.mount()
        return self

    def __exit__(self, *_: object) -> None:
        _do("umount", str(self.path))

    def mount(self) -> None:
        """Mount it; the journal is replayed."""
        _do("mount", "-o", "loop", str(self._image), str(self.path))

    def cut(self) -> None:
        """Cut its power."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)


def why_not() -> str:
    """Return why this machine cannot do it, empty when it can."""
    if os.geteuid():
        return "not root"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Ext4(Path(folder)):
                return ""
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            return f"no ext4 in a loop file: {error}"


def cut_once(folder: Path, draw: random.Random, fault: str = "") -> tuple[int, int]:
    """Cut the power of a till that sells; return what it said was posted and what is there."""
    with Ext4(folder) as disk:
        command = [sys.executable, "-m", "tests.lab.ext4", "sell", str(disk.path), fault]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as seller:
            said = 0
            for _ in range(draw.randint(1, 300)):
                said = int(seller.stdout.readline())
            disk.cut()
            rest = seller.stdout.read().split()
        assert seller.returncode == 1
        said = int(rest[-1]) if rest else said
        _do("umount", str(disk.path))
        disk.mount()
        ledger = Ledger.open(disk.path / "ledger.db", IDENTITY, "boot-2")
        kept = ledger.head_seq
        ledger.close()
        assert fault or verify(disk.path / "ledger.db").faults == ()
    return said, kept


def sell(folder: Path, fault: str) -> None:
    """Sell until the disk fails, and say each time what is posted."""
    plant(fault)
    ledger = Ledger.open(folder / "ledger.db", IDENTITY, "boot-1")
    try:
        for made in bodies(100_000):
            print(ledger.post(made, encode(made), CallKey(made.call_id, b"asked")), flush=True)
            ledger.checkpoint()
    except (CommitUnknownError, LedgerError, OSError):
        os._exit(1)


def main() -> None:
    if sys.argv[1:2] == ["sell"]:
        sell(Path(sys.argv[2]), sys.argv[3])
        return
    for round_ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
        with tempfile.TemporaryDirectory() as folder:
            said, kept = cut_once(Path(folder), random.Random(round_))
            print(f"cut {round_}: posted {said}, kept {kept}")
            assert kept in {said, said + 1}


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
