"""The head office's one writing connection: how it is opened, what a transaction is, when the log is copied.

WAL with ``synchronous=FULL`` and ``psow=0``, as the till's ledger: an acknowledged commit survives a power
cut in the middle of the next one.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from peewee import PeeweeException, SqliteDatabase

from sync.hq.office_schema import TABLES_3
from sync.hq.schema import PRAGMAS, SCHEMA, TABLES, TABLES_2

LOG_BYTES_MAX = 32_000_000
"""Past this the log is copied into the database even when there is no quiet moment."""


class StoreError(Exception):
    """The database cannot be opened, or refused a change; nothing of the change was kept."""


class CommitUnknownError(Exception):
    """COMMIT failed: whether the batch is stored is unknown. The process must end and look again."""


class Database:
    """The writing connection. One thread only."""

    def __init__(self, path: Path) -> None:
        """Open the database at ``path``, made if absent.

        Raises:
            StoreError: It is no database of ours, or of a later version, or cannot be opened.
        """
        self._database = SqliteDatabase(f"file:{path}?psow=0", uri=True, thread_safe=False)
        self._log_bytes = 0
        try:
            self.sql = cast("sqlite3.Connection", cast("Any", self._database).connection())
            for name, value in PRAGMAS:
                self.sql.execute(f"PRAGMA {name}={value}").fetchall()
            self._prepare()
        except (sqlite3.Error, PeeweeException, StoreError) as error:
            self._database.close()
            raise StoreError(f"{path}: {error}") from error

    def close(self) -> None:
        """Copy the log into the database and let go of it."""
        self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._database.close()

    def one(self, sql: str, *values: object) -> tuple[Any, ...]:
        """Return the first row of an answer that has one."""
        row = self.sql.execute(sql, values).fetchone()
        assert row is not None, sql
        return cast("tuple[Any, ...]", row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an error inside leaves nothing, an error at COMMIT is of unknown outcome."""
        try:
            self.sql.execute("BEGIN IMMEDIATE")
            yield
        except BaseException as error:
            if self.sql.in_transaction:  # A full disk may have rolled back by itself.
                self.sql.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise StoreError(str(error)) from error
            raise
        try:
            self.sql.execute("COMMIT")
        except sqlite3.Error as error:
            raise CommitUnknownError(str(error)) from error

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
            if not schema:
                for table in TABLES:
                    self.sql.execute(table)
                self.sql.execute("INSERT INTO state VALUES ('timeline', 1)")
            for version, tables in ((2, TABLES_2), (3, TABLES_3)):
                for table in tables if schema < version else ():
                    self.sql.execute(table)
            self.sql.execute(f"PRAGMA user_version={SCHEMA}")
