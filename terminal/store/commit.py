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
from typing import TextIO

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
        self._lock = _lock(path)
        try:
            self._database = schema.open_for_writing(path)
        except LedgerError:
            self._lock.close()
            raise
        self.connection: sqlite3.Connection = self._database.connection()
        self.run = self.connection.execute
        try:
            self._begin_afresh()
        except LedgerError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
        self._lock.close()

    def sync_folder(self) -> None:
        """Make the file's name durable."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Do what is inside as one durable transaction.

        Raises:
            LedgerError: It could not be done and nothing was changed.
            CommitUnknownError: The disk failed at the commit.
        """
        self._check_room()
        run = self.run
        try:
            run("BEGIN IMMEDIATE")
            yield
        except sqlite3.OperationalError as error:
            self._undo()
            raise LedgerError(f"{self._path}: {error}") from error
        except BaseException:
            self._undo()
            raise
        try:
            run("COMMIT")
        except sqlite3.Error as error:
            raise CommitUnknownError(f"{self._path}: {error}") from error

    @contextmanager
    def commit_locally(self) -> Iterator[None]:
        """Do what is inside as one transaction that may be lost when the power is cut.

        Raises:
            LedgerError, CommitUnknownError: As for :meth:`commit`.
        """
        self.run(_QUICK)
        try:
            with self.commit():
                yield
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

    def _check_room(self) -> None:
        room = os.statvfs(self._path)
        if room.f_bavail * room.f_frsize < DISK_RESERVE_BYTES:
            raise LedgerError(f"{self._path}: the disk is full")

    def _undo(self) -> None:
        # A full disk may have rolled back already.
        with suppress(sqlite3.OperationalError):
            self.run("ROLLBACK")


def _lock(path: Path) -> TextIO:
    try:
        lock = path.with_suffix(".lock").open("w")
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise LedgerError(f"{path} is in use by another process") from error
    return lock
