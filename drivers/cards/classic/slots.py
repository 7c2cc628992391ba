"""The blocks of a purse on a MIFARE Classic: a value block and two sealed slots.

A slot is 16 bytes: value (4), counter (2), proof (4), MAC (6), lowest byte first. The proof is a MAC over
the movement that led to this state, so that any till that is told of the movement can see whether it
was this one; the last two movements of a card can be proved so. A slot with an even counter stands in
the first place, one with an odd counter in the second, and is believed nowhere else.

No public vector exists for slots: the form is ours. The MAC's 48 bits can only be tried on a till.
"""

from dataclasses import dataclass

from drivers.cards.classic.keys import CardKeys
from drivers.cards.classic.layout import BLOCK_LENGTH, value_block
from drivers.cards.crypto import aes_cmac, is_equal
from drivers.cards.purse import Movement

COUNTER_MAX = 0xFFFF
"""Movements in a card's life; the chip is sold for 200,000 writes of one block."""
PROOF_LENGTH = 4
VALUE_BLOCK = 0
SLOT_BLOCKS = (1, 2)
"""Their places in the sector."""
_MAC_LENGTH = 6
_ADDRESS_MASK = 0xFF
_SLOT_CONTEXT = b"tallypoint purse 1"
_PROOF_CONTEXT = b"tallypoint movement 1"
_NOTHING = bytes(PROOF_LENGTH)


@dataclass(frozen=True, slots=True)
class Slot:
    """One state of the purse."""

    value: int
    """Minor units; never negative."""
    counter: int
    """Counts the movements of this card, from 0."""
    proof: bytes
    """Of the movement that led here; zeros on a new card."""


def slot_block(slot: Slot) -> int:
    """Return the place in the sector where ``slot`` belongs."""
    return SLOT_BLOCKS[slot.counter % len(SLOT_BLOCKS)]


def value_of(slot: Slot) -> bytes:
    """Return the value block that goes with ``slot``."""
    return value_block(slot.value, slot.counter & _ADDRESS_MASK)


def seal_slot(keys: CardKeys, uid: bytes, slot: Slot) -> bytes:
    """Return the block that says ``slot``, for the card ``uid`` and no other."""
    body = slot.value.to_bytes(4, "little") + slot.counter.to_bytes(2, "little") + slot.proof
    return body + _mac(keys, uid, body)


def read_slots(keys: CardKeys, uid: bytes, blocks: tuple[bytes, bytes]) -> tuple[Slot, ...]:
    """Return the slots that can be believed, the youngest first."""
    found = [_read_slot(keys, uid, block, place) for place, block in enumerate(blocks)]
    return tuple(sorted(filter(None, found), key=lambda slot: slot.counter, reverse=True))


def _read_slot(keys: CardKeys, uid: bytes, block: bytes, place: int) -> Slot | None:
    body, mac = block[:-_MAC_LENGTH], block[-_MAC_LENGTH:]
    if len(block) != BLOCK_LENGTH or not is_equal(mac, _mac(keys, uid, body)):
        return None
    value, counter = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:6], "little")
    # A slot that was copied into the other's place would let an old state be kept for later.
    return Slot(value, counter, body[6:]) if counter % len(SLOT_BLOCKS) == place else None


def signed_for(uid: bytes, movement: Movement) -> bytes:
    """Return what the proof of ``movement`` on the card ``uid`` is the MAC of."""
    message = _PROOF_CONTEXT + bytes((len(uid),)) + uid + bytes((movement.kind,))
    message += movement.amount.to_bytes(4, "big") + movement.terminal
    return message + movement.sequence.to_bytes(4, "big")


def proof_of(keys: CardKeys, uid: bytes, movement: Movement) -> bytes:
    """Return the proof of ``movement`` on the card ``uid``."""
    return aes_cmac(keys.mac, signed_for(uid, movement))[:PROOF_LENGTH]


def resealed(held: Slot | None) -> Slot:
    """Return the slot to write under new keys for what was ``held`` under old ones, or nothing.

    It goes where the old one is not, so that a tear in between loses nothing.
    """
    return Slot(0, 0, _NOTHING) if held is None else Slot(held.value, held.counter + 1, _NOTHING)


def _mac(keys: CardKeys, uid: bytes, body: bytes) -> bytes:
    return aes_cmac(keys.mac, _SLOT_CONTEXT + bytes((len(uid),)) + uid + body)[:_MAC_LENGTH]
