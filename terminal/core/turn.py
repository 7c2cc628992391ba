"""What a step of the till may use besides its state and the event: the rules, the world, an id, a wallet."""

from dataclasses import dataclass

from terminal.core.burning import PointsPurse
from terminal.core.circumstances import World
from terminal.core.history import NO_HISTORY, History
from terminal.core.pricing.facts import NO_FACTS, Facts
from terminal.core.pricing.rules import RuleBook
from terminal.core.purse.words import NOWHERE
from terminal.core.purse.words import Around as AroundPurse
from terminal.core.stored import Purse


@dataclass(frozen=True, slots=True)
class Turn:
    """What a step may use besides state and event: the rules in force and an id for a new sale."""

    rules: RuleBook
    new_id: str
    facts: Facts = NO_FACTS
    """The world now, as far as rules may ask for it; what belongs to the member is added to it."""
    history: History = NO_HISTORY
    purse: Purse | None = None
    """What the member may spend of stored value; None where nobody pays with it."""
    points: PointsPurse | None = None
    """What the member may use of points; None where nobody pays with them."""

    cards: AroundPurse = NOWHERE
    """What a movement of money on a card may use."""

    @property
    def world(self) -> World:
        """Return where and when a basket is priced."""
        return World(self.rules, self.facts, self.history)
