"""Bad input from network, settings and files: a clear word, nothing changed, and the process lives."""

import contextlib
import os
import socket

import httpx
import pytest
from paho.mqtt import client as mqtt

from tests.kit.broker import Broker
from tests.kit.till import WATER, HqProcess, TillProcess, whole_sale
from tests.kit.waiting import PATIENCE_S, until


@pytest.fixture(scope="module")
def till(tmp_path_factory):
    with TillProcess(tmp_path_factory.mktemp("till")) as running:
        running.api.sign_in()
        yield running


def seen(till):
    state = till.state()
    return state["sale"], state["held"], state["doubts"], till.records()


# The network.

RAW = {
    "nothing": b"",
    "noise": bytes(range(256)) * 64,
    "no version": b"GET /\r\n\r\n",
    "a huge header": b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200_000 + b"\r\n\r\n",
    "a thousand headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
    "another host": b"GET /api/v1/till HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "no host": b"GET /api/v1/till HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /api/v1/sales HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    "a wrong length": b"POST /api/v1/sales HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
    "an endless length": b"POST /api/v1/sales HTTP/1.1\r\nHost: {host}\r\n"
    b"Content-Length: 999999999999999999999999\r\n\r\n",
    "length and chunks": b"POST /api/v1/sales HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": b"POST /api/v1/sales HTTP/1.1\r\nHost: {host}\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a path out of the folder": b"GET /page/../../../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n",
}


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_malformed_http_changes_nothing_and_the_till_lives(till, raw):
    before = seen(till)
    host = till.address.removeprefix("http://").encode()
    with socket.create_connection(("127.0.0.1", till.port), PATIENCE_S) as line:
        said = b""
        with contextlib.suppress(OSError):  # The till may hang up on us, which is an answer too.
            line.sendall(raw.replace(b"{host}", host))
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(65536):
                said += part

    assert b" 200 " not in said.split(b"\r\n")[0]
    assert b"root:" not in said
    assert seen(till) == before


def test_callers_that_send_no_whole_request_do_not_lock_the_page_out(till):
    with contextlib.ExitStack() as held:
        for n in range(120):
            line = socket.create_connection(("127.0.0.1", till.port), PATIENCE_S)
            held.enter_context(line)
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" if n % 2 else b"")

        def answers() -> bool:
            return httpx.get(f"{till.address}/api/v1/till", timeout=PATIENCE_S).status_code == 200

        until(answers, "the page answers while the others still hold on")


def test_half_a_body_and_gone_changes_nothing(till):
    before = seen(till)
    for cut in range(0, 60, 7):
        body = b'{"id": "half", "lines": [{"code": "6921168509201"}], "tenders": []}'
        host = till.address.removeprefix("http://")
        head = f"POST /api/v1/sales HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", till.port), PATIENCE_S) as line:
            line.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body[:cut])

    assert seen(till) == before


BODIES = {
    "not JSON": b"{",
    "NaN": b'{"id": "x", "type": "cash", "amount": NaN}',
    "a fraction": b'{"id": "x", "type": "cash", "amount": 1.5}',
    "a fraction that is whole": b'{"id": "x", "type": "cash", "amount": 1e3}',
    "text for a number": b'{"id": "x", "type": "cash", "amount": "100"}',
    "a key twice": b'{"id": "x", "type": "cash", "amount": 1, "amount": 100}',
    "an unknown field": b'{"id": "x", "type": "cash", "amount": 1, "admin": true}',
    "no id": b'{"type": "cash", "amount": 100}',
    "a long id": b'{"id": "' + b"x" * 65 + b'", "type": "cash", "amount": 100}',
    "an id with a line end": b'{"id": "x\\n", "type": "cash", "amount": 100}',
    "too large a number": b'{"id": "x", "type": "cash", "amount": 9007199254740993}',
    "a giant number": b'{"id": "x", "type": "cash", "amount": ' + b"9" * 5000 + b"}",
    "nested too deep": b"[" * 30_000,
    "no Unicode": b'{"id": "\xff\xfe", "type": "cash", "amount": 100}',
    "a lone surrogate": b'{"id": "x", "type": "external", "amount": 1, "reference": "\\ud800"}',
    "a control character": b'{"id": "x", "type": "external", "amount": 1, "reference": "\\u001b@"}',
    "an unknown type": b'{"id": "x", "type": "gold", "amount": 100}',
    "a list": b"[]",
    "null": b"null",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_malformed_body_is_answered_with_what_is_wrong(till, body):
    before = seen(till)

    answer = till.api.client.post(
        "/api/v1/sale/tenders", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]
    assert seen(till) == before


def test_a_body_too_large_is_refused_before_it_is_read(till):
    answer = till.api.client.post(
        "/api/v1/sales", content=b" " * 70_000, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("6999999999997", "unknown-code"),
        ("6921168509200", "check-digit"),
        ("7" * 10_000, "unreadable-code"),
        ("\x1b@\x00\u202e", "unreadable-code"),
        ("", "unreadable-code"),
        ("]", "unreadable-code"),
        ("١٢٣٤٥٦٧٨", "unreadable-code"),
    ],
)
def test_a_bad_code_is_refused_and_changes_nothing(till, text, key):
    before = seen(till)

    assert till.api.refused("POST", "/sale/scan", {"text": text}) == key
    assert seen(till) == before


def test_a_broken_file_of_keys_turns_programs_away_and_nobody_else(tmp_path):
    with TillProcess(tmp_path) as till:
        program = till.program()
        program.sell()
        (till.data / "keys.json").write_text('[{"sha256": 1')

        assert program.call("POST", "/sales", whole_sale(WATER)).status_code == 401
        till.api.sign_in()
        till.api.sell()


def test_garbage_over_mqtt_changes_nothing_and_both_ends_live(tmp_path):
    topics = ("ack", "res", "up", "state", "req")
    with (
        Broker(tmp_path) as broker,
        HqProcess(tmp_path, broker.port) as hq,
        TillProcess(tmp_path, broker=broker.port) as till,
    ):
        till.api.sign_in()
        till.until(lambda state: not state["sync"]["pending"], "all is acknowledged")
        hostile = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        hostile.connect("127.0.0.1", broker.port)
        hostile.loop_start()
        for payload in (b"", b"\x00", b"{}", os.urandom(5000), b"[" * 100_000, b"\xff" * 300_000):
            for topic in (*(f"tp/1/S01-T1/{each}" for each in topics), "tp/1/hq/state"):
                hostile.publish(topic, payload, qos=1).wait_for_publish(PATIENCE_S)
            hostile.publish("tp/1/" + "x" * 500 + "/up", payload, qos=1)
        hostile.disconnect()
        hostile.loop_stop()

        for _ in range(20):
            till.api.sell()
        head = till.records()[-1][0]
        till.until(lambda state: state["sync"]["acknowledged"] == head, "all is acknowledged")
        assert hq.records() == till.records()
        assert till.stop() == hq.stop() == 0


# Settings.


def run_until_it_says(till) -> httpx.Response:
    """The answer of the page of a till that may not be able to run."""
    till.start()

    def answers() -> bool:
        assert till.is_running, till.log
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(till.address, timeout=PATIENCE_S)
            return True
        return False

    until(answers, "a page")
    return httpx.get(till.address, timeout=PATIENCE_S)


def test_broken_settings_are_shown_on_a_page_with_line_and_key(tmp_path):
    with contextlib.closing(Broken(tmp_path)) as broken:
        broken.till.settings.write_text(
            broken.till.settings.read_text().replace("currency", "curency")
        )

        page = run_until_it_says(broken.till)

        assert page.status_code == 503
        assert "curency" in page.text
        assert (
            httpx.get(f"{broken.till.address}/api/v1/till", timeout=PATIENCE_S).status_code == 503
        )
        assert broken.till.stop() == 0


def test_settings_so_broken_that_no_page_can_be_served_end_with_78(tmp_path):
    with socket.socket() as taken, contextlib.closing(Broken(tmp_path)) as broken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        broken.till.settings.write_text(f'[counter]\nlisten = "127.0.0.1:{port}"\n[terminall]\n')

        broken.till.start()

        assert broken.till.wait() == 78
        assert "terminall" in broken.till.log
        assert "Traceback" not in broken.till.log


class Broken:
    """A till that is not expected to come up; ended whatever happens."""

    def __init__(self, folder):
        self.till = TillProcess(folder)

    def close(self):
        if self.till.is_running:
            self.till.kill()


# Data files.


def spoil_middle(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 600] = os.urandom(600)
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def noise(path):
    path.write_bytes(os.urandom(5000))


def empty(path):
    path.write_bytes(b"")


SPOILERS = (cut, noise, empty, spoil_middle)


@pytest.mark.parametrize("spoil", SPOILERS)
@pytest.mark.parametrize("name", ["catalog.db", "members.db"])
def test_spoiled_master_data_is_made_anew_from_the_shop_file(tmp_path, name, spoil):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        till.api.sell()
        till.kill()
        spoil(till.data / name)

        till.restart()

        till.api.sign_in()
        till.tap("04A1B2C3D4E5F6")
        till.scan(WATER)
        till.until_total(190)
        till.api.pay()
        till.assert_whole()


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_spoiled_basket_is_no_basket(tmp_path, spoil):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        till.api.add(WATER)
        till.until_total(200)
        till.kill()
        spoil(till.data / "basket")

        till.restart()

        assert till.state()["sale"]["state"] == "idle"


def change_a_record(path):
    data = path.read_bytes()
    assert data.count(b"call-of-the-record") == 1
    path.write_bytes(data.replace(b"call-of-the-record", b"call-of-the-rekord"))


@pytest.mark.parametrize("spoil", [cut, noise, change_a_record])
def test_a_spoiled_ledger_ends_the_till_with_a_clear_word(tmp_path, spoil):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        till.api.sell(id="call-of-the-record")
        for _ in range(30):
            till.api.sell()
        assert till.stop() == 0
        for beside in ("ledger.db-wal", "ledger.db-shm"):  # It heals what it still holds.
            (till.data / beside).unlink(missing_ok=True)
        spoil(till.ledger_path)

        till.start()

        assert till.wait() == 1
        assert "ledger" in till.log
        assert "Traceback" not in till.log
        assert till.tallypoint("ledger", "verify", "--config", str(till.settings)).returncode == 1


SHOP_FAULTS = {
    "not TOML": "[versions",
    "a price that is text": '[[goods]]\ncode = "1"\nname = "x"\nprice = "2"\ncategory = "drink"\n',
    "noise": "\x00\x01\x02",
}


@pytest.mark.parametrize("fault", SHOP_FAULTS.values(), ids=SHOP_FAULTS)
def test_a_broken_shop_file_is_shown_on_a_page_with_file_and_line(tmp_path, fault):
    with contextlib.closing(Broken(tmp_path)) as broken:
        broken.till.shop.write_text(fault)

        assert "shop.toml" in run_until_it_says(broken.till).text
        assert "shop.toml:" in broken.till.log
        assert "Traceback" not in broken.till.log


def test_with_a_shop_file_that_was_spoiled_the_last_good_one_stays_in_force(tmp_path):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        before = till.api.sell(WATER)
        till.shop.write_text(SHOP_FAULTS["a price that is text"])

        till.restart()

        till.api.sign_in()
        assert "shop.toml:" in till.log
        assert till.state()["shop_faults"] == till.log.count("shop.toml:")
        assert till.api.sell(WATER)["total"] == before["total"]


def test_a_broken_key_of_the_till_ends_it_with_a_clear_word(tmp_path):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        till.stop()
        (till.data / "till.key").write_text("nonsense")

        till.start()

        assert till.wait() == 1
        assert "till.key" in till.log
        assert "Traceback" not in till.log


def test_another_key_does_not_go_on_with_the_ledger(tmp_path):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        till.stop()
        (till.data / "till.key").unlink()

        till.start()

        assert till.wait() == 1
        assert "another key" in till.log
