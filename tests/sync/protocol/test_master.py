"""Messages of the master data: what is signed is read back, and nothing else is."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.hello import Hello, Welcome, write_hello, write_welcome
from sync.protocol.keys import SecretKey
from sync.protocol.master import (
    CATALOGUE,
    FORMAT,
    ROOM_MIN,
    ROWS_UNPACKED_MAX,
    Ask,
    Part,
    What,
    Word,
    is_numbered,
    pack_rows,
    read_ask,
    read_part,
    read_word,
    unpack_rows,
    write_ask,
    write_part,
    write_word,
)
from sync.protocol.wire import BadEnvelopeError

KEY = SecretKey.of_seed(b"k" * 32)
OTHER = SecretKey.of_seed(b"o" * 32)
NONCE = bytes(range(8))
WORD = Word(FORMAT, CATALOGUE, 7, b"m" * 16)
ASK = Ask(
    FORMAT, "S01-T1", NONCE, CATALOGUE, 7, b"m" * 16, What.CURRENT, 0, b"", b"", ROOM_MIN, "L1", 0
)
PART = Part(FORMAT, NONCE, CATALOGUE, What.DELTA, 8, b"n" * 16, b"", True, b"", "L1", 0, 12, (3, 5))
MESSAGES = (
    (WORD, write_word, read_word), (ASK, write_ask, read_ask), (PART, write_part, read_part),
)  # fmt: skip


@pytest.mark.parametrize(("message", "write", "read"), MESSAGES)
def test_a_message_comes_back_as_it_was_sent(message, write, read):
    assert read(write(message, KEY), KEY.public) == message


@pytest.mark.parametrize(("message", "write", "read"), MESSAGES)
def test_a_message_of_another_key_kind_or_with_any_bit_changed_is_refused(message, write, read):
    data = write(message, KEY)
    with pytest.raises(BadEnvelopeError, match="other-key"):
        read(data, OTHER.public)
    for other, _, read_other in MESSAGES:
        if other is not message:
            with pytest.raises(BadEnvelopeError, match="signature"):
                read_other(data, KEY.public)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(BadEnvelopeError):
            read(bytes(changed), KEY.public)


@pytest.mark.parametrize(("message", "write", "read"), MESSAGES)
def test_a_later_format_is_refused_by_name(message, write, read):
    fields = [getattr(message, name) for name in message.__struct_fields__]
    later = type(message)(FORMAT + 1, *fields[1:])

    with pytest.raises(BadEnvelopeError, match="version"):
        read(write(later, KEY), KEY.public)


def test_questions_and_answers_are_told_from_greetings_by_their_first_element():
    hello = Hello("S01-T1", "L1", 0, KEY.public.raw, NONCE, 0, bytes(32))
    welcome = Welcome(NONCE, KEY.public.raw, b"")

    assert is_numbered(write_ask(ASK, KEY))
    assert is_numbered(write_part(PART, KEY))
    assert not is_numbered(write_hello(hello, KEY))
    assert not is_numbered(write_welcome(welcome, KEY))


ROWS = st.lists(
    st.tuples(st.text("ab", min_size=1, max_size=3), st.text(min_size=1, max_size=9),
              st.none() | st.binary(max_size=300)),
    max_size=200,
)  # fmt: skip


@given(ROWS, st.integers(200, 20_000))
def test_rows_are_packed_into_the_room_and_come_back_in_order(rows, room):
    count, packed = pack_rows(rows, room)

    assert unpack_rows(packed) == tuple(rows[:count])
    assert count == len(rows) == 0 or count >= 1
    assert len(packed) <= room or count == 1


@pytest.mark.parametrize(
    "packed",
    [
        b"x", zstandard.ZstdCompressor().compress(b"no rows"),
        zstandard.ZstdCompressor().compress(b"\x91\x93\xa1k"),
        zstandard.ZstdCompressor().compress(bytes(ROWS_UNPACKED_MAX + 1)),
        pack_rows([("k", "x", b"y")], 100)[1] + b"more", pack_rows([("k", "x", b"y")], 100)[1][:-1],
    ],
)  # fmt: skip
def test_rows_that_are_none_are_refused(packed):
    with pytest.raises(BadEnvelopeError):
        unpack_rows(packed)


@given(st.binary(max_size=400))
def test_garbage_is_refused_and_never_an_accident(data):
    for _, _, read in MESSAGES:
        with pytest.raises(BadEnvelopeError):
            read(data, KEY.public)
    is_numbered(data)
