"""Ed25519 keys of tills and head offices: kept in PEM files, named by a short id.

A private key's file is made at the first start, readable by its owner only, with the public key beside it
(``till.key`` and ``till.key.pub``) for whoever enrols the machine at the other end.
"""

import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from sync.protocol.record import PUBLIC_KEY_BYTES

KEY_ID_BYTES = 8
KEY_FILE_BYTES_MAX = 4_096


class BadKeyError(Exception):
    """A file or a message holds no usable Ed25519 key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with."""

    raw: bytes
    key_id: bytes
    """First 8 bytes of the SHA-256 of ``raw``: how messages name the key."""
    _key: Ed25519PublicKey = field(compare=False, repr=False)

    @classmethod
    def of(cls, raw: bytes) -> "PublicKey":
        """Return the key with these 32 bytes.

        Raises:
            BadKeyError: They are not 32.
        """
        if len(raw) != PUBLIC_KEY_BYTES:
            raise BadKeyError(f"{len(raw)} bytes, not {PUBLIC_KEY_BYTES}")
        return cls(
            raw, sha256(raw).digest()[:KEY_ID_BYTES], Ed25519PublicKey.from_public_bytes(raw)
        )

    def is_signature(self, signature: bytes, data: bytes) -> bool:
        """Return whether this key's owner signed exactly ``data``."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        """Return the key as it lies in a file."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that signs. Printing it shows nothing secret."""

    public: PublicKey
    _key: Ed25519PrivateKey = field(compare=False, repr=False)

    @classmethod
    def of(cls, key: Ed25519PrivateKey) -> "SecretKey":
        """Return our form of the library's key."""
        return cls(PublicKey.of(key.public_key().public_bytes_raw()), key)

    @classmethod
    def of_seed(cls, seed: bytes) -> "SecretKey":
        """Return the key made of 32 secret bytes."""
        return cls.of(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, data: bytes) -> bytes:
        """Return the signature, 64 bytes, always the same for the same data."""
        return self._key.sign(data)

    def pem(self) -> bytes:
        """Return the key as it lies in a file."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_or_make(path: Path) -> SecretKey:
    """Return the private key in ``path``; when there is no file, draw a key and keep it there.

    Raises:
        BadKeyError: The file holds something else.
        OSError: It can be neither read nor made.
    """
    try:
        return load_secret(path)
    except FileNotFoundError:
        key = SecretKey.of(Ed25519PrivateKey.generate())
        _keep(path.with_name(path.name + ".pub"), key.public.pem(), 0o644)
        _keep(path, key.pem(), 0o600)
        return key


def load_secret(path: Path) -> SecretKey:
    """Return the private key in ``path``.

    Raises:
        BadKeyError: The file holds something else.
        OSError: It cannot be read.
    """
    data = _read(path)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKeyError(f"{path}: no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKeyError(f"{path}: not an Ed25519 key")
    return SecretKey.of(key)


def load_public(path: Path) -> PublicKey:
    """Return the public key in ``path``.

    Raises:
        BadKeyError: The file holds something else.
        OSError: It cannot be read.
    """
    data = _read(path)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKeyError(f"{path}: no public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadKeyError(f"{path}: not an Ed25519 key")
    return PublicKey.of(key.public_bytes_raw())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(KEY_FILE_BYTES_MAX + 1)
    if len(data) > KEY_FILE_BYTES_MAX:
        raise BadKeyError(f"{path}: more than {KEY_FILE_BYTES_MAX} bytes")
    return data


def _keep(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is either absent or whole, whenever the power goes."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
