"""The attendant's hand at cards with money: what they say becomes an event; a crash's doubts are taken up."""

import logging
from collections.abc import Callable

from drivers import api
from sync.protocol.master import PURSES
from sync.uplink.api import Mastered, UplinkEvent
from terminal.app import translate
from terminal.app.edges import Edges
from terminal.app.perform import Performer
from terminal.core.effects import Tell
from terminal.core.purse import events, work
from terminal.core.purse.words import DoubtState
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Due
from terminal.core.till import Till
from terminal.counter import desk
from terminal.store.errors import LedgerError

log = logging.getLogger(__name__)


class PurseDesk:
    """Used by the loop's thread alone."""

    def __init__(
        self,
        edges: Edges,
        performer: Performer,
        till: Callable[[], Till],
        happen: Callable[[events.Event | Refusal], None],
        tell: Callable[[Tell], None],
    ) -> None:
        """``happen`` carries an event out in the name of whoever is signed in."""
        self._edges = edges
        self._performer = performer
        self._till = till
        self._happen = happen
        self._tell = tell

    def begin(self) -> None:
        """Take up what an earlier run left: movements that it announced are unknown from now on."""
        for doubt in self._edges.ledger.purse_doubts():
            if doubt.state == DoubtState.OPEN:
                try:
                    self._performer.post(work.unknown(doubt, "restart"), (), (), "", None)
                except LedgerError as error:  # It is a doubt as long as nothing else is posted.
                    log.warning("not posted: %s", error)
        self.told()
        waits = self._till().purse
        if isinstance(waits, work.Doubted):
            self._tell(Tell("purse-doubt", "warn", (("amount", waits.doubt.amount),)))

    def told(self, event: UplinkEvent | None = None) -> None:
        """The head office told something new: what others saw of this till's movements settles them."""
        money = self._edges.money
        is_news = event is None or (isinstance(event, Mastered) and event.table == PURSES)
        if is_news and money.readers:
            for settled in money.tell_of(money.told()):
                self._happen(settled)

    def seen(self, card: api.CardImage) -> None:
        """A card named its member: have it asked what is in doubt, if no movement is being made."""
        questions = self._edges.money.seen(card)
        if not isinstance(self._till().purse, work.Moving):
            self._performer.carry_out(questions, "", None)

    def heard(self, said: api.PurseEvent) -> None:
        """Carry out what follows from a card's answer."""
        edges = self._edges
        if isinstance(said, api.PurseReady):
            waits = self._till().purse
            if isinstance(waits, work.Asked):
                move = waits.order.wish.move
                self._happen(edges.money.ready(said, move, edges.ledger.purse_counter, edges.look))
            return
        meant = edges.money.heard(said)
        if isinstance(meant, Tell):
            self._tell(meant)
        elif meant is not None:
            self._happen(meant)

    def lost(self, event: api.DeviceEvent) -> None:
        """A reader that went down in the middle of a movement may have made it."""
        waits, money = self._till().purse, self._edges.money
        if isinstance(event, api.DeviceDown) and event.device == money.serving:
            money.serving = ""
            if isinstance(waits, work.Moving):
                self._happen(events.CardDoubtful(waits.order.sequence))

    def follow_up(self) -> None:
        """Carry out what follows at once from effects that no reader would take."""
        follows, self._performer.follows = self._performer.follows, ()
        for follow in follows:
            self._happen(follow)

    def meant(self, action: desk.Action) -> events.Event | Refusal | None:
        """Return what is asked of cards by ``action``, or why it cannot be; None: nothing."""
        edges, sale = self._edges, self._till().sale
        match action:
            case desk.TakeTender(type="purse") | desk.TopUp() if not edges.money.readers:
                return refuse(Key.PURSE_NO_READER)
            case desk.SettleMovement():
                ahead = sale.ahead if isinstance(sale, Due) else ()
                doubts = edges.ledger.purse_doubts()
                return translate.settled(action, doubts, ahead, edges.money.terminal)
            case _:
                return None
