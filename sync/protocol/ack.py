"""The head office's word: everything up to here is stored and in the books.

Cumulative: an acknowledgement of number N speaks for all records before N, because it names their common
digest. It is kept by the till as proof, and shown again in the next hello.
"""

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from sync.protocol.batch import REGARDS_BYTES
from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.record import LEDGER_ID
from sync.protocol.wire import (
    MESSAGE_BYTES_MAX,
    BadEnvelopeError,
    Branch,
    Digest,
    Kind,
    Reason,
    Seq,
    Timeline,
    parse,
    read,
    sign,
    take_apart,
)


class Status(IntEnum):
    """What became of the batch that an acknowledgement answers."""

    OK = 0
    DUP = 1
    """It had been stored before."""
    GAP = 2
    """Records between ``acked_seq`` and the batch are missing."""
    REFUSED = 3
    """Nothing of it was stored; ``reason`` says why."""


class Ack(msgspec.Struct, array_like=True, frozen=True):
    """What the head office holds of one stream. Fields are only ever added at the end."""

    ledger_id: Annotated[str, Meta(pattern=rf"^({LEDGER_ID.pattern})?\Z", max_length=40)]
    """Empty when the batch could not be read that far."""
    branch: Branch
    acked_seq: Seq
    head_hash: Digest
    """Digest of record ``acked_seq``; of number 0, what the chain starts with."""
    timeline: Timeline
    status: Status
    reason: Reason = ""
    regards: Annotated[bytes, Meta(max_length=REGARDS_BYTES)] = b""
    """The batch that this answers, see :func:`sync.protocol.batch.regards`."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Ack)


def write_ack(ack: Ack, key: SecretKey) -> bytes:
    """Return ``ack``, signed."""
    return sign(Kind.ACK, _encoder.encode(ack), key)


def read_ack(data: bytes, key: PublicKey) -> Ack:
    """Return the acknowledgement in ``data`` that ``key`` signed.

    Raises:
        BadEnvelopeError: Anything is wrong with it.
    """
    return read(Kind.ACK, _decoder, data, key)


def peek_ack(data: bytes) -> Ack | None:
    """Return an acknowledgement from our own disk without asking who signed it, or ``None``."""
    try:
        return parse(_decoder, take_apart(data, MESSAGE_BYTES_MAX).payload)
    except BadEnvelopeError:
        return None
