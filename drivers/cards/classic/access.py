"""Access conditions of a sector: three bits for each block, stored twice, once inverted.

A trailer whose bits do not match their inverted copies locks its sector for ever, so nothing but
this module writes them and everything it reads is checked.

Source: NXP MF1S50yyX/V1 8.7.1 (bits), 8.7.2 (trailer), 8.7.3 (data blocks).
"""

from dataclasses import dataclass

ACCESS_LENGTH = 3
BLOCK_GROUPS = 3
_CONDITION_MAX = 0b111


class AccessBitsError(ValueError):
    """The bits and their inverted copies differ: on a card this sector is locked for ever."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what in one sector; each number is C1 C2 C3 as three bits."""

    blocks: tuple[int, int, int]
    """Of the three data blocks; in the large sectors of a 4K card, of three groups of five."""
    trailer: int

    def encode(self) -> bytes:
        """Return bytes 6 to 8 of the trailer.

        >>> TRANSPORT.encode().hex()
        'ff0780'
        """
        groups = (*self.blocks, self.trailer)
        assert all(0 <= group <= _CONDITION_MAX for group in groups)
        c1, c2, c3 = (_nibble(groups, bit) for bit in (2, 1, 0))
        return bytes(
            (
                (c2 ^ 0xF) << 4 | (c1 ^ 0xF),
                c1 << 4 | (c3 ^ 0xF),
                c3 << 4 | c2,
            )
        )

    @classmethod
    def decode(cls, raw: bytes) -> "Access":
        """Return the conditions in ``raw``, bytes 6 to 8 of a trailer.

        Raises:
            AccessBitsError: A bit and its inverted copy agree, or a byte is missing.
        """
        if len(raw) != ACCESS_LENGTH:
            raise AccessBitsError(f"{len(raw)} bytes of access conditions")
        c1, c2, c3 = raw[1] >> 4, raw[2] & 0xF, raw[2] >> 4
        inverted = (raw[0] & 0xF, raw[0] >> 4, raw[1] & 0xF)
        if inverted != (c1 ^ 0xF, c2 ^ 0xF, c3 ^ 0xF):
            raise AccessBitsError(f"access conditions {raw.hex()} contradict themselves")
        groups = [
            (c1 >> group & 1) << 2 | (c2 >> group & 1) << 1 | (c3 >> group & 1)
            for group in range(BLOCK_GROUPS + 1)
        ]
        return cls((groups[0], groups[1], groups[2]), groups[3])


def _nibble(groups: tuple[int, ...], bit: int) -> int:
    """Return bit ``bit`` of each group's condition, the trailer's on the left."""
    return sum((condition >> bit & 1) << group for group, condition in enumerate(groups))


TRANSPORT = Access((0b000, 0b000, 0b000), 0b001)
"""As delivered: either key does everything, key A changes the trailer."""
READ_A_WRITE_B = Access((0b100, 0b100, 0b100), 0b011)
"""Data is read with key A or B and written with key B alone; key B alone changes the trailer, and
nobody can read a key. This is how we leave a sector."""
