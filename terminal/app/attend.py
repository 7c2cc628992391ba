"""Attends to one thing at a time: what came in is translated, decided by the core, posted, carried out.

The only place where the till's state is kept. It is used by the loop's thread alone and called with one
event after the other; in the moments between, :meth:`Attendant.rest` saves the basket, shows the new view
and lets the uplink know.
"""

import json
import logging
import os
from collections import OrderedDict, deque
from concurrent.futures import Future
from dataclasses import replace
from itertools import islice
from typing import Any

from config.schema import Value
from drivers import api
from sync.uplink.api import LedgerOutrun, UplinkEvent
from terminal.app import basket, identify
from terminal.app.answers import answer_of, issue, printed, told, with_receipt
from terminal.app.board import Board
from terminal.app.edges import Edges
from terminal.app.feed import Asked
from terminal.app.hqside import HeadOfficeSide
from terminal.app.master import MasterData
from terminal.app.offers import offers_of
from terminal.app.perform import Performer
from terminal.app.periods import Found
from terminal.app.points import PointsDesk, payer_of, refreshed, told_of
from terminal.app.pursedesk import PurseDesk
from terminal.app.registering import Registering
from terminal.app.requests import printable, quoted
from terminal.app.value import ValueDesk
from terminal.core import till as tills
from terminal.core.effects import Tell
from terminal.core.journal import LockedOut, PinChanged, Reprinted
from terminal.core.pricing.coupons import CouponsIssued
from terminal.core.purse.work import Free
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Idle, Tendered
from terminal.core.till import Operator, Till
from terminal.counter import desk, offers
from terminal.counter.desk import Answer, Done, Notice, View
from terminal.counter.joining import RegisterMember
from terminal.store.calls import CallKey
from terminal.store.errors import LedgerError

NOTICES_MAX = 8
RECENT_MAX = 1000
"""Answers to calls that changed only the basket, kept to answer a repeat."""

log = logging.getLogger(__name__)


class Attendant:
    """The till at work."""

    def __init__(
        self,
        edges: Edges,
        state: Till,
        recent: tuple[tuple[str, bytes, bytes], ...],
        master: MasterData | None,
        limits: Value,
    ) -> None:
        """Begin with ``state``; ``master`` is None where a shop file gives the master data."""
        self._edges = edges
        self._master = master
        self._till = state
        self._performer = Performer(edges)
        self._desk = PointsDesk(edges, self._performer, edges.sign, os.urandom)
        self._purses = PurseDesk(
            edges, self._performer, lambda: self._till, self._happen, self.tell
        )
        self._value = ValueDesk(edges, self._performer, limits, is_own=edges.is_own)
        self.board = Board(edges.devices, edges.printing)
        """What the devices last said; over the next ledger it counts as well."""
        self._office = HeadOfficeSide(edges, master, self._value)
        self._notices: deque[Notice] = deque(maxlen=NOTICES_MAX)
        self._noticed = 0
        self._version = 0
        self._recent = OrderedDict(
            (key, (digest, Done(json.loads(said)))) for key, digest, said in recent
        )
        self._changed = True
        self._basket_changed = False
        self._answers: list[tuple[Future[Answer], Answer]] = []

    @property
    def outrun(self) -> LedgerOutrun | None:
        """Set when a new ledger must follow this one: the loop ends, and begins anew on it.

        What a printer or a card is at now was begun in this ledger, and its outcome belongs there.
        """
        is_quiet = isinstance(self._till.purse, Free) and not self._edges.printing.is_busy
        return self._office.outrun if is_quiet else None

    @property
    def operator(self) -> Operator | None:
        """Who is signed in."""
        return self._till.operator

    def tell_of_new_ledger(self) -> None:
        """Say that receipts go on under another number."""
        name = self._edges.receipt_name(self._edges.ledger.next_receipt())
        self.tell(Tell("new-ledger", "warn", (("receipt", name),)))

    def take(self, event: Any) -> None:
        """Attend to one event of the inbox."""
        match event:
            case Asked(call, answer):
                self._answers.append((answer, self._call(call)))
            case api.CardArrived(card=card):
                self.board.heard(event)
                self._happen(identify.card(card, self._edges))
                self._purses.seen(card)
            case _ if isinstance(event, api.PurseEvent):
                self._purses.heard(event)
            case api.Scanned(text=text):
                self._happen(identify.scanned(text, self._edges))
            case api.CardUnreadable(key=key):
                self.tell(Tell(key, "bad"))
            case api.ScanRefused():
                self.tell(Tell(Key.UNREADABLE_CODE, "bad"))
            case api.PrintDone() | api.PrintNotStarted() | api.PrintUnknown():
                self._printed(event)
            case api.PrinterStatus() | api.DeviceUp() | api.DeviceDown() | api.CardLeft():
                self.board.heard(event)
                self._purses.lost(event)
            case Found():
                self._desk.periods.found(event)
            case _:
                assert isinstance(event, UplinkEvent), f"nobody knows {event!r}"
                self._office.heard(event)
                self._purses.told(event)
        self._value.attend(self._till.sale)
        self._renew()
        self._changed = True

    def rest(self) -> None:
        """Do what need not hold up an event: save the basket, show the view, answer, poke the uplink.

        Whoever has an answer finds its effect on the page and, after a crash, in the basket.
        """
        if not self._changed:
            return
        self._changed = False
        edges = self._edges
        if self._basket_changed:
            self._basket_changed = False
            newest = [*islice(reversed(self._recent.items()), basket.RECENT_MAX)]
            recent = (
                (key, digest, json.dumps(said.result).encode())
                for key, (digest, said) in reversed(newest)
            )
            self._save(basket.pack(self._till, edges.ledger.head_seq, recent))
        edges.feed.publish(self.view())
        for answer, answered in self._answers:
            answer.set_result(answered)
        self._answers.clear()
        self._office.poke()

    def _save(self, packed: bytes) -> None:
        try:
            self._edges.basket.write(packed)
        except OSError as error:  # Selling does not need it; only a crash now would lose it.
            log.warning("the open basket is not saved: %s", error)

    def idle(self) -> None:
        """Do what wants a quiet moment."""
        try:
            self._edges.ledger.checkpoint()
        except LedgerError as error:  # The disk is full; there will be other moments.
            log.warning("the ledger is not tidied: %s", error)
        self._edges.clock.look_again()
        self._changed |= self._value.settle(self._till.sale) | self._desk.periods.quiet(self.tell)
        self._renew()  # Rules come into force by the clock.
        self._office.tell(self.board.lights.values())

    def view(self) -> View:
        """Return the whole till as the page shows it, under a new version."""
        self._version += 1
        edges = self._edges
        return View(
            self._version,
            self._till,
            tuple(self.board.lights.values()),
            self._office.shown(),
            edges.printing.doubts(),
            self._performer.last_receipt,
            tuple(self._notices),
            "ok",
            edges.shop_faults,
            offers_of(edges, self._till),
            edges.ledger.purse_doubts() if edges.money.readers else (),
            bool(edges.money.readers),
            self._value.shown(self._till.sale),
        )

    def _happen(self, event: tills.Event | Refusal) -> None:
        """Carry out what a device asked for, in the name of whoever is signed in."""
        said = event if isinstance(event, Refusal) else self._decide(event, None, None)
        if isinstance(said, Refusal):
            said = self._explained(said)
            self.tell(Tell(said.key, "bad", said.facts))

    def _call(self, call: desk.Call) -> Answer:
        before = self._answered(call)
        if before is not None:
            return before
        answer = self._act(call)
        if isinstance(answer, Done) and not isinstance(call.action, desk.QuoteOnly | desk.Again):
            self._recent[call.id] = (call.digest, answer)
            if len(self._recent) > RECENT_MAX:
                self._recent.popitem(last=False)
        return answer

    def _answered(self, call: desk.Call) -> Answer | None:
        recent = self._recent.get(call.id)
        if recent is not None:
            digest, answer = recent
            return answer if digest == call.digest else refuse(Key.ID_REUSED)
        posted = self._edges.ledger.answered(call.id)
        if posted is None:
            return self._answered_before(call)
        if posted.body_digest != call.digest:
            return refuse(Key.ID_REUSED)
        return told(posted.seq, self._edges.posted(posted.seq), self._edges.look.coupons)

    def _answered_before(self, call: desk.Call) -> Answer | None:
        """Return what the call did in a ledger that was closed."""
        found = self._edges.older.answered(call.id)
        if found is None:
            return None
        posted, entry = found
        if posted.body_digest != call.digest:
            return refuse(Key.ID_REUSED)
        return Done(answer_of(posted.seq, entry))

    def _act(self, call: desk.Call) -> Answer:
        key = CallKey(call.id, call.digest)
        match call.action:
            case desk.QuoteOnly() as asked:
                return quoted(asked, self._edges)
            case desk.ChangePin(operator, verifier):
                return self._note(PinChanged(operator, verifier), call.actor, key)
            case desk.Again():
                return Done({})
            case desk.LockOperator(operator, until_ms):
                return self._note(LockedOut(operator, until_ms), call.actor, key)
            case desk.PrintCopy(number):
                return self._copy(number, call.actor, key)
            case offers.IssueCoupons() as wanted:
                issued = issue(wanted, call.actor, self._edges.look.coupons)
                done = (
                    issued if isinstance(issued, Refusal) else self._note(issued, call.actor, key)
                )
                return printed(self._edges.printing, wanted, done)
            case desk.PointsAct() | desk.PayIn() | RegisterMember() as asked:
                return self._for_member(asked, call.actor, key)
            case desk.TouchVirtual() as touch:
                return self._edges.touch(touch)
            case _:
                event = self._purses.meant(call.action) or identify.called(call.action, self._edges)
                if isinstance(event, Refusal):
                    return self._explained(event)
                return self._decide(event, call.actor, key)

    def _explained(self, refusal: Refusal) -> Refusal:
        return refusal if self._master is None else self._master.explain(refusal)

    def _decide(self, event: tills.Event, actor: Operator | None, call: CallKey | None) -> Answer:
        """Ask the core, and carry out what it says."""
        state = self._till if actor is None else replace(self._till, operator=actor)
        turn = self._edges.turn(self._edges.new_id(), payer_of(event, state))
        if isinstance(event, Tendered | tills.Sold):
            turn = replace(turn, purse=self._value.purse_for(event, self._till.sale))
        outcome = tills.handle(state, event, turn)
        if isinstance(outcome, Refusal):
            return outcome
        after, effects = outcome
        if not isinstance(event, tills.SignedIn | tills.SignedOut):
            after = replace(after, operator=self._till.operator)
        operator = state.operator or self._till.operator
        head = self._edges.ledger.head_seq
        try:
            seq = self._performer.carry_out(effects, operator.number if operator else "", call)
        except LedgerError as error:
            return self._not_posted(error, head)
        if isinstance(after.sale, Idle) != isinstance(self._till.sale, Idle):
            self._edges.prepare()
        self._till = after
        self._basket_changed = True
        for effect in effects:
            if isinstance(effect, Tell):
                self.tell(with_receipt(effect, self._performer.last_receipt))
        self._purses.follow_up()
        return Done(answer_of(seq, self._performer.last) if seq else {})

    def _not_posted(self, error: LedgerError, head: int) -> Refusal:
        """Say that the disk is full. What is half posted ends the process: the ledger knows better."""
        if self._edges.ledger.head_seq != head:
            raise error
        log.error("not posted: %s", error)
        return refuse(Key.DISK_FULL)

    def _for_member(
        self,
        asked: desk.PointsAct | desk.PayIn | RegisterMember,
        actor: Operator | None,
        key: CallKey,
    ) -> Answer:
        """Do something to a member's account besides a sale."""
        head = self._edges.ledger.head_seq
        try:
            if isinstance(asked, RegisterMember):
                done = Registering(self._edges, self._performer).register(asked, actor, key)
            elif isinstance(asked, desk.PayIn):
                done = self._value.pay_in(asked, actor, key)
            else:
                done = self._desk.act(asked, actor, key)
            if isinstance(done, Refusal):
                return done
            is_news = self._edges.ledger.head_seq != head  # A slip printed again posts nothing.
            said = told_of(self._performer.last.body) if is_news else ()
            said += self._desk.after(self._performer.last) if is_news else ()
        except LedgerError as error:
            return self._not_posted(error, head)
        self._till = refreshed(self._till, self._edges)
        self._basket_changed = True
        for tell in said:
            self.tell(tell)
        return done

    def _note(
        self,
        body: PinChanged | LockedOut | Reprinted | CouponsIssued,
        actor: Operator | None,
        key: CallKey,
    ) -> Answer:
        head = self._edges.ledger.head_seq
        try:
            seq = self._performer.post(body, (), (), actor.number if actor else "", key)
        except LedgerError as error:
            return self._not_posted(error, head)
        return told(seq, self._performer.last, self._edges.look.coupons)

    def _copy(self, number: str, actor: Operator | None, key: CallKey) -> Answer:
        edges, found = self._edges, printable(number, self._edges)
        if isinstance(found, Refusal):
            return found
        ordinal, entry = found
        copies = edges.ledger.copies(number) + 1
        done = self._note(Reprinted(number, copies), actor, key)
        if isinstance(done, Refusal):
            return done
        if not edges.printing.copy(number if ordinal is None else ordinal, entry, copies):
            self.tell(Tell("copy-not-printed", "warn", (("receipt", number),)))
        return done

    def _printed(self, event: api.PrintDone | api.PrintNotStarted | api.PrintUnknown) -> None:
        said = self._edges.printing.said(event)
        if said is not None:
            key, number = said
            name = number if isinstance(number, str) else self._edges.receipt_name(number)
            self.tell(Tell(key, "warn", (("receipt", name),)))

    def begin(self) -> None:
        """Do what is to be done once before the first event."""
        self._desk.open_lotteries()
        self._purses.begin()

    def _renew(self) -> None:
        before, till = self._edges.rules.points, self._till
        if self._master is not None:
            self._till = self._master.renew(self._edges, till)
        if self._till is not till:
            self._basket_changed = self._changed = True
        if self._edges.rules.points is not before:
            self._desk.open_lotteries()

    def tell(self, tell: Tell) -> None:
        """Show a notice with the next view."""
        self._noticed += 1
        self._notices.append(Notice(self._noticed, tell.key, tell.level, tell.facts))
