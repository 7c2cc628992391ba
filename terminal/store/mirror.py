"""The till's copy of the head office's master data: built beside, put in place, kept up by deltas.

``catalog.db`` and ``members.db`` are links. A snapshot fills a new file chunk by chunk, the place it reached
in the same transaction, so that a till that loses power goes on where it was; when it is whole, what the
head office changed meanwhile is added and the link is turned: one step, or nothing has changed. A delta is
one transaction in the file behind the link. Rows that mean nothing change nothing.

The files are in WAL mode with ``synchronous=NORMAL``: a power cut can lose the newest deltas, never half of
one, and what is lost is asked for again, because the version is in the same transaction. A file that was
not closed in order is checked before it is used.

Used by one thread, the uplink's; the loop and the counter read over connections of their own.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sync.protocol.master import (
    CATALOGUE,
    HOTLIST,
    MEMBERS,
    STATEMENTS,
    Draft,
    Held,
    Part,
    Row,
    What,
)
from terminal.codec.master import UnreadableRowError
from terminal.core.journal import UnbalancedError
from terminal.store import catalog, members, mirrored
from terminal.store.errors import LedgerError
from terminal.store.statements import Bases
from terminal.store.swap import BUSY_MS, MasterDataError

_FILES = {CATALOGUE: "catalog", MEMBERS: "members", HOTLIST: "members", STATEMENTS: "members"}
_MARKS = {"catalog": catalog.MARK, "members": members.MARK}
_FORMAT = 1
"""Raised whenever the files' own tables change; a file of another format is fetched anew."""
_SOURCE = (
    """CREATE TABLE source (name TEXT PRIMARY KEY, version INTEGER NOT NULL, mark BLOB NOT NULL,
        at_ms INTEGER) STRICT, WITHOUT ROWID""",
    "CREATE TABLE draft (version INTEGER NOT NULL, mark BLOB NOT NULL, cursor BLOB NOT NULL) STRICT",
    "CREATE TABLE opened (by TEXT NOT NULL) STRICT",
)


class Own(Protocol):
    """What the mirror asks of this till's ledger, on the mirror's thread."""

    def bases(self, part: Part, accounts: Sequence[str]) -> Bases:
        """Return what a statement contains of this till's ledger, by account."""

    def pins(self) -> dict[str, str]:
        """Return the PINs chosen at this till, by operator."""


class Mirror:
    """Keeps the master data; satisfies what the uplink asks for. Whatever fails is a MasterDataError."""

    def __init__(self, folder: Path, own: Own, wall_ms: Callable[[], int]) -> None:
        """Prepare; :func:`ensure` has seen to it that there are files."""
        self._folder = folder
        self._own = own
        self._wall_ms = wall_ms
        self._live = {name: _connect(folder / f"{name}.db") for name in _MARKS}
        self._drafts: dict[str, tuple[Path, sqlite3.Connection]] = {}
        for name, connection in self._live.items():
            connection.execute("INSERT INTO opened VALUES ('')")
            self._find_draft(name)

    def close(self) -> None:
        """Bring the files in order and let go of them."""
        for _, connection in self._drafts.values():
            connection.close()
        for connection in self._live.values():
            connection.execute("DELETE FROM opened")
            connection.close()

    def held(self, table: str) -> Held:
        """Return what is held of ``table``."""
        try:
            row = _source(self._live[_FILES[table]], table)
            draft = self._drafts.get(_FILES[table]) if table in (CATALOGUE, MEMBERS) else None
            found = draft and draft[1].execute("SELECT version, mark, cursor FROM draft").fetchone()
        except sqlite3.Error as error:
            raise MasterDataError(f"{table}: {error}") from error
        version, mark = (row[0], row[1]) if row else (0, b"")
        return Held(version, mark, Draft(*found) if found else None)

    def confirm(self, table: str) -> None:
        """Take note that the head office has nothing newer of ``table``."""
        with self._change(_FILES[table]) as connection:
            connection.execute(
                "UPDATE source SET at_ms = ? WHERE name = ?", (self._wall_ms(), table)
            )

    def fill(self, part: Part, rows: Sequence[Row]) -> None:
        """Add ``rows`` to the draft that ``part`` is of; it is begun anew with its first part.

        Raises:
            MasterDataError: They mean nothing here, or could not be written; nothing was changed.
        """
        name = _FILES[part.table]
        if part.is_first:
            self._begin(name)
        _, connection = self._drafts[name]
        with _changing(connection, self._folder):
            mirrored.put(connection, part.table, rows, is_fresh=True)
            connection.execute("DELETE FROM draft")
            connection.execute(
                "INSERT INTO draft VALUES (?, ?, ?)", (part.version, part.mark, part.cursor)
            )

    def finish(self, part: Part, rows: Sequence[Row]) -> None:
        """Add what changed while the draft was fetched and put it in place.

        Raises:
            MasterDataError: As for :meth:`fill`; what was in place stays.
        """
        name = _FILES[part.table]
        path, connection = self._drafts.pop(name)
        try:
            with _changing(connection, self._folder):
                mirrored.put(connection, part.table, rows)
                if part.table == CATALOGUE:
                    old = mirrored.operators(self._live[name])
                    mirrored.settle(connection, part.version, old, self._own.pins())
                connection.execute("DROP TABLE draft")
                self._say(connection, part)
            if part.table == MEMBERS:
                self._carry_over(connection)
            connection.execute("INSERT INTO opened VALUES ('')")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            _link(path, self._folder / f"{name}.db")
        except (sqlite3.Error, OSError, MasterDataError) as error:
            connection.close()
            _remove(path)
            raise MasterDataError(f"{path}: {error}") from error
        self._live[name].close()
        self._live[name] = connection
        _tidy(self._folder, name)

    def apply(self, part: Part, rows: Sequence[Row]) -> None:
        """Apply a delta, or all of a small table, as one transaction.

        Raises:
            MasterDataError: They mean nothing here, or could not be written; nothing was changed.
        """
        name = _FILES[part.table]
        with self._change(name) as connection:
            if part.table == STATEMENTS:
                self._state(connection, part, rows)
            else:
                if part.what is What.SNAPSHOT:
                    mirrored.clear(connection, part.table)
                is_small = mirrored.put(connection, part.table, rows)
                if is_small:
                    old = mirrored.operators(connection)
                    mirrored.settle(connection, part.version, old, self._own.pins())
                elif part.table == CATALOGUE:
                    catalog.put_version(connection, str(part.version))
            self._say(connection, part)

    def _state(self, connection: sqlite3.Connection, part: Part, rows: Sequence[Row]) -> None:
        held = mirrored.holdings(rows)
        try:
            bases = self._own.bases(part, [account for account, _ in held])
        except (LedgerError, UnbalancedError, sqlite3.Error) as error:
            raise MasterDataError(f"statement: {error}") from error
        members.put_statements(connection, mirrored.statements(held, bases))

    def _say(self, connection: sqlite3.Connection, part: Part) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?)",
            (part.table, part.version, part.mark, None if part.cursor else self._wall_ms()),
        )

    def _carry_over(self, connection: sqlite3.Connection) -> None:
        """Take what the old file holds beside the members into the new one."""
        old = self._live["members"]
        with _changing(connection, self._folder):
            for table in ("lost", "statement"):
                rows = old.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
            for table in (HOTLIST, STATEMENTS):
                row = _source(old, table)
                if row:
                    connection.execute("INSERT INTO source VALUES (?, ?, ?, ?)", (table, *row))

    def _begin(self, name: str) -> None:
        if name in self._drafts:
            path, connection = self._drafts.pop(name)
            connection.close()
            _remove(path)
        path = _new(self._folder, name)
        self._drafts[name] = path, _connect(path)

    def _find_draft(self, name: str) -> None:
        """Go on with the draft that an earlier run left; one that cannot be used is removed."""
        live = (self._folder / f"{name}.db").resolve()
        for path in sorted(self._folder.glob(f"{name}-*.db")):
            if path == live:
                continue
            try:
                connection = _connect(path)
                kept = _check(connection, _MARKS[name]) and name not in self._drafts
                kept = kept and connection.execute("SELECT 1 FROM draft").fetchone() is not None
            except (sqlite3.Error, MasterDataError):
                _remove(path)
                continue
            if kept:
                self._drafts[name] = path, connection
            else:
                connection.close()
                _remove(path)

    @contextmanager
    def _change(self, name: str) -> Iterator[sqlite3.Connection]:
        with _changing(self._live[name], self._folder):
            yield self._live[name]


def ensure(folder: Path) -> None:
    """See to it that there is master data to open: empty where there is none, or none that can be used.

    What a shop file's database holds is kept until the head office's first word.

    Raises:
        MasterDataError: It could not be written.
    """
    for name, mark in _MARKS.items():
        link = folder / f"{name}.db"
        if link.exists() and _is_usable(link, mark):
            continue
        path = _new(folder, name)
        if link.is_file() and not link.is_symlink():
            _copy(link, path, name)
        _link(path, link)
        _tidy(folder, name)


def versions(folder: Path) -> dict[str, tuple[int, int | None]]:
    """Return what is held, table by table: the version, and when it was last known to be the newest.

    The time is in milliseconds since 1970. A table that was never fetched is left out.
    """
    found: dict[str, tuple[int, int | None]] = {}
    for name in _MARKS:
        path = folder / f"{name}.db"
        if not path.is_symlink():
            continue
        connection = _connect(path)
        try:
            rows = connection.execute("SELECT name, version, at_ms FROM source").fetchall()
        finally:
            connection.close()
        found.update({table: (version, at_ms) for table, version, at_ms in rows})
    return found


def _copy(old: Path, path: Path, name: str) -> None:
    """Fill the new file at ``path`` with what the database ``old`` of a shop file holds."""
    connection = _connect(path)
    try:
        connection.execute("ATTACH ? AS old", (str(old),))
        with _changing(connection, path):
            for table in mirrored.COPIED[name]:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
                connection.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608
    except (sqlite3.Error, MasterDataError):
        return  # Of an older version, or spoiled: the head office sends everything anyway.
    finally:
        connection.close()


def _source(connection: sqlite3.Connection, table: str) -> tuple[int, bytes, int | None] | None:
    row: tuple[int, bytes, int | None] | None = connection.execute(
        "SELECT version, mark, at_ms FROM source WHERE name = ?", (table,)
    ).fetchone()
    return row


def _new(folder: Path, name: str) -> Path:
    """Make a new file with empty tables and return its path."""
    path = folder / f"{name}-{os.urandom(4).hex()}.db"
    try:
        connection = _connect(path)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("BEGIN")
        mirrored.make_tables(connection, name)
        for table in _SOURCE:
            connection.execute(table)
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.execute("COMMIT")
        connection.close()
    except sqlite3.Error as error:
        _remove(path)
        raise MasterDataError(f"{path}: {error}") from error
    return path


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path.resolve(), isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1_000
        )
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise MasterDataError(f"{path}: {error}") from error
    return connection


def _is_usable(path: Path, mark: int) -> bool:
    """Return whether a file may be used; one that was not closed in order is looked through."""
    if not path.is_symlink():
        return False
    try:
        connection = _connect(path)
    except MasterDataError:
        return False
    try:
        return _check(connection, mark)
    except sqlite3.Error:
        return False
    finally:
        connection.close()


def _check(connection: sqlite3.Connection, mark: int) -> bool:
    run = connection.execute
    if run("PRAGMA application_id").fetchone()[0] != mark:
        return False
    if run("PRAGMA user_version").fetchone()[0] != _FORMAT:
        return False
    if run("SELECT 1 FROM opened").fetchone() is None:
        return True
    is_whole: bool = run("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    if is_whole:
        run("DELETE FROM opened")
    return is_whole


@contextmanager
def _changing(connection: sqlite3.Connection, where: Path) -> Iterator[None]:
    """All of it or nothing."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except (sqlite3.Error, UnreadableRowError, MasterDataError) as error:
        raise MasterDataError(f"{where}: {error}") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _link(path: Path, link: Path) -> None:
    """Make ``path`` durable and turn the link to it."""
    beside = link.with_suffix(".new")
    try:
        for each in (path, link.parent):
            _sync(each)
        beside.unlink(missing_ok=True)
        beside.symlink_to(path.name)
        beside.replace(link)
        _sync(link.parent)
    except OSError as error:
        raise MasterDataError(f"{link}: {error}") from error


def _tidy(folder: Path, name: str) -> None:
    """Remove files that no link leads to any more; whoever has one open keeps it until they let go."""
    live = (folder / f"{name}.db").resolve()
    for path in folder.glob(f"{name}-*.db"):
        if path != live:
            _remove(path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
