"""Sales that were worked out again, where one came out otherwise, and what became of coupons."""

import json
import re
from dataclasses import dataclass

from sync.hq.page import asking
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, Question
from sync.hq.reader import Ask, HqReader
from sync.hq.schema import seq_of, stream_of

GAPS_MAX = 100
_NOT_KEPT = re.compile(r"(rules|catalogue) version (\S{1,40}) is not kept here")
CAMPAIGNS_MAX = 200
DOUBLES_MAX = 100


@dataclass(frozen=True, slots=True)
class Differing:
    """One value of a sale that came out otherwise."""

    what: str
    """As :class:`terminal.core.again.Difference` names it."""
    line: int
    """Number of the line, 0 for the whole sale."""
    recorded: str
    computed: str


@dataclass(frozen=True, slots=True)
class OddSale:
    """A sale that came out otherwise."""

    id: int
    ledger_id: str
    branch: int
    terminal: str
    seq: int
    at_ms: int
    rules: str
    differences: tuple[Differing, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Sales of one till that cannot be compared, and why."""

    terminal: str
    why: str
    """In English, as the till's command says it too."""
    gone: str
    """``rules`` or ``catalogue`` where it is a version that is not kept here, otherwise empty."""
    version: str
    count: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """What became of a campaign's coupons."""

    name: str
    issued: int
    redeemed: int
    twice: int
    """Redeemed at two tills."""


@dataclass(frozen=True, slots=True)
class Double:
    """A coupon that was redeemed twice: in which records."""

    coupon: str
    campaign: str
    first: tuple[str, int, int]
    """Ledger, branch and number of the record."""
    second: tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class ChecksAnswer:
    """How all sales compare with themselves; differences newest first."""

    equal: int
    different: int
    unknown: int
    waiting: int
    """Records that were not looked at yet."""
    rows: tuple[OddSale, ...]
    next: int | None
    gaps: tuple[Gap, ...]
    campaigns: tuple[Campaign, ...]
    doubles: tuple[Double, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """The questions, over one reader."""

    reader: HqReader

    def questions(self) -> dict[str, Question]:
        """Return every question by the name it has in paths and calls."""
        return {"checks": self.checks}

    def checks(self, _path: Given, query: Given, _language: Language) -> ChecksAnswer:
        """Return how all sales compare."""
        limit = asking.rows(query)
        before = asking.whole(query, "before", 1, asking.NUMBER_MAX)
        with self.reader.reading() as ask:
            sums = ask(
                "SELECT coalesce(sum(equal), 0), coalesce(sum(different), 0),"
                " coalesce(sum(unknown), 0) FROM recheck"
            ).fetchone()
            waiting = ask(
                "SELECT coalesce(sum(last_seq - coalesce(recheck.seq, base_seq)), 0) FROM stream"
                " LEFT JOIN recheck ON recheck.stream = stream.id"
            ).fetchone()[0]
            rows = ask(
                "SELECT record, at_ms, rules, detail FROM recheck_found WHERE record < ?"
                " ORDER BY record DESC LIMIT ?",
                (2**62 if before is None else before, limit + 1),
            ).fetchall()
            found = tuple(_odd(ask, tuple(row)) for row in rows[:limit])
            return ChecksAnswer(
                int(sums[0]), int(sums[1]), int(sums[2]), int(waiting),
                found, found[-1].id if len(rows) > limit else None,
                _gaps(ask), _campaigns(ask), _doubles(ask),
            )  # fmt: skip


def _odd(ask: Ask, row: tuple[int, int, str, str]) -> OddSale:
    record, at_ms, rules, detail = row
    ledger_id, branch, seq = _name(ask, record)
    terminal = ask("SELECT terminal FROM stream WHERE id = ?", (stream_of(record),)).fetchone()
    differences = tuple(Differing(**each) for each in json.loads(detail))
    return OddSale(
        record, ledger_id, branch, terminal[0] if terminal else "", seq, at_ms, rules, differences
    )


def _name(ask: Ask, record: int) -> tuple[str, int, int]:
    row = ask("SELECT ledger_id, branch FROM stream WHERE id = ?", (stream_of(record),)).fetchone()
    return (row[0], row[1], seq_of(record)) if row else ("", 0, seq_of(record))


def _gaps(ask: Ask) -> tuple[Gap, ...]:
    rows = ask(
        "SELECT terminal, why, count, first_seq, recheck_gap.last_seq FROM recheck_gap"
        " JOIN stream ON stream.id = recheck_gap.stream ORDER BY count DESC, terminal, why LIMIT ?",
        (GAPS_MAX,),
    ).fetchall()
    return tuple(Gap(row[0], row[1], *_gone(row[1]), *tuple(row)[2:]) for row in rows)


def _gone(why: str) -> tuple[str, str]:
    found = _NOT_KEPT.fullmatch(why)
    return (found[1], found[2]) if found else ("", "")


def _campaigns(ask: Ask) -> tuple[Campaign, ...]:
    rows = ask(
        "SELECT campaign, count(*) FILTER (WHERE issued <> 0), count(*) FILTER (WHERE redeemed <> 0),"
        " count(*) FILTER (WHERE again <> 0) FROM coupon GROUP BY campaign ORDER BY campaign LIMIT ?",
        (CAMPAIGNS_MAX,),
    ).fetchall()
    return tuple(Campaign(*tuple(row)) for row in rows)


def _doubles(ask: Ask) -> tuple[Double, ...]:
    rows = ask(
        "SELECT id, campaign, redeemed, again FROM coupon WHERE again <> 0 ORDER BY again DESC LIMIT ?",
        (DOUBLES_MAX,),
    ).fetchall()
    return tuple(Double(row[0], row[1], _name(ask, row[2]), _name(ask, row[3])) for row in rows)
