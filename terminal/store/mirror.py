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

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sync.protocol.master import (
    CATALOGUE,
    HOTLIST,
    MEMBERS,
    PURSES,
    RULES,
    STATEMENTS,
    Draft,
    Held,
    Part,
    Row,
    What,
)
from terminal.core.journal import UnbalancedError
from terminal.store import catalog, members, mirrored, statedlots
from terminal.store.errors import LedgerError
from terminal.store.mirrorfiles import (
    MARKS,
    changing,
    check,
    connect,
    link_to,
    make,
    remove,
    source,
    tidy,
)
from terminal.store.statements import Bases
from terminal.store.swap import BUSY_MS, MasterDataError

_FILES = {
    CATALOGUE: "catalog",
    MEMBERS: "members",
    HOTLIST: "members",
    STATEMENTS: "members",
    RULES: "rules",
    PURSES: "purses",
}


class Own(Protocol):
    """What the mirror asks of this till's ledger, on the mirror's thread."""

    def bases(self, part: Part, accounts: Sequence[str]) -> Bases:
        """Return what a statement contains of this till's ledger, by account."""

    def pins(self) -> dict[str, str]:
        """Return the PINs chosen at this till, by operator."""

    def erase(self, accounts: Sequence[str]) -> None:
        """Forget members whom the head office erased."""


class Mirror:
    """Keeps the master data; satisfies what the uplink asks for. Whatever fails is a MasterDataError."""

    def __init__(self, folder: Path, own: Own, wall_ms: Callable[[], int]) -> None:
        """Prepare; ``ensure`` of :mod:`~terminal.store.mirrorfiles` has seen to it that there are files."""
        self._folder = folder
        self._own = own
        self._wall_ms = wall_ms
        self._live = {name: connect(folder / f"{name}.db") for name in MARKS}
        self._drafts: dict[str, tuple[Path, sqlite3.Connection]] = {}
        self._is_stained = True
        """Whether the log may hold what was erased."""
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
            row = source(self._live[_FILES[table]], table)
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
        self._erase(part, rows)
        with changing(connection, self._folder):
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
        self._erase(part, rows)
        path, connection = self._drafts.pop(name)
        try:
            with changing(connection, self._folder):
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
            link_to(path, self._folder / f"{name}.db")
        except (sqlite3.Error, OSError, MasterDataError) as error:
            connection.close()
            remove(path)
            raise MasterDataError(f"{path}: {error}") from error
        self._live[name].close()
        self._live[name] = connection
        tidy(self._folder, name)

    def apply(self, part: Part, rows: Sequence[Row]) -> None:
        """Apply a delta, or all of a small table, as one transaction.

        Raises:
            MasterDataError: They mean nothing here, or could not be written; nothing was changed.
        """
        name = _FILES[part.table]
        self._erase(part, rows)
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

    def _erase(self, part: Part, rows: Sequence[Row]) -> None:
        """Have nothing left of those who were erased, here and beside the ledger."""
        gone = mirrored.erased(rows) if part.table == MEMBERS else []
        if gone:
            self._is_stained = True
            try:
                self._own.erase(gone)
            except LedgerError as error:
                raise MasterDataError(f"members: {error}") from error

    def rest(self) -> bool:
        """Empty the log, which still shows the pages as they were before somebody was erased.

        That takes that nobody reads from it. Once all of it is in the file, whoever opens the file anew does
        not; returns whether somebody has to.
        """
        if not self._is_stained:
            return False
        run = self._live["members"].execute
        try:
            run("PRAGMA busy_timeout = 0")
            self._is_stained = bool(run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            if self._is_stained:
                run("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            run(f"PRAGMA busy_timeout = {BUSY_MS}")
        except sqlite3.Error as error:
            raise MasterDataError(f"members: {error}") from error
        return self._is_stained

    def _state(self, connection: sqlite3.Connection, part: Part, rows: Sequence[Row]) -> None:
        held = mirrored.holdings(rows)
        try:
            bases = self._own.bases(part, [account for account, _ in held])
        except (LedgerError, UnbalancedError, sqlite3.Error) as error:
            raise MasterDataError(f"statement: {error}") from error
        members.put_statements(connection, mirrored.statements(held, bases))
        mirrored.put_lots(connection, held, bases)

    def _say(self, connection: sqlite3.Connection, part: Part) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?)",
            (part.table, part.version, part.mark, None if part.cursor else self._wall_ms()),
        )

    def _carry_over(self, connection: sqlite3.Connection) -> None:
        """Take what the old file holds beside the members into the new one."""
        old = self._live["members"]
        with changing(connection, self._folder):
            for table in ("lost", "statement", *statedlots.NAMES):
                rows = old.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
            for table in (HOTLIST, STATEMENTS):
                row = source(old, table)
                if row:
                    connection.execute("INSERT INTO source VALUES (?, ?, ?, ?)", (table, *row))

    def _begin(self, name: str) -> None:
        if name in self._drafts:
            path, connection = self._drafts.pop(name)
            connection.close()
            remove(path)
        path = make(self._folder, name)
        self._drafts[name] = path, connect(path)

    def _find_draft(self, name: str) -> None:
        """Go on with the draft that an earlier run left; one that cannot be used is removed."""
        live = (self._folder / f"{name}.db").resolve()
        for path in sorted(self._folder.glob(f"{name}-*.db")):
            if path == live:
                continue
            try:
                connection = connect(path)
                kept = check(connection, MARKS[name]) and name not in self._drafts
                kept = kept and connection.execute("SELECT 1 FROM draft").fetchone() is not None
            except (sqlite3.Error, MasterDataError):
                remove(path)
                continue
            if kept:
                self._drafts[name] = path, connection
            else:
                connection.close()
                remove(path)

    @contextmanager
    def _change(self, name: str) -> Iterator[sqlite3.Connection]:
        with changing(self._live[name], self._folder):
            yield self._live[name]
