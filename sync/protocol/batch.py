"""A batch: a run of records on its way to the head office, compressed and signed once.

The chain binds the records to ``prev_hash`` and ``head_hash``; the signature covers the compressed bytes
and is checked before they are unpacked.
"""

from hashlib import sha256
from typing import Annotated

import msgspec
import zstandard
from msgspec import Meta

from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.record import BODY_BYTES_MAX, seal_all
from sync.protocol.wire import (
    HEADER_BYTES,
    BadEnvelopeError,
    Branch,
    Digest,
    Kind,
    LedgerId,
    Seq,
    Terminal,
    parse,
    sign,
    take_apart,
    verify,
)

RECORDS_MAX = 500
PACKED_BYTES_MAX = 64_000
"""Compressed. One record of the largest size fits, even if nothing can be saved."""
BATCH_BYTES_MAX = HEADER_BYTES + PACKED_BYTES_MAX
UNPACKED_BYTES_MAX = 1_000_000
"""Uncompressed; what 64 kB could blow up to is not for a sender to say."""
REGARDS_BYTES = 8
_OVERHEAD_BYTES = 400
"""More than all fields but the records take, together with what one record's own length takes."""
_LEVEL = 3

BESIDE_BYTES_MAX = 1_000
Beside = Annotated[bytes, Meta(max_length=BESIDE_BYTES_MAX)]
Body = Annotated[bytes, Meta(min_length=1, max_length=BODY_BYTES_MAX)]


class Batch(msgspec.Struct, array_like=True, frozen=True):
    """Records ``first_seq`` and following of one ledger. Fields are only ever added at the end."""

    terminal: Terminal
    ledger_id: LedgerId
    branch: Branch
    """Which stream of the ledger the till was told it is; the head office goes by ``prev_hash``."""
    first_seq: Annotated[int, Meta(ge=1, le=2**40 - 1)]
    prev_hash: Digest
    head_hash: Digest
    records: Annotated[tuple[Body, ...], Meta(min_length=1, max_length=RECORDS_MAX)]
    till_head: Seq = 0
    """Last record the till has; what lies between is still to come."""
    beside: Annotated[tuple[tuple[Seq, Beside], ...], Meta(max_length=RECORDS_MAX)] = ()
    """What belongs to records of this batch and is in no chain, so that it can be erased: by number."""

    @property
    def last_seq(self) -> int:
        """Number of the last record."""
        return self.first_seq + len(self.records) - 1


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


def pack(batch: Batch, key: SecretKey) -> bytes | None:
    """Return ``batch`` as it is sent, or ``None`` if it has to be cut shorter."""
    payload = _encoder.encode(batch)
    if len(payload) > UNPACKED_BYTES_MAX:
        return None
    packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False).compress(payload)
    if len(packed) > PACKED_BYTES_MAX:
        return None
    return sign(Kind.BATCH, packed, key)


def fitting(bodies: list[bytes]) -> int:
    """Return how many of ``bodies`` fit uncompressed, at least 1."""
    room = UNPACKED_BYTES_MAX - _OVERHEAD_BYTES
    for count, body in enumerate(bodies[:RECORDS_MAX]):
        room -= len(body) + 5
        if room < 0:
            return max(1, count)
    return min(len(bodies), RECORDS_MAX)


def key_id_of(data: bytes) -> bytes:
    """Return the name of the key that claims to have signed the batch.

    Raises:
        BadEnvelopeError: The envelope is too large, too short or of an unknown version.
    """
    return take_apart(data, BATCH_BYTES_MAX).key_id


def regards(data: bytes) -> bytes:
    """Return the name of a batch's exact bytes, by which an answer says what it answers."""
    return sha256(data).digest()[:REGARDS_BYTES]


def unpack(data: bytes, key: PublicKey) -> tuple[Batch, list[bytes]]:
    """Return the batch in ``data``, signed by ``key`` and chained, and the digest of each record.

    Raises:
        BadEnvelopeError: Anything is wrong with it; ``reason`` says what.
    """
    envelope = take_apart(data, BATCH_BYTES_MAX)
    verify(Kind.BATCH, envelope, key)
    batch = parse(_decoder, _decompress(envelope.payload))
    digests = seal_all(batch.prev_hash, batch.records)
    if digests[-1] != batch.head_hash:
        raise BadEnvelopeError("chain", "the records do not lead to the head")
    return batch, digests


def _decompress(packed: bytes) -> bytes:
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if not 0 < size <= UNPACKED_BYTES_MAX:
            raise BadEnvelopeError("too-large", f"{size} bytes, at most {UNPACKED_BYTES_MAX}")
        payload = zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=UNPACKED_BYTES_MAX, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise BadEnvelopeError("malformed", str(error)) from error
    return payload
