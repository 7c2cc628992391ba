"""Keys of cards: every card has its own, made from a master that never leaves the till.

A card's key is the master of a version, diversified by what the key is for and by the card's own
number. Several versions live side by side, so that cards with old keys go on working while they
are rolled over one by one; the newest is tried first.

Sources: NXP AN10922 2.2 (AES-128 diversification); JR/T 0025.1 annex on key derivation (3DES).
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from drivers.cards.crypto import (
    AES_BLOCK,
    DES_BLOCK,
    ZERO_DES_IV,
    ZERO_IV,
    aes_cbc_encrypt,
    aes_encrypt_block,
    des_cbc_encrypt,
    pad_80,
    xor,
)
from drivers.cards.seam import CardRefusedError

KEY_LENGTH = 16
VERSIONS_MAX = 8
VERSION_MIN, VERSION_MAX = 1, 255
"""0 is what keys have when a card leaves the factory."""
CREDENTIAL_MAX = 4096
"""Bytes of a credential file with master keys."""
DIVERSIFICATION_MAX = 31
_PADDED = 2 * AES_BLOCK
_DIVERSIFY_AES_128 = b"\x01"
_CMAC_CONSTANT = 0x87
_BLOCK_MASK = (1 << 128) - 1
_LINE = re.compile(rb"\s*(\d{1,3})\s+([0-9A-Fa-f]{32})\s*")


class Purpose(StrEnum):
    """What a key is for. Its name goes into the diversification: no key serves two purposes."""

    MASTER = "master"
    """Changes the application and its other keys."""
    DEBIT = "debit"
    CREDIT = "credit"
    READ = "read"
    PICC = "picc"
    """Creates and deletes applications on the whole card."""
    TRANSACTION = "transaction"
    """Transaction MAC of a DESFire, TAC of a wallet."""
    MEMBER = "member"
    """Signs or protects a member's number on cards without files."""


class KeyFileError(Exception):
    """A credential file with master keys that cannot be used; says which line, never what it holds."""


class WrongKeyError(CardRefusedError):
    """The card does not know our key, though the version is one of ours: another shop's card."""


class UnknownVersionError(CardRefusedError):
    """The card's keys are of a version that this till has no master of."""

    def __init__(self, doing: str, version: int) -> None:
        super().__init__(f"{doing}: keys of version {version}, of which there is no master here")
        self.version = version


class Keys(Protocol):
    """Where cards' keys come from: masters in memory, or a module that holds them."""

    @property
    def versions(self) -> tuple[int, ...]:
        """Return the versions there are masters of, newest first; never empty."""

    def aes_key(self, purpose: Purpose, version: int, card: bytes) -> bytes:
        """Return the 16-byte AES key of the card numbered ``card``."""

    def des_key(self, purpose: Purpose, version: int, card: bytes) -> bytes:
        """Return the 16-byte double-length DES key of the card numbered ``card`` (8 bytes)."""


@dataclass(frozen=True, slots=True)
class Masters:
    """Master keys by version; shows itself without them."""

    masters: tuple[tuple[int, bytes], ...] = field(repr=False)
    """Version and key; the last is the newest, as it stands in the file."""

    def __post_init__(self) -> None:
        versions = [version for version, _ in self.masters]
        assert 0 < len(versions) <= VERSIONS_MAX
        assert len(set(versions)) == len(versions)
        assert all(VERSION_MIN <= version <= VERSION_MAX for version in versions)
        assert all(len(key) == KEY_LENGTH for _, key in self.masters)

    @property
    def versions(self) -> tuple[int, ...]:
        """Return the versions, newest first."""
        return tuple(version for version, _ in reversed(self.masters))

    def aes_key(self, purpose: Purpose, version: int, card: bytes) -> bytes:
        """Return the card's own AES key."""
        return diversify_aes(self._master(version), card + purpose.encode())

    def des_key(self, purpose: Purpose, version: int, card: bytes) -> bytes:
        """Return the card's own double-length DES key."""
        return diversify_des(diversify_aes(self._master(version), purpose.encode()), card)

    def _master(self, version: int) -> bytes:
        return dict(self.masters)[version]


def read_masters(content: bytes, name: str) -> Masters:
    """Return the masters in a credential file: a version and 32 hex digits on each line.

    Empty lines and lines that begin with ``#`` mean nothing; the newest version stands last.

    Raises:
        KeyFileError: The file is no such thing. What it holds is not shown.
    """
    if len(content) > CREDENTIAL_MAX:
        raise KeyFileError(f"{name}: larger than {CREDENTIAL_MAX} bytes")
    masters: dict[int, bytes] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or not VERSION_MIN <= int(found[1]) <= VERSION_MAX:
            raise KeyFileError(f"{name}, line {number}: not a version (1-255) and 32 hex digits")
        if int(found[1]) in masters:
            raise KeyFileError(f"{name}, line {number}: version {int(found[1])} stands there twice")
        masters[int(found[1])] = bytes.fromhex(found[2].decode())
    if not 0 < len(masters) <= VERSIONS_MAX:
        raise KeyFileError(f"{name}: {len(masters)} keys; there must be 1 to {VERSIONS_MAX}")
    return Masters(tuple(masters.items()))


def diversify_aes(master: bytes, number: bytes) -> bytes:
    """Return the AES-128 key that belongs to ``number``, 1 to 31 bytes.

    It is a CMAC but for one thing: the message is always padded to two blocks, even if it fits one.
    Source: AN10922 2.2.1.
    """
    assert 0 < len(number) <= DIVERSIFICATION_MAX
    message = _DIVERSIFY_AES_128 + number
    whole, short = cmac_subkeys(master)
    subkey = whole if len(message) == _PADDED else short
    padded = message if len(message) == _PADDED else message + b"\x80"
    padded += bytes(_PADDED - len(padded))
    last = xor(padded[AES_BLOCK:], subkey)
    return aes_cbc_encrypt(master, ZERO_IV, padded[:AES_BLOCK] + last)[AES_BLOCK:]


def cmac_subkeys(key: bytes) -> tuple[bytes, bytes]:
    """Return K1, for a whole last block, and K2, for a padded one. Source: RFC 4493 2.3."""
    first = _doubled(int.from_bytes(aes_encrypt_block(key, ZERO_IV), "big"))
    return first.to_bytes(AES_BLOCK, "big"), _doubled(first).to_bytes(AES_BLOCK, "big")


def diversify_des(master: bytes, number: bytes) -> bytes:
    """Return the double-length DES key that belongs to the 8 bytes ``number``.

    Its left half is the number enciphered, its right half the number's complement enciphered.
    Source: JR/T 0025.1 (PBOC), derivation of subkeys.
    """
    assert len(number) == DES_BLOCK
    inverse = bytes(byte ^ 0xFF for byte in number)
    return b"".join(des_cbc_encrypt(master, ZERO_DES_IV, half) for half in (number, inverse))


def wallet_number(serial: bytes) -> bytes:
    """Return the 8 bytes that stand for a wallet: the last of its application serial number."""
    return pad_80(serial, DES_BLOCK)[:DES_BLOCK] if len(serial) < DES_BLOCK else serial[-DES_BLOCK:]


def _doubled(block: int) -> int:
    return (block << 1 & _BLOCK_MASK) ^ (_CMAC_CONSTANT if block >> 127 else 0)
