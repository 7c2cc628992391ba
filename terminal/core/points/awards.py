"""Points without a sale: registration, referral, top-up, events, sharing, check-in, by hand, penalties.

Each function returns how many points whom; the lot is made by :func:`terminal.core.points.moves.granted`
and a correction by :func:`adjusted`. What a member had before is read by the caller from the ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from terminal.core.points.dates import NEVER, BusinessDate, after_days
from terminal.core.points.lots import Flows, Holding, Origin
from terminal.core.points.moves import Moved, granted, out, usable
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.points.rules import Ladder, Terms
from terminal.core.units import Minor, Points

LEVELS_MAX = 9
"""Levels of referral a rule may have; the law's default is one, which the rule file's check says."""
CYCLE_MAX = 366
"""Days in a table of check-ins."""
BY_HAND_MAX: Points = 1_000_000
REASON_CHARS_MAX = 200


class Then(StrEnum):
    """What follows the last day of a check-in table."""

    HOLD = "hold"
    """The last day's points again and again (capped)."""
    REPEAT = "repeat"
    """The table from its start (cyclic)."""
    GROW = "grow"
    """The last day's points and ``step`` more each day."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Points for coming back day after day (连续签到)."""

    id: str
    version: str
    name: str
    table: tuple[Points, ...]
    """Points of the first, second, … day of a streak."""
    then: Then
    step: Points
    """For ``GROW``."""

    def __post_init__(self) -> None:
        assert 1 <= len(self.table) <= CYCLE_MAX
        assert all(points >= 0 for points in (*self.table, self.step))


@dataclass(frozen=True, slots=True)
class Streak:
    """How many days in a row a member checked in, and when last."""

    days: int
    last: BusinessDate


NO_STREAK = Streak(0, NEVER)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Points for each time something happens: an event attended, a link shared, a registration."""

    id: str
    version: str
    name: str
    points: Points
    day_max: int
    """Times a day for one member; 0: no limit."""
    total_max: int
    """Times in all for one member; 0: no limit. 1 for registration and for one event."""

    def __post_init__(self) -> None:
        assert min(self.points, self.day_max, self.total_max) >= 0


@dataclass(frozen=True, slots=True)
class Referral:
    """Points for who brought the member, who brought that one, and so on."""

    id: str
    version: str
    name: str
    levels: tuple[Points, ...]
    """For the nearest referrer first."""

    def __post_init__(self) -> None:
        assert 1 <= len(self.levels) <= LEVELS_MAX


@dataclass(frozen=True, slots=True)
class TopUpAward:
    """Points for paying money into a card, by the principal paid in."""

    id: str
    version: str
    name: str
    ladder: Ladder
    points_max: Points


def checked_in(
    rule: CheckIn, before: Streak, today: BusinessDate
) -> tuple[Streak, Points] | Refused:
    """Return the streak with ``today`` and its points; a day left out starts again from the first.

    >>> week = CheckIn("c", "1", "签到", (1, 2, 5), Then.REPEAT, 0)
    >>> checked_in(week, Streak(3, 20261231), 20270101)
    (Streak(days=4, last=20270101), 1)
    """
    if before.last == today:
        return refused(Reason.ALREADY_GIVEN, date=today)
    if today < before.last:
        return refused(Reason.DATE_BEFORE_LAST, last=before.last)
    goes_on = before.last != NEVER and after_days(before.last, 1) == today
    days = before.days + 1 if goes_on else 1
    return Streak(days, today), _day_points(rule, days)


def _day_points(rule: CheckIn, day: int) -> Points:
    table, beyond = rule.table, day - len(rule.table)
    if beyond <= 0:
        return table[day - 1]
    match rule.then:
        case Then.HOLD:
            return table[-1]
        case Then.REPEAT:
            return table[(day - 1) % len(table)]
        case Then.GROW:
            return table[-1] + beyond * rule.step


def occurred(rule: Occurrence, today: int, in_all: int) -> Points | Refused:
    """Return the points for one more time, after so many ``today`` and ``in_all``."""
    if rule.day_max and today >= rule.day_max:
        return refused(Reason.MEMBER_LIMIT, day_max=rule.day_max)
    if rule.total_max and in_all >= rule.total_max:
        return refused(Reason.ALREADY_GIVEN, total_max=rule.total_max)
    return rule.points


def referred(
    rule: Referral, account: str, referrers: Sequence[str]
) -> tuple[tuple[str, Points], ...]:
    """Return who gets what because ``account`` joined; ``referrers`` are the nearest first.

    Nobody is paid twice or for themselves: a ring of referrals ends where it closes.
    """
    paid: list[tuple[str, Points]] = []
    seen = {account}
    for who, points in zip(referrers, rule.levels, strict=False):
        if who in seen:
            break
        seen.add(who)
        if points:
            paid.append((who, points))
    return tuple(paid)


def topped_up(rule: TopUpAward, principal: Minor) -> Points:
    """Return the points for a top-up, rounded down once."""
    numerator, denominator = rule.ladder.at(principal)
    return min(numerator // denominator, rule.points_max)


def adjusted(
    holding: Holding, origin: Origin, points: Points, terms: Terms, on: tuple[BusinessDate, str]
) -> Moved | Refused:
    """Give points by hand or by import, or take them as a penalty (negative), for a reason.

    ``on`` is the date and the reason. The holding is settled; a penalty beyond what is available becomes
    a debt.
    """
    date, reason = on
    if not reason.strip() or len(reason) > REASON_CHARS_MAX:
        return refused(Reason.REASON_MISSING, chars_max=REASON_CHARS_MAX)
    if not points or abs(points) > BY_HAND_MAX:
        return refused(Reason.AMOUNT_RANGE, points_max=BY_HAND_MAX)
    flows = Flows(adjusted=points)
    if points > 0:
        return replace(granted(holding, origin, points, terms, date), flows=flows)
    after, parts = out(holding, -points, usable(holding, date))
    owed = -points - sum(part.points for part in parts)
    return Moved(replace(after, debt=after.debt + owed), parts, flows)
