"""What systemd would hear of a program, and a disk that stops answering it.

with Notified(tmp_path) as heard, TillProcess(tmp_path) as till: ...
"""

import queue
import socket
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import Self

from tests.kit.waiting import PATIENCE_S, until

READY, FED = "READY=1", "WATCHDOG=1"
_SOURCE = Path(__file__).with_name("held_disk.c")
_MESSAGE_MAX = 4096
_END, _MARK = b"END", b"MARK"


class Notified:
    """The service manager's end of the notify socket.

    Everything is taken as it comes: a socket holds ten messages, and whoever says one more waits.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._said: queue.Queue[str] = queue.Queue()
        self._ear = threading.Thread(target=self._listen, name="notified", daemon=True)

    def __enter__(self) -> Self:
        self._ear.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._say(_END)
        self._ear.join()
        self._socket.close()

    def _say(self, message: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(message, str(self._path))

    def _listen(self) -> None:
        while (message := self._socket.recv(_MESSAGE_MAX)) != _END:
            self._said.put(message.decode())

    @property
    def env(self) -> dict[str, str]:
        """What the program finds in its environment."""
        return {"NOTIFY_SOCKET": str(self._path)}

    def until(self, message: str) -> None:
        """Return once the program has said ``message``; what it said before is passed over."""
        try:
            while self._said.get(timeout=PATIENCE_S) != message:
                pass
        except queue.Empty:
            raise AssertionError(f"{message} was never said") from None

    def waiting(self) -> list[str]:
        """Return, and forget, everything said that was not taken yet."""
        self._say(_MARK)  # Whatever was said before it stands before it.
        return list(iter(partial(self._said.get, timeout=PATIENCE_S), _MARK.decode()))


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

    def hold(self, file: str = "") -> None:
        """From now on a sync waits; with ``file`` only that of a file whose path ends so."""
        self._waiting.unlink(missing_ok=True)
        beside = self._mark.with_suffix(".new")
        beside.write_text(file)
        beside.rename(self._mark)

    @property
    def is_waited_for(self) -> bool:
        """Whether the program has waited for the disk since it was held."""
        return self._waiting.exists()

    def until_waited_for(self) -> None:
        """Return once the program waits for the disk."""
        until(self._waiting.exists, "somebody waits for the disk")

    def free(self) -> None:
        """Let everything that waits go on."""
        self._mark.unlink()
