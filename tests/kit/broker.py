"""A real mosquitto on a free port, for one test."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.kit.ports import free_port
from tests.kit.waiting import until


def answers(port: int) -> bool:
    """Return whether somebody listens on ``port`` of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Broker:
    """Starts when entered and ends when left; may be killed and started again in between."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        """Prepare in ``folder``; ``settings`` are further lines of mosquitto.conf."""
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._conf = folder / f"mosquitto-{self.port}.conf"
        self._log = folder / f"mosquitto-{self.port}.log"
        self._conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            f"set_tcp_nodelay true\nuser root\n{settings}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop(signal.SIGKILL)

    def start(self) -> None:
        """Start and wait until it answers."""
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        assert program is not None, "mosquitto is not installed"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self._conf)], stdout=log, stderr=log
            )
        until(lambda: answers(self.port), f"mosquitto on {self.port}: {self._log.read_text()}")

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it, by default as ``kill -9`` does."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None
