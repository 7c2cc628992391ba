"""Cards with money that exist only here: for trying out, with the same calls as real ones.

Each keeps counter, money and its latest records in a file, so that a till that was restarted, or another till
with the same file, meets the card as it was left. There is no secret in them and they prove nothing.
"""

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drivers.api import CardTornError
from drivers.cards.purse import (
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
from drivers.cards.teller import For, Opened

FIRST_MONEY = 10_000
"""On a card that is seen for the first time."""
CARDS_MAX, RECORDS_MAX = 100, 16
FILE_MAX = 1 << 20
_TOO_LITTLE = 0x91BE

log = logging.getLogger(__name__)


class VirtualPurse:
    """One card's money; see :class:`~drivers.cards.purse.OpenPurse`."""

    def __init__(self, box: "VirtualPurses", card: bytes) -> None:
        self._box = box
        self._card = card
        self._kept = box.kept(card)

    def prepare(self, _movement: Movement) -> PurseState:
        """Return how the purse stands."""
        return PurseState(self._card, len(self._kept) + self._box.aged(self._card), self._money, 1)

    def move(self, movement: Movement) -> Evidence:
        """Move the money and keep the record.

        Raises:
            CardRefusedError: There is too little on it.
            DoubtError: It was torn away as it moved the money, as was wished.
        """
        now = self.prepare(movement)
        amount = movement.amount if movement.kind.is_credit else -movement.amount
        if now.balance + amount < 0:
            raise CardRefusedError("too little on the card", _TOO_LITTLE)
        record = Record(
            movement.kind, now.counter + 1, movement.amount, movement.terminal,
            movement.sequence, now.balance + amount,
        )  # fmt: skip
        self._box.keep(self._card, record)
        if self._box.tears:
            self._box.is_gone = True
            raise DoubtError(CardTornError("while it moved the money"))
        return Evidence(now.counter + 1, now.balance + amount, b"", b"")

    def settle(self, movement: Movement, before: int) -> Settlement:
        """Return what became of ``movement``.

        Raises:
            RolledBackError: The counter is lower than it was.
        """
        if self.prepare(movement).counter < before:
            raise RolledBackError("the card's counter has gone back")
        for record in self._kept:
            if record.counter == before + 1:
                happened = record.is_of(movement)
                outcome = Outcome.HAPPENED if happened else Outcome.DID_NOT
                return Settlement(outcome, record if happened else None, b"")
        is_new = self.prepare(movement).counter == before
        return Settlement(Outcome.DID_NOT if is_new else Outcome.UNPROVEN, None, b"")

    @property
    def _money(self) -> int:
        newest = self._kept[-1].balance if self._kept else FIRST_MONEY
        assert newest is not None
        return newest


@dataclass
class VirtualPurses:
    """The cards of one reader, in a file."""

    path: Path
    tears: bool = False
    """Whether the card that lies there is torn away as soon as it has moved money."""
    is_gone: bool = False
    """Whether it was."""

    def __post_init__(self) -> None:
        self._cards: dict[str, list[str]] = {}

    def laid(self, *, tears: bool) -> None:
        """A card is laid on the reader."""
        self.tears, self.is_gone = tears, False

    def open(self, _transmit: Transmit, atr: bytes, _wanted: For) -> Opened | None:
        """Return the purse of the card whose number stands for its ATR, as its file has it now.

        Raises:
            CardTornError: It was torn away.
        """
        if not atr:
            return None
        if self.is_gone:
            raise CardTornError("the card is no longer there")
        with suppress(OSError, ValueError):
            raw = self.path.read_bytes()[:FILE_MAX]
            self._cards = {str(card): [*map(str, rows)] for card, rows in json.loads(raw).items()}
        purse = VirtualPurse(self, atr)
        return Opened("virtual", purse, atr, b"", purse._money)  # noqa: SLF001 - its own file

    def kept(self, card: bytes) -> list[Record]:
        """Return the records that the card still has, oldest first."""
        return [Record.parse(bytes.fromhex(row)) for row in self._cards.get(card.hex(), ())]

    def aged(self, card: bytes) -> int:
        """Return how many records the card no longer has."""
        kept = self.kept(card)
        return kept[0].counter - 1 if kept else 0

    def keep(self, card: bytes, record: Record) -> None:
        """Add a record; the file is there whole or as it was."""
        rows = [*self._cards.get(card.hex(), ()), record.pack().hex()][-RECORDS_MAX:]
        self._cards[card.hex()] = rows
        while len(self._cards) > CARDS_MAX:
            del self._cards[next(iter(self._cards))]
        beside = self.path.with_name(self.path.name + ".new")
        try:
            beside.write_text(json.dumps(self._cards))
            beside.replace(self.path)
        except OSError as error:
            log.warning("virtual cards are not kept: %s", error)
