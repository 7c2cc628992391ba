"""Opening a sector of a MIFARE Classic, and reading and writing its blocks."""

from drivers.cards.classic.keys import CardKeys, SectorKeys
from drivers.cards.classic.layout import BLOCK_LENGTH, first_block
from drivers.cards.keys import WrongKeyError
from drivers.cards.seam import Transmit
from drivers.cards.storage import KeySlot, authenticate, load_key, read, update

BLOCKS = 3
"""Data blocks that we use of a sector."""


def can_open(transmit: Transmit, sector: int, slot: KeySlot, key: bytes) -> bool:
    """Return whether ``key`` opens ``sector``; it is open then. Two commands.

    Raises:
        CardTornError: The card left.
    """
    load_key(transmit, key)
    return authenticate(transmit, first_block(sector), slot)


def open_member(transmit: Transmit, versions: tuple[CardKeys, ...]) -> CardKeys:
    """Open the member sector for reading, and return which of ``versions`` fits.

    Raises:
        WrongKeyError: None of them does.
        CardTornError: The card left.
    """
    for keys in versions:
        if can_open(transmit, keys.member.sector, KeySlot.A, keys.member.a):
            return keys
    raise WrongKeyError("open the member sector")


def open_purse(transmit: Transmit, versions: tuple[CardKeys, ...]) -> CardKeys:
    """Open the purse sector for writing, and return which of ``versions`` fits.

    Raises:
        WrongKeyError: None of them does.
        CardTornError: The card left.
    """
    for keys in versions:
        if can_open(transmit, keys.purse.sector, KeySlot.B, keys.purse.b):
            return keys
    raise WrongKeyError("open the purse sector")


def read_block(transmit: Transmit, keys: SectorKeys, index: int) -> bytes:
    """Return block ``index`` of the open sector of ``keys``."""
    return read(transmit, first_block(keys.sector) + index, BLOCK_LENGTH)


def write_block(transmit: Transmit, keys: SectorKeys, index: int, block: bytes) -> None:
    """Write block ``index`` of the open sector of ``keys``; never its trailer."""
    assert index < BLOCKS
    assert len(block) == BLOCK_LENGTH
    update(transmit, first_block(keys.sector) + index, block)
