"""Batches: what goes in comes out, and no changed bit gets through."""

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.protocol.batch import (
    BATCH_BYTES_MAX,
    PACKED_BYTES_MAX,
    RECORDS_MAX,
    UNPACKED_BYTES_MAX,
    Batch,
    fitting,
    pack,
    unpack,
)
from sync.protocol.keys import SecretKey
from sync.protocol.record import BODY_BYTES_MAX, genesis, seal_all
from sync.protocol.wire import HEADER_BYTES, BadEnvelopeError, Kind, sign

KEY = SecretKey.of_seed(bytes(range(32)))
OTHER = SecretKey.of_seed(bytes(32))


def batch(bodies: tuple[bytes, ...], first: int = 1) -> Batch:
    previous = genesis("L1", KEY.public.raw)
    return Batch("S01-T1", "L1", 0, first, previous, seal_all(previous, bodies)[-1], bodies, 99)


def packed(bodies: tuple[bytes, ...]) -> bytes:
    data = pack(batch(bodies), KEY)
    assert data is not None
    return data


def refusal(data: bytes, key: SecretKey = KEY) -> str:
    with pytest.raises(BadEnvelopeError) as caught:
        unpack(data, key.public)
    return caught.value.reason


@given(
    st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20), st.integers(1, 2**39)
)
def test_a_batch_comes_out_as_it_went_in(bodies, first):
    sent = batch(tuple(bodies), first)
    data = pack(sent, KEY)
    assert data is not None
    got, digests = unpack(data, KEY.public)
    assert got == sent
    assert digests == seal_all(sent.prev_hash, sent.records)
    assert got.last_seq == first + len(bodies) - 1


def test_every_flipped_bit_is_refused():
    data = packed((b"one sale", b"another sale" * 9))
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        assert refusal(bytes(changed)) in {"version", "other-key", "signature"}


def test_every_shorter_or_longer_envelope_is_refused():
    data = packed((b"one sale",))
    for length in range(len(data)):
        refusal(data[:length])
    refusal(data + b"\x00")


def test_a_batch_signed_with_another_key_is_refused():
    assert refusal(packed((b"sale",)), OTHER) == "other-key"


def test_another_kind_of_message_with_the_same_payload_is_no_batch():
    data = packed((b"sale",))
    assert refusal(sign(Kind.ACK, data[HEADER_BYTES:], KEY)) == "signature"


def test_records_that_do_not_lead_to_the_head_are_refused_even_when_signed():
    good = batch((b"one", b"two"))
    wrong = msgspec.structs.replace(good, records=(b"one", b"tow"))
    assert refusal(pack(wrong, KEY) or b"") == "chain"
    assert refusal(pack(msgspec.structs.replace(good, prev_hash=bytes(32)), KEY) or b"") == "chain"


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_signed_garbage_is_refused(payload):
    assert refusal(sign(Kind.BATCH, payload + b"x", KEY)) == "malformed"
    squeezed = zstandard.ZstdCompressor().compress(payload + b"x")
    assert refusal(sign(Kind.BATCH, squeezed, KEY)) == "malformed"


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = zstandard.ZstdCompressor().compress(bytes(UNPACKED_BYTES_MAX + 1))
    assert refusal(sign(Kind.BATCH, bomb, KEY)) == "too-large"
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(10))
    assert refusal(sign(Kind.BATCH, unsized, KEY)) == "too-large"
    assert refusal(bytes(BATCH_BYTES_MAX + 1)) == "too-large"


def test_too_many_records_or_an_oversized_one_are_refused_even_when_signed():
    many = tuple(b"x" for _ in range(RECORDS_MAX + 1))
    assert refusal(packed(many)) == "malformed"
    encoded = msgspec.msgpack.encode(
        msgspec.structs.replace(batch((b"x",)), records=(bytes(BODY_BYTES_MAX + 1),))
    )
    assert refusal(sign(Kind.BATCH, zstandard.compress(encoded), KEY)) == "malformed"


def test_fields_that_a_later_version_adds_are_ignored():
    sent = batch((b"sale",))
    fields = [*msgspec.structs.astuple(sent), "a field of the future", 7]
    data = sign(Kind.BATCH, zstandard.compress(msgspec.msgpack.encode(fields)), KEY)
    assert unpack(data, KEY.public)[0] == sent


def test_one_record_of_the_largest_size_fits_though_it_cannot_be_compressed():
    body = b"".join(seal_all(bytes(32), tuple(b"x" for _ in range(BODY_BYTES_MAX // 32))))
    assert len(body) == BODY_BYTES_MAX
    assert PACKED_BYTES_MAX > BODY_BYTES_MAX
    assert len(packed((body,))) <= BATCH_BYTES_MAX
    assert pack(batch((body, body[::-1])), KEY) is None


def test_as_many_bodies_fit_as_can_be_packed():
    bodies = [bytes(BODY_BYTES_MAX)] * 40
    count = fitting(bodies)
    assert count == 20
    assert pack(batch(tuple(bodies[:count])), KEY) is not None
    assert fitting([b"x"] * 600) == RECORDS_MAX
