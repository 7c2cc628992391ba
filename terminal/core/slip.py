"""What a printer is asked to print: lines of text and a few marks, with no idea of ESC/POS.

A slip is a tuple of parts. Text is already laid out to the printer's columns, a Chinese character
counting as two (:func:`width`); the driver only encodes it. Text may hold anything a member's name
holds, so control characters are the encoder's to drop.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text, at most the slip's columns wide (half of them when ``big``)."""

    text: str
    bold: bool = False
    big: bool = False
    """Twice as wide and twice as high."""
    centred: bool = False


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code holding ``data``."""

    data: str


@dataclass(frozen=True, slots=True)
class Barcode:
    """A Code 128 barcode of ``digits`` with the digits below it."""

    digits: str


Part = TextLine | QrCode | Barcode
Slip = tuple[Part, ...]


class Printable(Protocol):
    """Something that lays itself out for a paper of so many columns; pure and immutable.

    The printer's own thread calls it, so the loop never waits for a layout.
    """

    def slip(self, columns: int) -> Slip:
        """Return the slip for ``columns`` columns."""


@lru_cache(maxsize=4096)
def width(text: str) -> int:
    """Return the columns that ``text`` takes: two for a full-width character, one otherwise.

    >>> width("会员 gold")
    9

    The names of goods and the words of receipts come again and again, so answers are kept.
    """
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
