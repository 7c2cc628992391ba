"""Ciphers and checksums that cards speak, each from ``cryptography`` and none invented here.

Keys, vectors and data are bytes; the callers guarantee their lengths, so a wrong one is a bug.

Sources: NIST SP 800-38A (CBC), SP 800-38B and RFC 4493 (CMAC); ISO/IEC 9797-1 (MAC algorithm 1,
padding method 2); ISO/IEC 18033-3 (TDEA); ISO/IEC 3309 (the polynomial of the CRC-32).
"""

import hmac
import zlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

AES_BLOCK = 16
DES_BLOCK = 8
ZERO_IV = bytes(AES_BLOCK)
ZERO_DES_IV = bytes(DES_BLOCK)
_CRC_MASK = 0xFFFFFFFF


def aes_cmac(key: bytes, data: bytes) -> bytes:
    """Return the whole 16-byte AES-CMAC of ``data``."""
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def aes_encrypt_block(key: bytes, block: bytes) -> bytes:
    """Return one enciphered block."""
    assert len(block) == AES_BLOCK
    return aes_cbc_encrypt(key, ZERO_IV, block)


def aes_decrypt_block(key: bytes, block: bytes) -> bytes:
    """Return one deciphered block."""
    assert len(block) == AES_BLOCK
    return aes_cbc_decrypt(key, ZERO_IV, block)


def aes_cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Return whole blocks enciphered, each chained to the one before it."""
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def aes_cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Return whole blocks deciphered, each chained to the one before it."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def des_cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Return whole 8-byte blocks enciphered with a DES key of 8, 16 or 24 bytes."""
    encryptor = Cipher(_des(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def des_cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Return whole 8-byte blocks deciphered with a DES key of 8, 16 or 24 bytes."""
    decryptor = Cipher(_des(key), modes.CBC(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def des_cmac(key: bytes, data: bytes) -> bytes:
    """Return the 8-byte CMAC of ``data`` with a DES key of 8, 16 or 24 bytes."""
    mac = CMAC(_des(key))
    mac.update(data)
    return mac.finalize()


def des_mac(key: bytes, data: bytes) -> bytes:
    """Return the 8-byte MAC of ``data``: the last block of a CBC from zero.

    The data is padded with 80 and then zeros, always. Source: ISO/IEC 9797-1, algorithm 1, method 2.
    """
    return des_cbc_encrypt(key, ZERO_DES_IV, pad_80(data, DES_BLOCK))[-DES_BLOCK:]


def pad_80(data: bytes, block: int) -> bytes:
    """Return ``data`` with 80 and then zeros up to a whole block; a whole one gets another.

    >>> pad_80(b"abc", 8).hex()
    '6162638000000000'
    """
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad_80(data: bytes) -> bytes | None:
    """Return ``data`` without its padding; None when there is no padding to take off.

    >>> unpad_80(bytes.fromhex("6162638000000000"))
    b'abc'
    >>> unpad_80(bytes(8))
    """
    body, mark, rest = data.rpartition(b"\x80")
    return None if not mark or rest.strip(b"\0") else body


def crc32(data: bytes) -> bytes:
    """Return the CRC-32 that DESFire uses: without the last complement, lowest byte first.

    >>> crc32(b"123456789").hex()
    'd9c60b34'
    """
    return (zlib.crc32(data) ^ _CRC_MASK).to_bytes(4, "little")


def is_equal(one: bytes, other: bytes) -> bool:
    """Return whether two MACs are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def xor(one: bytes, other: bytes) -> bytes:
    """Return the exclusive or of two strings of one length."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _des(key: bytes) -> TripleDES:
    assert len(key) in (DES_BLOCK, 2 * DES_BLOCK, 3 * DES_BLOCK)
    # Two halves or one are repeated, as ISO/IEC 18033-3 says of keying options 2 and 3.
    return TripleDES((key * 3)[: 3 * DES_BLOCK])
