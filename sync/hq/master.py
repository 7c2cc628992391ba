"""The head office's master data: rows with the versions they changed in, and who holds what.

Each table has a version of its own. What changes in one reading of the shop file, or one act of a person, is
one version; rows that were taken away stay as rows without a body, so that a till of any age can be told
what changed since. Statements have no versions: an account that moved gets the next number. Batches only note
who moved; the numbers are given when somebody asks, by one process at a time, so that workers that commit in
another order than they began never hide a change below a number that was told already.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from sync.hq import profiles
from sync.hq.database import Database
from sync.hq.schema import FEED_BITS
from sync.hq.shop import Tables
from sync.protocol.master import (
    CATALOGUE,
    HOTLIST,
    MARK_BYTES,
    MEMBERS,
    STATEMENTS,
    Row,
)
from terminal.codec.master import ACCOUNT, ERASED, MEMBER, holding
from terminal.core import accounts
from terminal.core.points.entries import LotPart

DELTA_ROWS_MAX = 20_000
"""After more changes than this a till is sent everything."""
_MEMBER = accounts.member("")
_NOW = "(SELECT coalesce(max(changed), 0) + 1 FROM holding)"
_ALL = (
    "SELECT kind, key, body FROM master_row WHERE name = ?1 AND body IS NOT NULL"
    " AND (kind, key) > (?2, ?3) ORDER BY kind, key LIMIT ?4"
)
_CHANGED = (
    "SELECT kind, key, body FROM master_row INDEXED BY master_row_changed WHERE name = ?1"
    " AND version > ?5 AND (kind, key) > (?2, ?3) ORDER BY kind, key LIMIT ?4"
)
_OPEN = (
    f"INSERT INTO holding VALUES (?1, {_NOW}, ?2, ?3, ?4) ON CONFLICT (account) DO UPDATE SET"  # noqa: S608
    " changed = excluded.changed, points = excluded.points, principal = excluded.principal,"
    " bonus = excluded.bonus"
)
_NUMBER = (
    "INSERT INTO holding (account, changed)"
    " SELECT account, ?1 + row_number() OVER (ORDER BY account)"
    " FROM (SELECT DISTINCT account FROM moved) AS mover WHERE true"
    " ON CONFLICT (account) DO UPDATE SET changed = excluded.changed"
)
ALONE = "statements"
"""Under this name whoever gives numbers to changes is alone."""
_BALANCES = (
    "SELECT account, unit, sum(amount) FROM balance_part WHERE account IN ("
    " SELECT 'member:' || account FROM (SELECT account FROM holding WHERE changed > ?"
    " ORDER BY changed LIMIT ?) AS asked) GROUP BY account, unit"
)

_LOTS = (
    "SELECT account, ledger, seq, n, sum(points), max(usable_on), max(lapses_on) FROM lot_part"
    " WHERE account IN (SELECT account FROM (SELECT account FROM holding WHERE changed > ?"
    " ORDER BY changed LIMIT ?) AS asked) GROUP BY account, ledger, seq, n"
    " HAVING sum(points) > 0 ORDER BY account, ledger, seq, n"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of one table."""

    number: int
    mark: bytes


_NONE = Version(0, b"")


class MasterStore:
    """Master data over the head office's one writing connection. One thread only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.sql

    def newest(self, table: str) -> Version:
        """Return the newest version of a table; of the statements, within :meth:`settled`."""
        if table != STATEMENTS:
            return self._read_newest(table)
        (changed,) = self._database.one("SELECT coalesce(max(changed), 0) FROM holding")
        return Version(changed, self._feed())

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Be at one moment at which every change in the books has its number.

        Raises:
            StoreError, CommitUnknownError: As for :meth:`apply`.
        """
        with self._database.alone(ALONE):
            if self._sql.execute("SELECT id FROM moved LIMIT 1").fetchone() is not None:
                (newest,) = self._database.one("SELECT coalesce(max(changed), 0) FROM holding")
                self._sql.execute(_NUMBER, (newest,))
                self._sql.execute("DELETE FROM moved")
            yield

    def is_known(self, table: str, version: Version) -> bool:
        """Return whether the table was once at this version, here."""
        row = self._sql.execute(
            "SELECT mark FROM master_version WHERE name = ? AND version = ?",
            (table, version.number),
        ).fetchone()
        return row is not None and row[0] == version.mark

    def changes_since(self, table: str, number: int) -> int:
        """Return how many rows changed after a version."""
        (count,) = self._database.one(
            "SELECT count(*) FROM master_row WHERE name = ? AND version > ?", table, number
        )
        return int(count)

    def rows(self, table: str, since: int | None, after: tuple[str, str], limit: int) -> list[Row]:
        """Return rows after a place, in order: those changed after version ``since``, or all there are."""
        if since is None:
            return self._sql.execute(_ALL, (table, *after, limit)).fetchall()
        return self._sql.execute(_CHANGED, (table, *after, limit, since)).fetchall()

    def statements(self, since: int, limit: int) -> list[tuple[Row, int]]:
        """Return what accounts hold that moved after number ``since``, each with its own number."""
        found = self._sql.execute(
            "SELECT account, points, principal, bonus, changed FROM holding WHERE changed > ?"
            " ORDER BY changed LIMIT ?",
            (since, limit),
        ).fetchall()
        booked: dict[str, dict[str, int]] = {}
        for account, unit, amount in self._sql.execute(_BALANCES, (since, limit)):
            booked.setdefault(account, {})[unit] = amount
        lots: dict[str, list[LotPart]] = {}
        for account, *lot in self._sql.execute(_LOTS, (since, limit)):
            lots.setdefault(account, []).append(LotPart(*lot))
        return [
            (_statement(row[:4], booked.get(_MEMBER + row[0], {}), lots.get(row[0], [])), row[4])
            for row in found
        ]

    def apply(self, tables: Tables, digest: bytes, now_ms: int) -> list[str]:
        """Make ``tables`` the master data, in one transaction; return the names of those that changed.

        Raises:
            StoreError: Nothing was changed.
            CommitUnknownError: End the process.
        """
        with self._database.alone(ALONE):
            ask = self._sql.execute
            people = profiles.without_erased(ask, tables.rows[MEMBERS]) | profiles.member_rows(ask)
            people = profiles.joined(ask, people)
            rows = {**tables.rows, MEMBERS: people}
            made = [
                name
                for name in (CATALOGUE, MEMBERS, HOTLIST)
                if self._change(name, rows[name], now_ms)
            ]
            is_moved = self._open_books(tables.openings)
            self._sql.execute(
                "INSERT INTO master_source VALUES (1, ?)"
                " ON CONFLICT (id) DO UPDATE SET digest = excluded.digest",
                (digest,),
            )
        return [*made, *((STATEMENTS,) if is_moved else ())]

    def take_in_profiles(self, now_ms: int) -> bool:
        """Make rows of profiles that came from tills; return whether there were any.

        Raises:
            StoreError, CommitUnknownError: As for :meth:`apply`.
        """
        if not profiles.is_waiting(self._sql.execute):
            return False
        with self._database.alone(ALONE):
            known = self.bodies(MEMBER)
            rows = profiles.waiting_rows(self._sql, known, now_ms)
            self._write(MEMBERS, [(*key, body) for key, body in rows.items()], now_ms)
        return True

    def erase(self, account: str, now_ms: int) -> None:
        """Forget a member here, and tell every till to, in the caller's transaction."""
        gone = profiles.merged_into(self._sql.execute, account)
        for each in (account, *gone):
            profiles.forget(self._sql, each, now_ms)
        self._write(MEMBERS, [(ERASED, account, b""), (MEMBER, account, None)], now_ms)

    def join(self, account: str, into: str, now_ms: int) -> None:
        """Have the cards and phone of one member name another, in the caller's transaction.

        Raises:
            DeniedError: ``no-such-member`` or ``merge-too-many``.
        """
        rows = profiles.join(self._sql, account, into, now_ms)
        self._write(MEMBERS, rows, now_ms)

    def is_member(self, account: str) -> bool:
        """Return whether the members' table has somebody under this number."""
        row = self._sql.execute(
            "SELECT 1 FROM master_row WHERE name = ? AND kind = ? AND key = ? AND body IS NOT NULL",
            (MEMBERS, MEMBER, account),
        ).fetchone()
        return row is not None

    @property
    def digest(self) -> bytes:
        """What the shop file last read had as its digest; empty before the first."""
        row = self._sql.execute("SELECT digest FROM master_source").fetchone()
        return row[0] if row else b""

    def bodies(self, kind: str) -> list[tuple[str, bytes]]:
        """Return key and body of every member, or tier, as the tills know them."""
        return self._sql.execute(
            "SELECT key, body FROM master_row WHERE name = ? AND kind = ? AND body IS NOT NULL",
            (MEMBERS, kind),
        ).fetchall()

    def openings(self) -> list[tuple[str, int, int, int]]:
        """Return what members held when the books opened: account number, points, principal, bonus."""
        return self._sql.execute(
            "SELECT account, points, principal, bonus FROM holding"
            " WHERE points <> 0 OR principal <> 0 OR bonus <> 0"
        ).fetchall()

    def position(self, ledger_id: str, branch: int) -> tuple[int, tuple[int, ...]] | None:
        """Return up to which record the books contain a till's ledger, and which ones were set aside.

        ``None`` when there is no such stream.
        """
        row = self._sql.execute(
            "SELECT id, last_seq, parent, base_seq FROM stream WHERE ledger_id = ? AND branch = ?",
            (ledger_id, branch),
        ).fetchone()
        if row is None:
            return None
        stream, last, parent, base = row
        aside = self._set_aside(stream, last)
        while parent is not None:
            aside += self._set_aside(parent, base)
            parent, base = self._database.one(
                "SELECT parent, base_seq FROM stream WHERE id = ?", parent
            )
        return last, tuple(sorted(aside))

    def _set_aside(self, stream: int, last: int) -> list[int]:
        rows = self._sql.execute(
            "SELECT record & 1099511627775 FROM quarantine WHERE record > ?1 << 40"
            " AND record <= (?1 << 40) + ?2",
            (stream, last),
        )
        return [seq for (seq,) in rows]

    def put(self, name: str, rows: Mapping[tuple[str, str], bytes], now_ms: int) -> bool:
        """Make ``rows`` the table ``name``, within the caller's ``alone``; return whether it changed."""
        return self._change(name, rows, now_ms)

    def _change(self, name: str, rows: Mapping[tuple[str, str], bytes], now_ms: int) -> bool:
        """Write what differs as the next version; return whether anything does."""
        held = {
            (kind, key): body
            for kind, key, body in self._sql.execute(
                "SELECT kind, key, body FROM master_row WHERE name = ? AND body IS NOT NULL",
                (name,),
            )
        }
        changed: list[tuple[str, str, bytes | None]] = [
            (*key, body) for key, body in rows.items() if held.get(key) != body
        ]
        changed += [(*key, None) for key in held.keys() - rows.keys()]
        if not changed and self._read_newest(name).number:
            return False  # The first version may well be empty: then that is known.
        self._write(name, changed, now_ms)
        return True

    def _write(self, name: str, changed: list[tuple[str, str, bytes | None]], now_ms: int) -> None:
        """Write rows as the next version of a table, in the caller's transaction."""
        before = self._read_newest(name)
        changed.sort(key=lambda row: row[:2])
        version = Version(before.number + 1, _mark(name, before, changed))
        if name == CATALOGUE and before.number:
            self._keep_old(changed, version.number)
        self._sql.executemany(
            "INSERT INTO master_row VALUES (?, ?, ?, ?, ?) ON CONFLICT (name, kind, key) DO UPDATE"
            " SET body = excluded.body, version = excluded.version",
            [(name, *row, version.number) for row in changed],
        )
        self._sql.execute(
            "INSERT INTO master_version VALUES (?, ?, ?, ?)",
            (name, version.number, version.mark, now_ms),
        )

    def _keep_old(self, changed: Iterable[tuple[str, str, bytes | None]], until: int) -> None:
        """Keep what is about to be replaced in the catalogue: old sales are worked out by it."""
        rows = [
            self._sql.execute(
                "SELECT name, kind, key, version, body FROM master_row"
                " WHERE name = ? AND kind = ? AND key = ? AND body IS NOT NULL",
                (CATALOGUE, kind, key),
            ).fetchone()
            for kind, key, _ in changed
        ]
        self._sql.executemany(
            "INSERT INTO master_old VALUES (?, ?, ?, ?, ?, ?)",
            [(row[0], row[1], row[2], row[3], until, row[4]) for row in rows if row is not None],
        )

    def _open_books(self, openings: Mapping[str, tuple[int, int, int]]) -> bool:
        """Take over what members held at the opening of the books; return whether anything changed."""
        held = {
            account: tuple(opening)
            for account, *opening in self._sql.execute(
                "SELECT account, points, principal, bonus FROM holding"
            )
        }
        changed = [
            (account, *opening)
            for account, opening in openings.items()
            if held.get(account, (0, 0, 0)) != opening
        ]
        self._sql.executemany(_OPEN, changed)
        return bool(changed)

    def begin_statements_anew(self) -> None:
        """Have every till fetch all statements again.

        Raises:
            StoreError, CommitUnknownError: As for :meth:`apply`.
        """
        with self._database.transaction():
            self._sql.execute(
                "UPDATE state SET value = ? WHERE name = 'feed'", (secrets.randbits(FEED_BITS),)
            )

    def _read_newest(self, table: str) -> Version:
        row = self._sql.execute(
            "SELECT version, mark FROM master_version WHERE name = ? ORDER BY version DESC LIMIT 1",
            (table,),
        ).fetchone()
        return Version(*row) if row else _NONE

    def _feed(self) -> bytes:
        """Return the mark of the statements: another one in each timeline, and in each database."""
        feed, timeline = (
            self._database.one("SELECT value FROM state WHERE name = ?", name)[0]
            for name in ("feed", "timeline")
        )
        return sha256(b"statements %d %d" % (feed, timeline)).digest()[:MARK_BYTES]


def touch(database: Database, moved: Iterable[str]) -> None:
    """Note that accounts of the books moved, in the transaction that moves them."""
    members = [(name.removeprefix(_MEMBER),) for name in moved if name.startswith(_MEMBER)]
    database.insert("moved", "account", members)


def _statement(
    row: tuple[str, int, int, int], booked: Mapping[str, int], lots: Iterable[LotPart]
) -> Row:
    account, *opening = row
    units = (accounts.POINTS, accounts.PRINCIPAL, accounts.BONUS)
    points, principal, bonus = (
        begin - booked.get(unit, 0) for begin, unit in zip(opening, units, strict=True)
    )
    standing = -booked.get(accounts.STANDING, 0)
    return ACCOUNT, account, holding(points, principal, bonus, standing, lots)


def _mark(name: str, before: Version, rows: list[tuple[str, str, bytes | None]]) -> bytes:
    digest = sha256(name.encode() + before.mark)
    for kind, key, body in rows:
        head = f"{kind}\x00{key}\x00{-1 if body is None else len(body)}\x00"
        digest.update(head.encode() + (body or b""))
    return digest.digest()[:MARK_BYTES]
