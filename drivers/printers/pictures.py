"""Slips as pictures: for printers without Chinese or codes of their own, and for the page.

The only module that knows python-escpos and its libraries. Of python-escpos itself only the list of
printers is read, as the JSON it is: its own loader parses it as YAML in half a second, leaves a
folder behind and sets up logging.

A picture has the printer's grid: 12 dots a column, 30 a line, Chinese two columns wide, in the font
of Debian's ``fonts-wqy-microhei``. A line is drawn once and kept; a shop's lines repeat. It is sent
by ``GS v 0`` in bands, each only as wide as its ink.

Source: Epson ESC/POS reference, ``GS v 0``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources
from io import BytesIO
from itertools import groupby

import escpos
from barcode import Code128
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from drivers.printers.charset import CODE_PAGES, Charset, charset, printable
from drivers.printers.escpos import DOTS_PER_COLUMN, Dialect, check_mark
from terminal.core.slip import Barcode, Part, QrCode, Slip, TextLine, width

FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
)
"""Where Debian and others keep the font; the first that exists is taken."""
DRAWN_MAX = 512
"""Lines kept; 1.1 MB on 80 mm paper."""

_MONO = 1  # The second face in the file, whose ASCII is 0.6 of its size wide.
_CHINESE_SIZE, _ASCII_SIZE = 24, 20
_LINE_DOTS, _BASELINE = 30, 23
_MODULE_DOTS, _QR_QUIET = 6, 2
_BAR_DOTS, _BAR_HEIGHT, _BAR_QUIET = 2, 80, 8
_BAND_ROWS = 192  # Small printers buffer no more than 256.
_BLANK_ROWS = 16  # So many empty rows are worth a band of their own, one byte wide.
_PNG_MARGIN = 28
_COLUMNS_MIN = 32
_INK, _PAPER = 1, 255


class NoSuchProfileError(Exception):
    """The settings ask for a printer, a code page or a font that is not known here."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a model of printers. Source: the printer list of python-escpos."""

    columns: int
    dots: int
    """Across the paper; 0 when unknown."""
    has_qr: bool
    has_barcode: bool
    has_raster: bool
    code_pages: dict[str, int]
    """By Python's name for them."""


def dialect(name: str, columns: int, encoding: str) -> Dialect:
    """Return what a printer of the profile ``name`` understands; its paper may narrow ``columns``.

    Raises:
        NoSuchProfileError: There is no such profile, or its printer cannot do what is asked.
    """
    known = profile(name)
    if _COLUMNS_MIN <= known.columns < columns:  # One profile claims 12.
        columns = known.columns
    dots = known.dots or columns * DOTS_PER_COLUMN
    draws = encoding == "picture"
    if not known.has_raster and (draws or not (known.has_qr and known.has_barcode)):
        raise NoSuchProfileError(f"the printer {name} cannot print pictures")
    if draws:
        font(_CHINESE_SIZE)  # Better now than at the first receipt.
        nothing = Charset(b"", is_chinese=False, encode=str.encode)
        return Dialect(columns, nothing, draw_slip=partial(draw, columns=columns), dots=dots)
    try:
        text = charset(encoding, known.code_pages)
    except KeyError:
        raise NoSuchProfileError(f"the printer {name} has no code page {encoding}") from None
    has_marks = known.has_qr and known.has_barcode
    draw_mark = None if has_marks else partial(_draw_mark, columns=columns)
    return Dialect(columns, text, draw_mark=draw_mark, dots=dots)


def profile(name: str) -> Profile:
    """Return what python-escpos knows of ``name``; "default" is any printer with 12-dot columns.

    Raises:
        NoSuchProfileError: It does not know it.
    """
    if name == "default":
        return Profile(64, 0, has_qr=True, has_barcode=True, has_raster=True, code_pages=CODE_PAGES)
    known = json.loads((resources.files(escpos) / "capabilities.json").read_text("utf-8"))
    if name not in known["profiles"]:
        raise NoSuchProfileError(f"python-escpos has no printer profile {name!r}")
    model, encodings = known["profiles"][name], known["encodings"]
    dots = model["media"]["width"].get("pixels")
    return Profile(
        columns=model["fonts"]["0"]["columns"],
        dots=dots if isinstance(dots, int) else 0,
        has_qr=model["features"]["qrCode"],
        has_barcode=model["features"]["barcodeB"],
        has_raster=model["features"]["bitImageRaster"],
        code_pages={
            encodings[page]["python_encode"]: int(number)
            for number, page in model["codePages"].items()
            if encodings.get(page, {}).get("python_encode")
        },
    )


def to_png(slip: Slip, columns: int) -> bytes:
    """Return ``slip`` as the PNG of a receipt, in greys.

    Raises:
        NoSuchProfileError: The font is not installed.
        SlipError: A code holds too much.
    """
    images = [_image(part, columns, "L") for part in slip]
    margins = 2 * _PNG_MARGIN
    size = columns * DOTS_PER_COLUMN + margins, sum(i.height for i in images) + margins
    paper = Image.new("L", size, _PAPER)
    y = _PNG_MARGIN
    for image in images:
        paper.paste(0, (_PNG_MARGIN, y), image)
        y += image.height
    file = BytesIO()
    paper.quantize(16).save(file, "PNG", optimize=True)
    return file.getvalue()


def draw(slip: Slip, columns: int) -> bytes:
    """Return the bytes that print ``slip`` as a picture.

    Raises:
        SlipError: A code holds too much.
    """
    rows = [row for part in slip for row in _rows(part, columns)]
    return b"".join(_bands(rows))


def _draw_mark(part: QrCode | Barcode, columns: int) -> bytes:
    return b"".join(_bands(list(_rows(part, columns))))


def _bands(rows: list[bytes]) -> Iterator[bytes]:
    """Yield ``rows`` as pictures, each as wide as its widest row; long gaps on their own."""
    band: list[bytes] = []
    for is_blank, same in groupby(rows, key=lambda row: not row):
        stretch = list(same)
        if is_blank and len(stretch) >= _BLANK_ROWS:
            yield from _band(band)
            band = []
            yield from _band(stretch)
            continue
        for row in stretch:
            band.append(row)
            if len(band) == _BAND_ROWS:
                yield from _band(band)
                band = []
    yield from _band(band)


def _band(rows: list[bytes]) -> Iterator[bytes]:
    for start in range(0, len(rows), _BAND_ROWS):
        part = rows[start : start + _BAND_ROWS]
        wide = max(1, *map(len, part))
        header = wide.to_bytes(2, "little") + len(part).to_bytes(2, "little")
        raster = b"".join([row.ljust(wide, b"\0") for row in part])
        yield b"\x1dv0\x00" + header + _without_commands(raster)


def _without_commands(raster: bytes) -> bytes:
    """Return ``raster`` without what a printer obeys even inside a picture: DLE EOT, ENQ and DC4.

    One dot more is never seen; a drawer that springs open is.
    """
    for command, harmless in ((b"\x10\x04", b"\x10\x0c"), (b"\x10\x05", b"\x10\x0d")):
        raster = raster.replace(command, harmless)
    return raster.replace(b"\x10\x14", b"\x10\x1c")


@lru_cache(DRAWN_MAX)
def _rows(part: Part, columns: int) -> tuple[bytes, ...]:
    """Return the rows of ``part``, one bit a dot, without the blank at their ends."""
    image = _image(part, columns, "1")
    raw, pitch = image.tobytes(), (image.width + 7) // 8
    return tuple(raw[at : at + pitch].rstrip(b"\0") for at in range(0, len(raw), pitch))


def _image(part: Part, columns: int, mode: str) -> Image.Image:
    """Return ``part`` drawn in white on black, as wide as the paper."""
    if isinstance(part, TextLine):
        return _line(part, columns, mode)
    check_mark(part)
    ink = _qr(part, columns) if isinstance(part, QrCode) else _barcode(part, columns)
    image = Image.new(mode, (columns * DOTS_PER_COLUMN, ink.height))
    image.paste(ink.convert(mode), ((image.width - ink.width) // 2, 0))
    return image


def _line(line: TextLine, columns: int, mode: str) -> Image.Image:
    scale = 2 if line.big else 1
    text = printable(line.text)
    image = Image.new(mode, (columns * DOTS_PER_COLUMN, _LINE_DOTS * scale))
    pen = ImageDraw.Draw(image)
    pen.fontmode = mode
    cell = DOTS_PER_COLUMN * scale
    x = max(0, image.width - width(text) * cell) // 2 if line.centred else 0
    for columns_each, run in groupby(text, key=width):
        size = (_ASCII_SIZE if columns_each == 1 else _CHINESE_SIZE) * scale
        for char in run:
            for shift in range(1 + line.bold):
                place = x + shift, _BASELINE * scale
                pen.text(place, char, fill=_white(mode), font=font(size), anchor="ls")
            x += columns_each * cell
    return image


def _qr(code: QrCode, columns: int) -> Image.Image:
    maker = QRCode(error_correction=ERROR_CORRECT_M, border=_QR_QUIET)
    maker.add_data(code.data.encode("utf-8", "replace"))
    maker.make()
    modules: list[list[bool]] = maker.get_matrix()
    image = Image.new("1", (len(modules), len(modules)))
    image.putdata([dot for row in modules for dot in row])
    scale = min(_MODULE_DOTS, columns * DOTS_PER_COLUMN // len(modules))
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _barcode(code: Barcode, columns: int) -> Image.Image:
    (bars,) = Code128(code.digits).build()
    line = Image.new("1", (len(bars), 1))
    line.putdata([bar == "1" for bar in bars])
    digits = _line(TextLine(code.digits, centred=True), columns, "1")
    image = Image.new("1", (digits.width, _BAR_QUIET + _BAR_HEIGHT + _LINE_DOTS))
    if len(bars) * _BAR_DOTS <= image.width:  # Else, as on a printer, the digits alone.
        drawn = line.resize((len(bars) * _BAR_DOTS, _BAR_HEIGHT), Image.Resampling.NEAREST)
        image.paste(drawn, ((image.width - drawn.width) // 2, _BAR_QUIET))
    image.paste(digits, (0, _BAR_QUIET + _BAR_HEIGHT))
    return image


@lru_cache(8)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font in ``size`` dots.

    Raises:
        NoSuchProfileError: It is not installed.
    """
    for path in FONTS:
        try:
            return ImageFont.truetype(path, size, index=_MONO)
        except OSError:
            continue
    raise NoSuchProfileError("no Chinese font: install Debian's fonts-wqy-microhei")


def _white(mode: str) -> int:
    return _INK if mode == "1" else _PAPER
