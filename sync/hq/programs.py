"""Keys of programs that ask the head office's API: shown once, kept as hashes, taken back by name.

A key has 256 random bits, so a plain hash of it tells nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from sync.hq import audit
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.people import NAME, DeniedError
from sync.hq.reader import Ask
from sync.hq.roles import Role

KEYS_MAX = 200
KEY_BYTES = 32
_PREFIX = "tph_"


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """A key as it is listed; the key itself is nowhere."""

    name: str
    role: Role
    made_ms: int
    made_by: str
    revoked_ms: int
    """0 while it may be used."""


def digest_of(key: str) -> bytes:
    """Return what is kept of a key."""
    return sha256(key.encode("utf-8", "replace")).digest()


def new(
    database: Database, act: Act, name: str, role: Role, random_bytes: Callable[[int], bytes]
) -> str:
    """Make a key for the program called ``name`` and return it.

    Raises:
        DeniedError: ``bad-name``, ``name-taken`` or ``too-many``.
    """
    if not NAME.fullmatch(name):
        raise DeniedError("bad-name")
    key = _PREFIX + random_bytes(KEY_BYTES).hex()
    with database.transaction():
        (count,) = database.one("SELECT count(*) FROM program_key")
        if count >= KEYS_MAX:
            raise DeniedError("too-many")
        if database.sql.execute("SELECT 1 FROM program_key WHERE name = ?", (name,)).fetchone():
            raise DeniedError("name-taken")
        database.sql.execute(
            "INSERT INTO program_key VALUES (?, ?, ?, ?, ?, 0)",
            (name, digest_of(key), role, act.now_ms, act.who),
        )
        audit.note(database, act, "key-made", name, role)
    return key


def revoke(database: Database, act: Act, name: str) -> None:
    """Take a key back.

    Raises:
        DeniedError: ``no-such-key``.
    """
    with database.transaction():
        there = "SELECT 1 FROM program_key WHERE name = ? AND revoked_ms = 0"
        if database.sql.execute(there, (name,)).fetchone() is None:
            raise DeniedError("no-such-key")
        database.sql.execute(
            "UPDATE program_key SET revoked_ms = ? WHERE name = ?", (act.now_ms, name)
        )
        audit.note(database, act, "key-revoked", name)


def whose(ask: Ask, key: str) -> tuple[str, Role] | None:
    """Return name and role of the program that holds ``key``, or ``None``."""
    if not key.startswith(_PREFIX):
        return None
    row = ask(
        "SELECT name, role FROM program_key WHERE digest = ? AND revoked_ms = 0", (digest_of(key),)
    ).fetchone()
    return None if row is None else (row[0], Role(row[1]))


def listed(ask: Ask) -> tuple[ProgramKey, ...]:
    """Return all keys, by name."""
    rows = ask(
        "SELECT name, role, made_ms, made_by, revoked_ms FROM program_key ORDER BY name"
    ).fetchall()
    return tuple(ProgramKey(row[0], Role(row[1]), *row[2:]) for row in rows)
