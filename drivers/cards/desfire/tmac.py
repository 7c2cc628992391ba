"""Transaction MAC: the card's own signature under a transaction, for whoever holds its key.

A till without that key keeps counter and value as they are; HQ computes them again from what the
till says it did. All reads and writes since the application was selected are part of the input.

Source: MF2DL(H)x0 data sheet 10.3, as NXP publishes it. The session keys stand in public test
vectors; the input's padding for records whose length is no multiple of 16 does not, and is unproven
until a real card was seen: a value that does not match is a question for HQ, no reason to refuse.
"""

from dataclasses import dataclass

from drivers.cards.crypto import ZERO_IV, aes_cbc_decrypt, aes_cmac
from drivers.cards.desfire.ev2 import truncated
from drivers.cards.seam import CardRefusedError

COUNTER_LENGTH = 4
VALUE_LENGTH = 8
_BLOCK = 16
_TO_MAC, _TO_ENCIPHER = b"\x5a", b"\xa5"
_ONE_KEY = bytes.fromhex("00010080")


@dataclass(frozen=True, slots=True)
class TransactionMac:
    """What a commit answers: how many transactions there were, and the MAC of this one."""

    counter: int
    value: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "TransactionMac":
        """Return what a commit answered.

        Raises:
            CardRefusedError: It is not that.
        """
        if len(raw) != COUNTER_LENGTH + VALUE_LENGTH:
            raise CardRefusedError(f"COMMIT: a transaction MAC of {len(raw)} bytes")
        return cls(int.from_bytes(raw[:COUNTER_LENGTH], "little"), raw[COUNTER_LENGTH:])

    def pack(self) -> bytes:
        """Return it as the card gave it."""
        return self.counter.to_bytes(COUNTER_LENGTH, "little") + self.value


def entry(command: int, header: bytes, data: bytes) -> bytes:
    """Return what one command adds to a transaction's input; ``header`` is what follows it."""
    said = bytes((command,)) + header
    return _filled(said) + _filled(data)


def session_keys(key: bytes, counter: int, uid: bytes) -> tuple[bytes, bytes]:
    """Return the keys to compute the MAC of transaction ``counter`` and to hide readers' names."""
    context = _ONE_KEY + counter.to_bytes(COUNTER_LENGTH, "little") + uid
    return aes_cmac(key, _TO_MAC + context), aes_cmac(key, _TO_ENCIPHER + context)


def value(key: bytes, counter: int, uid: bytes, said: bytes) -> bytes:
    """Return the 8-byte MAC that transaction ``counter`` with the input ``said`` must have."""
    return truncated(aes_cmac(session_keys(key, counter, uid)[0], said))


def reader_before(key: bytes, counter: int, uid: bytes, enciphered: bytes) -> bytes:
    """Return the name of the reader that made the transaction before this one."""
    assert len(enciphered) == _BLOCK
    return aes_cbc_decrypt(session_keys(key, counter, uid)[1], ZERO_IV, enciphered)


def _filled(said: bytes) -> bytes:
    return said + bytes(-len(said) % _BLOCK)
