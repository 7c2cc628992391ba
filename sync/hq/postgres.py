"""The head office's database on a PostgreSQL server: connections, transactions, months, and bulk statements.

Statements come in the common dialect (:mod:`sync.hq.database`). A connection that was lost is made again at
the next statement outside a transaction. An answer to COMMIT that never came is of unknown outcome, as on
SQLite; one by which the server says that it rolled back is not.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache
from queue import Empty, LifoQueue
from typing import Any, cast

import psycopg
from psycopg import RawCursor
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader

from sync.hq import pgarrays
from sync.hq.database import CommitUnknownError, Cursor, StoreError
from sync.hq.dialect import translated
from sync.hq.months import Month, month_of
from sync.hq.pgschema import PARTITION_LOCK, make_month, prepare

CONNECT_S = 5
READERS_MAX = 4
"""Reading connections kept; as many as the page has threads."""
READ_MS_MAX = 20_000
"""A page's question that takes longer is given up."""
_LOCK_MS_MAX = 20_000
_IDLE_MS_MAX = 60_000
"""A worker that stopped in the middle of a transaction is disconnected, and its locks with it."""
_UNDONE = ("23", "40")
"""Classes of SQLSTATE by which COMMIT says that nothing was kept: constraints and serialization."""
_Connection = psycopg.Connection[tuple[Any, ...]]
_log = logging.getLogger(__name__)


class _WholeLoader(NumericBinaryLoader):
    """Sums of bigint are numeric on PostgreSQL; here they are whole numbers."""

    def load(self, data: Buffer) -> Any:
        """Return an ``int``."""
        return int(super().load(data))


def connected(url: str, *, name: str, options: str = "") -> _Connection:
    """Return a connection that commits each statement by itself.

    Raises:
        psycopg.Error: There is none to be had.
    """
    own = conninfo_to_dict(url).get("options") or ""
    connection = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_S,
        application_name=name,
        client_encoding="utf8",
        options=f"-c jit=off -c lock_timeout={_LOCK_MS_MAX}"
        f" -c idle_in_transaction_session_timeout={_IDLE_MS_MAX} {own} {options}",
        keepalives_idle=30,
        cursor_factory=RawCursor,
        prepare_threshold=2,
    )
    adapters = connection.adapters
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(bool, Int8BinaryDumper)  # As on SQLite, truth is a number.
    adapters.register_loader("numeric", _WholeLoader)
    pgarrays.register(connection)
    return connection


class PostgresServer:
    """:class:`sync.hq.database.Database` on a server. One thread only."""

    for_update = " FOR UPDATE"
    is_log_long = False

    def __init__(self, url: str, part: int = 0) -> None:
        """Connect, and make the tables if they are absent.

        Raises:
            StoreError: It cannot be reached, or is of a later version, or cannot be used.
        """
        self.part = part
        self._url = url
        self._name = f"tallypoint hq {part}"
        self._months: set[Month] = set()
        self._connection: _Connection | None = None
        try:
            prepare(self._reached())
        except (psycopg.Error, StoreError) as error:
            self.close()
            raise StoreError(_said(error)) from error

    @property
    def sql(self) -> "PostgresServer":
        """The connection."""
        return self

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Carry out one statement.

        Raises:
            StoreError: It was refused, or the server is lost; a transaction it is in is undone.
        """
        try:
            return self._reached().execute(translated(sql), values or None, binary=True)
        except psycopg.Error as error:
            raise StoreError(_said(error)) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Carry out a statement for each row.

        Raises:
            StoreError: As for :meth:`execute`.
        """
        try:
            with self._reached().cursor() as cursor:
                cursor.executemany(translated(sql), rows)
        except psycopg.Error as error:
            raise StoreError(_said(error)) from error
        return None

    def one(self, sql: str, *values: object) -> tuple[Any, ...]:
        """Return the first row of an answer that has one."""
        row = self.execute(sql, values).fetchone()
        assert row is not None, sql
        return cast("tuple[Any, ...]", row)

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; an error inside leaves nothing, a lost answer to COMMIT is of unknown outcome."""
        return self._transaction("BEGIN")

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Be in a transaction that no other process is in under this ``name``, at one moment."""
        self.execute("SELECT pg_advisory_lock(hashtextextended(?, 0))", (name,))
        try:
            with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ"):
                yield
        finally:
            connection = self._connection
            if connection is not None and not connection.closed:
                self.execute("SELECT pg_advisory_unlock(hashtextextended(?, 0))", (name,))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send the statements inside without waiting for the answer to each."""
        try:
            with self._reached().pipeline():
                yield
        except psycopg.Error as error:
            raise StoreError(_said(error)) from error

    def insert(self, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add ``rows`` to ``columns`` of a table, in one statement."""
        if rows:
            values = pgarrays.columns(rows)
            types = tuple(column.type for column in values)
            self.execute(_insertion(table, columns, types), values)

    def add(self, table: str, keys: str, sums: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add numbers to the ``sums`` columns of the rows named by ``keys``, in one statement."""
        if rows:
            values = pgarrays.columns(rows)
            types = tuple(column.type for column in values)
            self.execute(_addition(table, keys, sums, types), values)

    def make_room(self, now_ms: int) -> None:
        """Have a partition for records received now, and the next month's ahead of time."""
        now = month_of(now_ms)
        if now in self._months:
            return
        for month in (now, now.next):
            try:
                with self.alone(PARTITION_LOCK):
                    make_month(self._reached(), month)
            except psycopg.Error as error:
                raise StoreError(_said(error)) from error
        self._months.add(now)

    def wipe(self) -> None:
        """The server's vacuum does so by and by; ``VACUUM FULL`` at once, see ``sync/README.md``."""

    def grown(self, size: int) -> None:
        """The server looks after its log by itself."""

    def checkpoint(self) -> None:
        """The server does so by itself."""

    def _reached(self) -> _Connection:
        """Return the connection, made again if it was lost and nothing had been begun on it."""
        if self._connection is None or self._connection.closed:
            self._months.clear()  # It may be another server now, from a backup.
            self._connection = connected(self._url, name=self._name)
            _look_at_promises(self._connection)
        return self._connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.execute(begin)
        connection = self._reached()
        try:
            yield
        except BaseException as error:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            if isinstance(error, psycopg.Error):
                raise StoreError(_said(error)) from error
            raise
        if connection.closed:
            raise StoreError("the connection was lost")
        self._commit(connection)

    def _commit(self, connection: _Connection) -> None:
        try:
            done = connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] in _UNDONE:
                raise StoreError(_said(error)) from error
            raise CommitUnknownError(_said(error)) from error
        if done != "COMMIT":
            raise StoreError("the server rolled back")


class PostgresReadings:
    """:class:`sync.hq.database.Readings`: a few connections, each with one question at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: LifoQueue[_Connection] = LifoQueue(READERS_MAX)

    @contextmanager
    def reading(self) -> Iterator[Callable[..., Any]]:
        """Be at one moment of the database."""
        try:
            connection = self._taken()
            try:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield lambda sql, values=(): connection.execute(
                    translated(sql), values or None, binary=True
                )
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)
        except psycopg.Error as error:
            raise StoreError(_said(error)) from error

    def close(self) -> None:
        """Let go of what is held."""
        with suppress(Empty):
            while True:
                self._free.get_nowait().close()

    def _taken(self) -> _Connection:
        with suppress(Empty):
            while True:
                connection = self._free.get_nowait()
                if not _is_dead(connection):
                    return connection
        connection = connected(
            self._url, name="tallypoint hq page", options=f"-c statement_timeout={READ_MS_MAX}"
        )
        connection.row_factory = _rows
        return connection

    def _give_back(self, connection: _Connection) -> None:
        if self._free.full():
            connection.close()
        else:
            self._free.put_nowait(connection)


class Row(tuple[Any, ...]):
    """A row that can be read by position and by name."""

    __slots__ = ()
    names: dict[str, int]

    def __getitem__(self, key: Any) -> Any:
        """Return a column."""
        return tuple.__getitem__(self, self.names[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        """Return the columns' names."""
        return list(self.names)


def _rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
    names = {column.name: place for place, column in enumerate(cursor.description or ())}
    return type("NamedRow", (Row,), {"__slots__": (), "names": names})


def _is_dead(connection: _Connection) -> bool:
    """Whether the server has gone since the last question; asked of the socket, costs nothing."""
    if not connection.closed:
        with suppress(psycopg.Error):
            connection.pgconn.consume_input()
            return connection.pgconn.status != psycopg.pq.ConnStatus.OK
    return True


def _look_at_promises(connection: _Connection) -> None:
    """An acknowledged commit must be on disk: what the server's settings say against it is mended or told."""
    if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
        connection.execute("SET synchronous_commit = on")
    if connection.execute("SHOW fsync").fetchone() == ("off",):
        _log.warning(
            "the server has fsync=off: a power cut can lose entries that tills were promised"
        )


def _said(error: psycopg.Error | StoreError) -> str:
    if isinstance(error, StoreError):
        return str(error)
    return (error.diag.message_primary or str(error) or type(error).__name__).strip()


@lru_cache(64)
def _insertion(table: str, columns: str, arrays: tuple[str, ...]) -> str:
    """Return the statement that adds whole columns.

    >>> _insertion("moved", "account", ("text[]",))
    'INSERT INTO moved (account) SELECT * FROM unnest(?::text[])'
    """
    marks = ", ".join(f"?::{array}" for array in arrays)
    return f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({marks})"  # noqa: S608 - names of ours


@lru_cache(64)
def _addition(table: str, keys: str, sums: str, arrays: tuple[str, ...]) -> str:
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums.split(", "))
    return (
        f"{_insertion(table, f'{keys}, {sums}', arrays)} ON CONFLICT ({keys}) DO UPDATE SET {added}"
    )
