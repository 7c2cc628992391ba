"""What the purse asks of a reader. The ledger has the intent before a card is asked to move anything."""

from dataclasses import dataclass

from terminal.core.purse.words import Doubt, Order


@dataclass(frozen=True, slots=True)
class AskCard:
    """Have the readers open the purse of the card that lies there, or of the next one."""

    order: Order
    is_next: bool = False
    """Only of the next one: the card that lies there was tried."""


@dataclass(frozen=True, slots=True)
class MoveCard:
    """Have the card that is open make the movement; its intent is in the ledger."""

    order: Order


@dataclass(frozen=True, slots=True)
class DropCard:
    """No card is awaited any more for this order."""

    sequence: int


@dataclass(frozen=True, slots=True)
class SettleCard:
    """Have the card that lies there say what became of ``doubt``."""

    doubt: Doubt


CardEffect = AskCard | MoveCard | DropCard | SettleCard
