"""Tables of the head office's database, described for SQLite; PostgreSQL's are made of them.

A record's row number is its stream's number and its own packed into one integer, so that each stream's
records lie together without a second index; the view ``records`` spells them out. Records are never
changed or deleted. Balances, the list of sales and the sums in ``stream`` follow from the records.

What every batch adds to, whosever till it is from, is kept in parts, one for each process that writes; the
views ``balance`` and ``day`` add the parts up.
"""

import secrets

from sync.hq.office_schema import TABLES_3
from sync.hq.purse_schema import PURSE_TABLES
from sync.hq.recheck_schema import RECHECK_TABLES

SEQ_BITS = 40
"""Written out in the view ``records``."""
PAGE_BYTES = 4_096

PRAGMAS = (
    ("page_size", PAGE_BYTES),  # Before WAL, or it is ignored.
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("secure_delete", 1),  # What is erased is overwritten.
    ("wal_autocheckpoint", 0),  # Automatic checkpoints swallow I/O errors.
    ("recursive_triggers", 1),  # Else INSERT OR REPLACE deletes past the triggers.
    ("cache_size", -64_000),
)

TABLES = (
    "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE till_key (
        key_id BLOB PRIMARY KEY, public_key BLOB NOT NULL, terminal TEXT NOT NULL UNIQUE,
        first_seen_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE stream (
        id INTEGER PRIMARY KEY, ledger_id TEXT NOT NULL, branch INTEGER NOT NULL,
        terminal TEXT NOT NULL, key_id BLOB NOT NULL,
        parent INTEGER, base_seq INTEGER NOT NULL, base_digest BLOB NOT NULL,
        last_seq INTEGER NOT NULL, last_digest BLOB NOT NULL,
        head_seq INTEGER NOT NULL DEFAULT 0, connected INTEGER NOT NULL DEFAULT 0,
        session BLOB NOT NULL DEFAULT x'', heard_ms INTEGER NOT NULL,
        record_ms INTEGER NOT NULL DEFAULT 0, skew_ms INTEGER NOT NULL DEFAULT 0,
        sales INTEGER NOT NULL DEFAULT 0, sales_amount INTEGER NOT NULL DEFAULT 0,
        quarantined INTEGER NOT NULL DEFAULT 0, refusal TEXT NOT NULL DEFAULT '',
        revision INTEGER NOT NULL DEFAULT 0,
        UNIQUE (ledger_id, branch)) STRICT""",
    """CREATE TABLE record (
        id INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL,
        received_ms INTEGER NOT NULL) STRICT""",
    """CREATE TABLE balance (
        account TEXT NOT NULL, unit TEXT NOT NULL, amount INTEGER NOT NULL,
        PRIMARY KEY (account, unit)) STRICT, WITHOUT ROWID""",
    # No index on the member: it would scatter each batch over the whole file; a scan is short enough.
    """CREATE TABLE sale (
        id INTEGER PRIMARY KEY, record INTEGER NOT NULL, member TEXT NOT NULL) STRICT""",
    """CREATE TABLE day (
        business_date INTEGER PRIMARY KEY, sales INTEGER NOT NULL, amount INTEGER NOT NULL,
        discount INTEGER NOT NULL, earned INTEGER NOT NULL) STRICT""",
    "CREATE TABLE quarantine (record INTEGER PRIMARY KEY, fault TEXT NOT NULL) STRICT",
    """CREATE TABLE refused (
        id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, topic TEXT NOT NULL,
        reason TEXT NOT NULL, size INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT""",
    """CREATE VIEW records AS
        SELECT stream.ledger_id, stream.branch, record.id & 1099511627775 AS seq,
            record.body, record.digest, record.received_ms, record.id
        FROM record JOIN stream ON stream.id = record.id >> 40""",
    """CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
        BEGIN SELECT raise(ABORT, 'records are never changed'); END""",
    """CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
        BEGIN SELECT raise(ABORT, 'records are never deleted'); END""",
)


TABLES_2 = (
    """CREATE TABLE master_version (
        name TEXT NOT NULL, version INTEGER NOT NULL, mark BLOB NOT NULL, made_ms INTEGER NOT NULL,
        PRIMARY KEY (name, version)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE master_row (
        name TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB,
        version INTEGER NOT NULL, PRIMARY KEY (name, kind, key)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX master_row_changed ON master_row (name, version)",
    "CREATE TABLE master_source (id INTEGER PRIMARY KEY, digest BLOB NOT NULL) STRICT",
    """CREATE TABLE holding (
        account TEXT PRIMARY KEY, changed INTEGER NOT NULL, points INTEGER NOT NULL DEFAULT 0,
        principal INTEGER NOT NULL DEFAULT 0, bonus INTEGER NOT NULL DEFAULT 0)
        STRICT, WITHOUT ROWID""",
    "CREATE INDEX holding_changed ON holding (changed)",
    """INSERT INTO holding (account, changed)
        SELECT substr(account, 8), row_number() OVER (ORDER BY account)
        FROM balance WHERE account LIKE 'member:%' GROUP BY account""",
)
"""What schema 2 adds: master data, and who holds something, with what they held when the books opened."""

TABLES_4 = (
    # Who moved and has no number in the order of changes yet; see sync.hq.master.
    "CREATE TABLE moved (id INTEGER PRIMARY KEY, account TEXT NOT NULL) STRICT",
    """CREATE TABLE balance_part (
        account TEXT NOT NULL, unit TEXT NOT NULL, part INTEGER NOT NULL, amount INTEGER NOT NULL,
        PRIMARY KEY (account, unit, part)) STRICT, WITHOUT ROWID""",
    "INSERT INTO balance_part SELECT account, unit, 0, amount FROM balance",
    "DROP TABLE balance",
    """CREATE VIEW balance AS SELECT account, unit, sum(amount) AS amount
        FROM balance_part GROUP BY account, unit""",
    """CREATE TABLE day_part (
        business_date INTEGER NOT NULL, part INTEGER NOT NULL, sales INTEGER NOT NULL,
        amount INTEGER NOT NULL, discount INTEGER NOT NULL, earned INTEGER NOT NULL,
        PRIMARY KEY (business_date, part)) STRICT, WITHOUT ROWID""",
    "INSERT INTO day_part SELECT business_date, 0, sales, amount, discount, earned FROM day",
    "DROP TABLE day",
    """CREATE VIEW day AS SELECT business_date, sum(sales) AS sales, sum(amount) AS amount,
        sum(discount) AS discount, sum(earned) AS earned FROM day_part GROUP BY business_date""",
)
"""What schema 4 changes: balances and days in parts, and changes are numbered when somebody asks."""

TABLES_LOTS = (
    # What all ledgers put into a dated lot of points and took out of it; see terminal.core.points.lotbook.
    """CREATE TABLE lot_part (
        account TEXT NOT NULL, ledger TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,
        usable_on INTEGER NOT NULL, lapses_on INTEGER NOT NULL, part INTEGER NOT NULL,
        points INTEGER NOT NULL,
        PRIMARY KEY (account, ledger, seq, n, usable_on, lapses_on, part)) STRICT, WITHOUT ROWID""",
)
"""What the lots of points need."""

TABLES_VALUE = (
    # What a till may spend: 0 granted, 1 taken up, 2 closed, 3 declared lost, 4 never taken up.
    """CREATE TABLE allowance (
        id TEXT PRIMARY KEY, ask TEXT NOT NULL, account TEXT NOT NULL, unit TEXT NOT NULL,
        cause TEXT NOT NULL, ledger_id TEXT NOT NULL, terminal TEXT NOT NULL,
        timeline INTEGER NOT NULL, granted_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
        state INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX allowance_account ON allowance (account, state)",
    "CREATE INDEX allowance_ledger ON allowance (ledger_id, state)",
    """CREATE TABLE allowance_lot (
        allowance TEXT NOT NULL, lot TEXT NOT NULL, granted INTEGER NOT NULL,
        spent INTEGER NOT NULL, since INTEGER NOT NULL, usable_on INTEGER NOT NULL,
        lapses_on INTEGER NOT NULL, PRIMARY KEY (allowance, lot)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE value_lot (
        account TEXT NOT NULL, unit TEXT NOT NULL, lot TEXT NOT NULL, amount INTEGER NOT NULL,
        since INTEGER NOT NULL, usable_on INTEGER NOT NULL, lapses_on INTEGER NOT NULL,
        PRIMARY KEY (account, unit, lot)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE roll_call (
        ledger_id TEXT PRIMARY KEY, terminal TEXT NOT NULL, store TEXT NOT NULL,
        timeline INTEGER NOT NULL, seq INTEGER NOT NULL, heard_ms INTEGER NOT NULL)
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE overspent (
        record INTEGER PRIMARY KEY, account TEXT NOT NULL, why TEXT NOT NULL) STRICT""",
)
"""What value needs: allowances, the lots they come from, and who has answered since a new timeline."""

TABLES_MERGED = (
    """CREATE TABLE merged (
        account TEXT PRIMARY KEY, into_account TEXT NOT NULL, at_ms INTEGER NOT NULL)
        STRICT, WITHOUT ROWID""",
)
"""Accounts that became one with another, whose cards and phone name that one."""

STEPS: tuple[tuple[str, ...], ...] = (
    TABLES,
    TABLES_2,
    TABLES_3,
    TABLES_4,
    TABLES_LOTS,
    RECHECK_TABLES,
    PURSE_TABLES,
    TABLES_VALUE,
    TABLES_MERGED,
)
"""From each schema to the next."""
SCHEMA = len(STEPS)
FEED_BITS = 62


def first_rows() -> tuple[tuple[str, int], ...]:
    """Return what a new database begins with in ``state``."""
    return ("timeline", 1), ("feed", secrets.randbits(FEED_BITS))


def record_id(stream: int, seq: int) -> int:
    """Return the row number of a record.

    >>> seq_of(record_id(3, 17))
    17
    """
    return stream << SEQ_BITS | seq


def seq_of(record: int) -> int:
    """Return the number within its stream of the record with this row number."""
    return record & (1 << SEQ_BITS) - 1


def stream_of(record: int) -> int:
    """Return the stream of the record with this row number.

    >>> stream_of(record_id(3, 17))
    3
    """
    return record >> SEQ_BITS
