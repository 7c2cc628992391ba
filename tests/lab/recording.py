"""Runs a program below which every change of its files is recorded."""

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("recorder.c")
_HEAD = 15


@dataclass(frozen=True, slots=True)
class Op:
    """One thing asked of the kernel; kinds as in ``recorder.c``."""

    kind: str
    path: str
    at: int
    data: bytes


@cache
def recorder() -> Path:
    """Return the recorder, compiled."""
    made = Path(mkdtemp(prefix="tp-lab-")) / "recorder.so"
    atexit.register(shutil.rmtree, made.parent)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", made, SOURCE],
        check=True,
    )
    return made


def run(program: str, *arguments: str, folder: Path, log: Path | None, **extra: str):
    """Run module ``program`` with the files below ``folder`` recorded into ``log``; return how it ended."""
    environment = {**os.environ, "LD_PRELOAD": str(recorder()), "TP_LAB_DIR": str(folder), **extra}
    if log is not None:
        environment["TP_LAB_LOG"] = str(log)
    return subprocess.run(
        [sys.executable, "-B", "-m", program, *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def read(log: Path) -> Iterator[Op]:
    """Yield what was recorded, in order."""
    whole, place = log.read_bytes(), 0
    while place < len(whole):
        head = whole[place : place + _HEAD]
        path_length = int.from_bytes(head[1:3], "little")
        length = int.from_bytes(head[11:15], "little")
        place += _HEAD
        path = whole[place : place + path_length].decode()
        data = whole[place + path_length : place + path_length + length]
        place += path_length + length
        yield Op(chr(head[0]), path, int.from_bytes(head[3:11], "little"), data)
