"""What systemd would hear of a program, and a disk that stops answering it.

with Notified(tmp_path) as heard, TillProcess(tmp_path) as till: ...
"""

import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.kit.waiting import PATIENCE_S, until

READY, FED = "READY=1", "WATCHDOG=1"
_SOURCE = Path(__file__).with_name("held_disk.c")
_MESSAGE_MAX = 4096


class Notified:
    """The service manager's end of the notify socket."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def env(self) -> dict[str, str]:
        """What the program finds in its environment."""
        return {"NOTIFY_SOCKET": str(self._path)}

    def until(self, message: str) -> None:
        """Return once the program has said ``message``; what it said before is passed over."""
        self._socket.settimeout(PATIENCE_S)
        try:
            while self._socket.recv(_MESSAGE_MAX).decode() != message:
                pass
        except TimeoutError:
            raise AssertionError(f"{message} was never said") from None

    def waiting(self) -> list[str]:
        """Return, and forget, everything said that was not taken yet."""
        self._socket.settimeout(0)
        said = []
        try:
            while True:
                said.append(self._socket.recv(_MESSAGE_MAX).decode())
        except BlockingIOError:
            return said


class HeldDisk:
    """Makes every sync of a program wait, for as long as a test wants."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "held_disk.so"
        subprocess.run(
            [
                "gcc",
                "-shared",
                "-fPIC",
                "-O1",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                library,
                _SOURCE,
            ],
            check=True,
        )
        self._mark = folder / "held"
        self._waiting = folder / "held.waiting"
        self.env = {"LD_PRELOAD": str(library), "HELD_DISK": str(self._mark)}

    def hold(self) -> None:
        """From now on a sync waits."""
        self._waiting.unlink(missing_ok=True)
        self._mark.touch()

    def until_waited_for(self) -> None:
        """Return once the program waits for the disk."""
        until(self._waiting.exists, "somebody waits for the disk")

    def free(self) -> None:
        """Let everything that waits go on."""
        self._mark.unlink()
