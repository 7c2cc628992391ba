"""What was given before, counted: limits, streaks, stock and draws as a fold over entries.

Each tally has a name made of what it counts. The till keeps them in a table beside its ledger; a rebuild
comes to the same, since :func:`tallied` is all that ever changes them.
"""

from dataclasses import dataclass

from terminal.core.journal import Body
from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.entries import (
    GiftGiven,
    LotteryDrawn,
    LotteryOpened,
    PeriodComputed,
    PointsGiven,
)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, and when last."""

    count: int = 0
    day: BusinessDate = NEVER
    text: str = ""


NONE_YET = Tally()


@dataclass(frozen=True, slots=True)
class Tallied:
    """A change of one tally: its count is added, or put in the place of what was there."""

    name: str
    tally: Tally
    is_set: bool = False


def key(name: str) -> str:
    """Return the tally of what must not be given twice."""
    return f"key:{name}"


def award(rule: str, account: str, date: BusinessDate = NEVER) -> str:
    """Return the tally of an award to a member, in all or on one day."""
    return f"award:{rule}:{account}:{date}" if date else f"award:{rule}:{account}"


def streak(rule: str, account: str) -> str:
    """Return the tally of a member's days in a row."""
    return f"streak:{rule}:{account}"


def referrer(account: str) -> str:
    """Return the tally whose text is who brought a member."""
    return f"referrer:{account}"


def gift(gift_id: str, account: str = "") -> str:
    """Return the tally of the pieces of a gift, of one member or in all."""
    return f"gift:{gift_id}:{account}"


def tier(account: str) -> str:
    """Return the tally whose text is the tier a member was raised to; its day is the last of it."""
    return f"tier:{account}"


def lottery(lottery_id: str, version: str) -> str:
    """Return the tally whose count is the record that opened a lottery."""
    return f"lottery:{lottery_id}:{version}"


def draws(opened: int, account: str = "") -> str:
    """Return the tally of the draws of a lottery, of one member or in all."""
    return f"draws:{opened}:{account}"


def prize(opened: int, prize_id: str) -> str:
    """Return the tally of one prize of a lottery."""
    return f"prize:{opened}:{prize_id}"


def won(lottery_id: str, version: str, prize_id: str) -> str:
    """Return the tally of a prize over all openings of a lottery: what is gone is gone for the next."""
    return f"won:{lottery_id}:{version}:{prize_id}"


def period(rule: str, first: BusinessDate, last: BusinessDate) -> str:
    """Return the tally of a computed period."""
    return f"period:{rule}:{first}:{last}"


def tallied(seq: int, date: BusinessDate, body: Body) -> tuple[Tallied, ...]:
    """Return what record ``seq`` of business date ``date`` counts."""
    match body:
        case PointsGiven():
            return _given(body, date)
        case GiftGiven(account=account, gift=gift_id, pieces=pieces):
            each = Tally(pieces, date)
            had = (Tallied(gift(gift_id), each), Tallied(gift(gift_id, account), each))
            if body.what == "upgrade":
                raised = Tally(1, body.until, body.grants)
                return (*had, Tallied(tier(account), raised, is_set=True))
            return had
        case LotteryOpened(lottery=lottery_id, version=version):
            return (Tallied(lottery(lottery_id, version), Tally(seq, date), is_set=True),)
        case LotteryDrawn(opened=opened, account=account, prize=prize_id):
            one = Tally(1, date)
            names = (draws(opened), draws(opened, account), prize(opened, prize_id))
            ever = won(body.lottery, body.version, prize_id)
            return tuple(Tallied(name, one) for name in (*names, ever))
        case PeriodComputed(rule=rule, first=first, last=last):
            return (Tallied(period(rule, first, last), Tally(1, date)),)
        case _:
            return ()


def _given(body: PointsGiven, date: BusinessDate) -> tuple[Tallied, ...]:
    found: list[Tallied] = []
    one = Tally(1, date)
    if body.key:
        found.append(Tallied(key(body.key), one))
    match body.cause:
        case "check-in":
            here = streak(body.rule, body.account)
            found.append(Tallied(here, Tally(body.n, date), is_set=True))
        case "registration" | "event":
            found.append(Tallied(award(body.rule, body.account), one))
            found.append(Tallied(award(body.rule, body.account, date), one))
        case "referral" if body.n == 1:
            brought = Tally(1, date, body.account)
            found.append(Tallied(referrer(body.member), brought, is_set=True))
        case _:
            pass
    return tuple(found)
