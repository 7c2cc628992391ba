"""What simulated cards compute with: written from the standards, and apart from the drivers' own.

Sources: NIST SP 800-38B (CMAC, by hand from single blocks); ISO/IEC 3309 (CRC-32, bit by bit).
"""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES


class Block:
    """A block cipher with one key, and what is built from it."""

    def __init__(self, key: bytes, *, des: bool = False) -> None:
        self.size = 8 if des else 16
        algorithm = TripleDES((key * 3)[:24]) if des else AES(key)
        self._ecb = Cipher(algorithm, modes.ECB())

    def one(self, block: bytes) -> bytes:
        encryptor = self._ecb.encryptor()
        return encryptor.update(block) + encryptor.finalize()

    def back(self, block: bytes) -> bytes:
        decryptor = self._ecb.decryptor()
        return decryptor.update(block) + decryptor.finalize()

    def encrypt(self, vector: bytes, data: bytes) -> bytes:
        out = b""
        for at in range(0, len(data), self.size):
            vector = self.one(mixed(vector, data[at : at + self.size]))
            out += vector
        return out

    def decrypt(self, vector: bytes, data: bytes) -> bytes:
        out = b""
        for at in range(0, len(data), self.size):
            block = data[at : at + self.size]
            out, vector = out + mixed(vector, self.back(block)), block
        return out

    def cmac(self, data: bytes, vector: bytes | None = None) -> bytes:
        bits = self.size * 8
        subkey = int.from_bytes(self.one(bytes(self.size)), "big")
        rest = len(data) % self.size
        for _ in range(1 if data and not rest else 2):
            carry = subkey >> (bits - 1)
            subkey = (subkey << 1) & ((1 << bits) - 1)
            subkey ^= (0x1B if self.size == 8 else 0x87) * carry
        if rest or not data:
            data += b"\x80" + bytes(self.size - rest - 1)
        last = mixed(data[-self.size :], subkey.to_bytes(self.size, "big"))
        whole = data[: -self.size] + last
        return self.encrypt(vector or bytes(self.size), whole)[-self.size :]


def mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def crc32(data: bytes) -> bytes:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xEDB88320 if register & 1 else 0)
    return register.to_bytes(4, "little")
