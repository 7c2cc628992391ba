"""Access conditions, value blocks and trailers: published values, and laws over all of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.classic.access import READ_A_WRITE_B, TRANSPORT, Access, AccessBitsError
from drivers.cards.classic.layout import (
    Trailer,
    ValueBlockError,
    first_block,
    parse_trailer,
    parse_value_block,
    trailer_block,
    value_block,
)

VECTORS = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parents[1] / "vectors" / "storage.json").read_text())[
        "classic"
    ]
}
conditions = st.integers(0, 7)
accesses = st.builds(Access, st.tuples(conditions, conditions, conditions), conditions)


@pytest.mark.parametrize(
    "name", ["access_bits_transport", "access_bits_mad", "access_bits_ndef_read_write"]
)
def test_published_access_bits(name):
    vector = VECTORS[name]
    access = Access(tuple(vector["blocks"]), vector["trailer"])

    assert access.encode().hex().upper() == vector["bytes"]
    assert Access.decode(bytes.fromhex(vector["bytes"])) == access


@pytest.mark.parametrize("name", ["value_block_1234567_at_17", "value_block_5000_at_4"])
def test_published_value_blocks(name):
    vector = VECTORS[name]

    assert value_block(vector["value"], vector["address"]).hex().upper() == vector["block"]
    assert parse_value_block(bytes.fromhex(vector["block"])) == (
        vector["value"],
        vector["address"],
    )


def test_we_leave_a_sector_as_the_directory_of_applications_is_left():
    assert READ_A_WRITE_B.encode().hex().upper() == VECTORS["access_bits_mad"]["bytes"]


@given(accesses)
def test_access_conditions_come_back(access):
    assert Access.decode(access.encode()) == access


@given(accesses, st.integers(0, 23))
def test_one_wrong_bit_in_access_conditions_is_always_seen(access, bit):
    wrong = int.from_bytes(access.encode(), "big") ^ 1 << bit

    with pytest.raises(AccessBitsError):
        Access.decode(wrong.to_bytes(3, "big"))


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 255), st.integers(0, 127))
def test_one_wrong_bit_in_a_value_block_is_always_seen(value, address, bit):
    block = value_block(value, address)

    assert parse_value_block(block) == (value, address)
    with pytest.raises(ValueBlockError):
        parse_value_block((int.from_bytes(block, "big") ^ 1 << bit).to_bytes(16, "big"))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_trailer_or_refused(raw):
    try:
        access, version = parse_trailer(raw)
    except AccessBitsError:
        return
    assert raw[6:10] == access.encode() + bytes((version,))


def test_a_trailer_shows_itself_without_its_keys():
    trailer = Trailer(b"secret", TRANSPORT, 1, b"hidden")

    assert "secret" not in repr(trailer)
    assert "hidden" not in repr(trailer)
    assert trailer.encode() == b"secret" + bytes.fromhex("ff078001") + b"hidden"


def test_sectors_do_not_overlap_and_fill_a_4k_card():
    blocks = [
        block
        for sector in range(40)
        for block in range(first_block(sector), trailer_block(sector) + 1)
    ]

    assert blocks == list(range(256))
