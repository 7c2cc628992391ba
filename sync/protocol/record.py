"""The hash chain of a ledger: each record's digest seals it and all records before it.

``h_i = SHA-256(h_{i-1} ‖ bytes_i)``; ``h_0`` commits to the ledger's id and the till's public key. A body is
hashed and kept as exact bytes and never encoded again, so ``(ledger_id, seq)`` names it for ever.
"""

import re
from hashlib import sha256

BODY_BYTES_MAX = 48_000
"""No record is larger; the till refuses to seal it and the head office to take it."""
DIGEST_BYTES = 32
PUBLIC_KEY_BYTES = 32
"""Of an Ed25519 key."""
LEDGER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", re.ASCII)
"""What a ledger's id looks like; it is drawn once, when the file is made."""

_GENESIS = b"tallypoint ledger 1\x00"


class RecordTooLargeError(Exception):
    """A body exceeds :data:`BODY_BYTES_MAX`; the sale must be split."""


def genesis(ledger_id: str, public_key: bytes) -> bytes:
    """Return ``h_0``: the digest that stands before a ledger's first record.

    The id stands between parts of fixed length, so no two pairs of id and key hash the same bytes.

    >>> genesis("L1", bytes(32)).hex()[:16]
    '9aeefa6b31e0ad6b'
    """
    assert LEDGER_ID.fullmatch(ledger_id), ledger_id
    assert len(public_key) == PUBLIC_KEY_BYTES
    return sha256(_GENESIS + ledger_id.encode() + public_key).digest()


def seal(previous: bytes, body: bytes) -> bytes:
    """Return the digest of the record ``body`` that follows the record with digest ``previous``.

    Raises:
        RecordTooLargeError: ``body`` is larger than :data:`BODY_BYTES_MAX`.
    """
    assert len(previous) == DIGEST_BYTES
    if len(body) > BODY_BYTES_MAX:
        raise RecordTooLargeError(f"{len(body)} bytes, at most {BODY_BYTES_MAX}")
    return sha256(previous + body).digest()


def seal_all(previous: bytes, bodies: tuple[bytes, ...]) -> list[bytes]:
    """Return the digests of ``bodies``, which follow each other after ``previous``.

    Raises:
        RecordTooLargeError: As for :func:`seal`.
    """
    digests = []
    for body in bodies:
        previous = seal(previous, body)
        digests.append(previous)
    return digests
