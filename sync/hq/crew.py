"""The workers of a head office on PostgreSQL, kept at work: who dies or falls silent is started again."""

import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from config.schema import HeadOffice
from sync.hq.worker import BEAT_S, UP

SILENCE_S = 60.0
"""A worker whose loop has not turned for so long is ended: a database that hangs holds it that long."""
PAUSE_S_FIRST, PAUSE_S_MAX = 0.2, 10.0
END_S = 8.0
_LINE_BYTES_MAX = 100
_log = logging.getLogger(__name__)


class Crew:
    """Starts ``workers`` processes and looks after each on a thread of its own."""

    def __init__(self, settings: HeadOffice, stop: threading.Event) -> None:
        self._told = msgspec.json.encode(settings) + b"\n"
        self._stop = stop
        self._up: set[int] = set()
        self._count = settings.hq.workers
        self.pids: dict[int, int] = {}
        """Processes by number; for those who watch."""

    def is_up(self) -> bool:
        """Whether anybody takes what tills send."""
        return bool(self._up)

    @property
    def trouble(self) -> str:
        """What is wrong, for a person; empty when every worker works."""
        missing = self._count - len(self._up)
        return f"{missing} of {self._count} workers do not work" if missing else ""

    def bodies(self) -> dict[str, Callable[[], None]]:
        """Return what looks after each worker; each is a thread's whole life."""
        numbers = range(1, self._count + 1)
        return {f"worker {n}": partial(self._look_after, n) for n in numbers}

    def _look_after(self, number: int) -> None:
        pause = PAUSE_S_FIRST
        while not self._stop.is_set():
            was_up = self._one_life(number)
            if self._stop.is_set():
                return
            pause = PAUSE_S_FIRST if was_up else min(PAUSE_S_MAX, 2 * pause)
            _log.warning("worker %d ended; it is started again", number)
            self._stop.wait(pause)

    def _one_life(self, number: int) -> bool:
        """Start a worker and return when it has ended: whether it had been at work."""
        with subprocess.Popen(
            [sys.executable, "-m", "sync.hq.worker", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            bufsize=0,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            self.pids[number] = process.pid
            was_up = False
            try:
                _send(process.stdin, self._told)
                was_up = self._listen(number, process.stdout)
                process.stdin.close()  # It ends by itself.
                process.wait(END_S)
            except (OSError, subprocess.TimeoutExpired):
                _log.warning("worker %d does not end; it is killed", number)
            finally:
                self._up.discard(number)
                process.kill()
        return was_up

    def _listen(self, number: int, voice: IO[bytes]) -> bool:
        """Follow what a worker says until it falls silent, ends, or is to end; return whether it was up."""
        was_up, silent_s, heard = False, 0.0, b""
        while not self._stop.is_set() and silent_s < SILENCE_S:
            if not select.select([voice], [], [], BEAT_S)[0]:
                silent_s += BEAT_S
                continue
            said = os.read(voice.fileno(), _LINE_BYTES_MAX)
            if not said:
                break
            silent_s = 0.0
            *words, heard = (heard + said).split(b"\n")
            for word in words:
                (self._up.add if word == UP.encode() else self._up.discard)(number)
            was_up = was_up or number in self._up
            heard = heard[-_LINE_BYTES_MAX:]
        return was_up


def _send(pipe: IO[bytes], words: bytes) -> None:
    while words:
        words = words[pipe.write(words) :]
