"""The member number on a tag: an NDEF message of a text and of the proof for it."""

from dataclasses import dataclass

from drivers.cards.keys import Keys, Purpose
from drivers.cards.ndef import (
    TNF_EXTERNAL,
    NdefError,
    Record,
    build_message,
    find_message,
    parse_message,
    text_of,
    text_record,
)
from drivers.cards.seam import BadMacError, CardRefusedError, Transmit
from drivers.cards.storage import read, read_uid
from drivers.cards.ultralight.seals import MacSeal, Seal, Sealer
from drivers.cards.ultralight.tags import (
    CONTAINER_MAGIC,
    CONTAINER_PAGE,
    PAGE_LENGTH,
    READ_LENGTH,
)

MEMORY_MAX = 888
"""Bytes of the largest tag (NTAG216), whatever its container says."""
_UNITS = 8
_PAGES_A_READ = READ_LENGTH // PAGE_LENGTH


@dataclass(frozen=True, slots=True)
class Found:
    """What a tag says of its member."""

    uid: bytes
    text: bytes
    kind: bytes
    """Name of the seal."""
    proof: bytes


def read_member(transmit: Transmit) -> Found:
    """Return what stands on the tag; :func:`check` tells whether it is ours.

    Raises:
        CardRefusedError: There is no member number.
        CardTornError: The tag left.
    """
    return read_known(transmit, read_uid(transmit))


def read_known(transmit: Transmit, uid: bytes) -> Found:
    """Return what stands on the tag whose identifier was read.

    Raises:
        CardRefusedError, CardTornError: As :func:`read_member`.
    """
    try:
        return _found(uid, parse_message(read_message(transmit)))
    except NdefError as error:
        raise CardRefusedError(f"the tag's message: {error}") from error


def read_message(transmit: Transmit) -> bytes:
    """Return the tag's NDEF message, reading no further than it goes; empty if there is none.

    Raises:
        CardRefusedError: It is no NDEF tag, or refuses to be read.
        NdefError: What it holds makes no sense to its end.
        CardTornError: It left.
    """
    block = read(transmit, CONTAINER_PAGE, READ_LENGTH)
    if block[0] != CONTAINER_MAGIC:
        raise CardRefusedError("no NDEF tag")
    size = min(block[2] * _UNITS, MEMORY_MAX)
    memory, page = block[PAGE_LENGTH:], CONTAINER_PAGE + _PAGES_A_READ
    while True:
        try:
            return find_message(memory[:size])
        except NdefError:
            if len(memory) >= size:
                raise
        memory += read(transmit, page, READ_LENGTH)
        page += _PAGES_A_READ


def _found(uid: bytes, records: tuple[Record, ...]) -> Found:
    texts = [text for record in records if (text := text_of(record)) is not None]
    proofs = [record for record in records if record.tnf == TNF_EXTERNAL]
    if len(texts) != 1 or len(proofs) != 1:
        raise CardRefusedError("no member number on the tag")
    return Found(uid, texts[0].encode(), proofs[0].kind, proofs[0].payload)


def check(found: Found, seals: tuple[Seal, ...]) -> bytes:
    """Return the member text, if one of ``seals`` holds.

    Raises:
        BadMacError: None does: somebody else's tag, another tag's number, or an old key.
    """
    for seal in seals:
        if found.kind == seal.kind and seal.holds(found.uid, found.text, found.proof):
            return found.text
    raise BadMacError("the tag's member number is not sealed by us")


def mac_seals(keys: Keys, uid: bytes) -> tuple[MacSeal, ...]:
    """Return the seals of all versions of the masters, the newest first."""
    return tuple(MacSeal(keys.aes_key(Purpose.MEMBER, version, uid)) for version in keys.versions)


def sealed_message(uid: bytes, text: bytes, sealer: Sealer) -> bytes:
    """Return the NDEF message that says ``text``, sealed for the tag ``uid``."""
    proof = Record(TNF_EXTERNAL, sealer.kind, sealer.make(uid, text))
    return build_message((text_record(text.decode("ascii")), proof))
