"""Money on a MIFARE Classic: a value block and two sealed slots that are written in turn.

The card can write one block, and nothing keeps half a block from being written. So the truth is in two
slots (:mod:`.slots`). A movement writes the *older* slot, and the value block after it: if the card is
torn away during the first, the younger slot still says what was true; after it the movement has
happened. The highest counter with a good MAC wins. The value block is the same number in the card's
own form, with the lowest byte of the counter as its address. It is never believed.

A purchase is eight commands: identifier, LOAD KEY, AUTHENTICATE, READ, READ, WRITE (slot), WRITE (value),
READ (slot). The intent goes into the ledger after the fifth.

What this cannot see by itself: an old image of the same card, written back with keys that were broken
out of it. A counter below what the ledger or the head office knows tells that.

Source: NXP MF1S50yyX/V1 8.6.2.1 (value blocks, and the address as a means for backups).
"""

from drivers.api import CardTornError
from drivers.cards.classic import sector
from drivers.cards.classic.keys import CardKeys, all_card_keys
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
from drivers.cards.purse import (
    AMOUNT_MAX,
    DoubtError,
    Evidence,
    Movement,
    Outcome,
    PurseState,
    Record,
    RolledBackError,
    Settlement,
)
from drivers.cards.seam import CardRefusedError, Transmit
from drivers.cards.storage import read_uid


class Purse:
    """An open purse; see :class:`~drivers.cards.purse.OpenPurse`."""

    def __init__(
        self, transmit: Transmit, uid: bytes, keys: CardKeys, slots: tuple[Slot, ...]
    ) -> None:
        self._transmit = transmit
        self._uid = uid
        self._keys = keys
        self._slots = slots

    @property
    def state(self) -> PurseState:
        """Return how the purse stood when it was opened."""
        now = self._slots[0]
        return PurseState(self._uid, now.counter, now.value, self._keys.version)

    def prepare(self, _movement: Movement) -> PurseState:
        """Return how the purse stands; it was read when the purse was opened."""
        return self.state

    def move(self, movement: Movement) -> Evidence:
        """Carry out ``movement`` and return what shows it. Three commands.

        Raises:
            CardRefusedError: Not enough money, too much of it, or a purse that is worn out. Nothing
                was written.
            DoubtError: The card left, refused, or reads otherwise than was written.
        """
        slot = self._next(movement)
        try:
            self._write(slot)
        except (CardTornError, CardRefusedError) as error:
            raise DoubtError(error) from error
        return Evidence(slot.counter, slot.value, slot.proof, signed_for(self._uid, movement))

    def settle(self, movement: Movement, before: int) -> Settlement:
        """Return what became of ``movement``, whose intent found the counter at ``before``.

        By counter and proof alone, never by the balance. The last two movements can be proved.

        Raises:
            RolledBackError: The counter is lower than it was.
        """
        if self._slots[0].counter < before:
            raise RolledBackError("an old image was written back to the card")
        if self._slots[0].counter == before:
            return Settlement(Outcome.DID_NOT, None, b"")
        for slot in self._slots:
            if slot.counter == before + 1:
                return self._judged(slot, movement)
        return Settlement(Outcome.UNPROVEN, None, b"")

    def _judged(self, slot: Slot, movement: Movement) -> Settlement:
        if not is_equal(slot.proof, proof_of(self._keys, self._uid, movement)):
            return Settlement(Outcome.DID_NOT, None, b"")
        record = Record(
            movement.kind,
            slot.counter,
            movement.amount,
            movement.terminal,
            movement.sequence,
            slot.value,
        )
        return Settlement(Outcome.HAPPENED, record, slot.proof)

    def _next(self, movement: Movement) -> Slot:
        now = self._slots[0]
        value = now.value + (movement.amount if movement.kind.is_credit else -movement.amount)
        if not 0 <= value <= AMOUNT_MAX:
            raise CardRefusedError("not enough money in the purse, or too much")
        if now.counter == COUNTER_MAX:
            raise CardRefusedError("the purse is worn out: issue a new card")
        return Slot(value, now.counter + 1, proof_of(self._keys, self._uid, movement))

    def _write(self, slot: Slot) -> None:
        block, index = seal_slot(self._keys, self._uid, slot), slot_block(slot)
        sector.write_block(self._transmit, self._keys.purse, index, block)
        sector.write_block(self._transmit, self._keys.purse, VALUE_BLOCK, value_of(slot))
        if sector.read_block(self._transmit, self._keys.purse, index) != block:
            raise CardRefusedError("the purse reads otherwise than was written")


def open_purse(transmit: Transmit, keys: Keys) -> Purse:
    """Return the purse of the card, ready for one movement. Five commands with the newest keys.

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
    return Purse(transmit, uid, own, slots)
