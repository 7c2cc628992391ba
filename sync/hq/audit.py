"""The audit log: who did what, when and from where, written in the transaction that does it."""

from dataclasses import dataclass

from sync.hq.database import Database
from sync.hq.reader import Ask

DETAIL_CHARS_MAX, SUBJECT_CHARS_MAX = 500, 200


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, when and from where."""

    who: str
    """A person's name, ``key:NAME`` of a program, or ``command`` of the command line."""
    address: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    id: int
    at_ms: int
    who: str
    address: str
    what: str
    """A stable key, such as ``person-added``."""
    subject: str
    detail: str


WHATS = (
    "signed-in", "sign-in-refused", "locked", "signed-out", "password-changed",
    "person-added", "person-changed", "person-removed", "password-reset",
    "key-made", "key-revoked", "settled", "unsettled", "retaken", "exported",
    "member-erased", "conflict-settled", "merged",
    "token-made", "token-cancelled", "till-enrolled", "till-revoked",
    "rules-uploaded", "rules-rolled-out", "rules-taken-back",
)  # fmt: skip
"""Everything that is written here by this program's own pages."""


def note(database: Database, act: Act, what: str, subject: str, detail: str = "") -> None:
    """Write one line, in the caller's transaction."""
    (number,) = database.one("SELECT coalesce(max(id), 0) + 1 FROM audit")
    database.sql.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number, act.now_ms, act.who, act.address, what, subject[:SUBJECT_CHARS_MAX],
            detail[:DETAIL_CHARS_MAX],
        ),
    )  # fmt: skip


def lines(ask: Ask, limit: int, before: int | None, who: str = "") -> tuple[Line, ...]:
    """Return lines, newest first."""
    rows = ask(
        "SELECT id, at_ms, who, address, what, subject, detail FROM audit"
        " WHERE id < ? AND (? = '' OR who = ?) ORDER BY id DESC LIMIT ?",
        (2**62 if before is None else before, who, who, limit),
    ).fetchall()
    return tuple(Line(*row) for row in rows)
