"""The head office's program: it says when it cannot work, and stops when asked."""

import signal
import socket
import threading

from config.schema import HeadOffice, Hq
from sync.hq.app import run
from tests.kit.broker import Broker
from tests.kit.office import Office
from tests.kit.ports import free_port
from tests.kit.waiting import until


def settings(folder, port: int, data: str = "hq.db") -> HeadOffice:
    return HeadOffice(
        hq=Hq(
            data=f"sqlite:///{folder}/{data}",
            listen=f"127.0.0.1:{port}",
            broker=f"mqtt://127.0.0.1:{free_port()}",
            signing_key=f"{folder}/hq.key",
            trust_tills="first",
        )
    )


def test_it_is_ready_without_a_broker_says_so_and_stops_when_asked(tmp_path):
    stop = threading.Event()
    ready: list[bool] = []

    def be_ready() -> None:
        ready.append(True)
        stop.set()

    assert run(settings(tmp_path, free_port()), be_ready, stop) == 0
    assert ready == [True]


def test_it_ends_when_its_pages_address_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ready: list[bool] = []
        code = run(settings(tmp_path, port), lambda: ready.append(True), threading.Event())
    assert (code, ready) == (1, [])


def test_it_ends_when_it_cannot_open_its_database_or_key(tmp_path):
    never = threading.Event()
    assert run(settings(tmp_path, free_port(), "nowhere/hq.db"), never.set, never) == 1
    (tmp_path / "hq.key").write_bytes(b"no key")
    assert run(settings(tmp_path, free_port()), never.set, never) == 1
    assert not never.is_set()


def test_asked_to_stop_it_leaves_with_zero_and_starts_again_with_the_same_key(tmp_path):
    with Broker(tmp_path) as broker, Office(tmp_path, broker.url) as office:
        key = (tmp_path / "hq.key").read_bytes()
        until(lambda: "connected" in office.log(), "the broker")
        assert office.stop(signal.SIGTERM) == 0
        office.start()
        assert (tmp_path / "hq.key").read_bytes() == key
