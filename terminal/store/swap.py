"""Replaces a database file whole: made beside, made durable, put in place; or nothing changes.

Used for what the head office or a shop file says. A shop file's databases are never changed in place; the
head office's are behind a link (see :mod:`terminal.store.mirror`) and do change, each change being one
transaction. Readers that hold the old file keep reading it until they open the path again.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sync.protocol.errors import NotTakenError

BUSY_MS = 2_000
"""How long a statement waits for somebody else's lock."""


class MasterDataError(NotTakenError):
    """A file of master data cannot be read, or is none of ours."""


def replace_whole(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Put a new database that ``fill`` fills in the place of ``path``.

    Raises:
        MasterDataError: It could not be written; the old file is untouched.
    """
    beside = path.with_suffix(".new")
    try:
        beside.unlink(missing_ok=True)
        _write(beside, fill)
        _sync(beside)
        beside.replace(path)
        _sync(path.parent)
    except (sqlite3.Error, OSError) as error:
        beside.unlink(missing_ok=True)
        raise MasterDataError(f"{path}: {error}") from error


def open_whole(path: Path, mark: int) -> sqlite3.Connection:
    """Return a read-only connection to a file of master data, checked to carry ``mark``.

    Raises:
        MasterDataError: It is missing, unreadable, or another file.
    """
    fixed = "" if path.is_symlink() else "&immutable=1"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro{fixed}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_MS / 1_000,
        )
        found = connection.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.Error as error:
        raise MasterDataError(f"{path}: {error}") from error
    if found != mark:
        connection.close()
        raise MasterDataError(f"{path}: not the file it should be")
    return connection


def _write(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in (
            "page_size = 4096",
            "journal_mode = OFF",
            "synchronous = OFF",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN")
        fill(connection)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
