"""Files of the head office's master data: how they are made, checked, and put in place by turning a link."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sync.protocol.master import STATEMENTS
from terminal.codec.master import UnreadableRowError
from terminal.store import catalog, foreign, members, mirrored, rolled
from terminal.store.swap import BUSY_MS, MasterDataError

MARKS = {
    "catalog": catalog.MARK,
    "members": members.MARK,
    "rules": rolled.MARK,
    "purses": foreign.MARK,
}
"""The files, and how each is marked as ours."""
_FORMAT = 3
"""Raised whenever the files' own tables change; a file of another format is fetched anew."""
_SOURCE = (
    """CREATE TABLE source (name TEXT PRIMARY KEY, version INTEGER NOT NULL, mark BLOB NOT NULL,
        at_ms INTEGER) STRICT, WITHOUT ROWID""",
    "CREATE TABLE draft (version INTEGER NOT NULL, mark BLOB NOT NULL, cursor BLOB NOT NULL) STRICT",
    "CREATE TABLE opened (by TEXT NOT NULL) STRICT",
)


def ensure(folder: Path) -> None:
    """See to it that there is master data to open: empty where there is none, or none that can be used.

    What a shop file's database holds is kept until the head office's first word.

    Raises:
        MasterDataError: It could not be written.
    """
    for name, mark in MARKS.items():
        link = folder / f"{name}.db"
        if link.exists() and _is_usable(link, mark):
            continue
        path = make(folder, name)
        if link.is_file() and not link.is_symlink():
            _copy(link, path, name)
        link_to(path, link)
        tidy(folder, name)


def versions(folder: Path) -> dict[str, tuple[int, int | None]]:
    """Return what is held, table by table: the version, and when it was last known to be the newest.

    The time is in milliseconds since 1970. A table that was never fetched is left out.
    """
    found: dict[str, tuple[int, int | None]] = {}
    for name in MARKS:
        path = folder / f"{name}.db"
        if not path.is_symlink():
            continue
        connection = connect(path)
        try:
            rows = connection.execute("SELECT name, version, at_ms FROM source").fetchall()
        finally:
            connection.close()
        found.update({table: (version, at_ms) for table, version, at_ms in rows})
    return found


def forget_statements(folder: Path) -> None:
    """Have the head office asked for all statements again; those that are held stay until then.

    They were set against a ledger that is gone.

    Raises:
        MasterDataError: The file could not be written.
    """
    path = folder / "members.db"
    if not path.is_symlink():
        return
    with closing(connect(path)) as connection, changing(connection, folder):
        connection.execute("DELETE FROM source WHERE name = ?", (STATEMENTS,))


def _copy(old: Path, path: Path, name: str) -> None:
    """Fill the new file at ``path`` with what the database ``old`` of a shop file holds."""
    connection = connect(path)
    try:
        connection.execute("ATTACH ? AS old", (str(old),))
        with changing(connection, path):
            for table in mirrored.COPIED[name]:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
                connection.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608
    except (sqlite3.Error, MasterDataError):
        return  # Of an older version, or spoiled: the head office sends everything anyway.
    finally:
        connection.close()


def source(connection: sqlite3.Connection, table: str) -> tuple[int, bytes, int | None] | None:
    """Return version, mark and time of a table in a file, None when it was never fetched."""
    row: tuple[int, bytes, int | None] | None = connection.execute(
        "SELECT version, mark, at_ms FROM source WHERE name = ?", (table,)
    ).fetchone()
    return row


def make(folder: Path, name: str) -> Path:
    """Make a new file with empty tables and return its path."""
    path = folder / f"{name}-{os.urandom(4).hex()}.db"
    try:
        connection = connect(path)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("BEGIN")
        mirrored.make_tables(connection, name)
        for table in _SOURCE:
            connection.execute(table)
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.execute("COMMIT")
        connection.close()
    except sqlite3.Error as error:
        remove(path)
        raise MasterDataError(f"{path}: {error}") from error
    return path


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection that may write.

    Raises:
        MasterDataError: It cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            path.resolve(), isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1_000
        )
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # What is erased is overwritten.
    except sqlite3.Error as error:
        raise MasterDataError(f"{path}: {error}") from error
    return connection


def _is_usable(path: Path, mark: int) -> bool:
    """Return whether a file may be used."""
    if not path.is_symlink():
        return False
    try:
        connection = connect(path)
    except MasterDataError:
        return False
    try:
        return check(connection, mark)
    except sqlite3.Error:
        return False
    finally:
        connection.close()


def check(connection: sqlite3.Connection, mark: int) -> bool:
    """Return whether the file is ours and whole; it is looked through when it was not closed in order."""
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
def changing(connection: sqlite3.Connection, where: Path) -> Iterator[None]:
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


def link_to(path: Path, link: Path) -> None:
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


def tidy(folder: Path, name: str) -> None:
    """Remove files that no link leads to any more; whoever has one open keeps it until they let go."""
    live = (folder / f"{name}.db").resolve()
    for path in folder.glob(f"{name}-*.db"):
        if path != live:
            remove(path)


def remove(path: Path) -> None:
    """Remove a file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
