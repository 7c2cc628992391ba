"""The way to a printer: bytes out, counted, and bytes in. All times are in seconds.

python-escpos ignores a short write (half a receipt, and nobody knows) and closes a connection with
answers unread (a reset, and the printer loses what it had not yet printed); so the ports are ours.
"""

import errno
import fcntl
import os
import select
import sys
import termios
from time import monotonic
from typing import Protocol

from drivers.api import DeviceLostError


class Port(Protocol):
    """An open way to a printer, used by one thread."""

    @property
    def can_answer(self) -> bool:
        """Whether anything could ever come back: not from a plain file."""

    def write(self, data: memoryview, timeout_s: float) -> int:
        """Return how many bytes of ``data`` were taken; 0 when none were within ``timeout_s``.

        Raises:
            DeviceLostError: The printer, or the way to it, has gone.
        """

    def read(self, timeout_s: float) -> bytes:
        """Return what the printer said, at least one byte, or nothing after ``timeout_s``.

        Raises:
            DeviceLostError: The printer, or the way to it, has gone.
        """

    def drain(self, timeout_s: float) -> bool:
        """Return whether all bytes have left us for good; wait for that up to ``timeout_s``.

        Raises:
            DeviceLostError: They cannot.
        """

    def close(self) -> None:
        """Let go of the printer without spoiling what it still prints. Never fails."""


READ_MAX = 4096
_DRAIN_STEP_S = 0.02


def write_fd(fd: int, data: memoryview, timeout_s: float) -> int:
    """Write to the non-blocking ``fd`` as :meth:`Port.write` does."""
    for wait_s in (0.0, timeout_s):  # First without asking: that saves a call in the usual case.
        if wait_s and not ready(fd, select.POLLOUT, wait_s):
            return 0
        try:
            return os.write(fd, data)
        except BlockingIOError:
            continue
        except OSError as error:
            raise DeviceLostError(f"write: {error.strerror}") from error
    return 0


def read_fd(fd: int, timeout_s: float) -> bytes:
    """Read from the non-blocking ``fd`` as :meth:`Port.read` does."""
    if not ready(fd, select.POLLIN, timeout_s):
        return b""
    try:
        data = os.read(fd, READ_MAX)
    except BlockingIOError:
        return b""
    except OSError as error:
        if error.errno == errno.EINVAL:  # A one-way USB printer has no way to answer.
            return b""
        raise DeviceLostError(f"read: {error.strerror}") from error
    if not data:
        raise DeviceLostError("the printer closed the connection")
    return data


def ready(fd: int, event: int, timeout_s: float) -> bool:
    """Return whether ``fd`` is ready for ``event``, or broken, within ``timeout_s``."""
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(timeout_s * 1000))


def drain_fd(fd: int, timeout_s: float) -> bool:
    """Return whether a socket's peer, or a serial line, has taken all that ``fd`` was given."""
    until_s = monotonic() + timeout_s
    while _unsent(fd):
        if monotonic() > until_s:
            return False
        # No event tells of an empty queue; but a lost connection ends the wait at once.
        if ready(fd, select.POLLIN, _DRAIN_STEP_S):
            read_fd(fd, 0.0)
    return True


def _unsent(fd: int) -> int:
    """Return the bytes that the kernel still holds; where it does not say, whether it is busy."""
    try:
        answer = fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4))
    except OSError:
        return not ready(fd, select.POLLOUT, 0.0)
    return int.from_bytes(answer, sys.byteorder)
