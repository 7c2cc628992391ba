r"""From a slip to ESC/POS bytes: pure, and the same bytes for the same slip whatever came before.

A job begins with ``ESC @`` and says itself whatever it relies on; Chinese is switched on and off
around each run of it, sizes are set for both kinds of characters, and every line ends as it began.

Source: Epson ESC/POS reference; Chinese printers follow it with ``FS &``, ``FS .`` and ``FS !``.

>>> from terminal.core.slip import TextLine
>>> encode((TextLine("您好 Tom"),), DEFAULT)[4:]
b'\x1c&\xc4\xfa\xba\xc3\x1c. Tom\n\x1dVB\x00'
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.printers.charset import CODE_PAGES, Charset, charset, printable
from terminal.core.slip import Barcode, QrCode, Slip, TextLine

QR_BYTES_MAX = 1000
BARCODE_CHARS_MAX = 48
PARTS_MAX = 2000
"""A report of a whole month is shorter."""
TEXT_CHARS_MAX = 200_000
"""All text of a slip together."""
DOTS_PER_COLUMN = 12

_RESET = b"\x1b@"
_NO_AUTO_STATUS = b"\x1da\x00"  # Unasked status would look like the answer to a barrier.
_KICK_DRAWER = b"\x1bp\x00\x19\xfa"  # Pin 2, 50 ms on, 500 ms off.
_FEED_AND_CUT = b"\x1dVB\x00"
_CENTRE, _LEFT = "\x1ba\x01", "\x1ba\x00"
_BOLD, _BIG = 0x08, 0x30
_BIG_CHINESE, _PLAIN_CHINESE = "\x1c!\x0c", "\x1c!\x00"

BARRIER = b"\x1dr\x01"
"""Asks for the paper sensor in turn with the printing: its answer means all before was printed."""


class SlipError(Exception):
    """The slip cannot be printed by any printer: too long, or a code holds too much."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one printer understands."""

    columns: int
    charset: Charset
    draw_mark: Callable[[QrCode | Barcode], bytes] | None = None
    """Draws codes as pictures, for a printer without codes of its own."""
    draw_slip: Callable[[Slip], bytes] | None = None
    """Draws whole slips as pictures, text included."""
    dots: int = field(default=0)
    """Dots across the paper; 0 means 12 a column."""

    @property
    def paper_dots(self) -> int:
        """Return the dots across the paper."""
        return self.dots or self.columns * DOTS_PER_COLUMN


DEFAULT = Dialect(48, charset("gb18030", CODE_PAGES))
"""An 80 mm printer for Chinese."""


def encode(slip: Slip, dialect: Dialect, *, open_drawer: bool = False) -> bytes:
    """Return the bytes that print ``slip`` and cut; an empty slip prints and cuts nothing.

    Raises:
        SlipError: ``slip`` is longer than any receipt, or holds a code that cannot be.
    """
    _check(slip)
    start = _RESET + dialect.charset.start
    if open_drawer:
        start += _KICK_DRAWER
    if not slip:
        return start
    draw = dialect.draw_slip
    return start + (draw(slip) if draw else _written(slip, dialect)) + _FEED_AND_CUT


def greeting() -> bytes:
    """Return what is sent once on a new connection: no status unless it is asked for."""
    return _NO_AUTO_STATUS


def _check(slip: Slip) -> None:
    if len(slip) > PARTS_MAX:
        raise SlipError(f"{len(slip)} parts, at most {PARTS_MAX} can be printed")
    chars = sum([len(part.text) for part in slip if isinstance(part, TextLine)])
    if chars > TEXT_CHARS_MAX:
        raise SlipError(f"{chars} characters, at most {TEXT_CHARS_MAX} can be printed")


def _written(slip: Slip, dialect: Dialect) -> bytes:
    """Return ``slip`` as text, all lines between two codes encoded at once: that is the speed."""
    encode_text = dialect.charset.encode
    styles = _STYLES[dialect.charset.is_chinese]
    clean = "".join([part.text for part in slip if isinstance(part, TextLine)]).isprintable()
    written: list[bytes] = []
    lines: list[str] = []
    for part in slip:
        if isinstance(part, TextLine):
            text = part.text if clean else printable(part.text)
            if part.bold or part.big or part.centred:
                on, off = styles[part.bold, part.big, part.centred]
                text = f"{on}{text}{off}"
            else:
                text += "\n"
            lines.append(text)
        else:
            written += encode_text("".join(lines)), mark(part, dialect)
            lines.clear()
    written.append(encode_text("".join(lines)))
    return b"".join(written)


def mark(part: QrCode | Barcode, dialect: Dialect) -> bytes:
    """Return the bytes that print a code in the middle of the paper.

    Raises:
        SlipError: The code holds more than it can.
    """
    check_mark(part)
    if dialect.draw_mark:
        return dialect.draw_mark(part)
    code = _qr(part.data) if isinstance(part, QrCode) else _code128(part.digits, dialect)
    return _CENTRE.encode() + code + b"\n" + _LEFT.encode()


def check_mark(part: QrCode | Barcode) -> None:
    """Raise SlipError if ``part`` holds what its kind of code cannot."""
    if isinstance(part, QrCode):
        if not 0 < len(part.data.encode("utf-8", "replace")) <= QR_BYTES_MAX:
            raise SlipError(f"a QR code holds 1 to {QR_BYTES_MAX} bytes")
    elif not (0 < len(part.digits) <= BARCODE_CHARS_MAX and _is_plain(part.digits)):
        raise SlipError(f"a barcode holds 1 to {BARCODE_CHARS_MAX} plain characters")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _qr(data: str) -> bytes:
    """Return a QR code, model 2, six dots a module, error correction M."""
    raw = data.encode("utf-8", "replace")
    stored = (len(raw) + 3).to_bytes(2, "little")
    return (
        b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1"
        b"\x1d(k" + stored + b"1P0" + raw + b"\x1d(k\x03\x001Q0"
    )


def _code128(digits: str, dialect: Dialect) -> bytes:
    """Return a Code 128 barcode 80 dots high, or the bare digits where the paper is too narrow.

    An even number of digits goes in pairs (subset C), all else character by character (B).
    """
    if digits.isdigit() and len(digits) % 2 == 0:
        symbols = bytes(int(digits[n : n + 2]) for n in range(0, len(digits), 2))
        data = b"{C" + symbols
    else:
        symbols = digits.encode()
        data = b"{B" + symbols.replace(b"{", b"{{")
    modules = 11 * (len(symbols) + 2) + 13
    narrowest = 2
    if modules * narrowest > dialect.paper_dots:
        return digits.encode()
    return b"\x1dH\x02\x1dh\x50\x1dw\x02\x1dkI" + bytes((len(data),)) + data


def _style(*, bold: bool, big: bool, centred: bool, is_chinese: bool) -> tuple[str, str]:
    """Return what goes before and after a line; alignment counts only where a line begins."""
    on = _CENTRE if centred else ""
    off = "\n" + _LEFT if centred else "\n"
    if bold or big:
        on += "\x1b!" + chr(_BOLD * bold | _BIG * big)
        off = "\x1b!\x00" + off
    if big and is_chinese:
        on += _BIG_CHINESE
        off = _PLAIN_CHINESE + off
    return on, off


_NO_YES = (False, True)
_STYLES = {
    is_chinese: {
        (bold, big, centred): _style(bold=bold, big=big, centred=centred, is_chinese=is_chinese)
        for bold in _NO_YES
        for big in _NO_YES
        for centred in _NO_YES
    }
    for is_chinese in _NO_YES
}
