"""A printer made of nothing: eats ESC/POS as a real one does, answers, and remembers the slips.

It knows the commands that :mod:`drivers.printers` sends; any other byte below a space is dropped.
What it is sent while it cannot print waits, as in a real printer's buffer, and DLE EOT is answered
all the same.

Source: Epson ESC/POS reference.
"""

import re
from collections import deque
from collections.abc import Iterator

from drivers.api import Cover, Paper

SLIPS_MAX = 50
"""Slips remembered; older ones are thrown away."""
BUFFER_MAX = 65_536
"""Bytes that wait while it cannot print; more are not taken."""

_REAL_TIME = re.compile(rb"\x10\x04([\x01-\x04])")
_FIXED = {
    b"\x1b@": 2, b"\x1b!": 3, b"\x1ba": 3, b"\x1bt": 3, b"\x1bp": 5, b"\x1bd": 3,
    b"\x1c&": 2, b"\x1c.": 2, b"\x1c!": 3,
    b"\x1dV": 4, b"\x1da": 3, b"\x1dr": 3, b"\x1dH": 3, b"\x1dh": 3, b"\x1dw": 3,
}  # fmt: skip
"""Commands of a fixed length, all told."""
_ESCAPES = b"\x1b\x1c\x1d"
_CUT, _BARRIER, _RESET, _KICK = b"\x1dV", b"\x1dr", b"\x1b@", b"\x1bp"
_STORE_QR = b"1P0"


class PaperRoll:
    """What comes out of a printer, and what the printer says of itself."""

    def __init__(self, encoding: str = "gb18030", slips_max: int = SLIPS_MAX) -> None:
        self.paper = Paper.OK
        self.cover = Cover.CLOSED
        self.online = True
        self.lines_left: int | None = None
        """Lines until the paper is out; None for a full roll."""
        self.kicks = 0
        """How often the drawer was opened."""
        self.printed = bytearray()
        """All that was taken in and printed, byte for byte, at most ``BUFFER_MAX`` of the newest."""
        self._encoding = encoding
        self._waiting = bytearray()
        self._line = bytearray()
        self._lines: list[str] = []
        self._slips: deque[str] = deque(maxlen=slips_max)

    @property
    def is_able(self) -> bool:
        """Whether it can print at this moment."""
        return self.online and self.cover is not Cover.OPEN and self.paper is not Paper.OUT

    @property
    def room(self) -> int:
        """Return how many bytes it would take in now."""
        return BUFFER_MAX - len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Return whether nothing waits to be printed."""
        return not self._waiting

    def texts(self) -> list[str]:
        """Return the slips that were cut off, oldest first, as text; codes as ``[QR …]``."""
        return list(self._slips)

    def half_slip(self) -> str:
        """Return what hangs out of the printer, not yet cut off."""
        return "\n".join([*self._lines, self._text(bytes(self._line))]).rstrip("\n")

    def forget(self) -> None:
        """Lose power: what waits and the line in hand are gone; cut slips and the paper stay."""
        self._waiting.clear()
        self._line.clear()
        self._lines.clear()

    def take(self, data: bytes) -> bytes:
        """Take in ``data``, print what can be printed, and return what the printer says."""
        said = bytearray()
        for asked in _REAL_TIME.finditer(data):
            said.append(self._status(asked[1][0]))
        self._waiting += _REAL_TIME.sub(b"", data)
        return bytes(said) + self.go_on()

    def go_on(self) -> bytes:
        """Print what waits, as far as it goes, and return what the printer says."""
        said = bytearray()
        while self.is_able and (size := _command_size(self._waiting)):
            command = bytes(self._waiting[:size])
            del self._waiting[:size]
            self.printed += command
            del self.printed[:-BUFFER_MAX]
            said += self._obey(command)
        return bytes(said)

    def _obey(self, command: bytes) -> bytes:
        """Carry out one command, or print one run of text; return what is said to it."""
        if command == b"\n":
            self._feed()
        elif command[0] not in _ESCAPES:
            self._line += command if command[0] >= ord(" ") else b""
        elif command.startswith(_BARRIER):
            return bytes((0x03 if self.paper is Paper.LOW else 0x00,))
        elif command.startswith(_CUT):
            self._slips.append(self.half_slip())
            self._lines.clear()
            self._line.clear()
        elif command.startswith(_KICK):
            self.kicks += 1
        else:
            self._line += b"".join(_described(command))
        return b""

    def _feed(self) -> None:
        self._lines.append(self._text(bytes(self._line)))
        self._line.clear()
        if self.lines_left is not None:
            self.lines_left -= 1
            if self.lines_left <= 0:
                self.paper, self.lines_left = Paper.OUT, None

    def _text(self, line: bytes) -> str:
        return line.decode(self._encoding, "replace")

    def _status(self, asked: int) -> int:
        is_open, is_out = self.cover is Cover.OPEN, self.paper is Paper.OUT
        match asked:
            case 1:
                return 0x12 if self.is_able else 0x1A
            case 2:
                return 0x12 | 0x04 * is_open | 0x20 * is_out
            case 4 if is_out:
                return 0x7E
            case 4 if self.paper is Paper.LOW:
                return 0x1E
            case _:
                return 0x12


def _command_size(data: bytes | bytearray) -> int:
    """Return the length of the first command, or run of text, in ``data``; 0 if not yet whole."""
    if not data:
        return 0
    if data[0] not in _ESCAPES:
        text = re.match(rb"[^\x00-\x1f]+", data)
        return text.end() if text else 1
    head = bytes(data[:2])
    size = _FIXED.get(head) or _counted_size(data)
    return size if len(data) >= size else 0


def _counted_size(data: bytes | bytearray) -> int:
    """Return the length of a command that says its own; the least it can be if that is missing."""
    match bytes(data[:2]):
        case b"\x1d(" | b"\x1c(":
            head, size = 5, int.from_bytes(data[3:5], "little")
        case b"\x1dk":
            head, size = 4, int.from_bytes(data[3:4], "little")
        case b"\x1dv":
            wide, high = data[4:6], data[6:8]
            head, size = 8, int.from_bytes(wide, "little") * int.from_bytes(high, "little")
        case _:
            head, size = 2, 0  # Not one of ours: dropped.
    return head + size if len(data) >= head else head


def _described(command: bytes) -> Iterator[bytes]:
    """Yield how a code or picture shows in the text of a slip."""
    if command.startswith(b"\x1d(k") and command[5:8] == _STORE_QR:
        yield b"[QR " + command[8:] + b"]"
    elif command.startswith(b"\x1dk"):
        data = command[6:]
        is_pairs = command[4:6] == b"{C"
        digits = b"".join(b"%02d" % pair for pair in data) if is_pairs else data
        yield b"[BARCODE " + digits + b"]"
    elif command.startswith(b"\x1dv"):
        yield b"[PICTURE]"
