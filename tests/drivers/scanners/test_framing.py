"""Cutting bytes into codes: a table of what guns send, and laws for what they should not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanners.framing import CODE_MAX, NOISE_MAX, Code, Framer, NoCode

GOODS = b"6901234567892"
TOO_LONG = NoCode("longer than 512 bytes")
NOT_TEXT = NoCode("not text: is the baud rate right?")


@pytest.mark.parametrize(
    ("suffix", "sent"),
    [
        ("auto", b"\r"), ("auto", b"\n"), ("auto", b"\r\n"), ("auto", b"\t"),
        ("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n"), ("tab", b"\t"),
    ],
)  # fmt: skip
def test_a_terminator_ends_a_code_at_once(suffix: str, sent: bytes):
    framer = Framer(suffix)

    assert framer.feed(GOODS + sent) == [Code(GOODS.decode())]
    assert framer.pause() == []


@pytest.mark.parametrize("suffix", ["auto", "none"])
def test_a_pause_ends_a_code_where_no_suffix_is_named(suffix: str):
    framer = Framer(suffix)

    assert framer.feed(GOODS) == []
    assert framer.pause() == [Code(GOODS.decode())]


@pytest.mark.parametrize(
    ("suffix", "sent"), [("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n"), ("tab", b"\t")]
)
def test_half_a_code_never_sticks_to_the_next(suffix: str, sent: bytes):
    framer = Framer(suffix)

    assert framer.feed(GOODS[:5]) == []
    assert framer.pause() == [NoCode("a code without the suffix that the settings name")]
    assert framer.feed(GOODS + sent) == [Code(GOODS.decode())]


def test_separators_of_gs1_and_bytes_beyond_ascii_are_kept():
    framer = Framer("auto")

    assert framer.feed(b"]C1010690\x1d10A\r") == [Code("]C1010690\x1d10A")]
    assert framer.feed("会员".encode() + b"\r") == [Code("会员".encode().decode("latin-1"))]


def test_the_longest_code_passes_and_one_more_byte_does_not():
    framer = Framer("auto")

    assert framer.feed(b"A" * CODE_MAX + b"\r") == [Code("A" * CODE_MAX)]
    assert framer.feed(b"A" * (CODE_MAX + 1) + b"\r") == [TOO_LONG]


def test_a_10_kb_scan_is_refused_once_and_the_next_code_is_read():
    framer = Framer("auto")

    found = framer.feed(b"A" * 10_000 + b"\r" + GOODS + b"\r")

    assert found == [TOO_LONG, Code(GOODS.decode())]


def test_a_binary_scan_is_refused_once_and_no_code_is_made_of_what_is_between():
    framer = Framer("auto")

    assert framer.feed(bytes(range(256)) * 40 + b"\r4006381333931\r") == []
    assert framer.pause() == [NOT_TEXT]
    assert framer.feed(GOODS + b"\r") == [Code(GOODS.decode())]


@pytest.mark.parametrize(("noise", "refusal"), [(b"\x00", NOT_TEXT), (b"A", TOO_LONG)])
def test_endless_noise_is_told_of_once_before_it_ends(noise: bytes, refusal: NoCode):
    framer = Framer("auto")

    assert framer.feed(noise * 4 * NOISE_MAX) == [refusal]
    assert framer.pause() == []
    assert framer.feed(GOODS + b"\r") == [Code(GOODS.decode())]


@given(
    st.lists(st.text("0123456789ABC-", min_size=1, max_size=30), max_size=10),
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\t"]),
    st.lists(st.integers(1, 9), min_size=1),
)
def test_how_bytes_arrive_does_not_matter(codes: list[str], suffix: bytes, steps: list[int]):
    framer, found = Framer("auto"), []
    line = b"".join(code.encode() + suffix for code in codes)
    while line:
        for step in steps:
            found += framer.feed(line[:step])
            line = line[step:]

    assert found == [Code(code) for code in codes]


@given(st.sampled_from(["auto", "cr", "lf", "crlf"]), st.lists(st.binary(max_size=2000)))
def test_whatever_was_sent_a_pause_makes_a_fresh_start(suffix: str, bursts: list[bytes]):
    framer = Framer(suffix)
    for burst in bursts:
        framer.feed(burst)
        framer.pause()

    assert framer.feed(GOODS + b"\r") == [Code(GOODS.decode())]
