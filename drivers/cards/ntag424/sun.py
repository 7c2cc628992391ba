"""Whether an address was written by a tag of ours, and at a new tap.

The tag counts its taps and signs identifier and counter with a key of its own. An address whose signature
is right may still be a copy: so the counter must be greater than any that was seen of this tag, which the
till remembers in its ledger (:mod:`terminal.store.taps`).

Source: NXP NT4H2421Gx 9.3.3-9.3.9; AN12196 3.3, 3.4 (with vectors).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from drivers.cards.crypto import (
    AES_BLOCK,
    ZERO_IV,
    aes_cbc_decrypt,
    aes_cmac,
    aes_encrypt_block,
    is_equal,
)
from drivers.cards.keys import Keys, Purpose
from drivers.cards.ntag424.template import Message
from drivers.cards.seam import BadMacError

UID_LENGTH = 7
COUNTER_LENGTH = 3
COUNTER_MAX = 0xFFFFFF
META_NAME = b"ntag424 meta"
"""What the key of ``{picc}`` belongs to: all tags, since it must open before the tag is known."""
_HAS_UID_AND_COUNTER_OF_7 = 0xC7
_ENC_LABEL = bytes.fromhex("c33c00010080")
_MAC_LABEL = bytes.fromhex("3cc300010080")


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap that a tag of ours has signed. Whether it is new, knows who remembers the last."""

    uid: bytes
    counter: int
    file: bytes
    """Data of the tag, deciphered; may be empty."""
    key_version: int


def verify(message: Message, keys: Keys) -> Tap:
    """Return the tap that ``message`` tells of.

    Raises:
        BadMacError: No tag of ours signed it.
    """
    for version in keys.versions:
        meta = keys.aes_key(Purpose.READ, version, META_NAME)
        tap = opened(message, version, meta, partial(file_key, keys, version))
        if tap is not None:
            return tap
    raise BadMacError("no tag of ours signed this address")


def file_key(keys: Keys, version: int, uid: bytes) -> bytes:
    """Return the key with which the tag ``uid`` signs."""
    return keys.aes_key(Purpose.MEMBER, version, uid)


def opened(
    message: Message, version: int, meta: bytes, file_key_of: Callable[[bytes], bytes]
) -> Tap | None:
    """Return the tap that ``message`` tells of under these keys; None if they are not its own."""
    named = _name(message, meta)
    if named is None:
        return None
    uid, counter = named
    encrypt, mac = session_keys(file_key_of(uid), uid, counter)
    if not is_equal(message.mac, truncated(aes_cmac(mac, message.signed))):
        return None
    return Tap(uid, counter, _deciphered(encrypt, counter, message.file), version)


def _name(message: Message, meta: bytes) -> tuple[bytes, int] | None:
    if message.counter is not None:
        return message.uid, message.counter
    plain = aes_cbc_decrypt(meta, ZERO_IV, message.picc)
    if plain[0] != _HAS_UID_AND_COUNTER_OF_7:
        return None
    uid, rest = plain[1 : 1 + UID_LENGTH], plain[1 + UID_LENGTH :]
    return uid, int.from_bytes(rest[:COUNTER_LENGTH], "little")


def session_keys(key: bytes, uid: bytes, counter: int) -> tuple[bytes, bytes]:
    """Return what the tag enciphers and signs with at tap ``counter``."""
    name = uid + counter.to_bytes(COUNTER_LENGTH, "little")
    return aes_cmac(key, _ENC_LABEL + name), aes_cmac(key, _MAC_LABEL + name)


def truncated(mac: bytes) -> bytes:
    """Return every second byte, from the second on."""
    return mac[1::2]


def _deciphered(key: bytes, counter: int, data: bytes) -> bytes:
    if not data:
        return b""
    start = counter.to_bytes(COUNTER_LENGTH, "little").ljust(AES_BLOCK, b"\0")
    return aes_cbc_decrypt(key, aes_encrypt_block(key, start), data)
