"""Members as the head office last stated them, found by card, phone, account number or text.

What the page shows of points and stored value is the statement plus what this till posted since: the
statement says which balance of this till it already contains (``base``).
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from terminal.core import accounts
from terminal.core.pricing.basket import Member
from terminal.store.swap import open_whole, replace_whole

_MARK = 0x74706D62
FOUND_MAX = 50
TEXT_MAX = 60
_TABLES = """
CREATE TABLE tier (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE member (account TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL,
    tier TEXT NOT NULL REFERENCES tier, birthday TEXT NOT NULL,
    points INTEGER NOT NULL, points_base INTEGER NOT NULL,
    principal INTEGER NOT NULL, principal_base INTEGER NOT NULL,
    bonus INTEGER NOT NULL, bonus_base INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE medium (medium TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lost (medium TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
"""
_UNITS = (accounts.POINTS, accounts.PRINCIPAL, accounts.BONUS)
_SELECT = "SELECT member.* FROM member"
_Row = tuple[str, str, str, str, str, int, int, int, int, int, int]

Holdings = Callable[[str], dict[str, int]]
"""Signed balances of an account of this till's ledger, by unit."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the head office says a member holds, positive, of one unit."""

    unit: str
    amount: int
    base: int = 0
    """The signed balance of this till's ledger that ``amount`` already contains."""


_NOTHING = Statement("", 0)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member, with all that names them."""

    account: str
    name: str
    tier: str
    phone: str = ""
    birthday: str = ""
    media: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberTables:
    """All of ``members.db``."""

    tiers: Iterable[tuple[str, str]]
    """Id and name."""
    members: Iterable[MemberRow]
    lost: Iterable[str] = field(default=())
    """Media that were reported lost."""


def build_members(path: Path, tables: MemberTables) -> None:
    """Put ``tables`` in the place of the file at ``path``.

    Raises:
        MasterDataError: It could not be written, or names something twice; the old file is untouched.
    """
    replace_whole(path, partial(_fill, tables))


def shown(statement: int, base: int, balance: int) -> int:
    """Return what a member holds: the statement and what this till moved since, turned positive.

    >>> shown(statement=100, base=-20, balance=-29)
    109
    """
    return statement - (balance - base)


class Members:
    """Finds members; used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, holdings: Holdings) -> None:
        self._connection = connection
        self._run = connection.execute
        self._holdings = holdings
        # The file never changes in place, and a tap should not ask twice.
        self._lost = frozenset(row[0] for row in self._run("SELECT medium FROM lost").fetchall())
        self._tiers: dict[str, str] = dict(self._run("SELECT id, name FROM tier").fetchall())

    @classmethod
    def open(cls, path: Path, holdings: Holdings) -> Self:
        """Open the file at ``path``; ``holdings`` answers from the till's own ledger.

        Raises:
            MasterDataError: It cannot be opened.
        """
        return cls(open_whole(path, _MARK), holdings)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def by_medium(self, medium: str) -> Member | None:
        """Return whose card ``medium`` is, for example ``uid:04a1b2c3d4e5f6``; None: nobody's."""
        row = self._run(
            "SELECT member.* FROM medium JOIN member USING (account) WHERE medium = ?", (medium,)
        ).fetchone()
        return self._member(row, medium) if row else None

    def is_lost(self, medium: str) -> bool:
        """Return whether the card was reported lost and must not be accepted."""
        return medium in self._lost

    def by_account(self, account: str) -> Member | None:
        """Return the member with this account number."""
        row = self._run(f"{_SELECT} WHERE account = ?", (account,)).fetchone()
        return self._member(row, "number") if row else None

    def by_phone(self, phone: str) -> tuple[Member, ...]:
        """Return all members with this phone number: a family may share one."""
        rows = self._run(f"{_SELECT} WHERE phone = ? AND phone != '' LIMIT ?", (phone, FOUND_MAX))
        return tuple(self._member(row, "phone") for row in rows.fetchall())

    def search(self, text: str, limit: int) -> tuple[Member, ...]:
        """Return members whose name holds ``text``, or whose phone or number ends or begins with it."""
        wanted = text.strip()[:TEXT_MAX]
        if not wanted:
            return ()
        like = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._run(
            f"{_SELECT} WHERE name LIKE ? ESCAPE '\\' OR phone LIKE ? ESCAPE '\\'"
            " OR account LIKE ? ESCAPE '\\' ORDER BY account LIMIT ?",
            (f"%{like}%", f"%{like}", f"{like}%", max(0, min(limit, FOUND_MAX))),
        )
        return tuple(self._member(row, "number") for row in rows.fetchall())

    def some(self, limit: int) -> tuple[tuple[str, str, str], ...]:
        """Return name, tier and one medium of some members, for a till that shows how it works."""
        rows = self._run(
            "SELECT member.name, tier.name, min(medium) FROM medium JOIN member USING (account)"
            " JOIN tier ON tier.id = member.tier GROUP BY account ORDER BY account LIMIT ?",
            (min(limit, FOUND_MAX),),
        ).fetchall()
        return tuple((name, tier, medium) for name, tier, medium in rows)

    def _member(self, row: _Row, medium: str) -> Member:
        (
            account,
            name,
            phone,
            tier,
            birthday,
            points,
            base,
            stored,
            stored_base,
            bonus,
            bonus_base,
        ) = row
        own = self._holdings(accounts.member(account)).get
        return Member(
            account, name, phone, tier, self._tiers[tier],
            shown(points, base, own(accounts.POINTS, 0)),
            shown(stored, stored_base, own(accounts.PRINCIPAL, 0)),
            shown(bonus, bonus_base, own(accounts.BONUS, 0)),
            birthday, medium,
        )  # fmt: skip


def _fill(tables: MemberTables, connection: sqlite3.Connection) -> None:
    for table in _TABLES.split(";\n"):
        connection.execute(table)
    many = connection.executemany
    many("INSERT INTO tier VALUES (?, ?)", tables.tiers)
    for row in tables.members:
        stated = {each.unit: each for each in row.statements}
        amounts = [stated.pop(unit, _NOTHING) for unit in _UNITS]
        assert not stated, f"member {row.account}: no such unit {sorted(stated)}"
        connection.execute(
            "INSERT INTO member VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.account, row.name, row.phone, row.tier, row.birthday,
                *(part for each in amounts for part in (each.amount, each.base)),
            ),
        )  # fmt: skip
        many("INSERT INTO medium VALUES (?, ?)", [(medium, row.account) for medium in row.media])
    many("INSERT INTO lost VALUES (?)", [(medium,) for medium in tables.lost])
    connection.execute("CREATE INDEX member_phone ON member (phone)")
    connection.execute(f"PRAGMA application_id = {_MARK}")
