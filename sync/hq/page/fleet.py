"""The fleet: every stream with what its till says of itself, those that need a person first, page by page."""

from dataclasses import dataclass
from typing import Any

from sync.hq.page import asking
from sync.hq.page.asking import BadParameterError
from sync.hq.reader import Ask
from sync.hq.views import Chain, Till

STATES = ("trouble", "silent", "waiting")
"""What the list can be cut to: chains that are not whole, tills not connected, records on their way."""
_FORKED = "differs from another ledger of the same name after record {}"
_HAS_FORKS = "has {} branches: its card was copied"
_RANKED = """WITH fork AS (
    SELECT ledger_id AS forked, count(*) AS forks FROM stream WHERE branch > 0 GROUP BY ledger_id
), ranked AS (
    SELECT stream.*, coalesce(fork.forks, 0) AS forks,
        CASE WHEN head_seq > last_seq THEN head_seq - last_seq ELSE 0 END AS lag,
        CASE WHEN branch > 0 OR fork.forks > 0 THEN 0 WHEN refusal <> '' THEN 1
            WHEN quarantined > 0 THEN 2 WHEN connected = 0 THEN 3
            WHEN abs(skew_ms) > 60000 THEN 4 ELSE 5 END AS urgency
    FROM stream LEFT JOIN fork ON fork.forked = stream.ledger_id
)"""
_ROWS = (
    _RANKED  # noqa: S608 - our own words
    + """ SELECT ranked.terminal, ledger_id, branch, last_seq, head_seq, lag, connected, heard_ms,
    record_ms, skew_ms, forks, refusal, quarantined, base_seq, key_id, last_digest, sales, sales_amount,
    urgency, coalesce(program, ''), coalesce(rules, ''), coalesce(rules_since_ms, 0),
    coalesce(rules_fault, ''), coalesce(paper, ''), coalesce(disk_mb, -1), coalesce(clock, '')
    FROM ranked LEFT JOIN till_health ON till_health.terminal = ranked.terminal
    WHERE (urgency, ranked.terminal, ledger_id, branch) > (?, ?, ?, ?)
    AND (? = '' OR (? = 'trouble' AND urgency < 3) OR (? = 'silent' AND connected = 0)
        OR (? = 'waiting' AND lag > 0))
    AND (? = '' OR lower(ranked.terminal) LIKE ?)
    ORDER BY urgency, ranked.terminal, ledger_id, branch LIMIT ?"""
)
_SUMS = (
    _RANKED  # noqa: S608 - our own words
    + " SELECT coalesce(sum(lag), 0), count(CASE WHEN urgency < 3 THEN 1 END) FROM ranked"
)
Place = tuple[int, str, str, int]
START: Place = (-1, "", "", 0)


@dataclass(frozen=True, slots=True)
class FleetTill(Till):
    """A stream with what its till last said of itself; empty where it has not, or is of an older version."""

    urgency: int
    """0 forked, 1 refused, 2 quarantine, 3 silent, 4 clock off, 5 well."""
    program: str
    """Version of the till's program."""
    rules: str
    """Version of the rules in force there."""
    rules_since_ms: int
    rules_fault: str
    """Why a newer version is not in force, otherwise empty."""
    paper: str
    """``ok``, ``low``, ``out``, ``unknown`` or empty."""
    disk_mb: int
    """Free on its disk, -1 unknown."""
    clock: str
    """``synchronised``, ``alone`` or empty."""


@dataclass(frozen=True, slots=True)
class TillsAnswer:
    """Tills, those that need a person first; ``next`` is the ``after`` of the page below."""

    tills: tuple[FleetTill, ...]
    next: str | None


def fleet(
    ask: Ask, limit: int, after: Place = START, state: str = "", search: str = ""
) -> tuple[FleetTill, ...]:
    """Return streams after a place, in order of urgency."""
    like = "".join(char for char in search.lower() if char.isalnum() or char == "-")
    rows = ask(_ROWS, (*after, state, state, state, state, search, f"%{like}%", limit)).fetchall()
    return tuple(_till(tuple(row)) for row in rows)


def sums(ask: Ask) -> tuple[int, int]:
    """Return how many records are on their way, and how many chains are not whole."""
    waiting, doubted = ask(_SUMS).fetchone()
    return int(waiting), int(doubted)


def page(ask: Ask, query: asking.Given) -> TillsAnswer:
    """Return the page of the fleet that ``query`` asks for.

    Raises:
        BadParameterError: A parameter is malformed.
    """
    limit, state = asking.rows(query), asking.text(query, "state")
    if state and state not in STATES:
        raise BadParameterError("state", f"must be one of {', '.join(STATES)}")
    found = fleet(ask, limit + 1, _place(query), state, asking.text(query, "search"))
    last = found[limit - 1] if len(found) > limit else None
    place = (
        None if last is None else f"{last.urgency}/{last.terminal}/{last.ledger_id}/{last.branch}"
    )
    return TillsAnswer(found[:limit], place)


def _place(query: asking.Given) -> Place:
    text = asking.text(query, "after")
    if not text:
        return START
    parts = text.split("/")
    if len(parts) != len(START) or not (parts[0] + parts[3]).isdecimal() or not text.isascii():
        raise BadParameterError("after", "must be `next` of the page above")
    return int(parts[0][:2]), parts[1], parts[2], int(parts[3][:9])


def _till(row: tuple[Any, ...]) -> FleetTill:
    (terminal, ledger_id, branch, last, head, lag, connected, heard, recorded, skew, forks, refusal,
     quarantined, base, key, digest, sales, amount, *said) = row  # fmt: skip
    chain, trouble = Chain.WHOLE, ""
    if branch:
        chain, trouble = Chain.FORKED, _FORKED.format(base)
    elif forks:
        chain, trouble = Chain.FORKED, _HAS_FORKS.format(forks)
    elif refusal:
        chain, trouble = Chain.REFUSED, str(refusal)
    elif quarantined:
        chain, trouble = Chain.QUARANTINE, str(quarantined)
    values = (
        terminal, ledger_id, branch, last, max(head, last), lag, bool(connected), heard,
        recorded, skew, chain, trouble, bytes(key).hex(), bytes(digest).hex(), sales, amount,
        *said,
    )  # fmt: skip
    return FleetTill(*values)
