"""The writing connection: how a change becomes durable, and what an error on the way means.

Before the commit an error means that nothing happened. At the commit it means that nobody knows; so
nothing is begun on a disk that is nearly full, and whatever still fails at the commit ends the process.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from terminal.store import schema
from terminal.store.errors import CommitUnknownError, LedgerError

DISK_RESERVE_BYTES = 1 << 20
"""With less free, nothing is begun: a disk that fills up inside a commit leaves its outcome unknown."""
_DURABLE = "PRAGMA synchronous = FULL"
_QUICK = "PRAGMA synchronous = OFF"


class Disk:
    """A ledger's file, open for its one writer."""

    def __init__(self, path: Path) -> None:
        """Take the file over.

        Raises:
            LedgerError: It is in use, or cannot be opened.
        """
        self._path = path
        self._reserve = 0
        self._lock = _lock(path)
        try:
            self._database = schema.open_for_writing(path)
        except LedgerError:
            os.close(self._lock)
            raise
        self.connection: sqlite3.Connection = self._database.connection()
        self.run = self.connection.execute
        self._transaction = Transaction(self, path)
        try:
            self._begin_afresh()
        except LedgerError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def sync_folder(self) -> None:
        """Make the file's name durable."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def commit(self) -> "Transaction":
        """Do what is inside as one durable transaction.

        Raises:
            LedgerError: It could not be done and nothing was changed.
            CommitUnknownError: The disk failed at the commit.
        """
        return self._transaction

    @contextmanager
    def commit_locally(self) -> Iterator[None]:
        """Do what is inside as one transaction that may be lost when the power is cut.

        Raises:
            LedgerError, CommitUnknownError: As for :meth:`commit`.
        """
        self.run(_QUICK)
        try:
            with self._transaction:
                yield
        finally:
            self.run(_DURABLE)

    def change_locally(self, statement: str, values: tuple[int, ...]) -> None:
        """Carry out one statement as a transaction that may be lost when the power is cut.

        Raises:
            LedgerError, CommitUnknownError: As for :meth:`commit`.
        """
        self.check_room()
        self.run(_QUICK)
        try:
            self.run(statement, values)
        except sqlite3.OperationalError as error:
            raise CommitUnknownError(f"{self._path}: {error}") from error
        finally:
            self.run(_DURABLE)

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the file.

        Raises:
            LedgerError: The disk is full; nothing is lost.
            CommitUnknownError: The disk failed.
        """
        try:
            self.run("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise LedgerError(f"{self._path}: {error}") from error
            raise CommitUnknownError(f"{self._path}: {error}") from error

    def _begin_afresh(self) -> None:
        """Empty the write-ahead log into the file before anything is appended to it.

        After a power cut the padding that protects the last commit may be missing; the next write would
        share its block, and a second cut would then take the commit with it (found by the laboratory:
        "posted 5, but 4 are there").
        """
        try:
            self.run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.DatabaseError as error:
            # On a full disk nothing is appended either, and what is there can still be read.
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise LedgerError(f"{self._path}: {error}") from error

    def keep_reserve(self) -> None:
        """From now on leave :data:`DISK_RESERVE_BYTES` alone: they are for starting on a full disk."""
        self._reserve = DISK_RESERVE_BYTES

    def check_room(self) -> None:
        """Make sure that what is begun now has room.

        Raises:
            LedgerError: The disk is full.
        """
        room = os.fstatvfs(self._lock)
        if room.f_bavail * room.f_frsize < self._reserve:
            raise LedgerError(f"{self._path}: the disk is full")


class Transaction:
    """What :meth:`Disk.commit` returns; a class because a generator costs 2 µs of each sale."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path
        self._run = disk.run

    def __enter__(self) -> None:
        """Begin."""
        self._disk.check_room()
        try:
            self._run("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise LedgerError(f"{self._path}: {error}") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Commit, or undo everything when something was raised."""
        if kind is None:
            try:
                self._run("COMMIT")
            except sqlite3.Error as failed:
                raise CommitUnknownError(f"{self._path}: {failed}") from failed
            return
        # A full disk may have rolled back already.
        with suppress(sqlite3.OperationalError):
            self._run("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise LedgerError(f"{self._path}: {error}") from error


def _lock(path: Path) -> int:
    """Return a descriptor that holds the right to write ``path``."""
    try:
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise LedgerError(f"{path} is in use by another process") from error
    return lock
