"""Till, mosquitto and head office as real processes and threads: everything arrives, once, byte for byte."""

import random
import signal
import threading
from collections import Counter
from typing import Self
from urllib.request import Request, urlopen

from config.schema import Link
from sync import topics
from sync.mqtt import Message, Pipe
from sync.protocol.ack import peek_ack
from terminal.codec.entry import decode
from terminal.core.books import deltas
from tests.kit.broker import Broker
from tests.kit.hq import key_for
from tests.kit.ledger import MemoryLedger, sale, till
from tests.kit.office import Office
from tests.kit.uplink import RunningTill
from tests.kit.waiting import PATIENCE_S, until

LEDGER = till().ledger_id


def assert_same(office: Office, ledger: MemoryLedger) -> None:
    """The records of both sides are equal byte for byte and HQ's books are their fold."""
    assert office.records(ledger.identity.ledger_id) == ledger.rows
    fold: Counter = Counter()
    for _, body, _ in ledger.rows:
        fold.update(deltas(decode(body)))
    assert {(a, u): n for a, u, n in office.ask("SELECT * FROM balance")} == fold
    assert office.ask("SELECT count(*) FROM sale") == [(ledger.head,)]


def test_every_sale_arrives_with_its_books_and_a_signed_word_comes_back(tmp_path):
    ledger = MemoryLedger(till())
    ledger.extend(sale(n) for n in range(1, 701))
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        with RunningTill(ledger, broker.url) as running:
            running.wait_acked()
            for n in range(701, 711):
                running.post(sale(n))
            running.wait_acked()
            assert [link.connected for link in running.links] == [True]
            assert running.troubles == []
        assert_same(office, ledger)
        assert running.acked[-1].digest == ledger.digest
        assert peek_ack(running.acked[-1].proof[32:]).acked_seq == 710
        until(lambda: office.ask("SELECT connected FROM stream") == [(0,)], "the till's farewell")
        asked = Request(
            f"{office.page}/sales", headers={"authorization": f"Bearer {key_for(office.database)}"}
        )
        with urlopen(asked, timeout=PATIENCE_S) as page:
            assert "S01-T1-1-000710" in page.read().decode()
        assert office.stop() == 0


def test_a_till_that_starts_again_goes_on_where_it_was(tmp_path):
    ledger = MemoryLedger(till())
    ledger.extend(sale(n) for n in range(1, 11))
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        with RunningTill(ledger, broker.url) as first:
            first.wait_acked()
        ledger.extend(sale(n) for n in range(11, 21))
        for proof in (first.acked[-1].proof, b"", b"no proof at all"):
            with RunningTill(ledger, broker.url, proof) as again:
                again.wait_acked()
                assert again.troubles == []
        assert_same(office, ledger)


def test_killed_head_offices_and_brokers_lose_and_double_nothing(tmp_path):
    dice = random.Random(7)
    ledger = MemoryLedger(till())
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        with RunningTill(ledger, broker.url) as running:
            for turn in range(8):
                for _ in range(dice.randint(20, 120)):
                    running.post(sale(ledger.head + 1))
                goal = dice.randint(running.position, ledger.head)
                until(lambda goal=goal: running.position >= goal, f"{goal} acknowledged")
                victim = (office, broker)[turn % 2]
                victim.stop(signal.SIGKILL)
                running.post(sale(ledger.head + 1))
                victim.start()
            running.wait_acked()
        assert_same(office, ledger)
        held = office.ask("SELECT last_seq FROM stream")
        assert held == [(ledger.head,)]


def test_no_word_is_given_before_the_records_are_in_the_database(tmp_path):
    """At every acknowledgement, what another process reads holds at least as much."""
    ledger = MemoryLedger(till())
    seen: list[tuple[int, int]] = []

    class Watching(RunningTill):
        def _emit(self, event):
            super()._emit(event)
            if self.acked and self.acked[-1] is event:
                seen.append(
                    (event.seq, office.ask("SELECT coalesce(max(seq), 0) FROM records")[0][0])
                )

    with (
        Broker(tmp_path) as broker,
        Office(tmp_path, broker.url) as office,
        Watching(ledger, broker.url) as running,
    ):
        for n in range(1, 101):
            running.post(sale(n))
            if n % 10 == 0:
                running.wait_acked()
    assert len(seen) >= 10
    assert all(acked <= held for acked, held in seen)


def test_garbage_on_every_topic_changes_nothing_and_ends_nobody(tmp_path):
    dice = random.Random(3)
    ledger = MemoryLedger(till())
    name = ledger.identity.terminal
    channels = (topics.UP, topics.REQUEST, topics.STATE, topics.ACK, topics.RESPONSE)
    places = [topics.topic(name, channel) for channel in channels]
    places += [topics.HQ_STATE, "tp/1/nobody/up", "tp/1/nobody/req", "tp/1//up", "tp/1/hq/up"]
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        with RunningTill(ledger, broker.url) as running:
            running.post(sale(1))
            running.wait_acked()
            with Vandal(broker.url) as vandal:
                for _ in range(30):
                    for place in places:
                        vandal.say(place, dice.randbytes(dice.choice((0, 1, 72, 300, 5_000))))
                vandal.say(places[0], bytes(120_000))
                running.post(sale(2))
                running.wait_acked()
            until(
                lambda: office.ask("SELECT count(*) FROM refused") != [(0,)], "the list of refused"
            )
        assert office.is_alive
        assert_same(office, ledger)
        assert office.ask("SELECT count(*) FROM refused")[0][0] <= 200


def test_what_no_book_can_hold_is_set_aside_and_stops_nothing(tmp_path):
    ledger = MemoryLedger(till())
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        with RunningTill(ledger, broker.url) as running:
            for body in (sale(1), b"no entry at all", sale(3), b"\x9c" + sale(4), sale(5)):
                running.post(body)
            running.wait_acked()
            assert running.troubles == []
        assert office.records(LEDGER) == ledger.rows
        assert office.ask("SELECT count(*) FROM sale") == [(3,)]
        assert office.ask("SELECT record & 1099511627775 FROM quarantine ORDER BY 1") == [
            (2,),
            (4,),
        ]


def test_a_copied_card_becomes_a_branch_and_both_go_on(tmp_path):
    ledger = MemoryLedger(till())
    ledger.extend(sale(n) for n in range(1, 31))
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        with RunningTill(ledger, broker.url) as running:
            running.wait_acked()
        copy, proof = ledger.copy(), running.acked[-1].proof
        ledger.extend(sale(n) for n in range(31, 41))
        copy.extend(sale(n) for n in range(131, 146))
        for side in (ledger, copy, ledger, copy):
            with RunningTill(side, broker.url, proof) as running:
                running.wait_acked()
            side.post(sale(side.head + 500))
            with RunningTill(side, broker.url, running.acked[-1].proof) as running:
                running.wait_acked()
        assert office.records(LEDGER) == ledger.rows
        assert office.records(LEDGER, 1) == copy.rows[30:]
        assert office.ask("SELECT base_seq FROM stream ORDER BY branch") == [(0,), (30,)]
        assert {trouble.key for trouble in running.troubles} <= {"forked"}


class Vandal:
    """A client of the broker that says what it likes."""

    def __init__(self, broker: str) -> None:
        self._up = threading.Event()
        self._stop = threading.Event()
        self._said: list[Message] = []
        will = Message("vandal", b"")
        self._pipe = Pipe(Link(broker=broker), "vandal", ("vandal",), will, lambda bound: bound)
        self._thread = threading.Thread(target=self._pipe.run, args=(self._stop, self._turn))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(PATIENCE_S)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._pipe.wake()
        self._thread.join(PATIENCE_S)

    def say(self, topic: str, payload: bytes) -> None:
        self._pipe.send(Message(topic, payload))

    def _turn(self, happened) -> float:
        if happened:
            self._up.set()
        return 0.5
