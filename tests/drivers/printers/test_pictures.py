"""Pictures of slips: as a PNG for the page, and as raster bands for the paper."""

import json
import subprocess
import sys
from importlib import resources
from io import BytesIO

import pytest
from PIL import Image

from drivers.printers import pictures
from drivers.printers.charset import CODE_PAGES
from drivers.printers.escpos import BARCODE_CHARS_MAX, SlipError, encode
from terminal.core.slip import Barcode, QrCode, TextLine

SLIP = (
    TextLine("示范便利店", big=True, bold=True, centred=True),
    TextLine("可口可乐 330ml".ljust(30) + "¥7.00"),
    TextLine("谢谢惠顾", centred=True),
    QrCode("TP1:S01-T1:000123"),
    Barcode("20260131000123"),
)


def png(*parts, columns: int = 48) -> Image.Image:
    return Image.open(BytesIO(pictures.to_png(parts, columns))).convert("L")


def ink(image: Image.Image):
    """The box around all that is darker than paper."""
    return image.point(lambda grey: 255 if grey < 128 else 0).getbbox()


def bands(data: bytes) -> list[tuple[int, list[bytes]]]:
    """Every GS v 0 in ``data`` as (width in bytes, rows)."""
    found = []
    while data:
        assert data[:4] == b"\x1dv0\x00"
        wide, high = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
        raster, data = data[8 : 8 + wide * high], data[8 + wide * high :]
        assert len(raster) == wide * high
        found.append((wide, [raster[at : at + wide] for at in range(0, len(raster), wide)]))
    return found


@pytest.mark.parametrize(("columns", "dots"), [(48, 576), (32, 384)])
def test_a_receipt_is_as_wide_as_its_paper(columns, dots):
    image = png(*SLIP, columns=columns)

    assert image.width == dots + 2 * 28
    assert image.height > 400


def test_columns_line_up_whatever_stands_in_them():
    right = {
        ink(png(TextLine(text)))[2]
        for text in ("会" * 23 + "10", "x" * 46 + "10", "会x会 " + " " * 40 + "10")
    }

    assert len(right) == 1


def test_a_centred_line_is_in_the_middle():
    left, _, right, _ = ink(png(TextLine("会员", centred=True)))

    assert abs((left + right) / 2 - (576 + 56) / 2) <= 2


def test_a_big_line_is_twice_as_high():
    small, big = (ink(png(TextLine("店", big=big))) for big in (False, True))

    assert abs((big[3] - big[1]) - 2 * (small[3] - small[1])) <= 2


def test_the_raster_shows_what_the_picture_shows():
    rows = [row.ljust(72, b"\0") for _, rows in bands(pictures.draw(SLIP, 48)) for row in rows]
    raster = Image.frombytes("1", (576, len(rows)), b"".join(rows))
    drawn = Image.new("1", (576, len(rows)))
    y = 0
    for part in SLIP:
        image = pictures._image(part, 48, "1")
        drawn.paste(image, (0, y))
        y += image.height

    assert y == len(rows)
    sent, wanted = (int.from_bytes(image.tobytes(), "big") for image in (raster, drawn))
    assert (sent ^ wanted).bit_count() <= 5, "only dots that keep commands out of the picture"


def test_bands_are_low_and_as_narrow_as_their_ink():
    found = bands(pictures.draw((*SLIP, *[TextLine("")] * 20, TextLine("end")), 48))

    assert all(len(rows) <= 192 for _, rows in found)
    assert any(wide == 1 and len(rows) > 100 for wide, rows in found), "a gap is one byte wide"
    assert all(wide == 1 or any(row[-1] for row in rows) for wide, rows in found)


def test_no_picture_holds_a_command_that_printers_obey_inside_pictures():
    raster = b"\x10\x04\x01\x10\x14\x01\x00\x01\x10\x05\x02\x10\x10\x14"

    harmless = pictures._without_commands(raster)

    assert len(harmless) == len(raster)
    assert not any(command in harmless for command in (b"\x10\x04", b"\x10\x05", b"\x10\x14"))


def test_a_line_is_drawn_once():
    pictures._rows.cache_clear()
    first = pictures.draw(SLIP, 48)
    misses = pictures._rows.cache_info().misses

    assert pictures.draw(SLIP, 48) == first
    assert pictures._rows.cache_info().misses == misses


def test_picture_mode_sends_nothing_but_pictures_and_a_cut():
    dialect = pictures.dialect("default", 48, "picture")
    data = encode(SLIP, dialect)

    assert data.startswith(b"\x1b@\x1dv0\x00")
    assert data.endswith(b"\x1dVB\x00")
    assert bands(data[2:-4])


def test_a_printer_without_codes_has_them_drawn_among_its_text():
    dialect = pictures.dialect("POS-5890", 48, "gb18030")
    data = encode((TextLine("会员"), QrCode("tp:1")), dialect)

    assert dialect.columns == 32
    assert dialect.paper_dots == 384
    assert data.startswith(b"\x1b@\x1c.\x1c&\xbb\xe1\xd4\xb1\x1c.\n\x1dv0\x00")


def test_a_printer_with_codes_is_left_to_draw_them():
    assert pictures.dialect("TM-T20II", 48, "gb18030").draw_mark is None


@pytest.mark.parametrize(
    ("name", "encoding", "words"),
    [
        ("no-such", "gb18030", "no printer profile"),
        ("TM-U220", "picture", "cannot print pictures"),
        ("default", "cp037", "no code page cp037"),
    ],
)
def test_what_a_printer_cannot_do_is_said_in_words(name, encoding, words):
    with pytest.raises(pictures.NoSuchProfileError, match=words):
        pictures.dialect(name, 48, encoding)


def test_every_profile_of_python_escpos_can_be_read():
    known = json.loads((resources.files("escpos") / "capabilities.json").read_text("utf-8"))

    for name in known["profiles"]:
        assert pictures.profile(name).columns > 0


def test_our_code_pages_are_those_that_printers_agree_on():
    theirs = pictures.profile("TM-T88V").code_pages

    assert {page: theirs[page] for page in CODE_PAGES} == CODE_PAGES


def test_a_code_that_cannot_be_is_refused():
    with pytest.raises(SlipError):
        pictures.draw((Barcode("1" * (BARCODE_CHARS_MAX + 1)),), 48)


def test_a_missing_font_is_said_in_words(monkeypatch):
    monkeypatch.setattr(pictures, "FONTS", ("/no/such/font.ttc",))
    pictures.font.cache_clear()

    with pytest.raises(pictures.NoSuchProfileError, match="fonts-wqy-microhei"):
        pictures.dialect("default", 48, "picture")
    pictures.font.cache_clear()


def test_a_till_that_prints_text_never_loads_a_picture_library():
    script = (
        "import sys\n"
        "from drivers.printers.driver import dialect\n"
        "from drivers.printers import network, file\n"
        "from drivers.virtual import printer\n"
        "from tests.kit.slips import PrinterSettings\n"
        "dialect(PrinterSettings())\n"
        "assert not {'PIL', 'escpos', 'qrcode', 'barcode', 'yaml'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
