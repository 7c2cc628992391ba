"""Between the loop and the readers that move money on cards: orders go out, what cards said comes in.

The core decides; here is only known which reader a card lies on, whose it is, and what is in doubt about it.
Used by the loop's thread alone.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers import api
from terminal.app.translate import Lookup
from terminal.codec.master import PurseTold
from terminal.core import cards
from terminal.core.effects import Tell
from terminal.core.purse import events
from terminal.core.purse.effects import AskCard, CardEffect, DropCard, MoveCard, SettleCard
from terminal.core.purse.words import (
    Allowed,
    Around,
    Doubt,
    DoubtState,
    Order,
    Outcome,
    line_of,
)
from terminal.core.refusal import Key

CARDS_MAX = 1000
"""So many cards whose members were named by them are remembered."""
_SAID = {
    "happened": Outcome.PAID,
    "did not": Outcome.VOID,
    "unproven": Outcome.UNKNOWN,
}
_SETTLED_BY_CARD = frozenset({DoubtState.OPEN, DoubtState.UNKNOWN})

log = logging.getLogger(__name__)

Own = Callable[[], Sequence[Doubt]]


@dataclass(slots=True)
class CardMoney:
    """Readers with purses, and what is known of the cards on them."""

    readers: Mapping[str, api.PurseReader]
    terminal: str
    """This terminal as cards know it, in hexadecimal."""
    allowed: Allowed
    own: Own
    """Returns this till's movements that are not settled."""
    told: Callable[[], Iterable[PurseTold]]
    """Returns what the head office tells, as it is now."""
    others: dict[str, tuple[Doubt, ...]] = field(default_factory=dict)
    """Other tills' movements that are not settled, by card, as far as the head office told."""
    serving: str = ""
    """The reader whose card is open for the order at work."""
    _media: "OrderedDict[str, str]" = field(default_factory=OrderedDict)
    _witnessed: "OrderedDict[tuple[str, int], None]" = field(default_factory=OrderedDict)
    """Movements of other tills that a card settled here: the head office takes a while to say so."""
    _asked: dict[tuple[str, int], Doubt] = field(default_factory=dict)
    """Questions that cards were asked, by terminal and sequence."""

    def around(self, sequence: int, when: str) -> Around:
        """Return what a step of the purse may use."""
        return Around(self.terminal, sequence, when, self.allowed)

    def carry_out(self, effect: CardEffect) -> tuple[events.Event, ...]:
        """Send ``effect`` to the readers; return what follows at once when none takes it."""
        match effect:
            case AskCard(order, is_next):
                self.serving = ""
                asked = _order(order, is_next=is_next)
                taken = [reader.purse(asked) for reader in self.readers.values()]
                if not any(taken):
                    return (_unmoved(order),)
            case MoveCard(order):
                reader = self.readers.get(self.serving)
                if reader is None or not reader.purse(api.CardGo(order.sequence)):
                    # It was not told to move, so it has not moved.
                    return (_unmoved(order),)
            case DropCard(sequence):
                for reader in self.readers.values():
                    reader.purse(api.CardDrop(sequence))
            case SettleCard(doubt):
                self._ask(doubt)
        return ()

    def seen(self, card: api.CardImage) -> tuple[SettleCard, ...]:
        """Take note of a card that named its member; return what it is to settle, the oldest first."""
        if not card.purse:
            return ()
        medium = cards.medium(card.family, card.uid, card.data)
        if isinstance(medium, str):
            self._media[card.purse] = medium
            self._media.move_to_end(card.purse)
            if len(self._media) > CARDS_MAX:
                self._media.popitem(last=False)
        return tuple(SettleCard(doubt) for doubt in self.doubts_of(card.purse)[:1])

    def doubts_of(self, purse: str) -> tuple[Doubt, ...]:
        """Return what the card can settle."""
        own = tuple(
            doubt
            for doubt in self.own()
            if doubt.purse == purse and doubt.state in _SETTLED_BY_CARD
        )
        return (*own, *self.foreign(purse))

    def foreign(self, purse: str) -> tuple[Doubt, ...]:
        """Return what other tills announced of a card, and nobody settled."""
        return tuple(
            doubt
            for doubt in self.others.get(purse, ())
            if (doubt.terminal, doubt.sequence) not in self._witnessed
        )

    def tell_of(self, told: Iterable[PurseTold]) -> tuple[events.CardSettled, ...]:
        """Take over what the head office tells; return what others saw of this till's own movements."""
        others: dict[str, tuple[Doubt, ...]] = {}
        own = {(doubt.purse, doubt.sequence): doubt for doubt in self.own()}
        settled = []
        for each in told:
            doubt = own.get((each.purse, each.sequence))
            if each.terminal != self.terminal and not each.outcome:
                others[each.purse] = (*others.get(each.purse, ()), _doubt(each))
            elif each.terminal != self.terminal or not each.outcome or doubt is None:
                continue
            elif doubt.state != DoubtState.OWED:
                outcome = Outcome(each.outcome)
                balance = doubt.after(outcome)
                settled.append(events.CardSettled(doubt, outcome, balance, b"", "witness"))
        self.others = others
        return tuple(settled)

    def media_of(self, purse: str) -> tuple[str, ...]:
        """Return the media by which the holder of a purse may be known, the surest first."""
        named = self._media.get(purse)
        return (*((named,) if named else ()), f"uid:{purse}")

    def ready(
        self, said: api.PurseReady, move: str, known: Callable[[str, str], int], look: Lookup
    ) -> events.CardReady:
        """Return the event of a card that is open for ``move``; ``known`` tells how far it was seen."""
        self.serving = said.device
        for name, reader in self.readers.items():
            if name != said.device:
                reader.purse(api.CardDrop(said.sequence))
        member, is_lost = holder(self.media_of(said.purse), look)
        return events.CardReady(
            said.sequence,
            said.purse,
            said.family,
            said.counter,
            said.balance,
            said.key_version,
            member,
            known(said.purse, line_of(said.family, move)),
            is_lost,
            self.doubts_of(said.purse),
        )

    def heard(self, said: api.PurseEvent) -> events.Event | Tell | None:
        """Return what a card's answer means for the core; None: nothing."""
        match said:
            case api.PurseMoved():
                return events.CardMoved(
                    said.sequence, said.counter, said.balance, said.proof, said.signed
                )
            case api.PurseUnmoved():
                log.info("%s: nothing has moved: %s", said.device, said.reason)
                return events.CardUnmoved(said.sequence, said.key, said.is_torn)
            case api.PurseDoubtful():
                log.warning("%s: unknown whether it moved: %s", said.device, said.reason)
                return events.CardDoubtful(said.sequence)
            case api.PurseSaid(question=question):
                return self._said(said, question)
            case api.PurseSilent(key=key):
                log.info("%s: not settled: %s", said.device, said.reason)
                return (
                    None if key is None else Tell(key, "bad", (("card", said.question.purse[-4:]),))
                )
            case api.PurseReady():
                raise AssertionError("see ready")

    def _said(self, said: api.PurseSaid, question: api.CardQuestion) -> events.Event | None:
        doubt = self._asked.pop((question.terminal, question.sequence), None)
        if doubt is None:
            return None
        outcome = _SAID[said.outcome]
        balance = doubt.after(outcome) if said.balance is None else said.balance
        if not doubt.is_own:
            self._witnessed[doubt.terminal, doubt.sequence] = None
            if len(self._witnessed) > CARDS_MAX:
                self._witnessed.popitem(last=False)
        return events.CardSettled(doubt, outcome, balance, said.proof)

    def _ask(self, doubt: Doubt) -> None:
        self._asked[doubt.terminal, doubt.sequence] = doubt
        if len(self._asked) > CARDS_MAX:
            del self._asked[next(iter(self._asked))]
        question = api.CardQuestion(
            doubt.purse,
            doubt.terminal,
            doubt.sequence,
            doubt.move,
            doubt.amount,
            doubt.when,
            doubt.counter,
        )
        for reader in self.readers.values():
            reader.purse(question)


def holder(media: Sequence[str], look: Lookup) -> tuple[str, bool]:
    """Return the account number of whose card it is, empty if nobody's, and whether it was reported lost."""
    if any(look.is_lost(medium) for medium in media):
        return "", True
    for medium in media:
        found = look.member_by_medium(medium)
        if found is not None:
            return found.account, False
    return "", False


def _doubt(told: PurseTold) -> Doubt:
    return Doubt(
        told.purse, told.terminal, told.sequence, told.move, told.amount, told.counter, told.balance,
        told.when, told.family, "", DoubtState.UNKNOWN.value, is_own=False,
    )  # fmt: skip


def _order(order: Order, *, is_next: bool) -> api.CardOrder:
    wish = order.wish
    return api.CardOrder(
        order.sequence, wish.move.value, wish.amount, order.terminal, order.when, is_next
    )


def _unmoved(order: Order) -> events.CardUnmoved:
    return events.CardUnmoved(order.sequence, Key.PURSE_NO_READER, is_torn=False)
