"""Making a blank MIFARE Classic ours, giving it new keys, and making it blank again.

Content first; each trailer last, for a sector whose content has been read back. A sector is opened with
whichever key fits: ours, those of an older generation, or the one it was delivered with. So a run that
was interrupted anywhere is mended by running it again, and a purse that is in use is never reset.

Only one moment is dangerous: while a trailer is being written. A card torn away then may lose that
sector for ever. The names of those steps begin with ``LOCK``.
"""

from dataclasses import dataclass

from drivers.cards import member
from drivers.cards.classic.access import READ_A_WRITE_B, TRANSPORT, Access
from drivers.cards.classic.keys import CardKeys, SectorKeys
from drivers.cards.classic.layout import (
    BLOCK_LENGTH,
    TRANSPORT_KEY,
    Trailer,
    parse_trailer,
    trailer_block,
)
from drivers.cards.classic.sector import BLOCKS, can_open, read_block, write_block
from drivers.cards.classic.slots import (
    VALUE_BLOCK,
    Slot,
    read_slots,
    resealed,
    seal_slot,
    slot_block,
    value_of,
)
from drivers.cards.keys import WrongKeyError
from drivers.cards.seam import Transmit
from drivers.cards.steps import Step
from drivers.cards.storage import KeySlot, read, update

DANGER = "LOCK"
_TRANSPORT_VERSION = 0x69
"""Byte 9 of a trailer as delivered. Source: NXP MF1S50yyX/V1 8.6.3."""
_BLANK = (bytes(BLOCK_LENGTH),) * BLOCKS


@dataclass(frozen=True, slots=True)
class Job:
    """One card and the keys that it shall have."""

    uid: bytes
    keys: CardKeys
    older: tuple[CardKeys, ...]
    """Of versions that it may have now."""


def personalise(transmit: Transmit, job: Job, text: bytes) -> tuple[Step, ...]:
    """Return the steps that write member ``text`` and an empty purse, and lock both.

    On a card of an older generation the purse keeps its money and is sealed anew.
    """
    card = _Card(transmit, job)
    member_keys, purse_keys = job.keys.member, job.keys.purse
    record = member.seal(job.keys.mac, job.uid, text)
    blocks = tuple(record[at : at + BLOCK_LENGTH] for at in range(0, len(record), BLOCK_LENGTH))
    return (
        _content(card, member_keys, "write the member record", blocks),
        Step("seal the purse", card.is_purse_sealed, card.seal_purse),
        _lock(card, "the member sector", _ours(job, member_keys)),
        _lock(card, "the purse sector", _ours(job, purse_keys)),
    )


def wipe(transmit: Transmit, job: Job) -> tuple[Step, ...]:
    """Return the steps that make the card as it was delivered. What money it holds is gone."""
    card = _Card(transmit, job)
    member_keys, purse_keys = job.keys.member, job.keys.purse
    return (
        _content(card, member_keys, "blank the member record", _BLANK),
        _content(card, purse_keys, "blank the purse", _BLANK),
        _lock(card, "the member sector as delivered", _delivered(member_keys)),
        _lock(card, "the purse sector as delivered", _delivered(purse_keys)),
    )


@dataclass(frozen=True, slots=True)
class _Lock:
    """How a sector shall be locked."""

    keys: SectorKeys
    access: Access
    version: int
    opens_with: KeySlot
    """The key that writes data under ``access``."""


def _ours(job: Job, keys: SectorKeys) -> _Lock:
    return _Lock(keys, READ_A_WRITE_B, job.keys.version, KeySlot.B)


def _delivered(keys: SectorKeys) -> _Lock:
    blank = SectorKeys(keys.sector, TRANSPORT_KEY, TRANSPORT_KEY)
    return _Lock(blank, TRANSPORT, _TRANSPORT_VERSION, KeySlot.A)


def _content(card: "_Card", keys: SectorKeys, name: str, blocks: tuple[bytes, ...]) -> Step:
    return Step(name, lambda: card.read(keys) == blocks, lambda: card.write(keys, blocks))


def _lock(card: "_Card", name: str, lock: _Lock) -> Step:
    return Step(f"{DANGER} {name}", lambda: card.is_locked(lock), lambda: card.lock(lock))


class _Card:
    """The card being worked on."""

    def __init__(self, transmit: Transmit, job: Job) -> None:
        self._transmit = transmit
        self._job = job

    def read(self, keys: SectorKeys) -> tuple[bytes, ...]:
        """Return the data blocks of a sector."""
        self._open(keys.sector)
        return tuple(read_block(self._transmit, keys, index) for index in range(BLOCKS))

    def write(self, keys: SectorKeys, blocks: tuple[bytes, ...]) -> None:
        """Write the data blocks of a sector."""
        self._open(keys.sector)
        for index, block in enumerate(blocks):
            write_block(self._transmit, keys, index, block)

    def is_purse_sealed(self) -> bool:
        """Return whether the purse holds a slot that the card's new keys believe."""
        return self._slots(self._job.keys) is not None

    def seal_purse(self) -> None:
        """Write the purse as it is under the older keys, or an empty one, sealed with the new."""
        older = (self._slots(keys) for keys in self._job.older)
        slot = resealed(next(filter(None, older), None))
        keys = self._job.keys
        self._open(keys.purse.sector)
        sealed = seal_slot(keys, self._job.uid, slot)
        write_block(self._transmit, keys.purse, slot_block(slot), sealed)
        write_block(self._transmit, keys.purse, VALUE_BLOCK, value_of(slot))

    def _slots(self, keys: CardKeys) -> Slot | None:
        """Return the youngest slot that ``keys`` believe."""
        _, first, second = self.read(keys.purse)
        slots = read_slots(keys, self._job.uid, (first, second))
        return slots[0] if slots else None

    def is_locked(self, lock: _Lock) -> bool:
        """Return whether a sector has its keys and conditions, both keys tried."""
        sector, other = lock.keys.sector, lock.keys.a
        if lock.opens_with is KeySlot.B and not self._fits(sector, KeySlot.A, other):
            return False
        key = lock.keys.b if lock.opens_with is KeySlot.B else lock.keys.a
        if not self._fits(sector, lock.opens_with, key):
            return False
        trailer = read(self._transmit, trailer_block(sector), BLOCK_LENGTH)
        return parse_trailer(trailer) == (lock.access, lock.version)

    def lock(self, lock: _Lock) -> None:
        """Write the trailer of a sector."""
        self._open(lock.keys.sector)
        trailer = Trailer(lock.keys.a, lock.access, lock.version, lock.keys.b)
        update(self._transmit, trailer_block(lock.keys.sector), trailer.encode())

    def _open(self, sector: int) -> None:
        """Open ``sector`` for writing, with whichever key it has."""
        for keys in (self._job.keys, *self._job.older):
            for pair in (keys.member, keys.purse):
                if pair.sector == sector and self._fits(sector, KeySlot.B, pair.b):
                    return
        if not self._fits(sector, KeySlot.A, TRANSPORT_KEY):
            raise WrongKeyError(f"sector {sector} takes none of our keys")

    def _fits(self, sector: int, slot: KeySlot, key: bytes) -> bool:
        return can_open(self._transmit, sector, slot, key)
