"""From a request's parameters to an answer: the one path that pages and their JSON twins share."""

from collections.abc import Callable
from dataclasses import dataclass

from sync.hq import audit, people, programs
from sync.hq.page import answers, asking, fleet
from sync.hq.page.answers import (
    BalancesAnswer,
    OverviewAnswer,
    SalesAnswer,
)
from sync.hq.page.around import Around
from sync.hq.page.language import Language
from sync.hq.page.opened import RecordAnswer, opened
from sync.hq.reader import HqReader
from terminal.core import accounts

Given = asking.Given
Answer = object
"""A frozen dataclass of plain fields: what the templates draw and programs get as JSON."""
Question = Callable[[Given, Given, Language], Answer]


@dataclass(frozen=True, slots=True)
class PeopleAnswer:
    """Who may sign in, and which programs may ask."""

    people: tuple[people.Person, ...]
    keys: tuple[programs.ProgramKey, ...]


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """A page of the audit log, newest first; ``next`` is the ``before`` of the page below."""

    lines: tuple[audit.Line, ...]
    next: int | None


class NotFoundError(Exception):
    """Nothing of that name is in the database."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Every question the page can ask. Each takes the path's and the query's parameters.

    Raises:
        BadParameterError: A parameter is malformed.
        NotFoundError: The record asked for does not exist.
    """

    reader: HqReader
    around: Around

    def by_name(self) -> dict[str, Question]:
        """Return every question by the name it has in routes and templates."""
        return {
            "overview": self.overview,
            "tills": self.tills,
            "sales": self.sales,
            "entry": self.entry,
            "balances": self.balances,
            "people": self.people,
            "audit": self.audit,
        }

    def overview(self, _path: Given, _query: Given, language: Language) -> OverviewAnswer:
        """Return the head office at a glance."""
        return answers.overview(self.reader, self.around, language)

    def tills(self, _path: Given, query: Given, _language: Language) -> fleet.TillsAnswer:
        """Return a page of the fleet."""
        with self.reader.reading() as ask:
            return fleet.page(ask, query)

    def sales(self, _path: Given, query: Given, language: Language) -> SalesAnswer:
        """Return a page of sales with their reasons."""
        limit = asking.rows(query)
        found = self.reader.newest_sales(
            limit + 1,
            asking.whole(query, "before", 1, asking.NUMBER_MAX),
            terminal=asking.text(query, "terminal"),
            member=asking.text(query, "member"),
        )
        shown = found[:limit]
        listed = answers.sales(self.reader, self.around, language, shown)
        return SalesAnswer(listed, shown[-1].id if len(found) > limit else None)

    def entry(self, path: Given, query: Given, language: Language) -> RecordAnswer:
        """Return one record, opened."""
        name = asking.record(path, query)
        record = self.reader.entry(name.ledger_id, name.seq, name.branch)
        if record is None:
            raise NotFoundError(f"no record {name.seq} in ledger {name.ledger_id}")
        follower = self.reader.entry(name.ledger_id, name.seq + 1, name.branch)
        return opened(record, language, newest=follower is None)

    def balances(self, _path: Given, query: Given, _language: Language) -> BalancesAnswer:
        """Return a page of balances; without a search, of the members'."""
        limit = asking.rows(query)
        search = asking.text(query, "search") or accounts.member("")
        found = self.reader.balances(search, limit + 1, asking.last_account(query))
        shown = [answers.balance(row, self.around) for row in found[:limit]]
        more = len(found) > limit
        return BalancesAnswer(tuple(shown), (shown[-1].account, shown[-1].unit) if more else None)

    def people(self, _path: Given, _query: Given, _language: Language) -> PeopleAnswer:
        """Return who may sign in, and the keys of programs."""
        with self.reader.reading() as ask:
            return PeopleAnswer(people.everybody(ask), programs.listed(ask))

    def audit(self, _path: Given, query: Given, _language: Language) -> AuditAnswer:
        """Return a page of the audit log."""
        limit = asking.rows(query)
        before = asking.whole(query, "before", 1, asking.NUMBER_MAX)
        with self.reader.reading() as ask:
            found = audit.lines(ask, limit + 1, before, asking.text(query, "who"))
        return AuditAnswer(found[:limit], found[limit - 1].id if len(found) > limit else None)
