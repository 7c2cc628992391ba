"""The encoder byte for byte, and the laws it keeps. GB18030 values are those of GB 18030-2022."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.charset import CODE_PAGES, charset, printable
from drivers.printers.escpos import (
    BARCODE_CHARS_MAX,
    DEFAULT,
    PARTS_MAX,
    QR_BYTES_MAX,
    TEXT_CHARS_MAX,
    Dialect,
    SlipError,
    encode,
)
from drivers.virtual.paper import PaperRoll
from terminal.core.slip import Barcode, QrCode, TextLine, width

START, END = b"\x1b@\x1c.", b"\x1dVB\x00"
GBK = Dialect(48, charset("gbk", CODE_PAGES))
UTF8 = Dialect(48, charset("utf-8", CODE_PAGES))
WESTERN = Dialect(48, charset("cp437", CODE_PAGES))
DIALECTS = (DEFAULT, GBK, UTF8, WESTERN)


def body(part, dialect=DEFAULT) -> bytes:
    """The bytes of one part, between start and cut."""
    data = encode((part,), dialect)
    start = b"\x1b@" + dialect.charset.start
    assert data.startswith(start)
    assert data.endswith(END)
    return data[len(start) : -len(END)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Total 12.50", b"Total 12.50\n"),
        ("", b"\n"),
        ("会员", b"\x1c&\xbb\xe1\xd4\xb1\x1c.\n"),
        ("张三 x2", b"\x1c&\xd5\xc5\xc8\xfd\x1c. x2\n"),
        ("A会B员C", b"A\x1c&\xbb\xe1\x1c.B\x1c&\xd4\xb1\x1c.C\n"),
        ("，。（）×", b"\x1c&\xa3\xac\xa1\xa3\xa3\xa8\xa3\xa9\xa1\xc1\x1c.\n"),
        ("￥8", b"\x1c&\xa3\xa4\x1c.8\n"),
        ("¥8", b"\x1c&\xa3\xa4\x1c.8\n"),
        ("a  ¥8.00", b"a \x1c&\xa3\xa4\x1c.8.00\n"),  # The second column comes from a space.
        ("€", b"\x1c&\xa2\xe3\x1c.\n"),
        ("镕", b"\x1c&\xe9F\x1c.\n"),  # In GBK, not in GB2312.
        ("㐂", b"\x1c&\x81\x39\xef\x31\x1c.\n"),  # Extension A: four bytes.
        ("𠮷", b"\x1c&\x95\x34\xb2\x35\x1c.\n"),  # Extension B.
        ("😀", b"\x1c&\xa1\xfe\x1c.\n"),  # No printer has it: 〓.
        ("ñ", b"n\n"),
        ("ก", b"?\n"),
    ],
)
def test_text_in_gb18030(text: str, expected: bytes):
    assert body(TextLine(text)) == expected


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        (GBK, "会㐂𠮷😀", b"\x1c&\xbb\xe1\xa1\xfe\xa1\xfe\xa1\xfe\x1c.\n"),
        (GBK, "¥8", b"\x1c&\xa3\xa4\x1c.8\n"),
        (UTF8, "会 ¥8", b"\xe4\xbc\x9a \xc2\xa58\n"),
        (WESTERN, "café ¥8", b"caf\x82 \x9d8\n"),
        (WESTERN, "会x€ř", b"??x??r\n"),
    ],
)
def test_text_in_other_character_sets(dialect: Dialect, text: str, expected: bytes):
    assert body(TextLine(text), dialect) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (TextLine("A", bold=True), b"\x1b!\x08A\x1b!\x00\n"),
        (TextLine("A", centred=True), b"\x1ba\x01A\n\x1ba\x00"),
        (
            TextLine("店", big=True),
            b"\x1b!\x30\x1c!\x0c\x1c&\xb5\xea\x1c.\x1c!\x00\x1b!\x00\n",
        ),
        (
            TextLine("A", bold=True, big=True, centred=True),
            b"\x1ba\x01\x1b!\x38\x1c!\x0cA\x1c!\x00\x1b!\x00\n\x1ba\x00",
        ),
    ],
)
def test_sizes_are_set_for_both_kinds_of_characters_and_taken_back(line, expected):
    assert body(line) == expected


def test_a_code_page_is_selected_by_its_number_and_chinese_left_off():
    assert encode((), WESTERN) == b"\x1b@\x1c.\x1bt\x00"
    assert encode((), Dialect(48, charset("cp858", CODE_PAGES))) == b"\x1b@\x1c.\x1bt\x13"


def test_utf8_is_selected_as_epson_says():
    assert encode((), UTF8) == b"\x1b@\x1c(C\x02\x000\x02"


def test_an_empty_slip_prints_and_cuts_nothing_but_opens_the_drawer():
    assert encode((), DEFAULT, open_drawer=True) == START + b"\x1bp\x00\x19\xfa"


def test_the_drawer_opens_before_the_printing():
    assert encode((TextLine("A"),), DEFAULT, open_drawer=True) == (
        START + b"\x1bp\x00\x19\xfaA\n" + END
    )


def test_a_qr_code_is_model_2_with_correction_m():
    assert body(QrCode("tp:1")) == (
        b"\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1"
        b"\x1d(k\x07\x001P0tp:1\x1d(k\x03\x001Q0\n\x1ba\x00"
    )


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("0123", b"\x1dkI\x04{C\x01\x17"),
        ("012", b"\x1dkI\x05{B012"),
        ("A{1", b"\x1dkI\x06{BA{{1"),
        ("1" * 47, b"1" * 47),  # Too wide for the paper: the digits alone.
    ],
)
def test_a_barcode_takes_the_shorter_subset(digits: str, expected: bytes):
    assert expected in body(Barcode(digits))


@pytest.mark.parametrize(
    "part",
    [
        QrCode(""),
        QrCode("会" * (QR_BYTES_MAX // 3 + 1)),
        Barcode(""),
        Barcode("1" * (BARCODE_CHARS_MAX + 1)),
        Barcode("1\x1b@"),
        Barcode("会"),
    ],
)
def test_a_code_that_cannot_be_is_refused(part):
    with pytest.raises(SlipError):
        encode((part,), DEFAULT)


def test_a_slip_longer_than_any_receipt_is_refused():
    with pytest.raises(SlipError, match="parts"):
        encode((TextLine(""),) * (PARTS_MAX + 1), DEFAULT)
    with pytest.raises(SlipError, match="characters"):
        encode((TextLine("x" * (TEXT_CHARS_MAX + 1)),), DEFAULT)


@pytest.mark.parametrize("dialect", DIALECTS, ids=("gb18030", "gbk", "utf-8", "cp437"))
@pytest.mark.parametrize(
    "name",
    [
        "\x1bp\x00\x19\xfa",  # Opens the drawer.
        "\x1dV\x00",
        "\x10\x14\x01\x00\x01",
        "\x1c.\x9b\x85\u2028\u2029\u200b\u202e",
        "A\nB\rC\x7f",
    ],
)
def test_a_members_name_holds_no_command(dialect: Dialect, name: str):
    harmless = "".join(char for char in name if char.isprintable())

    assert body(TextLine(name), dialect) == body(TextLine(harmless), dialect)


any_text = st.text(max_size=40)
any_line = st.builds(TextLine, any_text, st.booleans(), st.booleans(), st.booleans())
any_part = any_line | st.builds(QrCode, st.text(min_size=1, max_size=20))
any_slip = st.lists(any_part, max_size=6).map(tuple)
COMMANDS = re.compile(
    rb"\x1b@|\x1c\.|\x1c&|\x1c\(C\x02\x000\x02|\x1bt\x00|\x1b![\x00\x08\x30\x38]|\x1ba[\x00\x01]"
    rb"|\x1c![\x00\x0c]|\x1dVB\x00|\n"
)


@given(any_line, st.sampled_from(DIALECTS))
def test_nothing_but_our_own_commands_is_ever_sent(line: TextLine, dialect: Dialect):
    text = COMMANDS.sub(b"", encode((line,), dialect))

    assert not re.search(rb"[\x00-\x1f\x7f]", text)


@given(any_slip, any_slip, st.sampled_from(DIALECTS))
def test_bytes_do_not_depend_on_earlier_slips(earlier, slip, dialect: Dialect):
    alone = encode(slip, dialect)
    encode(earlier, dialect)

    assert encode(slip, dialect) == alone


@given(any_slip)
def test_a_line_reads_the_same_alone_and_among_others(slip):
    lines = tuple(part for part in slip if isinstance(part, TextLine))
    together = encode(lines, DEFAULT)

    assert together == (START + b"".join(map(body, lines)) + END if lines else START)


assigned = st.characters(exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


@given(st.text(assigned, max_size=40))
def test_columns_are_kept_whatever_the_characters(text: str):
    text = text.replace("¥", "")  # Takes its second column from a space, tested above.
    raw = re.sub(rb"\x1c[&.]", b"", body(TextLine(text)))
    printed = raw.decode("gb18030").removesuffix("\n")

    assert width(printed) == width(text)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=30))
def test_chinese_comes_out_as_it_went_in(text: str):
    roll = PaperRoll()
    roll.take(encode((TextLine(text),), DEFAULT))

    assert roll.texts() == [text]


def test_every_character_of_gbk_is_printed_as_itself():
    every = "".join(
        char
        for code in range(0x80, 0x10000)
        if unicodedata.category(char := chr(code)) not in {"Cn", "Co", "Cs"}
        and len(char.encode("gb18030")) == 2
    )

    for at in range(0, len(every), 40):
        raw = body(TextLine(every[at : at + 40]))
        assert re.sub(rb"\x1c[&.]", b"", raw).decode("gb18030") == every[at : at + 40] + "\n"
    assert len(every) > 21_000


def test_what_has_no_glyph_is_seen_and_not_swallowed():
    assert printable("a\ud800b\ue000c\ufdd0") == "a?b〓c〓"
