"""Members as the head office last described them, found by card, phone, account number or text.

What the page shows of points and stored value is the statement plus what this till posted since: the
statement says which balance of this till it already contains (``base``).
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from json import dumps, loads
from pathlib import Path
from typing import Self

from terminal.core import accounts
from terminal.core.points.entries import LotPart
from terminal.core.pricing.basket import Member
from terminal.store import statedlots
from terminal.store.people import FILE, People, Registered
from terminal.store.swap import open_whole, replace_whole

MARK = 0x74706D62
FOUND_MAX = 50
TEXT_MAX = 60
_TABLES = """
CREATE TABLE tier (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE member (account TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL,
    tier TEXT NOT NULL REFERENCES tier, birthday TEXT NOT NULL, more TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE statement (account TEXT PRIMARY KEY,
    points INTEGER NOT NULL, points_base INTEGER NOT NULL,
    principal INTEGER NOT NULL, principal_base INTEGER NOT NULL,
    bonus INTEGER NOT NULL, bonus_base INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE medium (medium TEXT PRIMARY KEY, account TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lost (medium TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
"""
UNITS = (accounts.POINTS, accounts.PRINCIPAL, accounts.BONUS)
"""In the order of the table ``statement``."""
_SELECT = (
    "SELECT member.*, points, points_base, principal, principal_base, bonus, bonus_base"
    " FROM member LEFT JOIN statement USING (account)"
)
_IS_THERE = "SELECT 1 FROM member WHERE account = ?"
_STATED = (
    "SELECT points, points_base, principal, principal_base, bonus, bonus_base FROM statement"
    " WHERE account = ?"
)
PHONE = "phone:"
"""Begins the medium that a member's further phone number is kept as."""
_IS_MEDIUM = "account = (SELECT account FROM medium WHERE medium = ?)"
_None = int | None
_EMPTY: tuple[list[str], list[str], str, str, bool] = ([], [], "", "", False)
_Row = tuple[str, str, str, str, str, str, _None, _None, _None, _None, _None, _None]

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
    more: "More | None" = None


@dataclass(frozen=True, slots=True)
class More:
    """What rules may ask of a member besides the tier; most members have none of it."""

    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    card_type: str = ""
    level: str = ""
    bought: bool = False

    def text(self) -> str:
        """Return it as the table ``member`` keeps it: empty where there is nothing."""
        if self == _NO_MORE:
            return ""
        return dumps((self.tags, self.segments, self.card_type, self.level, self.bought))


_NO_MORE = More()


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
    """Finds members; used by one thread at a time. Opened anew whenever the file changed."""

    def __init__(
        self, connection: sqlite3.Connection, holdings: Holdings, beside: Path | None = None
    ) -> None:
        """Read; ``beside`` is where those lie who were registered here, found until the file knows them."""
        self._beside = beside
        self._people: People | None = None
        self._connection = connection
        self._run = connection.execute
        self._holdings = holdings
        # Whoever keeps this opens it again when the head office's word changes; a tap asks once.
        self._lost = frozenset(row[0] for row in self._run("SELECT medium FROM lost").fetchall())
        self._tiers: dict[str, str] = dict(self._run("SELECT id, name FROM tier").fetchall())

    @classmethod
    def open(cls, path: Path, holdings: Holdings) -> Self:
        """Open the file at ``path``; ``holdings`` answers from the till's own ledger.

        Raises:
            MasterDataError: It cannot be opened.
        """
        return cls(open_whole(path, MARK), holdings, path.with_name(FILE))

    def pin(self) -> None:
        """Answer from now on as of this moment, until closed, whatever changes meanwhile."""
        self._run("BEGIN")
        self._run("SELECT count(*) FROM tier").fetchone()

    @property
    def revision(self) -> int:
        """A number that changes when somebody else has changed the file since it was opened."""
        return int(self._run("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        if self._people is not None:
            self._people.close()

    def by_medium(self, medium: str) -> Member | None:
        """Return whose card ``medium`` is, for example ``uid:04a1b2c3d4e5f6``; None: nobody's."""
        row = self._run(f"{_SELECT} WHERE {_IS_MEDIUM}", (medium,)).fetchone()
        if row:
            return self._member(row, medium)
        return next(self._here(lambda who: medium in who.profile.media, medium), None)

    def is_lost(self, medium: str) -> bool:
        """Return whether the card was reported lost and must not be accepted."""
        return medium in self._lost

    def by_account(self, account: str) -> Member | None:
        """Return the member with this account number."""
        row = self._run(f"{_SELECT} WHERE account = ?", (account,)).fetchone()
        if row:
            return self._member(row, "number")
        return next(self._here(lambda who: who.account == account, "number"), None)

    def first_tier(self) -> str:
        """Return the tier that most members are of: whoever is new begins there; empty without any tier."""
        row = self._run(
            "SELECT tier.id FROM tier LEFT JOIN member ON member.tier = tier.id"
            " GROUP BY tier.id ORDER BY count(account) DESC, tier.id LIMIT 1"
        ).fetchone()
        return str(row[0]) if row else ""

    def tier_name(self, tier: str) -> str:
        """Return what people call a tier."""
        return self._tiers.get(tier, tier)

    def lots(self, account: str, own: str) -> tuple[LotPart, ...]:
        """Return the lots of points that the head office stated, less what of ledger ``own`` they hold."""
        return statedlots.lots(self._connection, account, own)

    def standing(self, account: str) -> tuple[int, int]:
        """Return the standing points that were stated, and the balance of this till they contain."""
        return statedlots.standing(self._connection, account)

    def by_phone(self, phone: str) -> tuple[Member, ...]:
        """Return all members with this phone number: a family may share one."""
        rows = self._run(
            f"{_SELECT} WHERE (phone = ? AND phone != '') OR {_IS_MEDIUM} LIMIT ?",
            (phone, PHONE + phone, FOUND_MAX),
        )
        found = tuple(self._member(row, "phone") for row in rows.fetchall())
        return (
            *found,
            *self._here(lambda who: phone != "" and who.profile.phone == phone, "phone"),
        )

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
        found = tuple(self._member(row, "number") for row in rows.fetchall())
        here = self._here(partial(_is_like, wanted), "number")
        return (*found, *here)[: max(0, min(limit, FOUND_MAX))]

    def some(self, limit: int) -> tuple[tuple[str, str, str], ...]:
        """Return name, tier and one medium of some members, for a till that shows how it works."""
        rows = self._run(
            "SELECT member.name, tier.name, min(medium) FROM medium JOIN member USING (account)"
            " JOIN tier ON tier.id = member.tier WHERE medium NOT LIKE 'phone:%'"
            " GROUP BY account ORDER BY account LIMIT ?",
            (min(limit, FOUND_MAX),),
        ).fetchall()
        return tuple((name, tier, medium) for name, tier, medium in rows)

    def _here(self, is_meant: Callable[[Registered], bool], medium: str) -> Iterator[Member]:
        """Yield who was registered at this till and is not in the file yet."""
        if self._beside is None or (self._people is None and not self._beside.exists()):
            return
        if self._people is None:
            self._people = People(self._beside)
        for who in self._people.everybody().values():
            if is_meant(who) and not self._run(_IS_THERE, (who.account,)).fetchone():
                stated = self._run(_STATED, (who.account,)).fetchone() or (None,) * 6
                about = (who.account, who.profile.name, who.profile.phone, who.tier)
                yield self._member((*about, who.profile.birthday, "", *stated), medium)

    def _member(self, row: _Row, medium: str) -> Member:
        account, name, phone, tier, birthday, more, *stated = row
        tags, segments, card_type, level, bought = loads(more) if more else _EMPTY
        own = self._holdings(accounts.member(account)).get
        points, base, stored, stored_base, bonus, bonus_base = (part or 0 for part in stated)
        return Member(
            account, name, phone, tier, self._tiers.get(tier, tier),
            shown(points, base, own(accounts.POINTS, 0)),
            shown(stored, stored_base, own(accounts.PRINCIPAL, 0)),
            shown(bonus, bonus_base, own(accounts.BONUS, 0)),
            birthday, medium, tuple(tags), tuple(segments), card_type, level, bought,
        )  # fmt: skip


def _is_like(wanted: str, who: Registered) -> bool:
    said = who.profile
    is_number = said.phone.endswith(wanted) or who.account.startswith(wanted)
    return wanted.lower() in said.name.lower() or is_number


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, empty, and mark the file as ours."""
    for table in _TABLES.split(";\n"):
        connection.execute(table)
    for table in statedlots.TABLES:
        connection.execute(table)
    connection.execute("CREATE INDEX member_phone ON member (phone)")
    connection.execute(f"PRAGMA application_id = {MARK}")


def put_tiers(connection: sqlite3.Connection, tiers: Iterable[tuple[str, str]]) -> None:
    """Put ``tiers``, id and name, in the place of those of the same id."""
    connection.executemany("INSERT OR REPLACE INTO tier VALUES (?, ?)", tiers)


def take_members(connection: sqlite3.Connection, accounts: Iterable[str]) -> None:
    """Take members away, with what names them; what they hold stays."""
    gone = [(account,) for account in accounts]
    connection.executemany("DELETE FROM member WHERE account = ?", gone)
    # Without an index on the account: media are found by their name many times a day and this way seldom.
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS gone (account TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM temp.gone")
    connection.executemany("INSERT OR IGNORE INTO temp.gone VALUES (?)", gone)
    connection.execute("DELETE FROM medium WHERE account IN (SELECT account FROM temp.gone)")


def put_members(connection: sqlite3.Connection, rows: Iterable[MemberRow]) -> None:
    """Add members that are not there; a medium that named another member names the new one."""
    kept = list(rows)
    connection.executemany(
        "INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?, ?, ?)",
        [_values(row) for row in kept],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO medium VALUES (?, ?)",
        [(medium, row.account) for row in kept for medium in row.media],
    )


def _values(row: MemberRow) -> tuple[str, ...]:
    more = row.more.text() if row.more else ""
    return (row.account, row.name, row.phone, row.tier, row.birthday, more)


def put_statements(
    connection: sqlite3.Connection, rows: Iterable[tuple[str, int, int, int, int, int, int]]
) -> None:
    """Put what members hold: account, then amount and base of each of :data:`UNITS`."""
    connection.executemany("INSERT OR REPLACE INTO statement VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _fill(tables: MemberTables, connection: sqlite3.Connection) -> None:
    make_tables(connection)
    many = connection.executemany
    many("INSERT INTO tier VALUES (?, ?)", tables.tiers)
    for row in tables.members:
        connection.execute("INSERT INTO member VALUES (?, ?, ?, ?, ?, ?)", _values(row))
        many("INSERT INTO medium VALUES (?, ?)", [(medium, row.account) for medium in row.media])
        if row.statements:
            stated = {each.unit: each for each in row.statements}
            amounts = [stated.pop(unit, _NOTHING) for unit in UNITS]
            assert not stated, f"member {row.account}: no such unit {sorted(stated)}"
            parts = (part for each in amounts for part in (each.amount, each.base))
            many("INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?, ?)", [(row.account, *parts)])
    many("INSERT INTO lost VALUES (?)", [(medium,) for medium in tables.lost])
