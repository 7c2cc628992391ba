"""The head office's own master data: an older database learns it, a changed file is read again."""

import sqlite3
import threading
from contextlib import closing

import pytest

from config.load import load_shop
from sync.hq.master import MasterStore
from sync.hq.names import Known
from sync.hq.opening import open_database
from sync.hq.schema import PRAGMAS, TABLES
from sync.hq.shop import digest_of, tables_of
from sync.hq.store import Store
from sync.hq.watch import ShopRead, watch
from terminal.codec.master import holding
from tests.kit.till import SHOP
from tests.kit.waiting import Events, until


def test_a_database_of_the_first_schema_learns_who_holds_something(tmp_path):
    with closing(sqlite3.connect(tmp_path / "hq.db", isolation_level=None)) as old:
        for name, value in PRAGMAS:
            old.execute(f"PRAGMA {name}={value}").fetchall()
        for table in TABLES:
            old.execute(table)
        old.execute("INSERT INTO state VALUES ('timeline', 1)")
        old.executemany(
            "INSERT INTO balance VALUES (?, ?, ?)",
            [("house:cash", "money", 5), ("member:1", "points", -7), ("member:1", "bonus", -2),
             ("member:2", "points", -3)],
        )  # fmt: skip
        old.execute("PRAGMA user_version=1")
    store = Store(tmp_path / "hq.db")

    with store.master.settled():
        pass
    assert [row for row, _ in store.master.statements(0, 9)] == [
        ("account", "1", holding(7, 0, 2)), ("account", "2", holding(3, 0, 0)),
    ]  # fmt: skip
    assert store.master.newest("statements").number == 2
    store.close()


def test_names_and_openings_are_known_from_the_master_data(tmp_path):
    database = open_database(tmp_path / "hq.db")
    store = MasterStore(database)
    shop = load_shop(SHOP)
    assert set(store.apply(tables_of(shop), b"d", 0)) == {
        "catalogue", "members", "hotlist", "statements",
    }  # fmt: skip
    known = Known()
    known.learn(store)

    assert known.names == {who.id: who.name for who in shop.members}
    assert known.tiers["gold"] == "金卡"
    assert known.opening["member:100001", "principal"] == 20_000
    assert store.digest == b"d"
    database.close()


@pytest.fixture
def watched(tmp_path, monkeypatch):
    monkeypatch.setattr("sync.hq.watch.LOOK_S", 0.02)
    path = tmp_path / "shop.toml"
    path.write_bytes(SHOP.read_bytes())
    events, stop = Events(), threading.Event()
    thread = threading.Thread(target=watch, args=(path, digest_of(path), events, stop))
    thread.start()
    yield path, events
    stop.set()
    thread.join()


def put(path, data: bytes) -> None:
    beside = path.with_suffix(".tmp")
    beside.write_bytes(data)
    beside.replace(path)


def test_a_changed_shop_file_is_read_and_one_with_faults_changes_nothing(watched, caplog):
    path, events = watched
    put(path, SHOP.read_bytes().replace(b"price = 200", b"price = 201"))

    first = events.next()

    assert isinstance(first, ShopRead)
    assert first.digest == digest_of(path)
    put(path, b"[versions]\ncatalogue = 'x'\n")
    until(lambda: "has faults" in caplog.text, "the faults are named")
    put(path, SHOP.read_bytes().replace(b"price = 200", b"price = 202"))
    second = events.next()
    assert second.tables != first.tables
