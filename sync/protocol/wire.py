"""The envelope that every message travels in, and the one error for all that is wrong with one.

    version (1 byte) ‖ key id (8) ‖ signature (64) ‖ payload

The Ed25519 signature covers a tag that names the kind of message, and every other byte of the envelope.
It is checked before the payload is unpacked, so bytes that nobody vouches for reach no decompressor and no
parser (a hello, which brings its own key, is the exception and is small). Payloads are MessagePack arrays
whose fields are only ever added at the end; a reader ignores fields it does not know yet.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from sync.protocol.keys import KEY_ID_BYTES, PublicKey, SecretKey
from sync.protocol.record import DIGEST_BYTES, LEDGER_ID, PUBLIC_KEY_BYTES

VERSION = 1
_SIGNATURE_BYTES = 64
HEADER_BYTES = 1 + KEY_ID_BYTES + _SIGNATURE_BYTES
MESSAGE_BYTES_MAX = 4_096
"""No message is larger but a batch and a part of the master data."""
REASON_CHARS_MAX = 200
SEQ_MAX = 2**40 - 1
"""More records than any till will ever write; head offices pack numbers of streams above it."""
NONCE_BYTES = 8

Terminal = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z", max_length=32)]
LedgerId = Annotated[str, Meta(pattern=rf"^{LEDGER_ID.pattern}\Z", max_length=40)]
Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
RawKey = Annotated[bytes, Meta(min_length=PUBLIC_KEY_BYTES, max_length=PUBLIC_KEY_BYTES)]
Nonce = Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
Seq = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Branch = Annotated[int, Meta(ge=0, le=1_000)]
Timeline = Annotated[int, Meta(ge=0, le=2**31)]
Reason = Annotated[str, Meta(max_length=REASON_CHARS_MAX)]
Program = Annotated[str, Meta(max_length=40)]
Short = Annotated[bytes, Meta(max_length=MESSAGE_BYTES_MAX)]

_Payload = TypeVar("_Payload")


class BadEnvelopeError(Exception):
    """A message is not what it should be; ``reason`` is a stable key, such as ``signature``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Kind(Enum):
    """What a message is; signed with it, so that none passes for another."""

    BATCH = b"tallypoint batch\x00"
    ACK = b"tallypoint ack\x00"
    HELLO = b"tallypoint hello\x00"
    WELCOME = b"tallypoint welcome\x00"
    TILL_STATE = b"tallypoint till state\x00"
    HQ_STATE = b"tallypoint hq state\x00"
    MASTER = b"tallypoint master\x00"
    ASK = b"tallypoint ask\x00"
    PART = b"tallypoint part\x00"
    VALUE_ASK = b"tallypoint value ask\x00"
    VALUE_GRANT = b"tallypoint value grant\x00"
    ENROL = b"tallypoint enrol\x00"
    ENROLLED = b"tallypoint enrolled\x00"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message taken apart but not yet believed."""

    version: int
    key_id: bytes
    signature: bytes
    payload: bytes


def sign(kind: Kind, payload: bytes, key: SecretKey) -> bytes:
    """Return ``payload`` in a signed envelope."""
    head = bytes((VERSION,)) + key.public.key_id
    return head + key.sign(kind.value + head + payload) + payload


def take_apart(data: bytes, bytes_max: int) -> Envelope:
    """Return the parts of an envelope of at most ``bytes_max`` bytes, unverified.

    Raises:
        BadEnvelopeError: ``too-large``, ``too-short`` or ``version``.
    """
    if len(data) > bytes_max:
        raise BadEnvelopeError("too-large", f"{len(data)} bytes, at most {bytes_max}")
    if len(data) <= HEADER_BYTES:
        raise BadEnvelopeError("too-short", f"{len(data)} bytes")
    if data[0] != VERSION:
        raise BadEnvelopeError("version", f"{data[0]} is not known here")
    signed_at = 1 + KEY_ID_BYTES
    return Envelope(data[0], data[1:signed_at], data[signed_at:HEADER_BYTES], data[HEADER_BYTES:])


def verify(kind: Kind, envelope: Envelope, key: PublicKey) -> None:
    """Check that ``key`` vouches for the whole envelope as a message of this kind.

    Raises:
        BadEnvelopeError: ``other-key`` or ``signature``.
    """
    if envelope.key_id != key.key_id:
        raise BadEnvelopeError("other-key", envelope.key_id.hex())
    signed = kind.value + bytes((envelope.version,)) + envelope.key_id + envelope.payload
    if not key.is_signature(envelope.signature, signed):
        raise BadEnvelopeError("signature")


def parse(decoder: msgspec.msgpack.Decoder[_Payload], payload: bytes) -> _Payload:
    """Return ``payload`` as the decoder's type.

    Raises:
        BadEnvelopeError: ``malformed``.
    """
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadEnvelopeError("malformed", str(error)[:REASON_CHARS_MAX]) from error


def read(
    kind: Kind, decoder: msgspec.msgpack.Decoder[_Payload], data: bytes, key: PublicKey
) -> _Payload:
    """Return the payload of a small message that ``key`` vouches for.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    envelope = take_apart(data, MESSAGE_BYTES_MAX)
    verify(kind, envelope, key)
    return parse(decoder, envelope.payload)
