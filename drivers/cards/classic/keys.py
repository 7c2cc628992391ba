"""The keys of one MIFARE Classic card, each derived from the card's own AES key.

The card's key is the master's, diversified by the identifier (:mod:`drivers.cards.keys`); a sector key
is the first six bytes of that key, diversified once more by sector and slot. NXP publishes no vector
for cutting such a key to six bytes: that part is ours.

Source: NXP AN10922 2.2 (AES-128 diversification).
"""

from dataclasses import dataclass, field

from drivers.cards.classic.layout import KEY_LENGTH
from drivers.cards.keys import Keys, Purpose, diversify_aes
from drivers.cards.storage import KeySlot

MEMBER_SECTOR = 1
PURSE_SECTOR = 2


@dataclass(frozen=True, slots=True)
class SectorKeys:
    """Both keys of a sector; A reads, B writes."""

    sector: int
    a: bytes = field(repr=False)
    b: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What one card's sectors and records are locked and sealed with."""

    version: int
    """Of the master key; stands in byte 9 of each trailer."""
    member: SectorKeys
    purse: SectorKeys
    mac: bytes = field(repr=False)


def card_keys(keys: Keys, version: int, uid: bytes) -> CardKeys:
    """Return the keys of the card ``uid`` under ``version`` of the masters."""
    member = keys.aes_key(Purpose.MEMBER, version, uid)
    purse = keys.aes_key(Purpose.DEBIT, version, uid)
    return CardKeys(
        version,
        _sector_keys(member, MEMBER_SECTOR),
        _sector_keys(purse, PURSE_SECTOR),
        keys.aes_key(Purpose.TRANSACTION, version, uid),
    )


def all_card_keys(keys: Keys, uid: bytes) -> tuple[CardKeys, ...]:
    """Return the keys that the card ``uid`` may have, the newest version first."""
    return tuple(card_keys(keys, version, uid) for version in keys.versions)


def _sector_keys(key: bytes, sector: int) -> SectorKeys:
    a, b = (
        diversify_aes(key, bytes((sector, slot)))[:KEY_LENGTH] for slot in (KeySlot.A, KeySlot.B)
    )
    return SectorKeys(sector, a, b)
