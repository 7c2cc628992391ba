"""What tills may still spend, whatever happens to their connection: the worst case, by till and unit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Exposed:
    """What is set aside for one till and not known to be spent."""

    terminal: str
    unit: str
    amount: int
    members: int
    expired: int
    """Of ``amount``: the till spends no more of it by itself; free only once it says so."""
    oldest_ms: int
    """When the oldest of it was granted."""


def exposure(ask: Callable[..., Any], now_ms: int) -> list[Exposed]:
    """Return what is granted and not known to be spent or closed, the largest first."""
    rows = ask(
        "SELECT terminal, unit, sum(granted - spent), count(DISTINCT account),"
        " sum(CASE WHEN expires_ms > 0 AND expires_ms <= ? THEN granted - spent ELSE 0 END),"
        " min(granted_ms) FROM allowance JOIN allowance_lot ON allowance.id = allowance_lot.allowance"
        " WHERE state IN (0, 1) AND spent < granted GROUP BY terminal, unit ORDER BY 3 DESC, 1, 2",
        (now_ms,),
    ).fetchall()
    return [
        Exposed(terminal, unit, int(amount), int(members), int(expired), int(oldest))
        for terminal, unit, amount, members, expired, oldest in rows
    ]


def missing(ask: Callable[..., Any], timeline: int) -> list[str]:
    """Return the tills that must be heard before anything is granted in a new timeline."""
    if timeline <= 1:
        return []
    rows = ask(
        "SELECT terminal FROM till_key WHERE terminal NOT IN (SELECT roll_call.terminal"
        " FROM roll_call JOIN stream ON stream.ledger_id = roll_call.ledger_id"
        " AND stream.branch = 0 WHERE roll_call.timeline = ? AND stream.last_seq >= roll_call.seq)"
        " ORDER BY terminal",
        (timeline,),
    ).fetchall()
    return [row[0] for row in rows]
