"""Programs as processes, for tests that start, ask, stop and kill them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from tests.kit.ports import free_port
from tests.kit.waiting import PATIENCE_S, until

TOP = Path(__file__).parents[2]
STOP_LIMIT_S = 60.0
"""A program that is asked to stop has stopped by then."""
START_LIMIT_S = 60.0


class Process:
    """One of our programs, or any other, as a process."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.command = list(command)
        self.folder = folder
        self.env: dict[str, str] = {}
        """Put into the environment at the next start."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that runs, or ran last."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return at once; what it says is appended to its log."""
        assert not self.is_running
        with self.log_path.open("ab") as said:
            self._process = subprocess.Popen(
                self.command,
                cwd=TOP,
                stdout=said,
                stderr=said,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.env},
            )

    def kill(self) -> None:
        """End it as a crash would, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self, limit_s: float = STOP_LIMIT_S) -> int:
        """Ask it to end and return its exit code.

        Raises:
            subprocess.TimeoutExpired: It did not, and was killed.
        """
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        return self.wait(limit_s)

    def wait(self, limit_s: float = START_LIMIT_S) -> int:
        """Return its exit code once it has ended by itself; kill it when it does not."""
        assert self._process is not None
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    @property
    def log_path(self) -> Path:
        """Where what it says is kept."""
        return self.folder / f"{self.name}.log"

    @property
    def log(self) -> str:
        """What it said so far, over all its starts."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")


class Server(Process):
    """A program that serves a page."""

    def __init__(self, name: str, words: Sequence[str], folder: Path) -> None:
        super().__init__(name, [sys.executable, "-m", "terminal.app.cli", *words], folder)
        self.port = free_port()

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_up(self) -> None:
        """Return once the page answers; fail at once when the program ends instead."""

        def answers() -> bool:
            assert self.is_running, f"{self.name} ended at its start:\n{self.log[-4000:]}"
            with suppress(OSError, httpx.HTTPError):
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                answer = httpx.get(self.address + self._ready_path, timeout=PATIENCE_S)
                return answer.status_code < 500
            return False

        until(answers, f"{self.name} answers on port {self.port}", START_LIMIT_S)

    _ready_path = "/"

    def restart(self) -> None:
        """Start it again, after killing it if it runs, and wait until the page answers."""
        if self.is_running:
            self.kill()
        self.start()
        self.wait_until_up()

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_up()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.kill()
        print(f"--- {self.name}.log\n{self.log[-4000:]}")  # pytest shows it when a test failed.


def tallypoint(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as a technician does."""
    return subprocess.run(
        [sys.executable, "-m", "terminal.app.cli", *words],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
