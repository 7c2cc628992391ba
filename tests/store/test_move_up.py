"""A ledger that an earlier version of this program began goes on with this one."""

import sqlite3

import pytest

from terminal.store import schema
from terminal.store.rebuild import rebuild
from terminal.store.verify import verify
from tests.store.opened import close_all, opened, sell


@pytest.fixture
def first(tmp_path):
    """A folder with a ledger of version 1 that holds sales."""
    ledger = opened(tmp_path)
    sell(ledger, 3)
    ledger.close()
    later = [statement.split()[2] for statement in schema.TABLES_2 if "CREATE TABLE" in statement]
    with sqlite3.connect(tmp_path / "ledger.db") as older:
        for table in later:
            older.execute(f"DROP TABLE {table}")
        older.execute("PRAGMA user_version = 1")
    older.close()
    yield tmp_path
    close_all()


def shape(folder):
    with sqlite3.connect(folder / "ledger.db") as ledger:
        version = ledger.execute("PRAGMA user_version").fetchone()[0]
        tables = ledger.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    ledger.close()
    return version, tables


def test_a_ledger_of_version_1_is_moved_up_when_it_is_opened(first, tmp_path_factory):
    ledger = opened(first)
    sell(ledger)
    ledger.close()
    new = tmp_path_factory.mktemp("new")
    opened(new).close()

    assert shape(first) == shape(new)
    assert verify(first / "ledger.db").faults == ()


def test_a_ledger_of_version_1_is_verified_as_it_is(first):
    assert verify(first / "ledger.db").faults == ()
    assert shape(first)[0] == 1


def test_a_rebuild_moves_a_ledger_of_version_1_up(first):
    assert rebuild(first / "ledger.db") == 3
    assert shape(first)[0] == schema.SCHEMA_VERSION
    assert verify(first / "ledger.db").faults == ()
