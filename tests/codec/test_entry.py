from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.codec.entry import (
    ENTRY_BYTES_MAX,
    EntryTooLargeError,
    UndecodableError,
    decode,
    encode,
)
from terminal.core.journal import Body, SalePosted
from tests.store.entries import entry, every_kind, sale_entry

RECORDED = dict(
    line.split() for line in Path(__file__).with_name("entries_v1.txt").read_text().splitlines()
)
"""One entry of each kind as version 1 wrote it. These bytes lie in ledgers and never change."""
KINDS = {type(body).__name__: (place, body) for place, body in enumerate(every_kind())}


def test_every_kind_of_entry_is_recorded():
    assert set(RECORDED) == set(KINDS) == {kind.__name__ for kind in Body.__args__}


@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_entry_decodes_for_ever(kind):
    place, body = KINDS[kind]
    assert decode(bytes.fromhex(RECORDED[kind])) == entry(body, f"call-{place}")


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_is_encoded_as_it_was_recorded(kind):
    place, body = KINDS[kind]
    assert encode(entry(body, f"call-{place}")).hex() == RECORDED[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_an_entry_is_forgotten(kind):
    """Every field is unlike its default, so that one which is not encoded would not come back."""
    place, body = KINDS[kind]
    made = replace(entry(body, f"call-{place}"), corrects=("01OTHER", 7))
    assert decode(encode(made)) == made
    assert decode(encode(made)).corrects == ("01OTHER", 7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_programs_added_fields_are_passed_over(kind):
    wire = msgspec.msgpack.decode(bytes.fromhex(RECORDED[kind]))
    place, body = KINDS[kind]
    later = msgspec.msgpack.encode([*wire, "a field of the future"])
    assert decode(later) == entry(body, f"call-{place}")


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\xc1",
        b"\x90",
        b"\xc0",
        b"\x91" * 40_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        bytes(ENTRY_BYTES_MAX + 1),
        msgspec.msgpack.encode([1]),
        msgspec.msgpack.encode({"version": 1}),
    ],
    ids=lambda hostile: f"{hostile[:6].hex()}x{len(hostile)}",
)
def test_hostile_bytes_are_no_entry(hostile):
    with pytest.raises(UndecodableError):
        decode(hostile)


def test_an_entry_of_a_later_version_is_not_guessed_at():
    wire = msgspec.msgpack.decode(bytes.fromhex(RECORDED["Reprinted"]))
    with pytest.raises(UndecodableError, match="version 2"):
        decode(msgspec.msgpack.encode([2, *wire[1:]]))


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_and_nothing_else_happens(noise):
    with pytest.raises(UndecodableError):
        decode(noise)


@given(st.sampled_from(sorted(RECORDED)), st.data())
def test_a_damaged_entry_is_refused_or_is_an_entry(kind, data):
    whole = bytearray.fromhex(RECORDED[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for bytes_ in (bytes(whole), bytes(whole[:cut])):
        with suppress(UndecodableError):
            assert is_dataclass(decode(bytes_))


def test_an_entry_too_large_for_a_record_is_refused():
    made, _ = sale_entry(1, lines=400)
    body = made.body
    assert isinstance(body, SalePosted)
    long = replace(body.bill.lines[0], name="长" * 20)
    with pytest.raises(EntryTooLargeError):
        encode(replace(made, body=replace(body, bill=replace(body.bill, lines=(long,) * 500))))


def test_a_sale_of_six_lines_takes_few_bytes():
    _, data = sale_entry(1, lines=6)
    assert len(data) < 700
    assert len(fields(SalePosted)) == 4
