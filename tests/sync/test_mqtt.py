"""The way to the broker: signing in, TLS, last wills, and coming back."""

import datetime as dt
import ipaddress
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.schema import Link
from sync.mqtt import Down, Message, Pipe, Up
from tests.kit.broker import Broker
from tests.kit.ports import free_port
from tests.kit.waiting import PATIENCE_S, until


class Client:
    """A pipe on a thread of its own that keeps what happens."""

    def __init__(self, link: Link, name: str, topic: str) -> None:
        self.happened: list = []
        self.stop = threading.Event()
        self.breaks = False
        will = Message(f"will/{name}", b"gone")
        self.pipe = Pipe(link, name, (topic,), will, lambda _bound: 50)
        self.thread = threading.Thread(target=self.pipe.run, args=(self.stop, self.turn))

    def turn(self, happened) -> float:
        self.happened += happened
        if self.breaks:
            self.breaks = False
            raise OSError("pulled out")
        return 0.5

    def saw(self, *events) -> bool:
        return all(event in self.happened for event in events)

    def said(self) -> list[str]:
        return [event.reason for event in self.happened if isinstance(event, Down)]


@contextmanager
def client(link: Link, name: str = "a", topic: str = "news"):
    made = Client(link, name, topic)
    made.thread.start()
    try:
        yield made
    finally:
        made.stop.set()
        made.pipe.wake()
        made.thread.join(PATIENCE_S)
        assert not made.thread.is_alive()


def test_messages_of_any_bytes_arrive_whole_and_in_order(tmp_path):
    with Broker(tmp_path) as broker, client(Link(broker=broker.url)) as one:
        until(lambda: one.saw(Up()), "the broker")
        sent = [Message("news", bytes([n]) * (n * 997)) for n in range(100)]
        for message in sent:
            one.pipe.send(message)
        until(lambda: len(one.happened) == 101, "all of them")
        assert one.happened[1:] == sent


def test_the_socket_does_not_wait_to_fill_packets(tmp_path, monkeypatch):
    opened = []
    connect = socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection", lambda *a, **k: opened.append(connect(*a, **k)) or opened[-1]
    )
    with Broker(tmp_path) as broker, client(Link(broker=broker.url)) as one:
        until(lambda: one.saw(Up()), "the broker")
        assert any(
            line.fileno() > 0 and line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for line in opened
        )


def test_the_broker_publishes_the_will_of_one_that_is_torn_away_but_not_of_one_that_leaves(
    tmp_path,
):
    with (
        Broker(tmp_path) as broker,
        client(Link(broker=broker.url), "heir", "will/+") as heir,
    ):
        until(lambda: heir.saw(Up()), "the broker")
        with client(Link(broker=broker.url), "leaves") as one:
            until(lambda: one.saw(Up()), "the broker")
        with client(Link(broker=broker.url), "torn") as one:
            until(lambda: one.saw(Up()), "the broker")
            one.breaks = True
            one.pipe.wake()
            until(lambda: heir.saw(Message("will/torn", b"gone")), "the will")
            until(lambda: one.happened.count(Up()) == 2, "it comes back")
        assert not heir.saw(Message("will/leaves", b"gone"))


def test_a_broker_that_was_killed_is_found_again_and_loss_is_told(tmp_path):
    with Broker(tmp_path) as broker, client(Link(broker=broker.url)) as one:
        until(lambda: one.saw(Up()), "the broker")
        broker.stop(signal.SIGKILL)
        until(lambda: bool(one.said()), "the loss")
        one.pipe.send(Message("news", b"into the void"))
        broker.start()
        until(lambda: one.happened.count(Up()) == 2, "it comes back")
        one.pipe.send(Message("news", b"heard"))
        until(lambda: one.saw(Message("news", b"heard")), "a message")
        assert not one.saw(Message("news", b"into the void"))


def test_without_a_broker_one_waits_and_stops_at_once():
    with client(Link(broker=f"mqtt://127.0.0.1:{free_port()}")) as one:
        until(lambda: len(one.said()) > 1, "two tries")
        assert "refused" in one.said()[0]


def test_one_signs_in_by_a_password_from_a_file(tmp_path):
    passwords = tmp_path / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(passwords), "till", "open sesame"], check=True
    )
    (tmp_path / "secret").write_text("open sesame\n")
    (tmp_path / "wrong").write_text("sesame")
    (tmp_path / "huge").write_bytes(bytes(5_000))
    settings = f"password_file {passwords}"
    with Broker(tmp_path, settings) as broker:
        conf = broker._conf
        conf.write_text(conf.read_text().replace("allow_anonymous true", "allow_anonymous false"))
        broker.stop()
        broker.start()

        def link(name: str) -> Link:
            path = str(tmp_path / name)
            return Link(broker=broker.url, username="till", password_file=path)

        with client(link("secret")) as one:
            until(lambda: one.saw(Up()), "the broker")
        for name, why in (("wrong", "turned us away"), ("huge", "1024"), ("none", "No such file")):
            with client(link(name)) as one:
                until(lambda one=one: bool(one.said()), "a refusal")
                assert why in one.said()[0]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority with certificates for the broker and a client."""
    return Authority(tmp_path_factory.mktemp("ca"))


class Authority:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop")])
        self.certify("ca", self.key, None)
        for name in ("broker", "till"):
            key = ec.generate_private_key(ec.SECP256R1())
            self.certify(name, key, ipaddress.ip_address("127.0.0.1"))

    def certify(self, name: str, key, address) -> None:
        now = dt.datetime.now(dt.UTC)
        whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        is_ca = address is None
        made = (
            x509.CertificateBuilder()
            .subject_name(self.name if is_ca else whose)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if address is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(address)])
            made = made.add_extension(names, critical=False)
        signed = made.sign(self.key, hashes.SHA256())
        (self.folder / f"{name}.crt").write_bytes(signed.public_bytes(Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def path(self, name: str) -> str:
        return str(self.folder / name)


def test_both_ends_show_certificates_over_tls(tmp_path, authority):
    settings = (
        f"cafile {authority.path('ca.crt')}\ncertfile {authority.path('broker.crt')}\n"
        f"keyfile {authority.path('broker.key')}\nrequire_certificate true"
    )
    with Broker(tmp_path, settings) as broker:
        url = broker.url.replace("mqtt://", "mqtts://")
        ours = Link(
            broker=url,
            ca=authority.path("ca.crt"),
            certificate=authority.path("till.crt"),
            key=authority.path("till.key"),
        )
        with client(ours) as one:
            until(lambda: one.saw(Up()), f"the broker: {one.said()}")
            big = Message("news", bytes(100_000))
            one.pipe.send(big)
            until(lambda: one.saw(big), "a large message")
        for link in (Link(broker=url), Link(broker=url, ca=authority.path("ca.crt"))):
            with client(link) as one:
                until(lambda one=one: bool(one.said()), "a refusal")
                assert not one.saw(Up())
