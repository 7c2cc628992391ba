"""What a printer's status bytes say. A byte that is not one, or none at all, is *unknown*.

``DLE EOT n`` is answered at once, whatever the printer is doing, by a byte ``0xx1xx10``; ``GS r 1``
in its turn by ``0xx0xxxx``, so the two are never mistaken for each other.

Source: Epson ESC/POS reference, ``DLE EOT`` and ``GS r``.
"""

from dataclasses import dataclass
from enum import IntEnum

from drivers.api import Cover, Paper, PrinterStatus


class Ask(IntEnum):
    """The n of ``DLE EOT n``."""

    PRINTER = 1
    OFFLINE = 2
    ERROR = 3
    PAPER = 4

    @property
    def command(self) -> bytes:
        """Return the bytes that ask."""
        return bytes((0x10, 0x04, self))


_STATUS_FORM, _STATUS = 0b1001_0011, 0b0001_0010
_BARRIER_FORM = 0b1001_0000
_OFFLINE = 0x08
_COVER_OPEN = 0x04
_STOPPED_FOR_PAPER = 0x20
_CUTTER, _UNRECOVERABLE, _OVERHEATED = 0x08, 0x20, 0x40
_PAPER_LOW, _PAPER_OUT = 0x0C, 0x60
_BARRIER_LOW, _BARRIER_OUT = 0x03, 0x0C


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a printer; every field may be unknown."""

    online: bool | None = None
    cover: Cover = Cover.UNKNOWN
    paper: Paper = Paper.UNKNOWN
    fault: str = ""
    """What else is wrong, in plain words; empty when nothing is."""

    @property
    def obstacle(self) -> str:
        """Return why nothing can be printed now, or the empty string. Silence is no obstacle."""
        if self.cover is Cover.OPEN:
            return "the printer's cover is open"
        if self.paper is Paper.OUT:
            return "the printer is out of paper"
        if self.fault:
            return self.fault
        return "the printer is offline" if self.online is False else ""

    def event(self, device: str) -> PrinterStatus:
        """Return what the shell is told."""
        return PrinterStatus(device, self.paper, self.cover, self.online)


UNKNOWN = Status()


def is_status(byte: int) -> bool:
    """Return whether ``byte`` answers a ``DLE EOT``.

    >>> is_status(0x12), is_status(0x00), is_status(0x11)
    (True, False, False)
    """
    return byte & _STATUS_FORM == _STATUS


def is_barrier(byte: int) -> bool:
    """Return whether ``byte`` answers a ``GS r 1``.

    >>> is_barrier(0x00), is_barrier(0x0F), is_barrier(0x12), is_barrier(0x80)
    (True, True, False, False)
    """
    return byte & _BARRIER_FORM == 0


def read_status(answers: dict[Ask, int]) -> Status:
    """Return what ``answers`` say together; a missing answer leaves its part unknown."""
    online, cover, paper = None, Cover.UNKNOWN, Paper.UNKNOWN
    if (byte := answers.get(Ask.PRINTER)) is not None:
        online = not byte & _OFFLINE
    if (byte := answers.get(Ask.OFFLINE)) is not None:
        cover = Cover.OPEN if byte & _COVER_OPEN else Cover.CLOSED
        if byte & _STOPPED_FOR_PAPER:
            paper = Paper.OUT
    if (byte := answers.get(Ask.PAPER)) is not None and paper is not Paper.OUT:
        paper = _paper(byte, _PAPER_LOW, _PAPER_OUT)
    return Status(online, cover, paper, _fault(answers.get(Ask.ERROR, 0)))


def barrier_paper(byte: int) -> Paper:
    """Return what the answer to a barrier says of the paper."""
    return _paper(byte, _BARRIER_LOW, _BARRIER_OUT)


def _paper(byte: int, low: int, out: int) -> Paper:
    if byte & out:
        return Paper.OUT
    return Paper.LOW if byte & low else Paper.OK


def _fault(byte: int) -> str:
    if byte & _CUTTER:
        return "the printer's cutter is jammed"
    if byte & _UNRECOVERABLE:
        return "the printer has failed; switch it off and on"
    return "the print head is too hot" if byte & _OVERHEATED else ""
