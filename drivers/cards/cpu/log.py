"""The log that a wallet keeps of itself, file 0018. It is read without a MAC: a hint, no proof.

Source: JR/T 0025.1 (PBOC electronic purse), transaction detail file.
"""

from dataclasses import dataclass

from drivers.cards.cpu import macs
from drivers.cards.purse import AMOUNT_MAX, Kind, Movement, Record
from drivers.cards.seam import CardRefusedError

LOG_FILE = 0x18
LOG_LENGTH = 23
LOG_MAX = 10
"""Records that a wallet keeps at least."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One entry of the card's own log, with its counter as the card counts this kind."""

    record: Record
    when: str

    def is_of(self, movement: Movement) -> bool:
        """Return whether this is the record of ``movement``.

        All kinds of credit are loads to the card.
        """
        return (self.record.amount, self.record.terminal, self.when) == (
            movement.amount,
            movement.terminal,
            movement.when,
        ) and self.record.kind.is_credit == movement.kind.is_credit

    @classmethod
    def parse(cls, raw: bytes) -> "LogRecord | None":
        """Return the entry in ``raw``; None for one that was never written, or of another kind.

        Raises:
            CardRefusedError: It is no entry.
        """
        if len(raw) != LOG_LENGTH:
            raise CardRefusedError(f"READ RECORD: {len(raw)} bytes")
        kind = {macs.TYPE_LOAD: Kind.TOP_UP, macs.TYPE_PURCHASE: Kind.DEBIT}.get(raw[9:10])
        counter, amount = int.from_bytes(raw[:2], "big"), int.from_bytes(raw[5:9], "big")
        if kind is None or amount > AMOUNT_MAX:
            return None
        return cls(Record(kind, counter, amount, raw[10:16], None, None), raw[16:].hex())
