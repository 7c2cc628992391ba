"""A printer behind a path: ``/dev/usb/lp0``, a serial line, a pseudo-terminal, or a plain file.

A plain file gets the bytes at its end and answers nothing; a job is done when it is on the disk. A
device is a real printer: it is asked and must answer, unless its settings say that it never does.
A path below ``/dev`` is never created, so that an unplugged printer is not replaced by a file.
"""

import os
import stat
import threading
import tty
from functools import partial
from pathlib import Path
from typing import Protocol

from drivers.api import DeviceLostError
from drivers.printers.driver import PrinterSettings, QueuedPrinter
from drivers.printers.port import drain_fd, read_fd, write_fd

_DEVICES = "/dev/"
_ONLY_OURS = 0o600  # Receipts name people.


class FileSettings(PrinterSettings, Protocol):
    """What the settings say of a printer behind a path."""

    @property
    def path(self) -> str:
        """The device or file."""


class FilePrinter(QueuedPrinter):
    """A printer behind a path."""

    def __init__(self, settings: FileSettings) -> None:
        super().__init__(settings, partial(_open, settings.path))


class _DevicePort:
    """A device file; see :class:`drivers.printers.port.Port`."""

    can_answer = True

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        if os.isatty(self._fd):
            tty.setraw(self._fd)  # Else a line feed gains a carriage return, and answers echo.

    def write(self, data: memoryview, timeout_s: float) -> int:
        return write_fd(self._fd, data, timeout_s)

    def read(self, timeout_s: float) -> bytes:
        return read_fd(self._fd, timeout_s)

    def drain(self, timeout_s: float) -> bool:
        return drain_fd(self._fd, timeout_s)

    def close(self) -> None:
        os.close(self._fd)


class _PlainPort:
    """A plain file, where printing is appending."""

    can_answer = False

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(path, flags, _ONLY_OURS)

    def write(self, data: memoryview, timeout_s: float) -> int:
        del timeout_s  # A disk takes what it is given, or fails.
        if os.fstat(self._fd).st_nlink == 0:
            raise DeviceLostError("the file was deleted")
        return write_fd(self._fd, data, 0.0)

    def read(self, timeout_s: float) -> bytes:
        raise AssertionError(f"a file has nothing to say, not even after {timeout_s} s")

    def drain(self, timeout_s: float) -> bool:
        del timeout_s
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise DeviceLostError(f"the disk: {error.strerror}") from error
        return True

    def close(self) -> None:
        os.close(self._fd)


def _open(path: str, stop: threading.Event) -> _DevicePort | _PlainPort:
    """Return the port for ``path``, or raise DeviceLostError."""
    del stop  # Nothing here waits.
    try:
        kind = _kind(path)
        if kind is None and not path.startswith(_DEVICES):
            return _PlainPort(path)
        if kind is not None and stat.S_ISREG(kind):
            return _PlainPort(path)
        if kind is None or stat.S_ISCHR(kind):
            return _DevicePort(path)  # If there is none, this says so.
    except OSError as error:
        raise DeviceLostError(f"{path}: {error.strerror}") from error
    raise DeviceLostError(f"{path}: neither a device nor a file")


def _kind(path: str) -> int | None:
    """Return the mode bits of what lies at ``path``; None when nothing does."""
    try:
        return Path(path).stat().st_mode
    except FileNotFoundError:
        return None
