"""Where things are on a MIFARE Classic card, and what a value block and a trailer look like.

Source: NXP MF1S50yyX/V1 8.6 (memory, value blocks), MF1S70yyX/V1 8.6 (the large sectors).
"""

from dataclasses import dataclass, field

from drivers.cards.classic.access import Access, AccessBitsError

BLOCK_LENGTH = 16
KEY_LENGTH = 6
SMALL_SECTORS = 32
SMALL_BLOCKS = 4
LARGE_BLOCKS = 16
SECTORS_1K = 16
SECTORS_4K = 40
VALUE_MIN, VALUE_MAX = -(2**31), 2**31 - 1
TRANSPORT_KEY = b"\xff" * KEY_LENGTH
_ACCESS_AT = KEY_LENGTH
_VERSION_AT = 9
_BYTE_MAX = 0xFF


class ValueBlockError(ValueError):
    """Sixteen bytes that are not a value block: its copies differ."""


def first_block(sector: int) -> int:
    """Return the number of the first block of ``sector``.

    >>> first_block(2), first_block(32), first_block(39)
    (8, 128, 240)
    """
    assert 0 <= sector < SECTORS_4K
    if sector < SMALL_SECTORS:
        return sector * SMALL_BLOCKS
    return SMALL_SECTORS * SMALL_BLOCKS + (sector - SMALL_SECTORS) * LARGE_BLOCKS


def trailer_block(sector: int) -> int:
    """Return the number of the last block of ``sector``, which holds its keys.

    >>> trailer_block(0), trailer_block(31), trailer_block(39)
    (3, 127, 255)
    """
    return first_block(sector) + (SMALL_BLOCKS if sector < SMALL_SECTORS else LARGE_BLOCKS) - 1


def value_block(value: int, address: int) -> bytes:
    """Return ``value`` as the card itself stores it, three times, with ``address`` four times.

    The card does not look at ``address``: it is there for schemes with a backup block.

    >>> value_block(1234567, 17).hex()
    '87d612007829edff87d6120011ee11ee'
    """
    assert VALUE_MIN <= value <= VALUE_MAX
    assert 0 <= address <= _BYTE_MAX
    plain = value.to_bytes(4, "little", signed=True)
    inverted = bytes(byte ^ _BYTE_MAX for byte in plain)
    return plain + inverted + plain + bytes((address, address ^ _BYTE_MAX)) * 2


def parse_value_block(block: bytes) -> tuple[int, int]:
    """Return the value and the address in ``block``.

    Raises:
        ValueBlockError: It is none.
    """
    if len(block) != BLOCK_LENGTH:
        raise ValueBlockError(f"a block of {len(block)} bytes")
    value, address = int.from_bytes(block[:4], "little", signed=True), block[12]
    if block != value_block(value, address):
        raise ValueBlockError("the copies in a value block differ")
    return value, address


@dataclass(frozen=True, slots=True)
class Trailer:
    """The last block of a sector: two keys, what they may do, and the version of the keys."""

    key_a: bytes = field(repr=False)
    access: Access
    version: int
    """Ours: byte 9, which the card leaves to its owner, counts the generation of the keys."""
    key_b: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Return the block to write; what it says of access is known to be in order."""
        assert len(self.key_a) == len(self.key_b) == KEY_LENGTH
        return self.key_a + self.access.encode() + bytes((self.version,)) + self.key_b


def parse_trailer(block: bytes) -> tuple[Access, int]:
    """Return the access conditions and the key version in a trailer that was read back.

    A card never gives away key A, and key B only if the conditions are careless: neither is read.

    Raises:
        AccessBitsError: The conditions contradict themselves, or the block is not whole.
    """
    if len(block) != BLOCK_LENGTH:
        raise AccessBitsError(f"a trailer of {len(block)} bytes")
    return Access.decode(block[_ACCESS_AT:_VERSION_AT]), block[_VERSION_AT]
