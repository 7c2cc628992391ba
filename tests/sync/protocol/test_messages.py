"""Acknowledgements, greetings and states: signed whole, hostile bytes refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.ack import Ack, Status, peek_ack, read_ack, write_ack
from sync.protocol.hello import (
    Hello,
    Welcome,
    read_hello,
    read_welcome,
    write_hello,
    write_welcome,
)
from sync.protocol.keys import SecretKey
from sync.protocol.state import (
    HqState,
    TillState,
    read_hq_state,
    read_till_state,
    write_hq_state,
    write_till_state,
)
from sync.protocol.wire import MESSAGE_BYTES_MAX, BadEnvelopeError, Kind, sign

KEY = SecretKey.of_seed(bytes(range(32)))
NONCE = b"12345678"
ACK = Ack("L1", 0, 17, bytes(32), 1, Status.GAP, "why", b"87654321")
HELLO = Hello("S01-T1", "L1", 0, KEY.public.raw, NONCE, 20, bytes(32), b"ack", "1.0")
WELCOME = Welcome(NONCE, KEY.public.raw, b"ack")
TILL = TillState("S01-T1", "L1", 0, True, 20, NONCE)
HQ = HqState(True, 3, NONCE)

CASES = [
    (ACK, write_ack, lambda data: read_ack(data, KEY.public)),
    (HELLO, write_hello, lambda data: read_hello(data)[0]),
    (WELCOME, write_welcome, lambda data: read_welcome(data)[0]),
    (TILL, write_till_state, lambda data: read_till_state(data, KEY.public)),
    (HQ, write_hq_state, lambda data: read_hq_state(data, KEY.public)),
]
each = pytest.mark.parametrize(("message", "write", "read"), CASES, ids=lambda case: "")


@each
def test_a_message_comes_out_as_it_went_in(message, write, read):
    assert read(write(message, KEY)) == message


@each
def test_every_flipped_bit_of_a_message_is_refused(message, write, read: Callable[[bytes], object]):
    data = write(message, KEY)
    for position in range(len(data) * 8):
        changed = bytearray(data)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(BadEnvelopeError):
            read(bytes(changed))


@each
def test_no_message_passes_for_another(message, write, read):
    for _, other, _ in CASES:
        if other is not write:
            sent = next(case[0] for case in CASES if case[1] is other)
            with pytest.raises(BadEnvelopeError):
                read(other(sent, KEY))


@given(st.binary(max_size=300), st.sampled_from(list(Kind)))
def test_garbage_is_refused_by_every_reader(payload, kind):
    for data in (payload, sign(kind, payload + b"x", KEY)):
        for _, _, read in CASES:
            with pytest.raises(BadEnvelopeError):
                read(data)
        assert peek_ack(data) is None


def test_oversized_messages_are_refused_unread():
    for _, _, read in CASES:
        with pytest.raises(BadEnvelopeError, match="too-large"):
            read(bytes(MESSAGE_BYTES_MAX + 1))


def test_a_hello_cannot_bring_a_key_that_did_not_sign_it():
    other = SecretKey.of_seed(bytes(32))
    data = write_hello(HELLO, KEY)
    forged = sign(Kind.HELLO, data[73:], other)
    with pytest.raises(BadEnvelopeError, match="other-key"):
        read_hello(forged)
