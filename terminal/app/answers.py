"""What a call that posted an entry is told, worked out from the entry alone.

So the same call asked again, even years later or after a restart, gets the same answer.
"""

from dataclasses import replace

from terminal.app.coupons import CouponDesk
from terminal.app.printing import PrintDesk
from terminal.app.slips import CouponSlip
from terminal.core.effects import Tell
from terminal.core.journal import Entry, PaymentTaken, Reprinted, SalePosted
from terminal.core.points.entries import GiftGiven, LotteryDrawn, PointsGiven, PointsTaken
from terminal.core.pricing.coupons import CouponsIssued, parse
from terminal.core.profile import MemberRegistered
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.stored import ToppedUp
from terminal.core.till import SUPERVISOR, Operator
from terminal.counter.desk import Answer, Done
from terminal.counter.offers import IssueCoupons

PAID = frozenset({"paid", "sold"})
"""Notices of a sale that was posted."""

PRINTED_MAX = 10
"""Coupons printed at once: no till prints for minutes."""


def answer_of(seq: int, entry: Entry) -> dict[str, object]:
    """Return the answer to the call that posted ``entry`` as record ``seq``."""
    match entry.body:
        case SalePosted(receipt, bill, _, change):
            return {
                "seq": seq,
                "receipt": receipt,
                "sale": bill.sale_id,
                "total": bill.totals.total,
                "discount": bill.totals.discount,
                "change": change,
                "earned": bill.totals.earned,
            }
        case MemberRegistered(account):
            return {"seq": seq, "member": account}
        case PaymentTaken(bill, tender):
            return {"seq": seq, "sale": bill.sale_id, "taken": tender.amount}
        case ToppedUp(receipt=receipt, account=account):
            return {
                "seq": seq,
                "receipt": receipt,
                "member": account,
                "principal": entry.body.principal,
                "bonus": entry.body.bonus,
                "stored": entry.body.before[0] + entry.body.principal,
                "stored_bonus": entry.body.before[1] + entry.body.bonus,
            }
        case Reprinted(receipt, copy):
            return {"seq": seq, "receipt": receipt, "copy": copy}
        case PointsGiven(points=points, cause=cause, n=n):
            return {"seq": seq, "points": points, "cause": cause, "n": n}
        case PointsTaken(points=points):
            return {"seq": seq, "points": -points, "cause": "penalty", "n": 0}
        case GiftGiven():
            return {
                "seq": seq, "gift": entry.body.gift, "pieces": entry.body.pieces,
                "points": entry.body.points, "money": entry.body.money, "code": entry.body.code,
            }  # fmt: skip
        case LotteryDrawn():
            return {
                "seq": seq, "draw": entry.body.n, "roll": entry.body.roll,
                "prize": entry.body.prize, "name": entry.body.name, "points": entry.body.points,
            }  # fmt: skip
        case _:
            return {"seq": seq}


def told(seq: int, entry: Entry, coupons: CouponDesk) -> Done:
    """Return what the call that posted ``entry`` is told; coupons that were issued with their codes."""
    answer = answer_of(seq, entry)
    if isinstance(entry.body, CouponsIssued):
        answer["codes"] = list(coupons.codes(entry.body))
    return Done(answer)


def printed(printing: PrintDesk, asked: IssueCoupons, done: Answer) -> Answer:
    """Have the first coupons of an answer that :func:`told` made printed, if asked; return the answer."""
    if not asked.is_printed or isinstance(done, Refusal):
        return done
    codes, seq = done.result["codes"], done.result["seq"]
    assert isinstance(codes, list)
    assert isinstance(seq, int)
    pairs = []
    for code in codes[:PRINTED_MAX]:
        read = parse(code)
        assert not isinstance(read, Refusal), "we made it"
        pairs.append((read[0], code))
    printing.hand_out(seq, CouponSlip(tuple(pairs), printing.stationery))
    return done


def issue(
    asked: IssueCoupons, actor: Operator | None, coupons: CouponDesk
) -> CouponsIssued | Refusal:
    """Return the coupons that a supervisor asks for."""
    if actor is None or actor.role != SUPERVISOR:
        return refuse(Key.SUPERVISOR_ONLY)
    return coupons.issue(asked.campaign, asked.until, asked.holder, asked.place, asked.count)


def with_receipt(tell: Tell, receipt: str) -> Tell:
    """Return ``tell`` with the receipt of a sale just posted: its number is the ledger's to give."""
    return replace(tell, facts=(*tell.facts, ("receipt", receipt))) if tell.key in PAID else tell
