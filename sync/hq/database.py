"""What the head office needs of a database, and the one dialect that SQLite and PostgreSQL both understand.

Statements are written once, for both:

* placeholders are ``?`` or ``?1``; upserts name their key: ``ON CONFLICT (account) DO UPDATE SET …``, and say
  ``holding.changed`` rather than ``changed`` where both rows have it;
* a number is no truth: ``connected <> 0``; of two numbers the larger is a ``CASE``; counting what is so is
  ``count(*) FILTER (WHERE …)``; ``sum`` may be of numbers only;
* tables are described as for SQLite (``INTEGER``, ``TEXT``, ``BLOB``, ``STRICT``);
  :mod:`sync.hq.dialect` makes PostgreSQL's of them.

On PostgreSQL several workers write at once. Whatever reads a row to change it must lock it (``for_update``),
in the order of a key, or do both in one statement; rows that every batch changes are kept once for each
worker (``balance_part``), so that none waits for another's commit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class StoreError(Exception):
    """The database cannot be opened, or refused a change; nothing of the change was kept."""


class CommitUnknownError(Exception):
    """COMMIT failed: whether the batch is stored is unknown. The process must end and look again."""


class Cursor(Protocol):
    """The answer to a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or ``None``."""
        ...

    def fetchall(self) -> list[Any]:
        """Return all further rows."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Sql(Protocol):
    """Carries out statements of the common dialect."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Cursor:
        """Carry out one statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Carry out a statement for each row."""
        ...


class Database(Protocol):
    """A writing connection. One thread only."""

    part: int
    """Whose rows of ``balance_part`` and ``day_part`` are ours: each process that writes has its own."""
    for_update: str
    """Ends a ``SELECT`` whose rows are about to be changed."""

    @property
    def sql(self) -> Sql:
        """The connection."""
        ...

    def close(self) -> None:
        """Let go of the database, all of it on disk."""
        ...

    def one(self, sql: str, *values: object) -> tuple[Any, ...]:
        """Return the first row of an answer that has one."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; an error inside leaves nothing.

        Raises:
            StoreError: Nothing was kept.
            CommitUnknownError: End the process.
        """
        ...

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Be in a transaction that no other process is in under this ``name``.

        All that is read in it is of one moment.
        """
        ...

    def together(self) -> AbstractContextManager[object]:
        """Send the statements inside without waiting for the answer to each; none of them is read."""
        ...

    def insert(self, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add ``rows``, as many as there may be, to ``columns`` ("account, unit") of a table."""
        ...

    def add(self, table: str, keys: str, sums: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add numbers to the ``sums`` columns of rows named by ``keys``, which come into being as needed.

        ``rows`` are in the order of their keys, each key once.
        """
        ...

    def make_room(self, now_ms: int) -> None:
        """Have a place for records received now, in this month or the next.

        Raises:
            StoreError: There is none, and none can be made.
        """
        ...

    def wipe(self) -> None:
        """Have nothing of what was erased left in the database's files, as far as nobody reads it now.

        Raises:
            StoreError: It could not be done; it is done by and by.
        """
        ...

    def grown(self, size: int) -> None:
        """Take note that about ``size`` bytes were written."""
        ...

    @property
    def is_log_long(self) -> bool:
        """Whether a checkpoint should not wait for a quiet moment."""
        ...

    def checkpoint(self) -> None:
        """Tidy up in a quiet moment.

        Raises:
            StoreError: The disk failed; records are safe.
        """
        ...


class Readings(Protocol):
    """Where the page reads. Any thread may ask."""

    def reading(self) -> AbstractContextManager[Callable[..., Any]]:
        """Be at one moment of the database: the callable carries out a ``SELECT``.

        Its rows can be read by position and by name.

        Raises:
            StoreError: The database does not answer.
        """
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...
