"""The ledger's file: its tables, and how a connection to it is opened.

``psow=0`` makes SQLite pad each commit to a whole block, so that a write the power cuts short cannot spoil
a commit that was acknowledged before: without it the commit before was lost in 59 of 60 disk images,
with it in none (blocks up to 4 kB). ``page_size`` counts only before WAL is switched on. Automatic
checkpoints are off because they swallow I/O errors.

A sale dirties four pages: the tail of ``record``, the house accounts and the member in ``balance``, and
``state``. What only *finds* records (``receipt``, ``call``) is written for hundreds of them at a time.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from peewee import PeeweeException, SqliteDatabase

from terminal.store import allowances
from terminal.store.errors import LedgerError, NewerSchemaError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x74706C67
"""``tplg``: marks the file as a ledger for :program:`file` and for us."""
BUSY_MS = 2_000
"""How long a statement waits for somebody else's lock."""

TABLES = """
CREATE TABLE record (
    seq INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL,
    number INTEGER, call INTEGER, asked BLOB) STRICT;

CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE balance (
    account TEXT NOT NULL, unit TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (account, unit)) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ledger_id TEXT NOT NULL, public_key BLOB NOT NULL, ordinal INTEGER NOT NULL,
    outbox INTEGER NOT NULL, receipts INTEGER NOT NULL, found INTEGER NOT NULL,
    acked INTEGER NOT NULL, acked_digest BLOB NOT NULL, timeline INTEGER NOT NULL,
    proof BLOB NOT NULL) STRICT;

CREATE TABLE receipt (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

CREATE TABLE call (hash INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

CREATE TABLE call_recent (hash INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

CREATE TABLE payment (seq INTEGER PRIMARY KEY, sale_id TEXT NOT NULL) STRICT;

CREATE TABLE pin (operator TEXT PRIMARY KEY, verifier TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE lockout (operator TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE copy (receipt TEXT PRIMARY KEY, copies INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE print_job (number INTEGER PRIMARY KEY, state INTEGER NOT NULL) STRICT;"""

TABLES_2: tuple[str, ...] = (
    """CREATE TABLE lot (account TEXT NOT NULL, ledger TEXT NOT NULL, seq INTEGER NOT NULL,
    part INTEGER NOT NULL, points INTEGER NOT NULL, usable_on INTEGER NOT NULL,
    lapses_on INTEGER NOT NULL, PRIMARY KEY (account, ledger, seq, part)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL, day INTEGER NOT NULL,
    text TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE rule_use (rule TEXT NOT NULL, scope TEXT NOT NULL, units INTEGER NOT NULL,
    PRIMARY KEY (rule, scope)) STRICT, WITHOUT ROWID""",
    "CREATE TABLE coupon_use (coupon TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE book (digest BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE book_since (
    seq INTEGER PRIMARY KEY, digest BLOB NOT NULL, since_ms INTEGER NOT NULL) STRICT""",
    "CREATE TABLE shopper (account TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    *allowances.TABLES,
    # Receipts of the ledger before that may be on paper or not; local, as the print journal is.
    "CREATE TABLE old_doubt (receipt TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    """CREATE TABLE purse_doubt (
        terminal TEXT NOT NULL, sequence INTEGER NOT NULL, seq INTEGER NOT NULL, purse TEXT NOT NULL,
        state TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0, sale_id TEXT NOT NULL,
        PRIMARY KEY (terminal, sequence)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE purse_card (
        purse TEXT NOT NULL, line TEXT NOT NULL, counter INTEGER NOT NULL,
        PRIMARY KEY (purse, line)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE purse_last (
        id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL) STRICT""",
    "CREATE TABLE tag_tap (tag BLOB NOT NULL UNIQUE, counter INTEGER NOT NULL) STRICT",
)
"""What version 2 adds: tables of what no ledger of version 1 holds, so they start empty; but ``shopper``."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a new ledger is made with; for a ledger that exists, only the key is compared."""

    ledger_id: str
    public_key: bytes
    """The till's Ed25519 key: the chain begins with it."""
    ordinal: int = 1
    """Which ledger of this till it is: 2 after a restore. Receipt numbers carry it."""


_PRAGMAS = {
    "page_size": 4096,
    "journal_mode": "wal",
    "synchronous": "full",
    "wal_autocheckpoint": 0,
    "recursive_triggers": 1,  # Otherwise INSERT OR REPLACE deletes past the trigger.
    "cell_size_check": 1,
    "trusted_schema": 0,
    "cache_size": -8192,
}


def open_for_writing(path: Path) -> SqliteDatabase:
    """Return the one database that writes ``path``; used by one thread at a time.

    Raises:
        LedgerError: The file cannot be opened or is none of SQLite's.
    """
    database = SqliteDatabase(
        _uri(path, "psow=0"),
        pragmas=_PRAGMAS,
        thread_safe=False,
        timeout=BUSY_MS / 1000,
        uri=True,
        check_same_thread=False,
        cached_statements=64,
    )
    try:
        database.connection()
    except PeeweeException as error:
        raise LedgerError(f"{path}: {error}") from error
    return database


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a read-only connection to a ledger's file for one thread.

    Raises:
        LedgerError: The file cannot be opened, or holds no ledger.
    """
    try:
        connection = sqlite3.connect(
            _uri(path, "mode=ro"), uri=True, isolation_level=None, timeout=BUSY_MS / 1000
        )
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {error}") from error
    try:
        version = check_version(connection)
    except NewerSchemaError:
        connection.close()
        raise
    except (sqlite3.Error, LedgerError) as error:
        connection.close()
        raise LedgerError(f"{path}: {error}") from error
    if not version:
        connection.close()
        raise LedgerError(f"{path}: there is no ledger in it")
    return connection


def check_version(connection: sqlite3.Connection) -> int:
    """Return the schema version of the file, 0 for an empty one.

    Raises:
        NewerSchemaError: It is later than what this program knows.
        LedgerError: The file is somebody else's.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    mark: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if version > SCHEMA_VERSION and mark == APPLICATION_ID:
        raise NewerSchemaError(f"schema {version}, this program knows {SCHEMA_VERSION}")
    if (version or mark) and mark != APPLICATION_ID:
        raise LedgerError("not a ledger of this program")
    return version


def create(connection: sqlite3.Connection, identity: Identity) -> None:
    """Begin a new ledger, inside the transaction that is open."""
    run = connection.execute
    create_tables(connection)
    run(
        "INSERT INTO state VALUES (1, ?, ?, ?, 0, 0, 0, 0, x'', 0, x'')",
        (identity.ledger_id, identity.public_key, identity.ordinal),
    )
    run(f"PRAGMA application_id = {APPLICATION_ID}")
    run(f"PRAGMA user_version = {SCHEMA_VERSION}")


def move_up(connection: sqlite3.Connection) -> None:
    """Bring a ledger of an earlier version to this one, inside the transaction that is open."""
    _create_later_tables(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, empty."""
    for statement in TABLES.split(";\n\n"):
        connection.execute(statement)
    _create_later_tables(connection)


def _create_later_tables(connection: sqlite3.Connection) -> None:
    for statement in TABLES_2:
        connection.execute(statement)


def _uri(path: Path, options: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{options}"
