"""The head office's database as an SQLite file: opened, changed in transactions, its log copied.

WAL with ``synchronous=FULL`` and ``psow=0``, as the till's ledger: an acknowledged commit survives a power
cut in the middle of the next one.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, cast

from peewee import PeeweeException, SqliteDatabase

from sync.hq.database import CommitUnknownError, Sql, StoreError
from sync.hq.schema import PRAGMAS, SCHEMA, STEPS, first_rows

WIPE_S = 10.0
"""How long readers are waited for until nothing that was erased is left in the log."""
LOG_BYTES_MAX = 32_000_000
"""Past this the log is copied into the database even when there is no quiet moment."""


_TURNS: dict[str, Lock] = {}
"""By file: connections of one process take turns here; SQLite would let them sleep, up to 100 ms."""


class SqliteFile:
    """:class:`sync.hq.database.Database` over a file. One thread only."""

    part = 0
    for_update = ""

    def __init__(self, path: Path) -> None:
        """Open the database at ``path``, made if absent.

        Raises:
            StoreError: It is no database of ours, or of a later version, or cannot be opened.
        """
        self._database = SqliteDatabase(f"file:{path}?psow=0", uri=True, thread_safe=False)
        self._log_bytes = 0
        self._turn = _TURNS.setdefault(str(path), Lock())
        try:
            self._sql = cast("sqlite3.Connection", cast("Any", self._database).connection())
            for name, value in PRAGMAS:
                self._sql.execute(f"PRAGMA {name}={value}").fetchall()
            self._prepare()
        except (sqlite3.Error, PeeweeException, StoreError) as error:
            self._database.close()
            raise StoreError(f"{path}: {error}") from error

    @property
    def sql(self) -> Sql:
        """The connection."""
        return self._sql

    def close(self) -> None:
        """Copy the log into the database and let go of it."""
        self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._database.close()

    def one(self, sql: str, *values: object) -> tuple[Any, ...]:
        """Return the first row of an answer that has one."""
        row = self._sql.execute(sql, cast("tuple[Any, ...]", values)).fetchone()
        assert row is not None, sql
        return cast("tuple[Any, ...]", row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an error inside leaves nothing, an error at COMMIT is of unknown outcome."""
        with self._turn:
            yield from self._transaction()

    def _transaction(self) -> Iterator[None]:
        try:
            self._sql.execute("BEGIN IMMEDIATE")
            yield
        except BaseException as error:
            if self._sql.in_transaction:  # A full disk may have rolled back by itself.
                self._sql.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise StoreError(str(error)) from error
            raise
        try:
            self._sql.execute("COMMIT")
        except sqlite3.Error as error:
            raise CommitUnknownError(str(error)) from error

    def wipe(self) -> None:
        """Empty the log, which still shows the pages as they were; the pages themselves were overwritten.

        Raises:
            StoreError: Somebody reads the old pages, or the disk failed.
        """
        ends = time.monotonic() + WIPE_S
        while self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > ends:
                raise StoreError("somebody reads; it is wiped with the next quiet moment")

    def alone(self, _name: str) -> AbstractContextManager[None]:
        """Be in a transaction; there is no other process that writes."""
        return self.transaction()

    def together(self) -> AbstractContextManager[object]:
        """Nothing is waited for anyway."""
        return nullcontext()

    def insert(self, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add ``rows`` to ``columns`` of a table."""
        self._sql.executemany(_insertion(table, columns), rows)

    def add(self, table: str, keys: str, sums: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add numbers to the ``sums`` columns of the rows named by ``keys``."""
        self._sql.executemany(_addition(table, keys, sums), rows)

    def make_room(self, now_ms: int) -> None:
        """All months lie in one table."""

    def grown(self, size: int) -> None:
        """Take note that the log has grown by about ``size`` bytes."""
        self._log_bytes += size

    @property
    def is_log_long(self) -> bool:
        """Whether a checkpoint should not wait for a quiet moment."""
        return self._log_bytes > LOG_BYTES_MAX

    def checkpoint(self) -> None:
        """Copy the log into the database, as far as nobody reads from it.

        Raises:
            StoreError: The disk failed; records are safe in the log.
        """
        try:
            self.one("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            raise StoreError(f"checkpoint: {error}") from error
        self._log_bytes = 0

    def _prepare(self) -> None:
        schema = int(self.one("PRAGMA user_version")[0])
        if schema == SCHEMA:
            return
        if schema > SCHEMA:
            raise StoreError(f"made by a later version: schema {schema}, this one knows {SCHEMA}")
        with self.transaction():
            schema = int(
                self.one("PRAGMA user_version")[0]
            )  # Another process may have been faster.
            for step in STEPS[schema:]:
                for statement in step:
                    self._sql.execute(statement)
            self._sql.executemany(
                "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO NOTHING", first_rows()
            )
            self._sql.execute(f"PRAGMA user_version={SCHEMA}")


class SqliteReadings:
    """:class:`sync.hq.database.Readings`: a connection that lives as long as one question."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def reading(self) -> Iterator[Callable[..., Any]]:
        """Be at one moment of the database."""
        uri = f"file:{self._path}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA query_only=1")
                connection.execute("BEGIN")
                yield connection.execute
        except sqlite3.Error as error:
            raise StoreError(str(error)) from error

    def close(self) -> None:
        """Nothing is held."""


@lru_cache(64)
def _insertion(table: str, columns: str) -> str:
    marks = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - names of ours


@lru_cache(64)
def _addition(table: str, keys: str, sums: str) -> str:
    """Return the upsert.

    >>> _addition("day_part", "day", "sales").partition(" ON ")[2]
    'CONFLICT (day) DO UPDATE SET sales = day_part.sales + excluded.sales'
    """
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums.split(", "))
    return f"{_insertion(table, f'{keys}, {sums}')} ON CONFLICT ({keys}) DO UPDATE SET {added}"
