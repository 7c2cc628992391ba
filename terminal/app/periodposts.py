"""Posts the points of a period: a slice at each quiet moment, so that no customer waits for it."""

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic

from terminal.app.edges import Edges
from terminal.app.perform import Performer
from terminal.app.periods import Asked, Found
from terminal.core import accounts
from terminal.core.books import postings_of
from terminal.core.effects import Tell
from terminal.core.points import tallies
from terminal.core.points.dates import NEVER, BusinessDate
from terminal.core.points.entries import GrantedLot, PeriodComputed, PointsGiven, dated
from terminal.core.points.lots import dates_of
from terminal.core.points.periods import ended_before
from terminal.core.points.rules import Kind
from terminal.store.errors import LedgerError

SLICE_S = 0.05
WAITING_MAX = 4
"""Computed periods that wait to be posted; a schedule that finds more is asked again later."""

log = logging.getLogger(__name__)


class PeriodPosts:
    """What was computed and is not posted yet; the loop's."""

    def __init__(self, edges: Edges, performer: Performer) -> None:
        self._edges = edges
        self._performer = performer
        self._waiting: deque[Found] = deque()
        self._at = 0
        self._given = [0, 0]
        self._looked: BusinessDate = NEVER
        self._asked: set[str] = set()
        """Periods that this run has had computed; one that gave nothing leaves no record."""

    def found(self, found: Found) -> None:
        """Take in what was computed."""
        if found.points and len(self._waiting) < WAITING_MAX:
            self._waiting.append(found)

    def quiet(self, tell: Callable[[Tell], None]) -> bool:
        """Use a quiet moment; return whether anything was posted."""
        head = self._edges.ledger.head_seq
        try:
            self._look()
            for each in self._post_some():
                tell(each)
        except LedgerError as error:  # The disk is full; it goes on from there.
            log.warning("points of a period are not posted: %s", error)
        return self._edges.ledger.head_seq != head

    def _look(self) -> None:
        """Have every period computed that is over since this was asked last, once a business day."""
        date = self._edges.time.business_date(self._edges.clock.stamp().wall_ms)
        file = self._edges.promotions.file
        if date == self._looked or file is None or not self._edges.look.wallet.is_authority:
            return
        for each in self._edges.rules.points.computations:
            period = ended_before(each.every, date)
            name = tallies.period(each.rule.id, period.first, period.last)
            if name not in self._asked and not self._edges.ledger.tally(name).count:
                if self._edges.compute(Asked(each.rule.id, period), file):
                    self._asked.add(name)
                return  # One at a time: the next quiet moment looks again.
        self._looked = date

    def _post_some(self) -> tuple[Tell, ...]:
        """Post a slice; return what the result bar says when a period is through."""
        if not self._waiting:
            return ()
        found, until = self._waiting[0], monotonic() + SLICE_S
        while self._at < len(found.points) and monotonic() < until:
            self._post(found, *found.points[self._at])
            self._at += 1
        if self._at < len(found.points):
            return ()
        rule, period = found.computation.rule, found.asked.period
        members, points = self._given
        body = PeriodComputed(
            rule.id, rule.version, rule.name, period.first, period.last, members, points
        )
        self._performer.post(body, (), (), "", None)
        self._waiting.popleft()
        self._at, self._given = 0, [0, 0]
        facts = (("why", rule.name), ("points", points), ("members", members))
        return (Tell("period-posted", "good", facts),)

    def _post(self, found: Found, account: str, points: int) -> None:
        rule, period = found.computation.rule, found.asked.period
        key = f"{rule.id}/{period.first}-{period.last}/{account}"
        if self._edges.ledger.tally(tallies.key(key)).count:
            return
        unit = accounts.STANDING if rule.kind is Kind.STANDING else accounts.POINTS
        date = self._edges.time.business_date(self._edges.clock.stamp().wall_ms)
        lots = dated((GrantedLot(points, *dates_of(rule.terms, date)),))
        body = PointsGiven(
            account, "period", rule.id, rule.version, rule.name, points, unit,
            lots if unit == accounts.POINTS else (), key,
        )  # fmt: skip
        self._performer.post(body, postings_of(body), (), "", None)
        self._given[0] += 1
        self._given[1] += points
