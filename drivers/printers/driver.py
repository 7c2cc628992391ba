"""What all printers have in common: a bounded queue, a line to the printer, and one thread.

While nothing is printed the printer is asked every second how it is, so that a job can go out the
moment it comes, without asking first. A driver keeps no backlog: a job that cannot be begun now is
answered at once, and the till offers it again when the printer's status has become good, that is
``online`` and neither out of paper nor open.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from drivers.api import (
    DeviceLostError,
    DeviceUp,
    Emit,
    PrintDone,
    PrinterStatus,
    PrintJob,
    PrintNotStarted,
    PrintUnknown,
)
from drivers.printers.charset import CODE_PAGES, charset
from drivers.printers.escpos import Dialect, SlipError, encode
from drivers.printers.job import Line, Outcome
from drivers.printers.port import Port

JOBS_MAX = 50
_ASK_EVERY_S = 1.0
_STOP_SEEN_S = 0.5
"""The longest that a stop goes unnoticed while nothing is printed."""


class PrinterSettings(Protocol):
    """What the settings say of any printer."""

    @property
    def name(self) -> str:
        """What the page and the log call it."""

    @property
    def columns(self) -> int:
        """Columns of the paper."""

    @property
    def encoding(self) -> str:
        """``gb18030``, ``gbk``, ``utf-8``, ``picture`` or a code page such as ``cp437``."""

    @property
    def profile(self) -> str:
        """The printer's name in python-escpos, or ``default``."""

    @property
    def drawer(self) -> bool:
        """Whether a cash drawer hangs on it."""

    @property
    def answers(self) -> bool:
        """Whether it answers when asked; False believes it when it has taken every byte."""


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """A job that will probably come."""

    job: PrintJob


class QueuedPrinter:
    """A printer behind whatever port ``open_port`` opens; see :class:`drivers.api.Printer`."""

    def __init__(
        self, settings: PrinterSettings, open_port: Callable[[threading.Event], Port]
    ) -> None:
        self.device = settings.name
        self._settings = settings
        self._open_port = open_port
        self._jobs: queue.Queue[PrintJob | _Foreseen | None] = queue.Queue(JOBS_MAX)
        self._ready: tuple[PrintJob, bytes] | None = None
        """The job foreseen last, and its bytes."""
        self._told: PrinterStatus | None = None

    def submit(self, job: PrintJob) -> bool:
        """Queue ``job``, from any thread; False when the queue is full and it was not taken."""
        return self._put(job)

    def prepare(self) -> None:
        """Ask the printer soon how it is, from any thread: a sale has begun and will be printed."""
        if self._jobs.empty():  # Else it is awake, or will be.
            self._put(None)

    def foresee(self, job: PrintJob) -> None:
        """Have ``job`` laid out and encoded now, from any thread; not one byte is sent until it is submitted.

        The ledger's commit takes as long as the disk does, and the receipt can be ready by then.
        """
        self._put(_Foreseen(job))  # If the queue is full, it is encoded when its turn comes.

    def _put(self, job: "PrintJob | _Foreseen | None") -> bool:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def run(self, emit: Emit, stop: threading.Event) -> None:
        """Serve the printer until ``stop``.

        Raises:
            DeviceLostError: The printer cannot be reached, or has gone.
        """
        reason = "the printer's driver failed"
        try:
            with closing(self._open_port(stop)) as port:
                self._serve(port, emit, stop)
            reason = "the till was stopped"
        except DeviceLostError as error:
            reason = str(error)
            raise
        finally:
            self._told = None
            self._answer_waiting(emit, reason)

    def _serve(self, port: Port, emit: Emit, stop: threading.Event) -> None:
        speaks = dialect(self._settings)
        answers = self._settings.answers and port.can_answer
        line = Line(self.device, port, stop, answers=answers)
        emit(DeviceUp(self.device))
        ask_at_s = monotonic()
        while not stop.is_set():
            if (left_s := ask_at_s - monotonic()) <= 0:
                line.ask()
                self._tell(line, emit)
                ask_at_s = monotonic() + _ASK_EVERY_S
                continue
            try:
                job = self._jobs.get(timeout=min(left_s, _STOP_SEEN_S))
            except queue.Empty:
                continue
            if isinstance(job, _Foreseen):
                self._lay_out(job.job, speaks)
            elif job is None or not self._print(line, job, speaks, emit):
                ask_at_s = monotonic()

    def _print(self, line: Line, job: PrintJob, speaks: Dialect, emit: Emit) -> bool:
        """Print ``job``, say how it ended, and return whether all is well."""
        outcome: Outcome = PrintNotStarted(self.device, job.job, "it could not be laid out")
        try:
            data = self._encoded(job, speaks)
            outcome = PrintUnknown(self.device, job.job, "the printer's driver failed")
            outcome = line.print(job.job, data, job.began)
        except SlipError as error:
            outcome = PrintNotStarted(self.device, job.job, str(error))
        finally:
            emit(outcome)
        self._tell(line, emit)
        return isinstance(outcome, PrintDone)

    def _lay_out(self, job: PrintJob, speaks: Dialect) -> None:
        with suppress(SlipError):  # It is met again, and answered, if the job comes.
            self._ready = (job, self._encoded(job, speaks))

    def _encoded(self, job: PrintJob, speaks: Dialect) -> bytes:
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] is job:
            return ready[1]
        slip = job.content.slip(speaks.columns)
        return encode(slip, speaks, open_drawer=job.open_drawer and self._settings.drawer)

    def _tell(self, line: Line, emit: Emit) -> None:
        """Tell the shell how the printer is, when it is news."""
        status = line.status.event(self.device)
        if status != self._told:
            self._told = status
            emit(status)

    def _answer_waiting(self, emit: Emit, reason: str) -> None:
        """Say of every waiting job that it was not begun."""
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if isinstance(job, PrintJob):
                emit(PrintNotStarted(self.device, job.job, reason))


def dialect(settings: PrinterSettings) -> Dialect:
    """Return what the printer of ``settings`` understands.

    Pictures and profiles cost memory and half a second, so their module is loaded only by who
    asks for one.

    Raises:
        DeviceLostError: The settings ask for what is not there.
    """
    if settings.profile == "default" and settings.encoding in _WRITTEN:
        return Dialect(settings.columns, charset(settings.encoding, CODE_PAGES))
    from drivers.printers import pictures  # noqa: PLC0415 - see above.

    try:
        return pictures.dialect(settings.profile, settings.columns, settings.encoding)
    except pictures.NoSuchProfileError as error:
        raise DeviceLostError(str(error)) from error


_WRITTEN = frozenset({"gb18030", "gbk", "utf-8", *CODE_PAGES})
