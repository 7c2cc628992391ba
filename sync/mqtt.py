"""The one door to the broker: MQTT 5 over paho, driven by our own loop on one thread.

Messages go out at QoS 0. A broker's receipt proves nothing (measured: a killed mosquitto had lost every
message it had confirmed), so the protocol above repeats what its peer did not answer, and the window is its
single batch in flight. For the same reason each connection is a fresh paho client with a clean start and
no session: nothing stale is repeated by the library.

paho's callbacks only append to a list; it is handed to ``turn`` between reads, on the same thread.
"""

import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from config.schema import Link

CONNECT_S = 5.0
TURN_S_MAX = 0.5
"""A stop is seen within this time."""
PAUSE_MS_FIRST = 250
PAUSE_MS_MAX = 30_000
EXPIRY_S = 30
"""Messages older than this are dropped by the broker; their senders have repeated them."""
PACKET_BYTES_MAX = 128_000
"""We tell the broker to keep anything larger to itself."""
WAITING_MAX = 1_000
"""Messages waiting for the socket; more are dropped, and repeated by whoever waits for an answer."""
PASSWORD_BYTES_MAX = 1_024
_TLS_PORT, _PLAIN_PORT = 8883, 1883


@dataclass(frozen=True, slots=True)
class Up:
    """The broker took us, and our subscriptions are made."""


@dataclass(frozen=True, slots=True)
class Down:
    """The broker cannot be reached or was lost; ``reason`` is for a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something to send, or something that came."""

    topic: str
    payload: bytes
    retain: bool = False


PipeEvent = Up | Down | Message
Turn = Callable[[Sequence[PipeEvent]], float]
"""Takes what happened; returns in how many seconds it wants to be called again at the latest."""


class LinkLostError(Exception):
    """The broker does not answer, turned us away, or is not what the settings say."""


class Pipe:
    """A way to the broker that comes back by itself. :meth:`run` is its thread's whole life."""

    def __init__(
        self,
        broker: Link,
        client_id: str,
        subscribe: Sequence[str],
        will: Message | None,
        draw: Callable[[int], int],
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._subscribe = tuple(subscribe)
        self._will = will
        self._draw = draw
        self._failures = 0
        self._happened: list[PipeEvent] = []
        self._waiting: deque[Message] = deque(maxlen=WAITING_MAX)
        self._bell, self._ear = socket.socketpair()
        self._bell.settimeout(0)
        self._ear.settimeout(0)

    def send(self, message: Message) -> None:
        """Send ``message``, from any thread; without a connection it is dropped."""
        self._waiting.append(message)
        self.wake()

    def wake(self) -> None:
        """Make ``turn`` happen now. From any thread."""
        try:
            self._bell.send(b"x")
        except OSError:
            return  # It has been rung and not been heard yet, or nobody is there any more.

    def run(self, stop: threading.Event, turn: Turn) -> None:
        """Stay connected until ``stop``; whoever sets it should also :meth:`wake`."""
        try:
            while not stop.is_set():
                try:
                    self._visit(stop, turn)
                except (LinkLostError, OSError, ValueError) as error:
                    self._happened.clear()
                    turn([Down(str(error) or type(error).__name__)])
                    self._failures += 1
                    self._pause(stop, turn)
        finally:
            self._bell.close()
            self._ear.close()

    def _visit(self, stop: threading.Event, turn: Turn) -> None:
        """One connection, from beginning to end."""
        client = self._client()
        try:
            host, port = _address(self._broker.broker)
            properties = _properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 0
            properties.MaximumPacketSize = PACKET_BYTES_MAX
            client.connect(
                host, port, self._broker.keepalive_s, clean_start=True, properties=properties
            )
            is_up = False
            while not stop.is_set():
                happened = self._take()
                is_up = is_up or any(isinstance(event, Up) for event in happened)
                wait_s = turn(happened)
                if is_up:
                    self._failures = 0
                    self._flush(client)
                self._wait(client, wait_s)
            turn(self._take())
            self._leave(client)
        finally:
            _close(client)
            self._waiting.clear()

    def _client(self) -> Client:
        broker = self._broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_open = _on_socket_open
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=0, retain=self._will.retain)
        if broker.username is not None:
            client.username_pw_set(broker.username, _password(broker.password_file))
        if broker.broker.startswith("mqtts://"):
            client.tls_set_context(_tls(broker))
        return client

    def _on_connect(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._happened.append(Down(f"the broker turned us away: {code}"))
        else:
            client.subscribe([(topic, 0) for topic in self._subscribe])

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = any(code.is_failure for code in codes)
        self._happened.append(Down("the broker refuses our topics") if refused else Up())

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._happened.append(Down(f"connection lost: {code}"))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._happened.append(Message(message.topic, bytes(message.payload), message.retain))

    def _take(self) -> list[PipeEvent]:
        happened, self._happened = self._happened, []
        for event in happened:
            if isinstance(event, Down):
                raise LinkLostError(event.reason)
        return happened

    def _flush(self, client: Client) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            properties = _properties(PacketTypes.PUBLISH)
            if not message.retain:
                properties.MessageExpiryInterval = EXPIRY_S
            client.publish(message.topic, message.payload, 0, message.retain, properties)

    def _wait(self, client: Client, wait_s: float) -> None:
        """Read, write or be rung, for at most ``wait_s`` seconds."""
        line = client.socket()
        if line is None:
            raise LinkLostError("connection lost")
        is_held = isinstance(line, ssl.SSLSocket) and line.pending() > 0
        timeout = 0.0 if is_held or self._waiting else max(0.0, min(TURN_S_MAX, wait_s))
        writable = [line] if client.want_write() else []
        readable, writable, _ = select.select([line, self._ear], writable, [], timeout)
        if self._ear in readable:
            self._hear_bell()
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if line in readable or is_held:
            code = client.loop_read()
        if writable and code is MQTTErrorCode.MQTT_ERR_SUCCESS:
            code = client.loop_write()
        if code is MQTTErrorCode.MQTT_ERR_SUCCESS:
            code = client.loop_misc()
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._take()  # The library may have said why.
            raise LinkLostError(f"connection lost: {code.name}")

    def _hear_bell(self) -> None:
        try:
            self._ear.recv(4_096)
        except BlockingIOError:
            return

    def _leave(self, client: Client) -> None:
        """Say what is left to say, and that the will need not be published."""
        self._flush(client)
        client.disconnect()
        ends = time.monotonic() + TURN_S_MAX
        while client.socket() is not None and client.want_write() and time.monotonic() < ends:
            client.loop_write()

    def _pause(self, stop: threading.Event, turn: Turn) -> None:
        pause_ms = self._draw(min(PAUSE_MS_MAX, PAUSE_MS_FIRST << min(self._failures, 20)))
        ends = time.monotonic() + pause_ms / 1_000
        while not stop.is_set() and (left := ends - time.monotonic()) > 0:
            wait_s = turn([])
            select.select([self._ear], [], [], max(0.0, min(left, wait_s, TURN_S_MAX)))
            self._hear_bell()
            self._waiting.clear()


class _Line(ssl.SSLSocket):
    """A TLS connection that closes when its greeting fails, and gives it no longer than a connection.

    paho leaves it open for the garbage collector, and waits for it as long as the keepalive.
    """

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's own signature
        """Greet."""
        self.settimeout(CONNECT_S)
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            self.close()
            raise


def _tls(broker: Link) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=broker.ca)
    context.sslsocket_class = _Line
    if broker.certificate is not None:
        context.load_cert_chain(broker.certificate, broker.key)
    return context


def _properties(packet: int) -> Any:
    """Return MQTT 5 properties to fill in; paho has no types for them."""
    make: Any = Properties
    return make(packet)


def _on_socket_open(_client: Client, _data: object, line: object) -> None:
    """Without this, acknowledgements wait for Nagle: 88 ms each."""
    if isinstance(line, socket.socket):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _close(client: Client) -> None:
    """Let the socket go without a farewell, so that the broker publishes our will."""
    line = client.socket()
    if isinstance(line, socket.socket):
        line.close()


def _address(url: str) -> tuple[str, int]:
    """Return host and port.

    >>> _address("mqtt://localhost"), _address("mqtts://[::1]:9000")
    (('localhost', 1883), ('::1', 9000))
    """
    scheme, _, rest = url.partition("://")
    default = _TLS_PORT if scheme == "mqtts" else _PLAIN_PORT
    if rest.startswith("["):
        host, _, port = rest[1:].partition("]")
        return host, int(port[1:] or default)
    host, _, port = rest.partition(":")
    return host, int(port or default)


def _password(path: str | None) -> str | None:
    if path is None:
        return None
    with Path(path).open("rb") as file:
        data = file.read(PASSWORD_BYTES_MAX + 1)
    if len(data) > PASSWORD_BYTES_MAX:
        raise LinkLostError(f"{path}: more than {PASSWORD_BYTES_MAX} bytes")
    return data.decode().rstrip("\r\n")
