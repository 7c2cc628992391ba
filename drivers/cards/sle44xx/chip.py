"""Which memory card it is, its memory, and its PSC, through the pseudo-APDUs of ACS readers.

Sources: ACS ACR38x Reference Manual 6.02, 9.2.2.5 (SLE4428), 9.2.2.6 (SLE4442); Infineon SLE4442 and SLE4428
data sheets (counter: as many ones as tries are left; PSC of the SLE4428 at bytes 1022 and 1023).
"""

from dataclasses import dataclass

from drivers.cards.seam import CardRefusedError, Transmit, WrongPinError

LAST_TRY = 1
_PROTECTION_BITS = 4
_OK = 0x90
_ATR_TS = b"\x3b\x04"
_READ_MAX = 0xFF


class WithheldError(CardRefusedError):
    """The PSC was not shown, because a wrong one could lock the card for ever."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"the PSC is not shown with {tries_left} tries left")
        self.tries_left = tries_left


@dataclass(frozen=True, slots=True)
class Chip:
    """One kind of memory card."""

    name: str
    header: bytes
    """First half of the header that the card sends at reset: its protocol and its size."""
    card_type: int
    """As the reader numbers it."""
    memory: int
    psc_length: int
    tries_max: int
    counter_length: int
    """Bytes that the reader answers when asked for the count of tries."""


SLE4442 = Chip("SLE4442", b"\xa2\x13", 0x06, 256, 3, 3, 4)
SLE4428 = Chip("SLE4428", b"\x92\x23", 0x05, 1024, 2, 8, 3)


def chip_of(atr: bytes) -> Chip | None:
    """Return which chip says ``atr``; None if it is neither.

    >>> chip_of(bytes.fromhex("3b04a2131091")).name
    'SLE4442'

    Source: ISO/IEC 7816-10 (the four bytes of a synchronous card); LudovicRousseau/pcsc-tools #30, #46.
    """
    for chip in (SLE4442, SLE4428):
        if atr.startswith(_ATR_TS + chip.header):
            return chip
    return None


def select(transmit: Transmit, chip: Chip) -> None:
    """Tell the reader what card it is, which also resets the card. Must come first.

    Raises:
        CardRefusedError: The reader cannot do it, or the card is none of that kind.
    """
    command = bytes.fromhex("ffa4000001") + bytes((chip.card_type,))
    transmit(command).expect_ok(f"select {chip.name}")


def read(transmit: Transmit, chip: Chip, at: int, length: int) -> bytes:
    """Return ``length`` bytes; anybody may read.

    Raises:
        CardRefusedError: The answer has another length.
    """
    assert 0 < length <= _READ_MAX
    assert at + length <= chip.memory
    data = transmit(b"\xff\xb0" + at.to_bytes(2, "big") + bytes((length,))).expect_ok("READ")
    if len(data) not in (length, length + _PROTECTION_BITS):
        raise CardRefusedError(f"READ: {len(data)} bytes in place of {length}")
    return data[:length]


def write(transmit: Transmit, chip: Chip, at: int, data: bytes) -> None:
    """Write ``data``; only after the PSC.

    Raises:
        CardRefusedError: The card refuses.
        CardTornError: It left; how much it wrote is unknown.
    """
    assert at + len(data) <= chip.memory
    command = b"\xff\xd0" + at.to_bytes(2, "big") + bytes((len(data),)) + data
    transmit(command).expect_ok("WRITE")


def tries_left(transmit: Transmit, chip: Chip) -> int:
    """Return how many wrong PSCs the card still takes; 0: it is locked for ever.

    Raises:
        CardRefusedError: The reader does not tell.
    """
    command = bytes.fromhex("ffb10000") + bytes((chip.counter_length,))
    data = transmit(command).expect_ok("read the count of tries")
    if len(data) != chip.counter_length:
        raise CardRefusedError(f"read the count of tries: {len(data)} bytes")
    return _tries(chip, data[0])


def present(transmit: Transmit, chip: Chip, psc: bytes, tries_min: int) -> None:
    """Show the card its PSC, if the card takes at least ``tries_min`` wrong ones. Two commands.

    Raises:
        WithheldError: Too few are left, and nothing was shown.
        WrongPinError: It was wrong.
        CardRefusedError: The reader does not tell how many are left.
        CardTornError: The card left; a try may have been used up.
    """
    assert len(psc) == chip.psc_length
    assert tries_min > LAST_TRY
    left = tries_left(transmit, chip)
    if left < tries_min:
        raise WithheldError(left)
    status = transmit(bytes.fromhex("ff200000") + bytes((len(psc),)) + psc).status
    if status >> 8 != _OK:
        raise CardRefusedError("show the PSC", status)
    left = _tries(chip, status & 0xFF)
    if left != chip.tries_max:
        raise WrongPinError("the PSC is wrong", status, left)


def change_psc(transmit: Transmit, chip: Chip, psc: bytes) -> None:
    """Give the card another PSC; only after the old one.

    Raises:
        CardRefusedError: The card refuses.
        CardTornError: It left. Which PSC it has now is unknown, and half a new one is possible.
    """
    assert len(psc) == chip.psc_length
    if chip.card_type == SLE4428.card_type:
        write(transmit, chip, chip.memory - chip.psc_length, psc)
        return
    command = bytes.fromhex("ffd20001") + bytes((len(psc),)) + psc
    transmit(command).expect_ok("change the PSC")


def _tries(chip: Chip, counter: int) -> int:
    """Return how many ones ``counter`` has where the chip counts."""
    return (counter & ((1 << chip.tries_max) - 1)).bit_count()
