"""A bar-code scanner on a serial line, or on USB in serial mode (USB-CDC).

pyserial opens the line and sets it up; the waiting is ours, so that a scan is handed on the moment
its terminator arrives, and an unplugged line has one face (OSError, or an end of file) instead of
pyserial's three. A line that is not there yet is waited for by running again, so that a scanner
named by ``/dev/serial/by-id`` comes back by itself, whatever number it gets.

Units: seconds, and milliseconds where the name says so.
"""

import os
import select
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from serial import Serial, SerialException

from drivers.api import DeviceLostError, DeviceUp, Emit, Scanned, ScanRefused
from drivers.scanners.framing import Code, Framer, NoCode

PAUSE_S = 0.1
"""Silence that ends a code without a suffix; at 1,200 baud a byte takes 8 ms."""
_WAIT_S = 0.5  # Longest that a stop goes unnoticed.
_READ_MAX = 4096


class Settings(Protocol):
    """What the driver needs of ``config.schema.SerialScanner``."""

    @property
    def name(self) -> str:
        """Return what the page calls the scanner."""

    @property
    def port(self) -> str:
        """Return the path of the device file."""

    @property
    def baud(self) -> int:
        """Return bits per second."""

    @property
    def suffix(self) -> str:
        """Return what ends a code: auto, cr, lf, crlf, tab or none."""

    @property
    def repeat_ms(self) -> int:
        """Return for how long a code seen again is the same scan; 0: never."""


class SerialScanner:
    """One scanner, read by the thread that calls :meth:`run`."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.device = settings.name
        self._settings = settings
        self._repeats = Repeats(settings.repeat_ms, monotonic)

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Emit what is scanned until ``stop``.

        Raises:
            DeviceLostError: The line is not there, or no longer there, or someone else's.
        """
        framer = Framer(self._settings.suffix)
        with _line(self._settings.port, self._settings.baud) as line:
            emit(DeviceUp(self.device))
            wait_s = _WAIT_S
            while not stop.is_set():
                received = _receive(line, wait_s)
                found = framer.feed(received) if received else framer.pause()
                # A scanner that names its suffix may stall; it is given all the time there is.
                wait_s = PAUSE_S if received and framer.is_ended_by_pause else _WAIT_S
                for each in found:
                    self._tell(each, emit)

    def _tell(self, found: Code | NoCode, emit: Emit) -> None:
        match found:
            case NoCode(reason):
                emit(ScanRefused(self.device, reason))
            case Code(text):
                if not self._repeats.is_repeat(text):
                    emit(Scanned(self.device, text))


class Repeats:
    """Knows the code that was scanned last, and when it was last seen.

    The time counts from the last sight, not from the scan that was let through: an article that
    lies under a scanner which reads all the time is one scan, however long it lies there.
    """

    def __init__(self, within_ms: int, monotonic: Callable[[], float]) -> None:
        self._within_s = within_ms / 1000
        self._monotonic = monotonic
        self._text: str | None = None
        self._seen_s = 0.0

    def is_repeat(self, text: str) -> bool:
        """Return whether ``text`` is the code seen a moment ago, and remember it."""
        now_s = self._monotonic()
        is_same = text == self._text and now_s - self._seen_s < self._within_s
        self._text, self._seen_s = text, now_s
        return is_same


@contextmanager
def _line(port: str, baud: int) -> Iterator[int]:
    """Yield the open line's file descriptor, raw and ours alone."""
    if not Path(port).exists():
        raise DeviceLostError(f"{port} is not there: is the scanner plugged in?")
    try:
        line = Serial(port, baud, timeout=0, exclusive=True)
    except (SerialException, OSError, ValueError, termios.error) as error:
        raise DeviceLostError(f"{port} cannot be opened: {error}") from error
    try:
        yield line.fileno()
    finally:
        _close(line)


def _close(line: Serial) -> None:
    try:
        line.close()
    except (OSError, termios.error):
        return  # The line has gone, and that is why we close it.


def _receive(line: int, wait_s: float) -> bytes:
    """Return what came within ``wait_s``, as soon as something did; nothing for a pause."""
    try:
        if not select.select([line], [], [], wait_s)[0]:
            return b""
        received = os.read(line, _READ_MAX)
    except OSError as error:
        raise DeviceLostError(f"the scanner was unplugged: {error.strerror}") from error
    if not received:
        raise DeviceLostError("the scanner was unplugged")
    return received
