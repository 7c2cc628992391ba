"""What a person decided on something that waits for a person, with their reason; and taking that back."""

from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.people import DeniedError

KINDS = ("record", "refused", "anomaly")
"""A record in quarantine, a refused message, an anomaly."""
REASON_MIN, REASON_MAX = 3, 200
_THERE = {
    "record": "SELECT 1 FROM quarantine WHERE record = ?",
    "refused": "SELECT 1 FROM refused WHERE id = ?",
    "anomaly": "SELECT 1 FROM anomaly WHERE id = ?",
}


def settle(database: Database, act: Act, kind: str, number: int, reason: str) -> None:
    """Write down that ``kind`` ``number`` needs nobody any more, and why.

    Raises:
        DeniedError: ``reason-wanted``, ``not-there``.
    """
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise DeniedError("reason-wanted")
    with database.transaction():
        if database.sql.execute(_THERE[kind], (number,)).fetchone() is None:
            raise DeniedError("not-there")
        database.sql.execute(
            "INSERT INTO settled VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET"
            " at_ms = excluded.at_ms, who = excluded.who, reason = excluded.reason",
            (kind, number, act.now_ms, act.who, reason),
        )
        audit.note(database, act, "settled", f"{kind} {number}", reason)


def unsettle(database: Database, act: Act, kind: str, number: int) -> None:
    """Open it again."""
    with database.transaction():
        database.sql.execute("DELETE FROM settled WHERE kind = ? AND id = ?", (kind, number))
        audit.note(database, act, "unsettled", f"{kind} {number}")
