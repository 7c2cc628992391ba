"""What only PostgreSQL has: months, workers that write at once, and a server that comes and goes."""

from datetime import UTC, datetime
from threading import Thread

import psycopg
import pytest

from sync.hq.append import Work
from sync.hq.database import CommitUnknownError, StoreError
from sync.hq.months import Month, month_of
from sync.hq.opening import open_database, open_readings
from sync.hq.postgres import PostgresReadings
from sync.hq.queries import SqlReader
from sync.hq.schema import STEPS
from sync.hq.store import Store
from sync.protocol.batch import Batch
from sync.protocol.hello import Hello
from sync.protocol.record import genesis
from tests.kit.ledger import MemoryLedger, sale, till
from tests.kit.postgres import Postgres
from tests.kit.waiting import PATIENCE_S

NOV = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1000


@pytest.fixture
def data(postgres):
    return postgres.database()


def opened(store: Store, name: str, seed: int, count: int) -> MemoryLedger:
    """A till's ledger of ``count`` sales that the store knows of."""
    ledger = MemoryLedger(till(name, seed))
    ledger.extend(sale(n) for n in range(1, count + 1))
    who = ledger.identity
    start = genesis(who.ledger_id, who.key.public.raw)
    store.enrol(name, who.key.public.key_id, who.key.public.raw, NOV)
    hello = Hello(name, who.ledger_id, 0, who.key.public.raw, b"12345678", count, ledger.digest)
    store.open_ledger(hello, who.key.public.key_id, start, NOV)
    return ledger


def work(ledger: MemoryLedger, first: int, count: int) -> Work:
    rows, who = ledger.read(first, count), ledger.identity
    before = ledger.rows[first - 2][2] if first > 1 else genesis(who.ledger_id, who.key.public.raw)
    bodies, digests = tuple(row[1] for row in rows), [row[2] for row in rows]
    batch = Batch(who.terminal, who.ledger_id, 0, first, before, digests[-1], bodies, ledger.head)
    return Work.of(batch, digests)


def tables(data: str) -> set[str]:
    with psycopg.connect(data) as connection:
        return {name for (name,) in connection.execute("SELECT relname FROM pg_class").fetchall()}


def test_records_lie_in_the_month_of_their_receipt_and_the_next_one_is_there_ahead(data):
    store = Store(data)
    ledger = opened(store, "T1", 1, 6)
    store.append_all([work(ledger, 1, 2)], NOV)
    assert {"record_2026_11", "record_2026_12"} <= tables(data)
    later = Month(2027, 3).begins_ms  # Nobody was here for months.
    store.append_all([work(ledger, 3, 2)], later - 1)
    store.append_all([work(ledger, 5, 2)], later)
    assert {"record_2027_02", "record_2027_03", "record_2027_04"} <= tables(data)
    with psycopg.connect(data) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("record_2026_11", "record_2026_12", "record_2027_02", "record_2027_03")
        ]
    assert counts == [2, 0, 2, 2]
    assert store._sql.execute("SELECT body FROM records ORDER BY seq").fetchall() == [
        (row[1],) for row in ledger.rows
    ]
    store.close()


def test_two_processes_make_the_same_tables_and_months_at_once(postgres):
    data, errors = postgres.database(), []

    def begin() -> None:
        try:
            database = open_database(data, 1)
            database.make_room(NOV)
            database.close()
        except StoreError as error:
            errors.append(error)

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert errors == []
    assert month_of(NOV).name in tables(data)


def test_both_kinds_of_database_have_the_same_tables_and_columns(tmp_path, data):
    file, server = open_database(tmp_path / "hq.db"), open_database(data)
    names = {
        name
        for (name,) in file.sql.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite_%'"
        )
    }
    assert len(STEPS) > 2
    for name in names:
        ours = [row[1] for row in file.sql.execute(f"PRAGMA table_info({name})")]
        theirs = server.sql.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = ?"
            " AND table_schema = current_schema() ORDER BY ordinal_position",
            (name,),
        ).fetchall()
        assert [str(column) for (column,) in theirs] == ours, name
    file.close()
    server.close()


def test_workers_add_to_books_of_their_own_and_the_page_sees_the_sum(data):
    first, second = Store(open_database(data, 1)), Store(open_database(data, 2))
    one, two = opened(first, "T1", 1, 10), opened(first, "T2", 2, 10)
    with first._database.transaction():  # Has touched every balance, and is not through yet.
        first._database.add("balance_part", "account, unit, part", "amount", [
            ("house:cash", "money", 1, 0), ("member:1", "points", 1, 0),
        ])  # fmt: skip
        second.append_all([work(two, 1, 10)], NOV)
    first.append_all([work(one, 1, 10)], NOV)
    readings = open_readings(data)
    reader = SqlReader(readings, "key", lambda: "")
    assert reader.overview().records == reader.overview().sales == 20
    (day,) = reader.days(5)
    assert (day.sales, day.amount) == (20, reader.overview().sales_amount)
    assert sum(row.amount for row in reader.balances("", 100) if row.unit == "money") == 0
    assert first._database.one("SELECT count(DISTINCT part) FROM balance_part")[0] == 2
    for each in (readings, first, second):
        each.close()


def test_a_change_that_commits_late_is_not_hidden_below_a_number_told_before(data):
    first, second = Store(open_database(data, 1)), Store(open_database(data, 2))
    one = opened(first, "T1", 1, 1)
    with first._database.transaction():
        first._database.insert("moved", "account", [("late",)])
        second.append_all([work(one, 1, 1)], NOV)
        with second.master.settled():
            told = second.master.newest("statements").number
    with second.master.settled():
        after = [row[0][1] for row in second.master.statements(told, 10)]
    assert after == ["late"]
    for store in (first, second):
        store.close()


def test_a_batch_that_cannot_be_stored_leaves_nothing_of_its_group(data):
    store = Store(data)
    one, two = opened(store, "T1", 1, 4), opened(store, "T2", 2, 4)
    bad = work(two, 1, 4)
    bad.sums.sales.append((0, "no\x00text"))
    with pytest.raises(StoreError):
        store.append_all([work(one, 1, 4), bad], NOV)
    assert store._database.one("SELECT count(*) FROM record") == (0,)
    assert [held.seq for held in store.append_all([work(one, 1, 4)], NOV)] == [4]
    store.close()


@pytest.fixture
def mortal():
    with Postgres() as server:
        yield server


def test_a_server_that_comes_back_is_found_again_and_holds_what_was_committed(mortal):
    data = mortal.address()
    store, readings = Store(data), open_readings(data)
    ledger = opened(store, "T1", 1, 6)
    store.append_all([work(ledger, 1, 3)], NOV)
    reader = SqlReader(readings, "key", lambda: "")
    assert reader.overview().records == 3
    mortal.kill()
    with pytest.raises(StoreError):
        store.append_all([work(ledger, 4, 3)], NOV)
    with pytest.raises(StoreError):
        reader.overview()
    mortal.start()
    assert reader.overview().records == 3
    assert [held.seq for held in store.append_all([work(ledger, 4, 3)], NOV)] == [6]
    readings.close()
    store.close()


def test_a_commit_whose_answer_never_came_is_unknown(data, postgres):
    store = Store(data)
    (pid,) = store._database.one("SELECT pg_backend_pid()")
    with pytest.raises(CommitUnknownError), store._database.transaction():
        store._sql.execute("INSERT INTO moved (account) VALUES ('x')")
        with psycopg.connect(postgres.address(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend($1, 5000)".replace("$1", str(pid)))
    store.close()


def test_a_lost_connection_before_commit_stored_nothing_and_is_made_again(data, postgres):
    store = Store(data)
    (pid,) = store._database.one("SELECT pg_backend_pid()")
    with pytest.raises(StoreError), store._database.transaction():
        with psycopg.connect(postgres.address(), autocommit=True) as other:
            other.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        store._sql.execute("INSERT INTO moved (account) VALUES ('x')")
    assert store._database.one("SELECT count(*) FROM moved") == (0,)
    store.close()


def test_later_and_foreign_databases_are_refused(data):
    store = Store(data)
    store._sql.execute("UPDATE state SET value = 99 WHERE name = 'schema'")
    store.close()
    with pytest.raises(StoreError, match="later version"):
        Store(data)
    with pytest.raises(StoreError):
        Store("postgresql:///nowhere?host=/nowhere")


def test_text_sorts_by_its_bytes_as_it_does_in_a_file(data, tmp_path):
    names = ["member:b", "member:A", "house:cash", "member:_", "member:é", "member:Z", "member:王"]
    found = []
    for place in (data, tmp_path / "hq.db"):
        database, readings = open_database(place), open_readings(place)
        rows = [(name, "points", 0, 1) for name in sorted(names)]
        database.add("balance_part", "account, unit, part", "amount", rows)
        reader = SqlReader(readings, "key", lambda: "")
        all_of_them = [row.account for row in reader.balances("", 99)]
        after = [row.account for row in reader.balances("member:", 99, ("member:Z", "points"))]
        found.append((all_of_them, after))
        readings.close()
        database.close()
    assert found[0] == found[1]
    assert found[0][0] == sorted(names)


def test_the_pages_rows_are_read_by_position_and_by_name(data):
    Store(data).close()
    readings = PostgresReadings(data)
    with readings.reading() as ask:
        row = ask("SELECT name, value FROM state WHERE name = ?", ("timeline",)).fetchone()
        assert (row["name"], row[1], row["value"], tuple(row)) == (
            "timeline", 1, 1, ("timeline", 1),
        )  # fmt: skip
        assert row[1:] == (1,)
        assert dict(zip(row.keys(), row, strict=True)) == {"name": "timeline", "value": 1}
    with pytest.raises(StoreError), readings.reading() as ask:
        ask("DELETE FROM state")
    readings.close()
