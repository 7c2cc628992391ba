"""EV1 secure messaging: one initial vector runs through everything both sides say.

Each CMAC starts from the last block that was enciphered or computed, and becomes the next start;
so one lost or changed byte shows in every later MAC. FULL data carries a CRC-32 instead of a MAC.
The same rules serve DES keys (a card from the factory has one) with blocks of 8 bytes.

Sources: published EV1 traces (see tests/drivers/cards/vectors), a session recorded from an EV3;
NIST SP 800-38B for the CMAC.
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.cards import crypto
from drivers.cards.desfire.channel import MAC_LENGTH, carries_data, split_mac, with_status
from drivers.cards.desfire.codes import Mode
from drivers.cards.seam import BadMacError

CRC_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Cipher:
    """A block cipher as EV1 messaging uses it."""

    block: int
    encrypt: Callable[[bytes, bytes, bytes], bytes]
    decrypt: Callable[[bytes, bytes, bytes], bytes]
    cmac: Callable[[bytes, bytes], bytes]


AES = Cipher(crypto.AES_BLOCK, crypto.aes_cbc_encrypt, crypto.aes_cbc_decrypt, crypto.aes_cmac)
DES = Cipher(crypto.DES_BLOCK, crypto.des_cbc_encrypt, crypto.des_cbc_decrypt, crypto.des_cmac)


class LegacyChannel:
    """The protection of one EV1 session."""

    def __init__(self, key: bytes, cipher: Cipher) -> None:
        self._key = key
        self._cipher = cipher
        self._iv = bytes(cipher.block)

    def seal(self, command: int, header: bytes, data: bytes, mode: Mode, extra: bytes) -> bytes:
        """Return what follows the command byte; see :class:`Channel`."""
        said = bytes((command,)) + header + data
        if mode is Mode.FULL and data:
            plain = data + crypto.crc32(said) + extra
            return header + self._encipher(plain + bytes(-len(plain) % self._cipher.block))
        mac = self._mac(said)
        if mode is Mode.MAC and carries_data(command):
            return header + data + mac[:MAC_LENGTH]
        return header + data

    def open(self, data: bytes, mode: Mode, length: int) -> bytes:
        """Return what the card said, checked; see :class:`Channel`."""
        if mode is Mode.FULL and length:
            return self._decipher(data, length)
        said, mac = split_mac(data)
        if not crypto.is_equal(self._mac(with_status(said))[:MAC_LENGTH], mac):
            raise BadMacError("an answer with a wrong MAC")
        return said

    def _decipher(self, data: bytes, length: int) -> bytes:
        whole = length + CRC_LENGTH
        if len(data) != whole + -whole % self._cipher.block:
            raise BadMacError(f"{len(data)} bytes enciphered where {length} were asked for")
        plain = self._cipher.decrypt(self._key, self._iv, data)
        self._iv = data[-self._cipher.block :]
        said, crc, padding = plain[:length], plain[length:whole], plain[whole:]
        if crc != crypto.crc32(with_status(said)) or padding.strip(b"\0"):
            raise BadMacError("an enciphered answer with a wrong checksum")
        return said

    def _encipher(self, plain: bytes) -> bytes:
        enciphered = self._cipher.encrypt(self._key, self._iv, plain)
        self._iv = enciphered[-self._cipher.block :]
        return enciphered

    def _mac(self, said: bytes) -> bytes:
        # A CMAC that starts from a vector is one of a message with a block before it that
        # enciphers to this vector.
        zero = bytes(self._cipher.block)
        before = self._cipher.decrypt(self._key, zero, self._iv)
        self._iv = self._cipher.cmac(self._key, before + said)
        return self._iv
