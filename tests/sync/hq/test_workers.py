"""A head office on PostgreSQL with two workers: order, kills of workers and of the database, and its end."""

import os
import random
import signal
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.kit.broker import Broker
from tests.kit.hq import key_for
from tests.kit.ledger import MemoryLedger, sale, till
from tests.kit.office import Office
from tests.kit.postgres import Postgres
from tests.kit.uplink import RunningTill
from tests.kit.waiting import until

TILLS = 6


@pytest.fixture
def server():
    with Postgres() as running:
        yield running


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def fleet(entries: int) -> list[MemoryLedger]:
    ledgers = []
    for number in range(1, TILLS + 1):
        ledger = MemoryLedger(till(f"T{number}", number))
        ledger.extend(sale(n) for n in range(1, entries + 1))
        ledgers.append(ledger)
    return ledgers


def is_same(office: Office, ledgers: list[MemoryLedger]) -> bool:
    return all(office.records(ledger.identity.ledger_id) == ledger.rows for ledger in ledgers)


def both_work(office: Office) -> bool:
    log = office.log()
    return len(office.workers) == 2 and log.count("connected to the broker") >= 3


def test_all_arrives_once_and_in_order_while_workers_and_database_are_killed(
    server, broker, tmp_path
):
    dice = random.Random(7)
    ledgers = fleet(60)
    office = Office(tmp_path, broker.url, "workers = 2", server.address())
    with office, ExitStack() as tills:
        running = [tills.enter_context(RunningTill(ledger, broker.url)) for ledger in ledgers]
        for turn in range(12):
            if not office.is_alive:
                office.start()  # A COMMIT of its own was of unknown outcome, so it ended to look again.
            moment = [each.position for each in running]
            if turn == 6:
                server.kill()
                server.start()
            else:
                until(lambda: len(office.workers) == 2, "two workers")
                os.kill(dice.choice(office.workers), signal.SIGKILL)
            for each in running:
                for n in range(5):
                    each.post(sale(1_000 + 10 * turn + n))
            until(
                lambda before=moment: any(
                    each.position > was for each, was in zip(running, before, strict=True)
                ),
                f"something is acknowledged after kill {turn}: {office.log()[-3000:]}",
                60,
            )
        for each in running:
            each.wait_acked(90)
        assert is_same(office, ledgers)
        records = sum(ledger.head for ledger in ledgers)
        assert office.ask("SELECT sum(sales), count(*) FROM stream") == [(records, TILLS)]
        assert office.ask("SELECT sum(sales) FROM day") == [(records,)]
        assert office.ask("SELECT count(*), count(DISTINCT record) FROM sale") == [
            (records, records)
        ]
        assert (
            office.ask(
                "SELECT unit, sum(amount) FROM balance GROUP BY unit HAVING sum(amount) <> 0"
            )
            == []
        )
        key = {"authorization": f"Bearer {key_for(server.address())}"}
        answer = httpx.get(f"{office.page}/api/v1/overview", headers=key)
        assert answer.status_code == 200, answer.text
        assert answer.json()["overview"]["records"] == records
        assert office.stop() == 0


def test_workers_end_with_their_office_however_it_ends(server, broker, tmp_path):
    office = Office(tmp_path, broker.url, "workers = 2", server.address())
    with office:
        until(lambda: both_work(office), "two workers at the broker")
        first = office.workers
        office.stop(signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in first), "they ended too")
        office.start()
        until(lambda: len(office.workers) == 2, "two workers")
        second = office.workers
        assert office.stop(signal.SIGTERM) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in second)
