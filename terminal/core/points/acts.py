"""Acts on a member's points without a sale: each returns the entries to post, or why it cannot be.

Whoever calls has read what the ledger holds (:class:`Scene`); nothing here looks anything up by itself,
and what is posted is the caller's to seal. Points that come get the programme's dates; points that go are
taken from the lots in the order of burning.
"""

from collections.abc import Callable
from dataclasses import dataclass

from terminal.core import accounts
from terminal.core.points import tallies
from terminal.core.points.awards import (
    LEVELS_MAX,
    Streak,
    adjusted,
    checked_in,
    occurred,
    referred,
    topped_up,
)
from terminal.core.points.dates import NEVER, BusinessDate, after_days
from terminal.core.points.entries import (
    GiftGiven,
    GrantedLot,
    LotteryDrawn,
    LotteryOpened,
    PointsGiven,
    PointsTaken,
    as_parts,
    dated,
)
from terminal.core.points.gifts import Exchange, exchange
from terminal.core.points.lots import Holding, Origin, dates_of
from terminal.core.points.lottery import Lottery, may_draw, next_draw, ticket_of
from terminal.core.points.moves import taken
from terminal.core.points.occasion import Occasion
from terminal.core.points.program import Program
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.points.tallies import Tally
from terminal.core.units import Minor, Points

IMPORT_ROWS_MAX = 500
"""Rows of one import."""
_NEW = Origin("", 1, 0)
"""Stands for the lot that an entry makes, until the ledger names it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an act may look at: the rules, the member, what they hold, what was given before."""

    program: Program
    occasion: Occasion
    holding: Holding
    """Settled to the occasion's date."""
    tally: Callable[[str], Tally]

    @property
    def account(self) -> str:
        """Return the member's account number."""
        return self.occasion.account

    @property
    def date(self) -> BusinessDate:
        """Return the business date."""
        return self.occasion.date

    @property
    def available(self) -> Points:
        """Return the points that may be used now."""
        return self.holding.available(self.date)

    def lots(self, points: Points) -> tuple[GrantedLot, ...]:
        """Return the dated lot of points that come now."""
        return dated((GrantedLot(points, *dates_of(self.program.terms, self.date)),))


def by_hand(
    scene: Scene, points: Points, reason: str, who: str, key: str = ""
) -> PointsGiven | PointsTaken | Refused:
    """Give points for a reason, or take them as a penalty (negative); ``key`` marks a row of an import."""
    if key and scene.tally(tallies.key(key)).count:
        return refused(Reason.ALREADY_GIVEN)
    moved = adjusted(scene.holding, _NEW, points, scene.program.terms, (scene.date, reason))
    if isinstance(moved, Refused):
        return moved
    if points < 0:
        return PointsTaken(scene.account, reason, -points, as_parts(moved.parts), who)
    cause = "import" if key else "by-hand"
    return PointsGiven(
        scene.account, cause, "", "", reason, points, accounts.POINTS, scene.lots(points), key,
        approved_by=who,
    )  # fmt: skip


def check_in(scene: Scene) -> PointsGiven | Refused:
    """Give the points of today's check-in; a day left out begins the table anew."""
    rule = scene.program.check_in
    if rule is None:
        return refused(Reason.NO_RULE)
    before = scene.tally(tallies.streak(rule.id, scene.account))
    found = checked_in(rule, Streak(before.count, before.day), scene.date)
    if isinstance(found, Refused):
        return found
    now, points = found
    return PointsGiven(
        scene.account, "check-in", rule.id, rule.version, rule.name, points, accounts.POINTS,
        scene.lots(points) if points else (), n=now.days,
    )  # fmt: skip


def attend(scene: Scene, event: str) -> PointsGiven | Refused:
    """Give the points of an event attended, a link shared."""
    rule = next((each for each in scene.program.occurrences if each.id == event), None)
    if rule is None:
        return refused(Reason.NO_RULE)
    today = scene.tally(tallies.award(rule.id, scene.account, scene.date)).count
    points = occurred(rule, today, scene.tally(tallies.award(rule.id, scene.account)).count)
    if isinstance(points, Refused):
        return points
    return PointsGiven(
        scene.account, "event", rule.id, rule.version, rule.name, points, accounts.POINTS,
        scene.lots(points),
    )  # fmt: skip


def welcome(scene: Scene, brought_by: str) -> tuple[PointsGiven, ...] | Refused:
    """Give what joining is worth to the member, and to who brought them, level by level."""
    given: list[PointsGiven] = []
    joined = scene.program.registration
    if joined is not None:
        had = scene.tally(tallies.award(joined.id, scene.account)).count
        points = occurred(joined, 0, had)
        if isinstance(points, Refused):
            return points
        given.append(
            PointsGiven(
                scene.account, "registration", joined.id, joined.version, joined.name, points,
                accounts.POINTS, scene.lots(points),
            )
        )  # fmt: skip
    given += _referrals(scene, brought_by) if brought_by else ()
    return tuple(given) or refused(Reason.NO_RULE)


def _referrals(scene: Scene, brought_by: str) -> list[PointsGiven]:
    rule = scene.program.referral
    if rule is None or scene.tally(tallies.referrer(scene.account)).count:
        return []
    chain = [brought_by]
    while len(chain) < LEVELS_MAX and (above := scene.tally(tallies.referrer(chain[-1])).text):
        chain.append(above)
    found = referred(rule, scene.account, chain)
    levels = {who: place for place, who in enumerate(chain, 1)}
    return [
        PointsGiven(
            who, "referral", rule.id, rule.version, rule.name, points, accounts.POINTS,
            scene.lots(points), n=levels[who], member=scene.account,
        )
        for who, points in found
    ]  # fmt: skip


def top_up(scene: Scene, principal: Minor) -> PointsGiven | None:
    """Give the points of a top-up; None where there is no rule, or it gives none."""
    rule = scene.program.top_up
    points = topped_up(rule, principal) if rule else 0
    if rule is None or not points:
        return None
    return PointsGiven(
        scene.account, "top-up", rule.id, rule.version, rule.name, points, accounts.POINTS,
        scene.lots(points),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A gift that is asked for, and how money on top of the points is paid."""

    gift: str
    pieces: int
    tender: str = ""
    reference: str = ""
    code: str = ""
    """Drawn at the edge, for a virtual good."""


def may_have(scene: Scene, wanted: Wanted) -> Exchange | Refused:
    """Return what the gift costs, or why the member cannot have it now."""
    stocked = next((each for each in scene.program.gifts if each.gift.id == wanted.gift), None)
    if stocked is None:
        return refused(Reason.NO_RULE)
    gone = scene.tally(tallies.gift(wanted.gift)).count
    had = scene.tally(tallies.gift(wanted.gift, scene.account)).count
    left = max(0, (stocked.stock or 0) - gone)
    return exchange(stocked.gift, wanted.pieces, scene.occasion, scene.available, (left, had))


def give(scene: Scene, wanted: Wanted) -> GiftGiven | Refused:
    """Exchange points, and money if the gift wants some, for a gift."""
    found = may_have(scene, wanted)
    if isinstance(found, Refused):
        return found
    moved = taken(scene.holding, found.points, scene.date)
    if isinstance(moved, Refused):
        return moved
    gift = found.gift
    return GiftGiven(
        scene.account, gift.id, gift.version, gift.name, gift.what.value, gift.grants,
        after_days(scene.date, gift.days) if gift.days else NEVER,
        found.pieces, found.points, found.money,
        wanted.tender if found.money else "", wanted.reference if found.money else "",
        as_parts(moved.parts), wanted.code if gift.what.value == "virtual" else "",
    )  # fmt: skip


def lottery_of(opened: LotteryOpened) -> Lottery:
    """Return the lottery that an entry opened."""
    return Lottery(
        opened.lottery, opened.version, opened.name, opened.prizes, opened.draws_max,
        opened.commitment, opened.points, opened.member_max,
    )  # fmt: skip


def draw(
    scene: Scene, opened: tuple[int, LotteryOpened], secret: bytes, call_id: str
) -> LotteryDrawn | Refused:
    """Draw once in the lottery that the record ``opened`` holds, for the ticket of the member's call."""
    seq, entry = opened
    lottery = lottery_of(entry)
    drawn = scene.tally(tallies.draws(seq)).count
    had = scene.tally(tallies.draws(seq, scene.account)).count
    no = may_draw(lottery, drawn, had, scene.available)
    if no is not None:
        return no
    given = {each.id: scene.tally(tallies.prize(seq, each.id)).count for each in lottery.prizes}
    made = next_draw(lottery, secret, drawn, given, ticket_of(scene.account, call_id))
    moved = taken(scene.holding, lottery.points, scene.date) if lottery.points else None
    if isinstance(moved, Refused):
        return moved
    name = next((each.name for each in lottery.prizes if each.id == made.prize), "")
    return LotteryDrawn(
        scene.account, seq, lottery.id, made.n, made.ticket, made.revealed, made.roll, made.prize,
        name, lottery.points, as_parts(moved.parts) if moved else (), lottery.version,
    )  # fmt: skip
