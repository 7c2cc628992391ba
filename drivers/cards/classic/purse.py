"""Money on a MIFARE Classic: a value block and two sealed slots that are written in turn.

The card can write one block, and nothing keeps half a block from being written. So the truth is in two
slots (:mod:`.slots`). A movement writes the *older* slot, and the value block after it: if the card is
torn away during the first, the younger slot still says what was true; after it the movement has
happened. The highest counter with a good MAC wins. The value block is the same number in the card's
own form, with the lowest byte of the counter as its address. It is never believed.

A purchase is eight commands: identifier, LOAD KEY, AUTHENTICATE, READ, READ, WRITE (slot), WRITE (value),
READ (slot). The intent goes into the ledger between :func:`open_purse` and :func:`move`.

What this cannot see by itself: an old image of the same card, written back with keys that were broken
out of it. A counter below what the ledger or the head office knows is that, and is ROLLED_BACK.

Source: NXP MF1S50yyX/V1 8.6.2.1 (value blocks, and the address as a means for backups).
"""

from dataclasses import dataclass
from enum import StrEnum

from drivers.api import CardTornError
from drivers.cards.classic import sector
from drivers.cards.classic.keys import CardKeys, all_card_keys
from drivers.cards.classic.layout import VALUE_MAX
from drivers.cards.classic.slots import (
    COUNTER_MAX,
    SLOT_BLOCKS,
    VALUE_BLOCK,
    Slot,
    proof_of,
    read_slots,
    seal_slot,
    signed_for,
    slot_block,
    value_of,
)
from drivers.cards.crypto import is_equal
from drivers.cards.keys import Keys
from drivers.cards.purse import DoubtError, Evidence, Movement, PurseState
from drivers.cards.seam import CardRefusedError, Transmit
from drivers.cards.storage import read_uid


@dataclass(frozen=True, slots=True)
class Purse:
    """An open purse."""

    uid: bytes
    keys: CardKeys
    now: Slot
    before: Slot | None
    """What the older slot says; None if nothing that can be believed."""

    @property
    def state(self) -> PurseState:
        """Return what goes into the intent."""
        return PurseState(self.uid, self.now.counter, self.now.value, self.keys.version)


class Verdict(StrEnum):
    """What became of a movement whose outcome was unknown."""

    NOT_DONE = "not-done"
    """The card shows that it did not happen."""
    DONE = "done"
    AGED_OUT = "aged-out"
    """The card has been used too often since; only the head office can tell."""
    ROLLED_BACK = "rolled-back"
    """The card is older than it was: somebody wrote an old image back. Refuse it."""


def open_purse(transmit: Transmit, keys: Keys) -> Purse:
    """Return the purse of the card, ready for a movement. Five commands with the newest keys.

    Raises:
        WrongKeyError: The card takes none of our keys.
        CardRefusedError: Neither slot can be believed.
        CardTornError: The card left. Nothing was written.
    """
    uid = read_uid(transmit)
    own = sector.open_purse(transmit, all_card_keys(keys, uid))
    first, second = (sector.read_block(transmit, own.purse, index) for index in SLOT_BLOCKS)
    slots = read_slots(own, uid, (first, second))
    if not slots:
        raise CardRefusedError("the purse holds nothing that can be believed")
    return Purse(uid, own, slots[0], slots[1] if len(slots) > 1 else None)


def move(transmit: Transmit, purse: Purse, movement: Movement) -> Evidence:
    """Carry out ``movement`` and return what shows it. Three commands.

    The caller has checked that the purse holds enough and does not become too full.

    Raises:
        CardRefusedError: The purse is worn out. Nothing was written.
        DoubtError: The card left, refused, or reads otherwise than was written.
    """
    amount = movement.amount if movement.kind.is_credit else -movement.amount
    assert 0 <= purse.now.value + amount <= VALUE_MAX
    if purse.now.counter == COUNTER_MAX:
        raise CardRefusedError("the purse is worn out: issue a new card")
    proof = proof_of(purse.keys, purse.uid, movement)
    slot = Slot(purse.now.value + amount, purse.now.counter + 1, proof)
    try:
        _write(transmit, purse, slot)
    except (CardTornError, CardRefusedError) as error:
        raise DoubtError(str(error)) from error
    return Evidence(slot.counter, slot.value, proof, signed_for(purse.uid, movement))


def _write(transmit: Transmit, purse: Purse, slot: Slot) -> None:
    block, index = seal_slot(purse.keys, purse.uid, slot), slot_block(slot)
    sector.write_block(transmit, purse.keys.purse, index, block)
    sector.write_block(transmit, purse.keys.purse, VALUE_BLOCK, value_of(slot))
    if sector.read_block(transmit, purse.keys.purse, index) != block:
        raise CardRefusedError("the purse reads otherwise than was written")


def settle(purse: Purse, before: PurseState, movement: Movement) -> Verdict:
    """Return what became of ``movement``, begun when the purse stood as ``before``.

    By counter and evidence alone, never by the balance.
    """
    if purse.now.counter < before.counter:
        return Verdict.ROLLED_BACK
    if purse.now.counter == before.counter:
        return Verdict.NOT_DONE
    for slot in (purse.now, purse.before):
        if slot is not None and slot.counter == before.counter + 1:
            proof = proof_of(purse.keys, purse.uid, movement)
            return Verdict.DONE if is_equal(slot.proof, proof) else Verdict.NOT_DONE
    return Verdict.AGED_OUT
