"""The member number on a memory card, readable for all and sealed; and making a card ours.

The chip has no number of its own, so it gets one: eight bytes, of which the first is the version of our keys.
Record and PSC hang on it. A card can be copied whole onto another: it names a member and proves nothing.

One moment is dangerous: while the PSC is being written. A card torn away then may have half of each. A byte
on the card says which PSC it has, so that none has to be guessed but after such a moment.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from drivers.cards import member
from drivers.cards.keys import Keys, Purpose, UnknownVersionError, WrongKeyError
from drivers.cards.seam import CardRefusedError, Draw, Transmit, WrongPinError
from drivers.cards.sle44xx.chip import LAST_TRY, Chip, change_psc, present, read, select, write
from drivers.cards.steps import Step

DANGER = "LOCK"
NUMBER_AT = 0x20
"""Behind the 32 bytes that can be write-protected for ever, which we leave alone."""
NUMBER_LENGTH = 8
MARK_AT = NUMBER_AT + NUMBER_LENGTH
_RECORD_AT = MARK_AT + 1
_CONTENT_LENGTH = NUMBER_LENGTH + 1 + member.RECORD_LENGTH
_BLANK = b"\xff"


class Holds(IntEnum):
    """Which PSC a card has, as a byte on it says."""

    DELIVERED = 0xFF
    EITHER = 0x55
    """It was being changed."""
    OWN = 0x00


@dataclass(frozen=True, slots=True)
class Found:
    """What a memory card says of its member."""

    number: bytes
    """That we gave the card."""
    text: bytes


def read_member(transmit: Transmit, chip: Chip, keys: Keys) -> Found:
    """Return the member text of the card. Two commands; no PSC is needed.

    Raises:
        BadMacError: The record was not written by us for this number.
        UnknownVersionError: It is of a version that this till has no master of.
        WrongKeyError: There is none: somebody else's card, or a blank one.
        CardRefusedError: The reader refuses.
        CardTornError: The card left.
    """
    select(transmit, chip)
    content = read(transmit, chip, NUMBER_AT, _CONTENT_LENGTH)
    number, record = content[:NUMBER_LENGTH], content[-member.RECORD_LENGTH :]
    if not member.is_record(record):
        raise WrongKeyError("a memory card without member record")
    if number[0] not in keys.versions:
        raise UnknownVersionError("read the member record", number[0])
    return Found(number, member.unseal(_mac_key(keys, number), number, record))


@dataclass(frozen=True, slots=True)
class Job:
    """One card and where its keys come from."""

    chip: Chip
    keys: Keys
    draw: Draw = field(repr=False)


def personalise(transmit: Transmit, job: Job, text: bytes) -> tuple[Step, ...]:
    """Return the steps that give a card its number, ``text`` and its PSC.

    A card with an older version of our keys is wiped first: its PSC hangs on that version.
    """
    card = _Card(transmit, job)
    return (
        Step("give the card a number", card.has_number, card.write_number),
        Step("write the member record", lambda: card.holds(text), lambda: card.write_record(text)),
        Step(
            f"{DANGER} the PSC",
            lambda: card.has_psc(Holds.OWN),
            lambda: card.change_psc(Holds.OWN),
        ),
    )


def wipe(transmit: Transmit, job: Job) -> tuple[Step, ...]:
    """Return the steps that make the card as it was delivered."""
    card = _Card(transmit, job)
    return (
        Step(
            f"{DANGER} the PSC as delivered",
            lambda: card.has_psc(Holds.DELIVERED),
            lambda: card.change_psc(Holds.DELIVERED),
        ),
        Step("blank the card", card.is_blank, card.blank),
    )


class _Card:
    """The card being worked on."""

    def __init__(self, transmit: Transmit, job: Job) -> None:
        self._transmit = transmit
        self._job = job
        self._chip = job.chip
        self._is_selected = False

    def has_number(self) -> bool:
        """Return whether the card has a number under the newest keys."""
        number = self._number()
        if number is None:
            return False
        if number[0] != self._job.keys.versions[0]:
            raise CardRefusedError("a card with older keys: wipe it first")
        return True

    def write_number(self) -> None:
        """Give the card a number, with the PSC that it was delivered with."""
        version = self._job.keys.versions[0]
        number = bytes((version,)) + self._job.draw(NUMBER_LENGTH - 1)
        self._log_in()
        # The version last: until then the card counts as blank.
        write(self._transmit, self._chip, NUMBER_AT + 1, number[1:] + bytes((Holds.DELIVERED,)))
        write(self._transmit, self._chip, NUMBER_AT, number[:1])

    def holds(self, text: bytes) -> bool:
        """Return whether the card's record says ``text``; a card without number has none."""
        if self._number() is None:
            return False
        return self._read(_RECORD_AT, member.RECORD_LENGTH) == self._record(text)

    def write_record(self, text: bytes) -> None:
        """Write the record that says ``text``."""
        record = self._record(text)
        self._log_in()
        write(self._transmit, self._chip, _RECORD_AT, record)

    def has_psc(self, holds: "Holds") -> bool:
        """Return whether the card has that PSC: it says so, and takes it."""
        if self._holds() is not holds:
            return False
        self._log_in()
        return True

    def change_psc(self, holds: "Holds") -> None:
        """Give the card that PSC, and let it say so once it has been tried."""
        psc = self._psc(holds)
        self._log_in()
        self._mark(Holds.EITHER)
        change_psc(self._transmit, self._chip, psc)
        present(self._transmit, self._chip, psc, LAST_TRY + 1)
        self._mark(holds)

    def is_blank(self) -> bool:
        """Return whether nothing of ours stands on the card."""
        return self._read(NUMBER_AT, _CONTENT_LENGTH) == _BLANK * _CONTENT_LENGTH

    def blank(self) -> None:
        """Take everything of ours off the card, its number last."""
        self._log_in()
        rest = _BLANK * (_CONTENT_LENGTH - NUMBER_LENGTH)
        write(self._transmit, self._chip, MARK_AT, rest)
        write(self._transmit, self._chip, NUMBER_AT, _BLANK * NUMBER_LENGTH)

    def _record(self, text: bytes) -> bytes:
        number = self._number()
        if number is None:
            raise CardRefusedError("a card without number")
        return member.seal(_mac_key(self._job.keys, number), number, text)

    def _log_in(self) -> None:
        """Show the card the PSC that it says it has, and if that is wrong the other one.

        While a PSC was being changed the card may have either. The first is a guess then, and only
        made if the other can still be shown after it.
        """
        says = self._holds()
        first = self._psc(Holds.DELIVERED if says is Holds.DELIVERED else Holds.OWN)
        try:
            tries_min = LAST_TRY + (2 if says is Holds.EITHER else 1)
            present(self._transmit, self._chip, first, tries_min)
        except WrongPinError:
            if self._number() is None:
                raise
            other = self._psc(Holds.OWN if says is Holds.DELIVERED else Holds.DELIVERED)
            present(self._transmit, self._chip, other, LAST_TRY + 1)

    def _holds(self) -> "Holds":
        if self._number() is None:
            return Holds.DELIVERED
        [mark] = self._read(MARK_AT, 1)
        return Holds(mark) if mark in (Holds.DELIVERED, Holds.OWN) else Holds.EITHER

    def _mark(self, holds: "Holds") -> None:
        write(self._transmit, self._chip, MARK_AT, bytes((holds,)))

    def _psc(self, holds: "Holds") -> bytes:
        if holds is Holds.DELIVERED:
            return _BLANK * self._chip.psc_length
        number = self._number()
        if number is None or number[0] not in self._job.keys.versions:
            raise CardRefusedError("a card without a number of ours")
        key = self._job.keys.aes_key(Purpose.MASTER, number[0], number)
        return key[: self._chip.psc_length]

    def _number(self) -> bytes | None:
        """Return the card's number; None if it has none."""
        number = self._read(NUMBER_AT, NUMBER_LENGTH)
        return None if number[:1] == _BLANK else number

    def _read(self, at: int, length: int) -> bytes:
        # Once: it resets the card, and the PSC would have to be shown again.
        if not self._is_selected:
            select(self._transmit, self._chip)
            self._is_selected = True
        return read(self._transmit, self._chip, at, length)


def _mac_key(keys: Keys, number: bytes) -> bytes:
    return keys.aes_key(Purpose.MEMBER, number[0], number)
