"""What a person decided on something that waits for a person, with their reason; and taking that back."""

from dataclasses import dataclass

from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database, StoreError
from sync.hq.ownledger import NotTakenError, OwnLedger
from sync.hq.people import DeniedError
from terminal.core.officebook import Verdict
from terminal.core.points.dates import BusinessDate

KINDS = ("record", "refused", "anomaly")
"""A record in quarantine, a refused message, an anomaly."""
REASON_MIN, REASON_MAX = 3, 200
SUBJECT_CHARS_MAX = 200
_THERE = {
    "record": "SELECT stream.ledger_id || '/' || stream.branch || '#' || (record & 1099511627775)"
    " FROM quarantine JOIN stream ON stream.id = record >> 40 WHERE record = ?",
    "refused": "SELECT id, topic, reason FROM refused WHERE id = ?",
    "anomaly": "SELECT anomaly.kind, anomaly.terminal, account, coalesce(stream.ledger_id || '/'"
    " || stream.branch || '#' || (record & 1099511627775), '') FROM anomaly"
    " LEFT JOIN stream ON stream.id = record >> 40 WHERE anomaly.id = ?",
}
"""What says of each that it is there, and which it is."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Writes what was decided into the head office's own ledger as well."""

    own: OwnLedger
    date: BusinessDate

    def open(self, act: Act) -> None:
        """Make ready; before the transaction in which something is decided."""
        self.own.open(act.now_ms)

    def write(self, act: Act, what: str, subject: str, reason: str) -> None:
        """Write one verdict, in the caller's transaction.

        Raises:
            StoreError: Somebody else wrote at the same moment; try again.
        """
        try:
            self.own.post_within(Verdict(what, subject, reason, act.who), self.date, act.now_ms)
        except NotTakenError as error:
            raise StoreError(str(error)) from error


def settle(
    database: Database, act: Act, kind: str, number: int, reason: str, judge: Judge | None = None
) -> None:
    """Write down that ``kind`` ``number`` needs nobody any more, and why.

    Raises:
        DeniedError: ``reason-wanted``, ``not-there``.
    """
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        raise DeniedError("reason-wanted")
    if judge is not None:
        judge.open(act)
    with database.transaction():
        subject = _subject(database, kind, number)
        if subject is None:
            raise DeniedError("not-there")
        database.sql.execute(
            "INSERT INTO settled VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET"
            " at_ms = excluded.at_ms, who = excluded.who, reason = excluded.reason",
            (kind, number, act.now_ms, act.who, reason),
        )
        if judge is not None:
            judge.write(act, kind, subject, reason)
        audit.note(database, act, "settled", f"{kind} {number}", reason)


def unsettle(
    database: Database, act: Act, kind: str, number: int, judge: Judge | None = None
) -> None:
    """Open it again."""
    if judge is not None:
        judge.open(act)
    with database.transaction():
        done = database.sql.execute("DELETE FROM settled WHERE kind = ? AND id = ?", (kind, number))
        if judge is not None and done.rowcount:
            judge.write(act, kind, _subject(database, kind, number) or str(number), "")
        audit.note(database, act, "unsettled", f"{kind} {number}")


def _subject(database: Database, kind: str, number: int) -> str | None:
    """Return which one it is, so that the ledger alone says it; ``None``: there is none."""
    row = database.sql.execute(_THERE[kind], (number,)).fetchone()
    if row is None:
        return None
    name = " ".join(str(each) for each in row if each != "")
    return name.replace("\x00", "")[:SUBJECT_CHARS_MAX]
