"""Stored value at the till: what a member may spend now, top-ups, and allowances that have had their day.

Used by the loop's thread alone. With a head office value is spent against its allowances; without one the
till is the authority over its own books, and a member's whole balance is one allowance by lots.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from config.schema import Value
from sync.protocol.value import Grant, Granted
from sync.uplink.api import Wanted
from terminal.app.answers import answer_of
from terminal.app.edges import Edges
from terminal.app.perform import Performer
from terminal.core.allowance import (
    ALLOWANCES_MAX,
    OPENING,
    Allowance,
    AllowancesClosed,
    AllowancesOpened,
    Cause,
    Held,
    LotShare,
    Spent,
    Wallet,
    Why,
)
from terminal.core.books import postings_of
from terminal.core.effects import Effect, OpenDrawer, Post, Print
from terminal.core.pricing.basket import Member
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Due, Idle, State, Tendered
from terminal.core.stored import (
    STORED_VALUE,
    UNITS,
    Ceilings,
    Order,
    Purse,
    Stored,
    ToppedUp,
    TopUp,
    objection,
)
from terminal.core.tenders import CASH
from terminal.core.till import SUPERVISOR, Operator, Sold
from terminal.counter.desk import Answer, Done, PayIn
from terminal.store.allowances import OWN
from terminal.store.calls import CallKey
from terminal.store.errors import LedgerError

HOUR_MS = 3_600_000
AHEAD_EVERY_MS = 300_000
"""So often the head office is asked for what it grants ahead; the ask is a roll call, too."""
AHEAD_SOON_MS = 10_000
NO_ANSWER = "no-answer"
AGAIN = frozenset((NO_ANSWER, "elsewhere", "held-here", "roll-call"))
"""Where it is worth asking again while the member waits,"""
AGAIN_EVERY_MS = 3_000
"""so often: another till may have let go."""
ASKS_MAX = 10
"""Asks that may be open at once."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class ValueDesk:
    """Answers for stored value."""

    edges: Edges
    performer: Performer
    limits: Value
    is_own: bool
    """Whether there is no head office, so that this till is the authority."""
    connected: bool = False
    heard_ms: int = 0
    """When the head office last said anything, by this till's clock; 0: not since the start."""
    timeline: int = 1
    """The newest of the head office's that the loop knows; grants of older ones are not taken up."""
    asked: dict[str, str] = field(default_factory=dict)
    """Asks that are not answered yet, and whose value they are about."""
    here: str = ""
    """Whose value was asked for last: who is at the till."""
    ahead_ms: int = 0
    """When to ask next for what is granted ahead, by the till's clock; 0: at once."""
    refused: str = ""
    """Why the head office granted nothing, or not all, to who is at the till."""
    again_ms: int = 0
    """When to ask again for who is at the till, by the till's clock."""
    _seen: tuple[object, ...] = ()
    _shown: Stored | None = None

    def purse(self, member: Member, elsewhere: Iterable[Spent] = ()) -> Purse:
        """Return what ``member`` may spend, less what is tendered ``elsewhere`` at this till."""
        now_ms = self.edges.clock.stamp().wall_ms
        wallet = self._own(member) if self.is_own else self.edges.ledger.wallet(member.account)
        return Purse(
            wallet,
            now_ms,
            self.edges.time.business_date(now_ms),
            Order(self.limits.order),
            self._most(wallet, now_ms),
            self.connected and not self.is_own,
            frozenset(self.limits.pay_by),
            self.limits.confirm_from,
            member.stored + member.bonus,
        ).less(elsewhere)

    def shown(self, state: State) -> Stored | None:
        """Return what the member at the till may spend, for the page; asked anew when something changed."""
        member = None if isinstance(state, Idle) else state.sale.member
        if member is None:
            return None
        key = (member, self.edges.ledger.head_seq, self.connected)
        if key != self._seen:
            self._seen, self._shown = key, self.purse(member).may()
        return self._shown

    def purse_for(self, event: Tendered | Sold, state: State) -> Purse | None:
        """Return what the buyer may spend, where something is paid with stored value."""
        if isinstance(event, Sold):
            if event.member is None or not any(t.type == STORED_VALUE for t in event.tenders):
                return None
            return self.purse(event.member.member, spent_of(state))
        if event.tender.type != STORED_VALUE or isinstance(state, Idle) or not state.sale.member:
            return None
        purse = self.purse(state.sale.member)
        if event.tender.amount > purse.may().amount:
            self.ask(state.sale.member.account)
        return purse

    def link(self, *, connected: bool) -> None:
        """Take note that the broker was reached or lost."""
        self.connected = connected
        self.ahead_ms, self.here = 0, ""

    def attend(self, state: State) -> None:
        """Ask for the value of whoever came to the till."""
        member = None if isinstance(state, Idle) else state.sale.member
        account = member.account if member else ""
        if account == self.here:
            return
        self.here, self.refused = account, ""
        if member is not None and member.stored + member.bonus > 0:
            self.ask(account)

    def ask(self, account: str) -> None:
        """Ask the head office for what of a member's value it can set aside here; empty: ahead."""
        uplink, ledger = self.edges.uplink, self.edges.ledger
        if self.is_own or uplink is None or not self.connected or len(self.asked) >= ASKS_MAX:
            return
        self.timeline = max(self.timeline, ledger.acked.timeline)
        name, outstanding = self.edges.new_id(), tuple(self.asked)
        wanted = Wanted(
            ledger.ledger_id, name, account, self.edges.store, ledger.head_seq, self.timeline,
            outstanding,
        )  # fmt: skip
        self.asked[name] = account
        if not uplink.ask(wanted):
            self.unanswered(name)

    def unanswered(self, name: str) -> None:
        """An ask was given up; whatever comes of it later is not taken up."""
        account = self.asked.pop(name, None)
        if account == "":
            self.ahead_ms = self.edges.clock.stamp().wall_ms + AHEAD_SOON_MS
        elif account == self.here:
            self.refused = NO_ANSWER

    def granted(self, grant: Grant) -> None:
        """Take up what was granted, with a record, if it is still wanted."""
        account = self.asked.pop(grant.ask, None)
        if account is None or grant.timeline < self.timeline:
            return
        if grant.timeline > self.timeline:
            self.timeline = grant.timeline
            self.ask(account)
            return
        if account:
            self.refused = grant.why
        if account and account != self.here:
            return  # They have gone; the next ask says that it was not taken up.
        now_ms = self.edges.clock.stamp().wall_ms
        known = {each.allowance.id for each in self.edges.ledger.open_allowances()}
        opened = tuple(
            _allowance(each, grant.timeline, now_ms)
            for each in grant.allowances
            if each.id not in known
        )
        if not opened:
            return
        try:
            self.performer.post(AllowancesOpened(opened), (), (), "", None)
        except LedgerError as error:
            log.warning("allowances are not taken up: %s", error)

    def pay_in(self, wanted: PayIn, actor: Operator | None, key: CallKey) -> Answer:
        """Post and print a top-up.

        Raises:
            LedgerError, CommitUnknownError: See :meth:`terminal.store.ledger.Ledger.post`.
        """
        effects = self._top_up(wanted, actor)
        if isinstance(effects, Refusal):
            return effects
        seq = self.performer.carry_out(effects, actor.number if actor else "", key)
        return Done(answer_of(seq, self.performer.last))

    def _top_up(self, wanted: PayIn, actor: Operator | None) -> list[Effect] | Refusal:
        """Return the effects of a top-up, or why it may not be."""
        account, asked = wanted.account, TopUp(wanted.amount, wanted.tender, wanted.reference)
        edges, limits = self.edges, self.limits
        if limits.topup_role == SUPERVISOR and (actor is None or actor.role != SUPERVISOR):
            return refuse(Key.TOPUP_RIGHT)
        member = edges.look.member_by_account(account)
        if member is None:
            return refuse(Key.UNKNOWN_MEMBER)
        ladder = edges.rules.topup
        bonus = ladder.bonus(asked.amount) if ladder else 0
        before = (member.stored, member.bonus)
        ceilings = Ceilings(limits.named_max, limits.anonymous_max, limits.cash_from)
        refusal = objection(asked, before, bonus, is_named=bool(member.name), limits=ceilings)
        if refusal is not None:
            return refusal
        now_ms = edges.clock.stamp().wall_ms
        rule, version = (ladder.id, ladder.version) if ladder and bonus else ("", "")
        body = ToppedUp(
            "", edges.new_id(), account, member.medium,
            ((asked.tender, asked.amount, asked.reference),), asked.amount, bonus, rule, version,
            before, edges.time.business_date(now_ms), now_ms,
            now_ms + limits.topup_hours * HOUR_MS, is_allowance=not self.is_own,
        )  # fmt: skip
        drawer: list[Effect] = [OpenDrawer()] if asked.tender == CASH else []
        return [Post(body, postings_of(body)), Print(), *drawer]

    def settle(self, state: State) -> bool:
        """Close what has had its day, ask for what is granted ahead; return whether anything was posted."""
        now_ms = self.edges.clock.stamp().wall_ms
        if self.connected and now_ms >= self.ahead_ms:
            self.ahead_ms = now_ms + AHEAD_EVERY_MS
            self.ask("")
        shown = self.shown(state)
        lacks = shown is not None and shown.why is not Why.ALL
        if lacks and self.refused in AGAIN and now_ms >= self.again_ms:
            self.again_ms = now_ms + AGAIN_EVERY_MS
            self.ask(self.here)
        ids, why = self.ended(state)
        if not ids:
            return False
        try:
            self.performer.post(AllowancesClosed(ids[:ALLOWANCES_MAX], why), (), (), "", None)
        except LedgerError as error:
            log.warning("allowances are not closed: %s", error)  # They are too old all the same.
            return False
        return True

    def ended(self, state: State) -> tuple[tuple[str, ...], str]:
        """Return which allowances are to be closed now, and why: too old, or their member has gone."""
        if self.is_own:
            return (), ""
        now_ms = self.edges.clock.stamp().wall_ms
        mine = None if isinstance(state, Idle) or not state.sale.member else state.sale.member
        here = mine.account if mine else ""
        kept = {part.allowance for part in spent_of(state)}
        held = [
            each.allowance
            for each in self.edges.ledger.open_allowances()
            if each.allowance.id not in kept
        ]
        old = tuple(each.id for each in held if 0 < each.expires_ms <= now_ms)
        if old or not self.connected:
            return old, "expired"
        short = (Cause.TAP, Cause.TOPUP)
        gone = tuple(each.id for each in held if each.cause in short and each.account != here)
        if gone:
            return gone, "gone"
        aged = (each for each in held if each.cause == Cause.AHEAD and _is_ageing(each, now_ms))
        renewed = tuple(each.id for each in aged)
        if renewed:
            self.ahead_ms = 0
        return renewed, "renewed"

    def _most(self, wallet: Wallet, now_ms: int) -> int | None:
        """Return the most per payment by the age of what is known; None: no limit."""
        if self.is_own or self.connected:
            return None
        limits = self.limits
        heard = max((self.heard_ms, *(each.allowance.opened_ms for each in wallet.held)))
        age_ms = now_ms - heard
        if limits.stop_hours and age_ms > limits.stop_hours * HOUR_MS:
            return 0
        return limits.old_max if limits.old_hours and age_ms > limits.old_hours * HOUR_MS else None

    def _own(self, member: Member) -> Wallet:
        """Return the member's whole balance as allowances of the till's own."""
        lots: dict[tuple[str, str], LotShare] = {}
        for unit, share in self.edges.ledger.value_lots(member.account):
            lots[unit, share.lot] = share
        # What lies in no lot of this ledger is what the member held when the books were opened.
        for unit, amount in zip(UNITS, (member.stored, member.bonus), strict=True):
            in_lots = sum(
                each.amount for (of, lot), each in lots.items() if of == unit and lot != OPENING
            )
            lots[unit, OPENING] = LotShare(OPENING, amount - in_lots)
        return Wallet(
            member.account, tuple(_own_held(member.account, unit, lots) for unit in UNITS)
        )


def _own_held(account: str, unit: str, lots: dict[tuple[str, str], LotShare]) -> Held:
    shares = tuple(each for (of, _), each in sorted(lots.items()) if of == unit and each.amount > 0)
    return Held(Allowance(f"{OWN}{unit}", account, unit, shares, Cause.OWN, 0, 0, 0), shares)


def _is_ageing(allowance: Allowance, now_ms: int) -> bool:
    """Return whether three quarters of an allowance's life are over, so that it is worth a new one."""
    whole = allowance.expires_ms - allowance.opened_ms
    return now_ms - allowance.opened_ms > whole * 3 // 4


def _allowance(granted: Granted, timeline: int, now_ms: int) -> Allowance:
    lots = tuple(
        LotShare(lot.lot, lot.amount, lot.since, lot.usable_on, lot.lapses_on)
        for lot in granted.lots
    )
    return Allowance(
        granted.id, granted.account, granted.unit, lots, granted.cause, timeline, now_ms,
        now_ms + granted.lives_s * 1_000,
    )  # fmt: skip


def spent_of(state: State) -> tuple[Spent, ...]:
    """Return what is tendered of value and not posted yet."""
    if not isinstance(state, Due):
        return ()
    return tuple(part for tender in state.tenders for part in tender.spent)
