"""What tills may still spend, whatever happens to their connection: the worst case, by till and unit."""

from dataclasses import dataclass

from sync.hq.database import Sql


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


def exposure(sql: Sql, now_ms: int) -> list[Exposed]:
    """Return what is granted and not known to be spent or closed, the largest first."""
    rows = sql.execute(
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
