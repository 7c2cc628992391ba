"""People who sign in at the head office, kept in its database: made, let in, locked out, taken away.

Whoever gives a wrong password five times in a row waits, each time twice as long, whether the name exists or
not. The last administrator cannot be taken away.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from sync.hq import audit, passwords
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.passwords import hashed, is_good, is_right
from sync.hq.reader import Ask
from sync.hq.roles import Role

PEOPLE_MAX = 500
WRONG_MAX = 5
WAIT_MS_FIRST, WAIT_MS_MAX = 60_000, 3_600_000
WAITS_MAX = 1_000
"""Names that gave a wrong password are remembered up to so many; the oldest are dropped."""
NAME = re.compile(r"[^\W_][\w.@-]{0,39}")


class DeniedError(Exception):
    """A person asked for what cannot be; ``key`` is stable and translated."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    name: str
    role: Role
    must_change: bool
    active: bool
    made_ms: int
    stamp: str = ""
    """Another one with each password, so that a changed password ends what was open under the old."""


def current(ask: Ask, name: str) -> Person | None:
    """Return who somebody is now, ``None`` for nobody, or whose account is closed."""
    row = ask(
        "SELECT name, role, must_change, made_ms, verifier FROM person WHERE name = ? AND active = 1",
        (name,),
    ).fetchone()
    if row is None:
        return None
    return Person(
        row[0], Role(row[1]), bool(row[2]), active=True, made_ms=row[3], stamp=_stamp(row[4])
    )


def _stamp(verifier: str) -> str:
    return sha256(verifier.encode()).hexdigest()


def everybody(ask: Ask) -> tuple[Person, ...]:
    """Return all people, by name."""
    rows = ask(
        "SELECT name, role, must_change, active, made_ms FROM person ORDER BY name"
    ).fetchall()
    return tuple(Person(row[0], Role(row[1]), bool(row[2]), bool(row[3]), row[4]) for row in rows)


def add(database: Database, act: Act, name: str, role: Role, verifier: str) -> None:
    """Let somebody in, with a one-time password whose verifier is given.

    Raises:
        DeniedError: ``bad-name``, ``name-taken`` or ``too-many``.
    """
    if not NAME.fullmatch(name):
        raise DeniedError("bad-name")
    with database.transaction():
        (count,) = database.one("SELECT count(*) FROM person")
        if count >= PEOPLE_MAX:
            raise DeniedError("too-many")
        if database.sql.execute("SELECT 1 FROM person WHERE name = ?", (name,)).fetchone():
            raise DeniedError("name-taken")
        database.sql.execute(
            "INSERT INTO person VALUES (?, ?, ?, 1, 1, ?)", (name, role, verifier, act.now_ms)
        )
        audit.note(database, act, "person-added", name, role)


def change(database: Database, act: Act, name: str, role: Role, *, active: bool) -> None:
    """Give somebody another role, or close or open their account.

    Raises:
        DeniedError: ``no-such-person`` or ``last-administrator``.
    """
    with database.transaction():
        _found(database, name)
        database.sql.execute(
            "UPDATE person SET role = ?, active = ? WHERE name = ?", (role, int(active), name)
        )
        _keep_an_administrator(database)
        detail = f"{role}, {'open' if active else 'closed'}"
        audit.note(database, act, "person-changed", name, detail)


def reset(database: Database, act: Act, name: str, verifier: str) -> None:
    """Give somebody another one-time password, and let them try at once.

    Raises:
        DeniedError: ``no-such-person``.
    """
    with database.transaction():
        _found(database, name)
        database.sql.execute(
            "UPDATE person SET verifier = ?, must_change = 1 WHERE name = ?", (verifier, name)
        )
        database.sql.execute("DELETE FROM sign_in_wait WHERE name = ?", (name,))
        audit.note(database, act, "password-reset", name)


def choose(database: Database, act: Act, old: str, new: str, salt: bytes) -> None:
    """Change one's own password.

    Raises:
        DeniedError: ``wrong-password``, ``weak-password`` or ``no-such-person``.
    """
    name = act.who
    verifier, _ = _found(database, name)
    if not is_right(old, verifier):
        raise DeniedError("wrong-password")
    if not is_good(new, name) or new == old:
        raise DeniedError("weak-password")
    made = hashed(new, salt)
    with database.transaction():
        database.sql.execute(
            "UPDATE person SET verifier = ?, must_change = 0 WHERE name = ?", (made, name)
        )
        audit.note(database, act, "password-changed", name)


def sign_in(database: Database, act: Act, password: str) -> Person:
    """Return who signs in as ``act.who``.

    Raises:
        DeniedError: ``wrong-sign-in``, or ``wait`` while too many were wrong.
    """
    name = act.who
    wrong, until_ms = _wait(database, name)
    if act.now_ms < until_ms:
        raise DeniedError("wait")
    row = database.sql.execute(
        "SELECT role, must_change, active, made_ms, verifier FROM person WHERE name = ?", (name,)
    ).fetchone()
    is_there = row is not None and bool(row[2])
    if not is_right(password, row[4] if is_there else None):
        _count_wrong(database, act, wrong + 1)
        raise DeniedError("wrong-sign-in")
    with database.transaction():
        database.sql.execute("DELETE FROM sign_in_wait WHERE name = ?", (name,))
        audit.note(database, act, "signed-in", name)
    stamp = _stamp(row[4])
    return Person(name, Role(row[0]), bool(row[1]), active=True, made_ms=row[3], stamp=stamp)


def _count_wrong(database: Database, act: Act, wrong: int) -> None:
    is_locked = wrong >= WRONG_MAX
    wait_ms = min(WAIT_MS_MAX, WAIT_MS_FIRST << min(wrong - WRONG_MAX, 12)) if is_locked else 0
    with database.transaction():
        database.sql.execute(
            "INSERT INTO sign_in_wait VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
            " wrong = excluded.wrong, until_ms = excluded.until_ms, at_ms = excluded.at_ms",
            (act.who, wrong, act.now_ms + wait_ms, act.now_ms),
        )
        database.sql.execute(
            "DELETE FROM sign_in_wait WHERE name IN (SELECT name FROM sign_in_wait"
            " ORDER BY at_ms DESC LIMIT 10000 OFFSET ?)",
            (WAITS_MAX,),
        )
        audit.note(database, act, "locked" if is_locked else "sign-in-refused", act.who)


def _wait(database: Database, name: str) -> tuple[int, int]:
    row = database.sql.execute(
        "SELECT wrong, until_ms FROM sign_in_wait WHERE name = ?", (name,)
    ).fetchone()
    return (0, 0) if row is None else (row[0], row[1])


def _found(database: Database, name: str) -> tuple[str, str]:
    row = database.sql.execute(
        "SELECT verifier, role FROM person WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise DeniedError("no-such-person")
    return row[0], row[1]


def _keep_an_administrator(database: Database) -> None:
    (count,) = database.one(
        "SELECT count(*) FROM person WHERE role = ? AND active = 1", Role.ADMINISTRATOR
    )
    if not count:
        raise DeniedError("last-administrator")


assert passwords.PASSWORD_MIN >= 8  # noqa: PLR2004 - NIST SP 800-63B, 5.1.1.1.
