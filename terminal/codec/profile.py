"""A profile as bytes, with its salt, and what a record says of it."""

from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from config.shop import Birthday, Phone
from config.words import Name
from terminal.codec.master import Medium
from terminal.core.profile import MEDIA_MAX, Profile

FORMAT = 1
SALT_BYTES = 16
PROFILE_BYTES_MAX = 1_000
"""With its salt; more is refused before it is read."""


class _Wire(msgspec.Struct, array_like=True, frozen=True):
    format: int
    name: Name
    phone: Phone | None
    birthday: Birthday | None
    media: Annotated[tuple[Medium, ...], Meta(max_length=MEDIA_MAX)] = ()


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_Wire)


class BadProfileError(Exception):
    """Bytes are no profile, or a profile holds what none may."""


def pack(profile: Profile, salt: bytes) -> bytes:
    """Return salt and profile as they travel and lie beside the ledger.

    Raises:
        BadProfileError: The profile holds what none may, such as a phone number with letters.
    """
    assert len(salt) == SALT_BYTES
    wire = (FORMAT, profile.name, profile.phone or None, profile.birthday or None, profile.media)
    data = salt + _encode(wire)
    if unpack(data) != profile:
        raise BadProfileError("not the same once it is read again")
    return data


def unpack(data: bytes) -> Profile:
    """Return the profile in ``data``.

    Raises:
        BadProfileError: There is none.
    """
    if not SALT_BYTES < len(data) <= PROFILE_BYTES_MAX:
        raise BadProfileError(f"{len(data)} bytes")
    try:
        wire = _decoder.decode(data[SALT_BYTES:])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadProfileError(str(error)) from error
    return Profile(wire.name, wire.phone or "", wire.birthday or "", wire.media)


def commitment(data: bytes) -> bytes:
    """Return what the record says of salt and profile."""
    return sha256(b"tallypoint profile\x00" + data).digest()
