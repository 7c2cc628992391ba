"""How a till and the head office greet: who I am, what I have, and what you last said to me.

A till says hello after every connection. It brings its public key, which the head office compares with
the one enrolled, and the last acknowledgement it got: one that the head office signed but does not hold
shows that the head office came back from an old backup.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from sync.protocol.keys import BadKeyError, PublicKey, SecretKey
from sync.protocol.record import DIGEST_BYTES, LEDGER_ID
from sync.protocol.wire import (
    MESSAGE_BYTES_MAX,
    VERSION,
    BadEnvelopeError,
    Branch,
    Digest,
    Kind,
    LedgerId,
    Nonce,
    Program,
    RawKey,
    Seq,
    Short,
    Terminal,
    parse,
    sign,
    take_apart,
    verify,
)

BATCH_VERSIONS = (VERSION,)
"""Versions of batches that this program knows. A hello and a welcome stay of version 1 for ever, and say
which of the others both ends know."""
ORDINAL_MAX = 10**9
Ordinal = Annotated[int, Meta(ge=0, le=ORDINAL_MAX)]
PreviousId = Annotated[str, Meta(pattern=rf"^({LEDGER_ID.pattern})?\Z", max_length=40)]
AnyDigest = Annotated[bytes, Meta(max_length=DIGEST_BYTES)]
Versions = Annotated[tuple[Annotated[int, Meta(ge=1, le=255)], ...], Meta(max_length=20)]


class Hello(msgspec.Struct, array_like=True, frozen=True):
    """From the till. Fields are only ever added at the end."""

    terminal: Terminal
    ledger_id: LedgerId
    branch: Branch
    public_key: RawKey
    nonce: Nonce
    """Drawn for this hello; the answer repeats it."""
    head_seq: Seq
    head_hash: Digest
    ack: Short = b""
    """The last acknowledgement, exactly as it came; empty when there was none."""
    program: Program = ""
    ordinal: Ordinal = 1
    """Which ledger of its till it is; receipts carry it."""
    previous: PreviousId = ""
    """The ledger that it follows, empty for a till's first; that one ended as the next two say."""
    previous_seq: Seq = 0
    previous_hash: AnyDigest = b""
    ledger_key: AnyDigest = b""
    """The key that the chain begins with, where it is another machine's that this one replaces."""
    versions: Versions = (VERSION,)
    """Versions of batches that the till can send."""


class Welcome(msgspec.Struct, array_like=True, frozen=True):
    """From the head office. Fields are only ever added at the end."""

    nonce: Nonce
    public_key: RawKey
    ack: Short
    """A signed acknowledgement of what is held, or with status ``refused`` why the till is not heard."""
    ordinals: Ordinal = 0
    """Highest ordinal that the head office knows of the till's other ledgers, 0 for none."""
    version: Annotated[int, Meta(ge=1, le=255)] = VERSION
    """Version of the batches that it wants."""
    lacks: bool = False
    """Whether the end of the ledger that this one follows is not held: it must be sent again."""


_encoder = msgspec.msgpack.Encoder()
_hellos = msgspec.msgpack.Decoder(Hello)
_welcomes = msgspec.msgpack.Decoder(Welcome)


def common_version(theirs: Sequence[int], ours: Sequence[int] = BATCH_VERSIONS) -> int | None:
    """Return the newest version that both ends know, ``None`` when there is none.

    >>> common_version((1, 2, 3), ours=(1, 2)), common_version((3,), ours=(1, 2))
    (2, None)
    """
    return max(set(theirs) & set(ours), default=None)


def write_hello(hello: Hello, key: SecretKey) -> bytes:
    """Return ``hello``, signed with the key that it brings."""
    assert hello.public_key == key.public.raw
    return sign(Kind.HELLO, _encoder.encode(hello), key)


def read_hello(data: bytes) -> tuple[Hello, PublicKey]:
    """Return the hello in ``data`` and the key that it brings and that signed it.

    Raises:
        BadEnvelopeError: Anything is wrong with it. Whether the key is known is the caller's question.
    """
    envelope = take_apart(data, MESSAGE_BYTES_MAX)
    hello = parse(_hellos, envelope.payload)
    key = _key(hello.public_key)
    verify(Kind.HELLO, envelope, key)
    return hello, key


def write_welcome(welcome: Welcome, key: SecretKey) -> bytes:
    """Return ``welcome``, signed with the key that it brings."""
    assert welcome.public_key == key.public.raw
    return sign(Kind.WELCOME, _encoder.encode(welcome), key)


def read_welcome(data: bytes) -> tuple[Welcome, PublicKey]:
    """Return the welcome in ``data`` and the key that it brings and that signed it.

    Raises:
        BadEnvelopeError: Anything is wrong with it. Whether the key is trusted is the caller's question.
    """
    envelope = take_apart(data, MESSAGE_BYTES_MAX)
    welcome = parse(_welcomes, envelope.payload)
    key = _key(welcome.public_key)
    verify(Kind.WELCOME, envelope, key)
    return welcome, key


def _key(raw: bytes) -> PublicKey:
    try:
        return PublicKey.of(raw)
    except BadKeyError as error:
        raise BadEnvelopeError("malformed", str(error)) from error
