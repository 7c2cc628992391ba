"""How the tables come to be on PostgreSQL: the common ones translated, and records in monthly partitions."""

from typing import Any

import psycopg

from sync.hq.database import StoreError
from sync.hq.dialect import described
from sync.hq.months import Month
from sync.hq.schema import SCHEMA, STEPS, first_rows

SCHEMA_LOCK = "tallypoint schema"
PARTITION_LOCK = "tallypoint months"
_VERSION = "schema"
_RECORD = "CREATE TABLE record ("
_ENCODING = "UTF8"
_OWN = (
    # The number of a record is unique by its stream's row, which is locked by whoever adds one; a key
    # over all partitions would have to hold the month as well.
    b"""CREATE TABLE record (
        id bigint NOT NULL, body bytea NOT NULL, digest bytea NOT NULL,
        received_ms bigint NOT NULL, PRIMARY KEY (id, received_ms))
        PARTITION BY RANGE (received_ms)""",
    b"""CREATE FUNCTION records_are_never_changed() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'records are never changed or deleted'; END $$""",
    b"""CREATE TRIGGER record_is_never_changed BEFORE UPDATE OR DELETE ON record
        FOR EACH ROW EXECUTE FUNCTION records_are_never_changed()""",
    b"""CREATE TRIGGER record_is_never_emptied BEFORE TRUNCATE ON record
        FOR EACH STATEMENT EXECUTE FUNCTION records_are_never_changed()""",
    b"""CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN strpos($1, $2)""",
)
_Connection = psycopg.Connection[tuple[Any, ...]]


def prepare(connection: _Connection) -> None:
    """Make the tables, or bring them up to this version; one process at a time.

    Raises:
        StoreError: The database is of a later version, or keeps no UTF-8.
        psycopg.Error: The server refuses.
    """
    if connection.execute("SHOW server_encoding").fetchone() != (_ENCODING,):
        raise StoreError(f"the database's encoding must be {_ENCODING}")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (SCHEMA_LOCK,))
        schema = _schema(connection)
        if schema > SCHEMA:
            raise StoreError(f"made by a later version: schema {schema}, this one knows {SCHEMA}")
        if schema < SCHEMA:
            _bring_up(connection, schema)


def make_month(connection: _Connection, month: Month) -> None:
    """Have a partition for the records that are received in ``month``.

    Raises:
        psycopg.Error: The server refuses.
    """
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {month.name} PARTITION OF record"
        f" FOR VALUES FROM ({month.begins_ms}) TO ({month.next.begins_ms})".encode()
    )


def _schema(connection: _Connection) -> int:
    found = connection.execute("SELECT to_regclass('state') IS NOT NULL").fetchone()
    if found != (True,):
        return 0
    row = connection.execute("SELECT value FROM state WHERE name = $1", (_VERSION,)).fetchone()
    return 0 if row is None else int(row[0])


def _bring_up(connection: _Connection, schema: int) -> None:
    for statement in (statement for step in STEPS[schema:] for statement in step):
        if statement.startswith(_RECORD):
            for own in _OWN:
                connection.execute(own)
        elif not statement.startswith("CREATE TRIGGER"):
            connection.execute(described(statement))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO state VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", first_rows()
        )
    connection.execute(
        "INSERT INTO state VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (_VERSION, SCHEMA),
    )
