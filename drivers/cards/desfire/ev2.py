"""EV2 secure messaging: every command has a number, and its MAC and vector are made of it.

Sources: NXP AN12343 7.1 and AN12196 5 (session keys, vectors, MACs, truncation).
"""

from drivers.cards.crypto import (
    ZERO_IV,
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    aes_cmac,
    is_equal,
    pad_80,
    unpad_80,
    xor,
)
from drivers.cards.desfire.channel import split_mac
from drivers.cards.desfire.codes import Mode, Status
from drivers.cards.seam import BadMacError

COUNTER_MAX = 0xFFFF
TRANSACTION_ID_LENGTH = 4
_BLOCK = 16
_TO_CARD, _FROM_CARD = b"\xa5\x5a", b"\x5a\xa5"
_ONE_KEY = bytes.fromhex("00010080")
"""Counter 1, length 128 bits. Source: NIST SP 800-108, as AN12343 writes it."""


class Ev2Channel:
    """The protection of one EV2 session."""

    def __init__(self, encrypt: bytes, mac: bytes, transaction: bytes, counter: int = 0) -> None:
        self._encrypt = encrypt
        self._mac_key = mac
        self.transaction = transaction
        """The transaction identifier that the card drew, 4 bytes."""
        self.counter = counter
        """Commands since the first authentication."""

    def seal(self, command: int, header: bytes, data: bytes, mode: Mode, extra: bytes) -> bytes:
        """Return what follows the command byte; see :class:`~..channel.Channel`."""
        assert self.counter < COUNTER_MAX
        body = data + extra
        if mode is Mode.PLAIN:
            return header + body
        if mode is Mode.FULL and body:
            vector = self._vector(_TO_CARD)
            body = aes_cbc_encrypt(self._encrypt, vector, pad_80(body, _BLOCK))
        return header + body + self._mac(command, header + body)

    def open(self, data: bytes, mode: Mode, length: int) -> bytes:
        """Return what the card said, checked; see :class:`~..channel.Channel`."""
        self.counter += 1
        if mode is Mode.PLAIN:
            return data
        said, mac = split_mac(data)
        if not is_equal(self._mac(Status.OK, said), mac):
            raise BadMacError("an answer with a wrong MAC")
        if mode is Mode.FULL and length:
            return self._decipher(said, length)
        return said

    def _decipher(self, said: bytes, length: int) -> bytes:
        plain = b""
        if said and len(said) % _BLOCK == 0:
            plain = unpad_80(aes_cbc_decrypt(self._encrypt, self._vector(_FROM_CARD), said)) or b""
        if len(plain) != length:
            raise BadMacError(f"{len(plain)} bytes enciphered where {length} were asked for")
        return plain

    def _vector(self, direction: bytes) -> bytes:
        number = self.counter.to_bytes(2, "little")
        block = direction + self.transaction + number + bytes(8)
        return aes_cbc_encrypt(self._encrypt, ZERO_IV, block)

    def _mac(self, code: int, said: bytes) -> bytes:
        number = self.counter.to_bytes(2, "little")
        return truncated(aes_cmac(self._mac_key, bytes((code,)) + number + self.transaction + said))


def truncated(mac: bytes) -> bytes:
    """Return every second byte of a CMAC, as EV2 sends it.

    >>> truncated(bytes(range(16))).hex()
    '01030507090b0d0f'
    """
    return mac[1::2]


def session_keys(key: bytes, drawn: bytes, answered: bytes) -> tuple[bytes, bytes]:
    """Return the session's keys to encipher and to compute MACs with.

    ``drawn`` are our 16 random bytes, ``answered`` the card's.
    """
    mixed = drawn[:2] + xor(drawn[2:8], answered[:6]) + answered[6:] + drawn[8:]
    return (
        aes_cmac(key, _TO_CARD + _ONE_KEY + mixed),
        aes_cmac(key, _FROM_CARD + _ONE_KEY + mixed),
    )
