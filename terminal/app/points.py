"""Acts on a member's points at this till: looked up, decided by the core, posted, and a slip printed.

A lottery is opened, its secret fixed by the end of a chain, as soon as its rule comes into force and so
before anybody's call can be known. The secret is the till key's signature over the lottery's name: nobody
else can work it out, and the till finds it again after a restart.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from terminal.app.answers import answer_of
from terminal.app.edges import Edges
from terminal.app.perform import Performer
from terminal.app.periodposts import PeriodPosts
from terminal.app.periods import Asked
from terminal.core.books import postings_of
from terminal.core.burning import POINTS
from terminal.core.circumstances import NOTHING_BROUGHT, World, facts_of_sale
from terminal.core.effects import Tell
from terminal.core.journal import Body, Entry
from terminal.core.points import acts, tallies
from terminal.core.points.acts import Scene, Wanted
from terminal.core.points.dates import is_date
from terminal.core.points.entries import (
    GiftGiven,
    LotteryDrawn,
    LotteryOpened,
    PointsGiven,
    PointsTaken,
)
from terminal.core.points.lottery import commitment
from terminal.core.points.periods import Period
from terminal.core.points.program import Raffle
from terminal.core.points.refused import Reason, Refused
from terminal.core.points.tallies import Tally
from terminal.core.pricing.basket import Member
from terminal.core.pricing.coupons import CouponsIssued
from terminal.core.pricing.earning import occasion_of
from terminal.core.pricing.facts import Facts
from terminal.core.receipts.moved import is_moved
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Due, Idle, Open, Tendered, repriced
from terminal.core.stored import ToppedUp
from terminal.core.till import SUPERVISOR, Event, Operator, Sold, Till
from terminal.counter.desk import Answer, Done, PointsAct
from terminal.store.calls import CallKey

CODE_BYTES = 5
COUPON_UNTIL = 20991231
"""Last day of a coupon that a gift gives without end."""
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_RIGHTS = frozenset({"by-hand", "import", "period"})
"""Acts that only a supervisor may do."""
_DOMAIN = b"tallypoint lottery 1\0"

log = logging.getLogger(__name__)


class PointsDesk:
    """Carries out acts on points; the loop's."""

    def __init__(
        self,
        edges: Edges,
        performer: Performer,
        sign: Callable[[bytes], bytes],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """``sign`` is the till's key: the same bytes always give the same signature."""
        self._edges = edges
        self._performer = performer
        self._sign = sign
        self._random = random_bytes
        self.periods = PeriodPosts(edges, performer)

    def act(self, asked: PointsAct, actor: Operator | None, call: CallKey) -> Answer:
        """Carry out ``asked``; every entry but the last is known by its own key when it is asked again."""
        if actor is None:
            return refuse(Key.SIGN_IN_FIRST)
        if asked.kind in _RIGHTS and actor.role != SUPERVISOR:
            return refuse(Key.POINTS_RIGHT)
        if asked.kind == "period":
            return self._period(asked)
        if asked.kind == "slip":
            return self._slip_again(asked.points)
        found = self._bodies(asked, actor, call)
        if not isinstance(found, Refusal):
            found = self._against(found)
        return found if isinstance(found, Refusal) else self._post(found, actor, call)

    def after(self, entry: Entry) -> tuple[Tell, ...]:
        """Post the points that a top-up, posted just now, is worth; return what the result bar says."""
        body = entry.body
        scene = self.scene(body.account) if isinstance(body, ToppedUp) else None
        if scene is None or not isinstance(body, ToppedUp):
            return ()
        given = acts.top_up(scene, body.principal)
        if given is None:
            return ()
        self._performer.post(given, postings_of(given), (), entry.operator, None)
        return told_of(given)

    def _against(self, bodies: Sequence[Body]) -> Sequence[Body] | Refusal:
        """Return ``bodies`` with the allowances that points are spent against, where there must be some."""
        if self._edges.look.wallet.is_authority:
            return bodies
        found: list[Body] = []
        for body in bodies:
            if isinstance(body, GiftGiven | LotteryDrawn) and body.points:
                wall = self._edges.clock.stamp().wall_ms
                purse = self._edges.points_purse(body.account, wall)
                spent = purse.spend(body.points) if purse else refuse(Key.UNKNOWN_MEMBER)
                if purse is None or isinstance(spent, Refusal):
                    return refuse(Key.UNKNOWN_MEMBER) if isinstance(spent, tuple) else spent
                found.append(replace(body, parts=purse.parts(spent), spent=spent))
            else:
                found.append(body)
        return found

    def open_lotteries(self) -> None:
        """Open every lottery of the rules in force that this ledger has not opened yet."""
        for raffle in self._edges.rules.points.raffles:
            if not self._edges.ledger.tally(tallies.lottery(raffle.id, raffle.version)).count:
                end = commitment(self._secret(raffle.id, raffle.version), raffle.draws_max)
                opened = _opened(raffle, end, self._edges.ledger.tally)
                self._performer.post(opened, (), (), "", None)
                log.info("lottery %s, version %s, is open", raffle.id, raffle.version)

    def _bodies(self, asked: PointsAct, actor: Operator, call: CallKey) -> Sequence[Body] | Refusal:
        if asked.kind == "import":
            return self._import(asked, actor, call)
        scene = self.scene(asked.member)
        if scene is None:
            return refuse(Key.UNKNOWN_MEMBER)
        made = self._made(asked, scene, actor, call)
        if isinstance(made, Refused):
            return told(made)
        return made

    def _made(
        self, asked: PointsAct, scene: Scene, actor: Operator, call: CallKey
    ) -> Sequence[Body] | Refused | Refusal:
        match asked.kind:
            case "by-hand":
                found: Body | Refused = acts.by_hand(scene, asked.points, asked.text, actor.number)
            case "check-in":
                found = acts.check_in(scene)
            case "event":
                found = acts.attend(scene, asked.text)
            case "welcome":
                if asked.text and self._edges.look.member_by_account(asked.text) is None:
                    return refuse(Key.UNKNOWN_MEMBER)
                return acts.welcome(scene, asked.text)
            case "gift":
                code = self._code()
                wanted = Wanted(asked.text, asked.pieces, asked.tender, asked.reference, code)
                found = acts.give(scene, wanted)
                if isinstance(found, GiftGiven) and found.what == "coupon":
                    return self._with_coupon(found)
            case _:
                return self._draw(asked, scene, call)
        return found if isinstance(found, Refused) else (found,)

    def _with_coupon(self, gift: GiftGiven) -> Sequence[Body] | Refusal:
        """Return the coupon that is issued, to the member alone, and the gift that it is."""
        if gift.pieces > 1:
            return refuse(Key.POINTS_AMOUNT_RANGE)
        coupons = self._edges.look.coupons
        place = "" if coupons.is_alone else self._edges.terminal
        until = gift.until or COUPON_UNTIL
        issued = coupons.issue(gift.grants, until, gift.account, place, gift.pieces)
        return issued if isinstance(issued, Refusal) else (issued, gift)

    def _coupon_code(self, seq: int, body: Body) -> str:
        """Return the code of the coupon that the gift in record ``seq`` is; empty for other gifts."""
        if not isinstance(body, GiftGiven) or body.what != "coupon":
            return ""
        before = self._edges.ledger.entry(seq - 1)
        if before is None or not isinstance(before.body, CouponsIssued):
            return ""
        return next(iter(self._edges.look.coupons.codes(before.body)), "")

    def _draw(
        self, asked: PointsAct, scene: Scene, call: CallKey
    ) -> Sequence[Body] | Refused | Refusal:
        raffle = next((r for r in scene.program.raffles if r.id == asked.text), None)
        if raffle is None:
            return refuse(Key.NO_SUCH_RULE, rule=asked.text)
        seq = self._edges.ledger.tally(tallies.lottery(raffle.id, raffle.version)).count
        entry = self._edges.ledger.entry(seq)
        if entry is None or not isinstance(entry.body, LotteryOpened):
            return refuse(Key.LOTTERY_NOT_OPEN)
        secret = self._secret(raffle.id, raffle.version)
        drawn = acts.draw(scene, (seq, entry.body), secret, call.id)
        return drawn if isinstance(drawn, Refused) else (drawn,)

    def _import(self, asked: PointsAct, actor: Operator, call: CallKey) -> Sequence[Body] | Refusal:
        found: list[Body] = []
        for n, (account, points, reason) in enumerate(asked.rows):
            scene = self.scene(account)
            if scene is None:
                return refuse(Key.UNKNOWN_MEMBER)
            body = acts.by_hand(scene, points, reason, actor.number, f"{call.id}/{n}")
            if isinstance(body, Refused) and body.reason is Reason.ALREADY_GIVEN:
                continue  # The call was cut short before, and is asked again.
            if isinstance(body, Refused):
                return told(body)
            found.append(body)
        return found or refuse(Key.POINTS_ALREADY_GIVEN)

    def scene(self, account: str) -> Scene | None:
        """Return what an act on a member may look at; None: there is no such member."""
        edges = self._edges
        who, holding = edges.look.member_by_account(account), edges.look.holding(account)
        if who is None or holding is None:
            return None
        return Scene(
            edges.rules.points, occasion_of(who, self._facts(who)), holding, edges.ledger.tally
        )

    def _facts(self, who: Member) -> Facts:
        turn = self._edges.turn("")
        return facts_of_sale(World(turn.rules, turn.facts, turn.history), who, NOTHING_BROUGHT, "")

    def _post(self, bodies: Sequence[Body], actor: Operator, call: CallKey) -> Answer:
        """Post ``bodies``; the last is what the call is remembered by."""
        seq = 0
        for place, body in enumerate(bodies, 1):
            key = call if place == len(bodies) else None
            seq = self._performer.post(body, postings_of(body), (), actor.number, key)
            self._hand_out(seq, body)
        return Done(answer_of(seq, self._performer.last))

    def _hand_out(self, seq: int, body: Body) -> None:
        if isinstance(body, GiftGiven | LotteryDrawn):
            self._edges.printing.slip(seq, self._performer.last, self._coupon_code(seq, body))

    def _period(self, asked: PointsAct) -> Answer:
        """Have a period computed; it is posted when the till is quiet."""
        file = self._edges.promotions.file
        rules = self._edges.rules.points.computations
        if file is None or all(each.rule.id != asked.text for each in rules):
            return refuse(Key.NO_SUCH_RULE, rule=asked.text)
        first, last = asked.points, asked.pieces
        if not is_date(first) or not is_date(last) or first > last:
            return refuse(Key.POINTS_NOT_IN_FORCE)
        if not self._edges.compute(Asked(asked.text, Period(first, last)), file):
            return refuse(Key.POINTS_AT_WORK)
        return Done({"rule": asked.text, "since": first, "until": last})

    def _slip_again(self, seq: int) -> Answer:
        entry = self._edges.ledger.entry(seq)
        if entry is None or not (
            isinstance(entry.body, GiftGiven | LotteryDrawn) or is_moved(entry.body)
        ):
            return refuse(Key.NO_SUCH_RECEIPT, number=str(seq))
        if self._edges.printing.printer is None:
            return refuse(Key.NO_PRINTER)
        code = self._coupon_code(seq, entry.body)
        self._edges.printing.slip(seq, entry, code, again=True)
        return Done({"seq": seq})

    def _secret(self, lottery: str, version: str) -> bytes:
        named = f"{self._edges.ledger.ledger_id}:{lottery}:{version}"
        return sha256(self._sign(_DOMAIN + named.encode())).digest()

    def _code(self) -> str:
        number = int.from_bytes(self._random(CODE_BYTES), "big")
        return "".join(_LETTERS[number >> 5 * n & 31] for n in range(8))


def told_of(body: Body) -> tuple[Tell, ...]:
    """Return what the result bar says of an act."""
    match body:
        case PointsGiven(points=points, why=why):
            return (Tell("points-given", "good", (("points", points), ("why", why))),)
        case PointsTaken(points=points):
            return (Tell("points-taken", "warn", (("points", points),)),)
        case GiftGiven(name=name, pieces=pieces):
            return (Tell("gift-given", "good", (("name", name), ("pieces", pieces))),)
        case LotteryDrawn(prize="", n=n):
            return (Tell("draw-lost", "warn", (("n", n),)),)
        case LotteryDrawn(name=name):
            return (Tell("draw-won", "good", (("name", name),)),)
        case ToppedUp(principal=amount, bonus=bonus):
            return (Tell("topped-up", "good", (("amount", amount), ("bonus", bonus))),)
        case _:
            return ()


def payer_of(event: Event, till: Till) -> str:
    """Return the account number of who pays with points as ``event`` would have it; empty: nobody."""
    if isinstance(event, Sold):
        pays = event.chosen or any(each.type == POINTS for each in event.tenders)
        return event.member.member.account if event.member and pays else ""
    if isinstance(till.sale, Idle) or till.sale.sale.member is None:
        return ""
    # Also when a card's answer, and no tender, ends a sale that points pay a part of.
    sale = till.sale.sale
    tenders = till.sale.tenders if isinstance(till.sale, Due) else ()
    tendered = (event.tender, *tenders) if isinstance(event, Tendered) else tenders
    paid = sale.quote.costs or any(each.type == POINTS for each in tendered)
    return sale.member.account if sale.member and paid else ""


def refreshed(till: Till, edges: Edges) -> Till:
    """Return ``till`` with the open basket's member as they are now."""
    if not isinstance(till.sale, Open) or till.sale.sale.member is None:
        return till
    sale = till.sale.sale
    assert sale.member is not None
    now = edges.look.member_by_account(sale.member.account)
    if now is None:
        return till
    after = repriced(replace(sale, member=replace(now, medium=sale.member.medium)), edges.turn(""))
    return till if isinstance(after, Refusal) else replace(till, sale=Open(after))


def told(refused: Refused) -> Refusal:
    """Return why something about points cannot be, as the counter says it."""
    return Refusal(Key(refused.reason.value), refused.facts)


def _opened(raffle: Raffle, end: bytes, tally: Callable[[str], Tally]) -> LotteryOpened:
    """Return the opening; what a ledger before gave of a prize is not there any more."""
    left = tuple(
        replace(
            prize,
            stock=max(
                0, prize.stock - tally(tallies.won(raffle.id, raffle.version, prize.id)).count
            ),
        )
        for prize in raffle.prizes
    )
    return LotteryOpened(
        raffle.id, raffle.version, raffle.name, left, raffle.draws_max, end,
        raffle.points, raffle.member_max,
    )  # fmt: skip
