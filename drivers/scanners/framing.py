"""Cuts the bytes that a scanner sends into codes.

A code ends at a terminator, or, where the scanner sends none, at a pause. What is no code is
refused once, when it is over, however long it went on: an endless one after ``NOISE_MAX`` bytes.
After too long a code the next terminator makes a fresh start; after bytes that are no text (a wrong
baud rate, a file sent down the line) only a pause does, because terminators occur in noise as well.

Units: bytes.
"""

from dataclasses import dataclass

CODE_MAX = 512
"""Longest code; a QR code of a payment or a member has under 300 bytes."""
NOISE_MAX = 65_536
_TERMINATORS = {
    "auto": b"\r\n\t",
    "cr": b"\r\n",
    "lf": b"\r\n",
    "crlf": b"\r\n",
    "tab": b"\t",
    "none": b"",
}
"""By suffix setting. CR and LF are taken for each other: an empty code between them is nothing."""
_ENDED_BY_PAUSE = ("auto", "none")
_SEPARATORS = b"\x04\x1d\x1e"
"""EOT, GS and RS stand inside GS1 and ISO 15434 codes."""
_FIRST_PRINTABLE = 0x20
_DELETE = 0x7F


@dataclass(frozen=True, slots=True)
class Code:
    """A code, its bytes as Latin-1."""

    text: str


@dataclass(frozen=True, slots=True)
class NoCode:
    """Bytes that are no code; ``reason`` says why and holds none of them."""

    reason: str


class Framer:
    """Cuts one scanner's bytes; keep one for as long as the line stands."""

    def __init__(self, suffix: str) -> None:
        self._terminators = _TERMINATORS[suffix]
        self.is_ended_by_pause = suffix in _ENDED_BY_PAUSE
        """Whether a pause is as good as a terminator, and so worth a short wait."""
        self._pending = bytearray()
        self._refused: NoCode | None = None
        self._waits_for_pause = False
        self._dropped = 0

    def feed(self, received: bytes) -> list[Code | NoCode]:
        """Take bytes from the line; return what they complete, in order."""
        found: list[Code | NoCode] = []
        for byte in received:
            if self._waits_for_pause:
                found += self._drop()
            elif byte in self._terminators:
                found += self._end()
            elif self._refused is not None:
                found += self._drop()
            else:
                self._take(byte)
        return found

    def pause(self) -> list[Code | NoCode]:
        """Take note that nothing came for a while; return what that completes."""
        if self._pending and not self.is_ended_by_pause:
            self._refused = NoCode("a code without the suffix that the settings name")
        self._waits_for_pause = False
        return self._end()

    def _take(self, byte: int) -> None:
        if not is_text(byte):
            self._refuse("not text: is the baud rate right?")
            self._waits_for_pause = True
        elif len(self._pending) == CODE_MAX:
            self._refuse(f"longer than {CODE_MAX} bytes")
        else:
            self._pending.append(byte)

    def _refuse(self, reason: str) -> None:
        self._pending.clear()
        self._refused = NoCode(reason)
        self._dropped = 0

    def _drop(self) -> list[Code | NoCode]:
        self._dropped += 1
        return [self._refused] if self._dropped == NOISE_MAX and self._refused else []

    def _end(self) -> list[Code | NoCode]:
        text, refused = self._pending.decode("latin-1"), self._refused
        was_told = self._dropped >= NOISE_MAX
        self._pending.clear()
        self._refused, self._dropped = None, 0
        if refused is not None:
            return [] if was_told else [refused]
        return [Code(text)] if text else []


def is_text(byte: int) -> bool:
    """Return whether ``byte`` may stand in a code.

    >>> is_text(ord("A")), is_text(0x1D), is_text(0x1B), is_text(0xE4)
    (True, True, False, True)
    """
    return (byte >= _FIRST_PRINTABLE and byte != _DELETE) or byte in _SEPARATORS
