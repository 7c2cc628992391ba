"""The one careful way to print: ask first, count bytes, and believe only the printer's own word.

A job ends in exactly one of three ways. ``PrintNotStarted``: not one byte left us. ``PrintDone``:
the printer answered the barrier (``GS r 1``) that stood behind the last byte. ``PrintUnknown``:
everything else; some bytes left and nobody can say what became of them. Nothing is sent twice.

After a doubt the printer may still answer the old barrier, later. So the next job is not begun until
a barrier of its own, with nothing in it, has come back and the line has fallen silent.

A printer that never answers (``answers = false`` in its settings) is believed when it has taken
every byte: the shop has chosen that, because otherwise each of its receipts would be a doubt.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from drivers.api import DeviceLostError, PrintDone, PrintNotStarted, PrintUnknown
from drivers.printers.escpos import BARRIER, greeting
from drivers.printers.port import Port
from drivers.printers.status import (
    UNKNOWN,
    Ask,
    Status,
    barrier_paper,
    is_barrier,
    is_status,
    read_status,
)

FRESH_S = 2.0
"""How old a good status may be for a job to go out at once."""
JOB_BYTES_MAX = 8_000_000
"""A picture of the longest slip."""
_ANSWER_S = 0.5
"""A printer answers DLE EOT within milliseconds, even while it prints."""
_STALL_S = 10.0
"""A printer that takes not one byte for so long has stopped."""
_PRINTING_S = 15.0
"""From the last byte to the barrier's answer: the slowest printer has printed a buffer by then."""
_ASK_EVERY_S = 1.0
"""How often a printer that does not get on is asked why."""
_SLICE_S = 0.2
"""The longest that a stop goes unnoticed."""
_QUIET_S = 0.1
_FORGET_READS_MAX = 100
"""A printer that talks without end is not listened to for ever."""
_NO_ANSWER = "the printer does not answer, or is still busy with what came before"
_STALLED = "the printer takes no more"
_STOPPED = "the till was stopped"

Outcome = PrintDone | PrintNotStarted | PrintUnknown


class Line:
    """A conversation with one printer over one open port, from one thread."""

    def __init__(
        self, device: str, port: Port, stop: threading.Event, *, answers: bool = True
    ) -> None:
        self._device = device
        self._port = port
        self._stop = stop
        self._answers = answers
        self._status = UNKNOWN if answers else Status(online=True)
        self._asked_at_s = float("-inf")
        self._in_doubt = answers  # The printer may still be at what someone sent before us.
        self._barrier: int | None = None
        self._lost = ""
        if answers:
            self._say(greeting())

    @property
    def status(self) -> Status:
        """What is known of the printer; while it is in doubt it counts as not answering."""
        return replace(self._status, online=None) if self._in_doubt else self._status

    def ask(self) -> None:
        """Ask the printer how it is, and clear up a doubt if it lets us.

        Raises:
            DeviceLostError: It has gone.
        """
        if self._lost:
            raise DeviceLostError(self._lost)
        self._forget_input()
        if not self._answers:
            return
        self._status = self._question()
        self._asked_at_s = monotonic()
        if self._status.obstacle:
            return
        if self._status.online is None:
            self._in_doubt = True  # Perhaps it knows only GS r.
        if self._in_doubt:
            self._settle()

    def print(self, job: int, data: bytes, began: Callable[[], None] | None = None) -> Outcome:
        """Print ``data`` and return how it ended. A lost printer shows here as an outcome.

        ``began`` is called once bytes have left us.
        """
        if reason := self._why_not(len(data)):
            return PrintNotStarted(self._device, job, reason)
        self._barrier = None
        sent, reason = self._send(memoryview(data + BARRIER if self._answers else data))
        if not sent:
            return PrintNotStarted(self._device, job, reason)
        if began is not None:
            began()
        self._in_doubt = self._answers
        if reason := reason or self._confirm():
            return PrintUnknown(self._device, job, reason)
        self._in_doubt = False
        return PrintDone(self._device, job)

    def _why_not(self, size: int) -> str:
        """Return why a job cannot begin, or the empty string."""
        if size > JOB_BYTES_MAX:
            return f"{size} bytes, at most {JOB_BYTES_MAX} can be printed"
        try:
            self._forget_input()  # Also tells at once whether the connection is gone.
            if not self._answers:
                return ""
            is_fresh = monotonic() - self._asked_at_s <= FRESH_S
            if not is_fresh or self._in_doubt or self._status.obstacle:
                self.ask()
        except DeviceLostError as error:
            return self._lose(error)
        return self._status.obstacle or (_NO_ANSWER if self._in_doubt else "")

    def _send(self, view: memoryview) -> tuple[int, str]:
        """Return how many bytes were taken, and why not all of them were."""
        sent, moved_at_s = 0, monotonic()
        try:
            while sent < len(view):
                if taken := self._port.write(view[sent:], _SLICE_S):
                    sent += taken
                    moved_at_s = monotonic()
                elif self._stop.is_set():
                    return sent, _STOPPED
                elif monotonic() - moved_at_s > _STALL_S:
                    return sent, _STALLED
        except DeviceLostError as error:
            return sent, self._lose(error)
        return sent, ""

    def _confirm(self) -> str:
        """Wait for the printer's word; return why it did not come, or the empty string."""
        try:
            return self._await_barrier() if self._answers else self._await_drained()
        except DeviceLostError as error:
            return self._lose(error)

    def _await_drained(self) -> str:
        until_s = monotonic() + _STALL_S
        while not self._port.drain(_SLICE_S):
            if self._stop.is_set():
                return _STOPPED
            if monotonic() > until_s:
                return _STALLED
        return ""

    def _await_barrier(self) -> str:
        until_s = monotonic() + _PRINTING_S
        ask_at_s = monotonic() + _ASK_EVERY_S
        while not self._listen(_SLICE_S, is_barrier):
            if self._stop.is_set():
                return _STOPPED
            if monotonic() > until_s:
                return "the printer did not say that it has printed all"
            if monotonic() > ask_at_s:
                ask_at_s = monotonic() + _ASK_EVERY_S
                status = self._question()
                if self._barrier is None and status.obstacle:
                    self._status = status
                    return status.obstacle
            if self._barrier is not None:
                break
        assert self._barrier is not None
        self._status = replace(self._status, paper=barrier_paper(self._barrier))
        return ""

    def _settle(self) -> None:
        """End the doubt if the printer has done with all that was ever sent to it."""
        self._say(BARRIER)
        if not self._listen(_ANSWER_S, is_barrier):
            return
        while self._port.read(_QUIET_S):  # The answer to an older barrier comes just before ours.
            pass
        self._in_doubt = False
        self._status = replace(self._status, online=True)

    def _question(self) -> Status:
        """Ask all of DLE EOT in turn; what is not answered stays unknown."""
        answers: dict[Ask, int] = {}
        for ask in Ask:
            self._say(ask.command)
            answer = self._listen(_ANSWER_S, is_status)
            if not answer:
                break  # The others would be silence too.
            answers[ask] = answer[0]
        return read_status(answers)

    def _listen(self, timeout_s: float, is_wanted: Callable[[int], bool]) -> bytes:
        """Return the first wanted byte, or none; a barrier's answer is kept wherever it comes."""
        until_s = monotonic() + timeout_s
        while (left_s := until_s - monotonic()) > 0:
            heard = self._port.read(left_s)
            self._barrier = next((byte for byte in heard if is_barrier(byte)), self._barrier)
            if wanted := bytes(byte for byte in heard if is_wanted(byte)):
                return wanted[-1:]
        return b""

    def _say(self, command: bytes) -> None:
        """Send a few bytes that are no part of a job; a printer that takes none is just silent."""
        self._port.write(memoryview(command), _ANSWER_S)

    def _lose(self, error: DeviceLostError) -> str:
        """Remember that the printer has gone, for the next :meth:`ask`; return the words for it."""
        self._lost = str(error)
        return self._lost

    def _forget_input(self) -> None:
        if not self._port.can_answer:
            return
        for _ in range(_FORGET_READS_MAX):
            if not self._port.read(0.0):
                return
