"""The print desk: which receipt goes to which printer, and what is known of each.

A receipt is handed to a printer only after its start was marked in the ledger's print journal, so that
after a crash it is unknown rather than printed twice. What a printer refused before its first byte waits
and is printed as an original once the printer is well; what was begun and not confirmed waits for a
person. The loop's thread alone works here.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from drivers.api import (
    Cover,
    DeviceDown,
    DeviceUp,
    Paper,
    PrintDone,
    Printer,
    PrinterStatus,
    PrintJob,
    PrintNotStarted,
    PrintUnknown,
)
from terminal.app.slips import EntrySlip, SaleSlip, Stationery
from terminal.core.journal import Entry
from terminal.core.receipts.moved import is_moved
from terminal.core.slip import Printable
from terminal.counter.desk import PrintDoubt
from terminal.store.errors import LedgerError
from terminal.store.ledger import Ledger
from terminal.store.prints import PrintState

AT_WORK_MAX = 2
"""So many receipts are handed to the printer at most before it answers: as many a crash leaves unknown."""
BEGIN_WAIT_S = 0.003
"""So long the loop stands back for the printer's thread at most; it needs a tenth of it."""
SLIP_NOT_PRINTED = "slip-not-printed"
COPIES_FROM = 1 << 40
"""Jobs from here on are copies, which the print journal does not follow."""

log = logging.getLogger(__name__)

Said = PrintDone | PrintNotStarted | PrintUnknown


@dataclass(slots=True)
class PrintDesk:
    """Hands receipts to the printer and keeps the journal of them."""

    ledger: Ledger
    printer: Printer | None
    stationery: Stationery
    receipt_of: Callable[[int], Entry | None]
    """Returns the posted sale with this receipt number."""
    name_of: Callable[[int], str]
    """Writes a receipt number as it stands on the receipt."""
    waiting: dict[int, bool] = field(default_factory=dict)
    """Receipts no byte of which was sent, oldest first; True: the drawer is to open with it."""
    unknown: dict[int, None] = field(default_factory=dict)
    able: bool = False
    """Whether the printer, by its last words, can print."""
    at_work: set[int] = field(default_factory=set)
    _foreseen: PrintJob | None = None
    _began: threading.Event = field(default_factory=threading.Event)
    old: dict[str, None] = field(default_factory=dict)
    """Receipts of ledgers that were closed, of which nobody knows whether they are on paper, by name."""
    _copied: dict[int, int | str] = field(default_factory=dict)
    """Copies at work: job and number of the receipt, or the name of one of a closed ledger."""
    _slips: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Slips at work: job, the notice that it was not printed, and number of the entry."""
    _copies: "count[int]" = field(default_factory=lambda: count(COPIES_FROM))

    def after_restart(self) -> None:
        """Take up what an earlier run left unfinished."""
        for print_left in self.ledger.unfinished_prints():
            if print_left.state is PrintState.INTENDED:
                self.waiting[print_left.number] = False
            else:
                self.unknown[print_left.number] = None
        self.old = dict.fromkeys(self.ledger.old_doubts())

    @property
    def is_busy(self) -> bool:
        """Whether a printer has yet to say what became of something."""
        return bool(self.at_work or self._copied or self._slips)

    def original(self, number: int, entry: Entry, *, drawer: bool) -> None:
        """Print the receipt of ``entry`` just posted, or let it wait."""
        if self.printer is None:
            self._mark(self.ledger.print_done, number)  # There is nothing it could be printed on.
        elif self.waiting or not self.able or len(self.at_work) >= AT_WORK_MAX:
            self.waiting[number] = drawer  # Receipts come out in the order of the sales.
            self._flush()
        else:
            self._hand_over(number, entry, drawer=drawer)

    def foresee(self, number: int, entry: Entry, *, drawer: bool) -> None:
        """The sale in ``entry`` is about to be posted: have its receipt laid out meanwhile, not printed."""
        if self.printer is not None and self.able and not self.waiting:
            self._foreseen = self._job(number, entry, drawer=drawer)
            self.printer.foresee(self._foreseen)

    def copy(self, number: int | str, entry: Entry, copies: int) -> bool:
        """Print a copy of a receipt, one of a closed ledger by its name; False when the queue is full.

        A doubt about the receipt is over only when the printer says that the copy is on paper.
        """
        assert self.printer is not None
        job = next(self._copies)
        taken = self.printer.submit(PrintJob(job, SaleSlip(entry, self.stationery, copies)))
        if taken:
            self._copied[job] = number
        return taken

    def slip(
        self, seq: int, entry: Entry, code: str = "", *, again: bool = False, drawer: bool = False
    ) -> bool:
        """Print the slip of a gift, a draw, or money moved to a customer; False when it surely will not be.

        It is no receipt: nobody keeps it waiting, and it is printed again when a person asks.
        """
        key = "purse-slip-not-printed" if is_moved(entry.body) else SLIP_NOT_PRINTED
        slip = EntrySlip(entry, seq, self.stationery, code, again)
        return self.hand_out(seq, slip, key, drawer=drawer)

    def hand_out(
        self, seq: int, slip: Printable, key: str = SLIP_NOT_PRINTED, *, drawer: bool = False
    ) -> bool:
        """Print the slip of record ``seq``; False when it is known already that it will not be."""
        if self.printer is None:
            return False
        job = next(self._copies)
        taken = self.printer.submit(PrintJob(job, slip, drawer))
        if taken:
            self._slips[job] = key, seq
        return taken

    def said(self, event: Said) -> tuple[str, int | str] | None:
        """Note what became of a job; return key and receipt of a notice, if there is one to show."""
        if event.job in self._slips:
            notice, seq = self._slips.pop(event.job)
            return None if isinstance(event, PrintDone) else (notice, f"#{seq}")
        if event.job >= COPIES_FROM:
            return self._said_of_copy(event, self._copied.pop(event.job))
        key = self._said_of_original(event, event.job)
        return (key, event.job) if key else None

    def _said_of_original(self, event: Said, number: int) -> str | None:
        self.at_work.discard(number)
        match event:
            case PrintDone():
                self._mark(self.ledger.print_done, number)
                self._flush()
                return None
            case PrintNotStarted():
                self._mark(self.ledger.print_not_started, number)
                self.waiting[number] = False
                self.waiting = dict(sorted(self.waiting.items()))
                return "print-waiting"
            case PrintUnknown():
                self._mark(self.ledger.print_unknown, number)
                self.unknown[number] = None
                return "print-unknown"

    def heard(self, event: PrinterStatus | DeviceUp | DeviceDown) -> None:
        """Note how the printer is; print what waits once it is well again."""
        match event:
            case DeviceUp():
                self.able = True
            case DeviceDown():
                self.able = False
            case PrinterStatus(paper=paper, cover=cover, online=online):
                stopped = paper is Paper.OUT or cover is Cover.OPEN or online is False
                self.able = not stopped
        self._flush()

    def doubts(self) -> tuple[PrintDoubt, ...]:
        """Return the receipts that are not known to be printed."""
        if not self.waiting and not self.unknown and not self.old:
            return ()
        rows = [(number, "waiting") for number in self.waiting]
        rows += [(number, "unknown") for number in self.unknown]
        old = [PrintDoubt(name, "unknown") for name in self.old]
        return (
            *old,
            *(PrintDoubt(self.name_of(number), state) for number, state in sorted(rows)),
        )

    def _said_of_copy(self, event: Said, number: int | str) -> tuple[str, int | str] | None:
        if not isinstance(event, PrintDone):
            return "copy-not-printed", number
        if isinstance(number, str):
            if number in self.old:
                del self.old[number]
                self.ledger.settle_old(number)
            return None
        if number in self.unknown:
            del self.unknown[number]
            self._mark(self.ledger.print_done, number)
        return None

    def _flush(self) -> None:
        while self.able and self.waiting and len(self.at_work) < AT_WORK_MAX:
            number, drawer = next(iter(self.waiting.items()))
            entry = self.receipt_of(number)
            assert entry is not None
            del self.waiting[number]
            self._hand_over(number, entry, drawer=drawer)
            if number in self.waiting:
                return

    def _hand_over(self, number: int, entry: Entry, *, drawer: bool) -> None:
        assert self.printer is not None
        if not self._mark(self.ledger.print_started, number):
            self.waiting[number] = drawer
            return
        self._began.clear()
        job, self._foreseen = self._foreseen, None
        if job is None or job.job != number:
            job = self._job(number, entry, drawer=drawer)
        if self.printer.submit(job):
            self.at_work.add(number)
            # The interpreter is the printer's thread's now: what the loop has left to do can wait.
            self._began.wait(BEGIN_WAIT_S)
        else:
            self._mark(self.ledger.print_not_started, number)
            self.waiting[number] = drawer

    def _job(self, number: int, entry: Entry, *, drawer: bool) -> PrintJob:
        return PrintJob(number, SaleSlip(entry, self.stationery), drawer, self._began.set)

    @staticmethod
    def _mark(mark: Callable[[int], None], number: int) -> bool:
        """Write a mark; False when the disk is full, and a restart would call the receipt unknown."""
        try:
            mark(number)
        except LedgerError as error:
            log.warning("receipt %s: not marked: %s", number, error)
            return False
        return True
