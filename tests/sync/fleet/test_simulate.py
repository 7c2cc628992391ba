"""``tallypoint hq simulate``: real clients of a real broker, figures, and what it refuses."""

import re
import threading

import pytest

from sync.fleet.run import Plan, simulate
from tests.kit.broker import Broker
from tests.kit.office import Office
from tests.kit.process import tallypoint
from tests.kit.waiting import until


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def test_a_fleet_that_was_away_comes_back_and_its_sales_are_in_the_books(tmp_path, broker):
    with Office(tmp_path, broker.url) as office:
        done = tallypoint(
            "hq", "simulate", "--terminals", "12", "--sales", "20", "--offline",
            "--broker", broker.url, "--patience", "100",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        assert "acknowledged 240 of 240 entries, 12 of 12 tills" in done.stdout
        assert re.search(r"drained in [0-9.]+ s, [0-9,]+ entries/s", done.stdout)
        assert re.search(r"acknowledged in [0-9]+ ms p50, [0-9]+ ms p99", done.stdout)
        assert "12 of 12 tills" in done.stderr
        assert office.ask("SELECT count(*), sum(sales), sum(quarantined) FROM stream") == [
            (12, 240, 0)
        ]
        assert office.ask("SELECT count(*) FROM till_key WHERE terminal LIKE 'SIM-%'") == [(12,)]


def test_tills_that_sell_now_and_then_go_on_over_a_broker_that_dies(tmp_path, broker):
    said = []
    with Office(tmp_path, broker.url) as office:

        def kill() -> None:
            until(
                lambda: any(re.match(r".*, [1-9]\d* of 60 ", line) for line in said), "a first ack"
            )
            broker.stop()
            broker.start()

        killing = threading.Thread(target=kill)
        killing.start()
        plan = Plan("127.0.0.1", broker.port, 6, 10, every_s=0.6, patience_s=180)
        outcome = simulate(plan, said.append)
        killing.join()
        assert (outcome.through, outcome.figures.acked, outcome.entries) == (6, 60, 60)
        assert outcome.figures.lost >= 6
        assert office.ask("SELECT sum(sales), sum(last_seq) FROM stream") == [(60, 60)]


def test_it_says_so_and_fails_when_nobody_answers(broker):
    words = ("hq", "simulate", "--terminals", "2", "--sales", "1", "--offline", "--patience", "1")
    done = tallypoint(*words, "--broker", broker.url)
    assert done.returncode == 1
    assert "acknowledged 0 of 2 entries, 0 of 2 tills" in done.stdout
    broker.stop()
    done = tallypoint(*words, "--broker", broker.url)
    assert done.returncode == 1
    assert broker.url in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--broker", "mqtt://192.0.2.7"), "is not this machine"),
        (("--broker", "mqtt://hq.example.com:1883"), "is not this machine"),
        (("--broker", "mqtts://127.0.0.1"), "only mqtt://"),
        (("--broker", "mqtt://127.0.0.1:1", "--terminals", "0"), "at least one till"),
        (("--broker", "mqtt://127.0.0.1:1", "--terminals", "9999", "--sales", "999"), "at most"),
    ],
)
def test_it_does_nothing_where_it_could_do_harm_or_makes_no_sense(words, why):
    done = tallypoint("hq", "simulate", *words)
    assert (done.returncode, why in done.stderr) == (2, True), done.stderr
