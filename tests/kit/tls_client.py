"""A plain MQTT client that says and hears what it is told to, with any certificate or none."""

import ssl
import threading
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client as Paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.kit.waiting import PATIENCE_S


class Client:
    """Connects when entered; an OSError says that it was not let in."""

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        self._port = port
        self._paho = Paho(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._paho.on_connect = self._on_connect
        self._paho.on_connect_fail = lambda *_: self._ended.set()
        self._paho.on_disconnect = lambda *_: self._ended.set()
        self._paho.on_message = self._on_message
        self._paho.on_subscribe = lambda *_: self._subscribed.set()
        self._up, self._ended, self._subscribed = (threading.Event() for _ in range(3))
        self._messages: list[tuple[str, bytes]] = []
        if context is not None:
            self._paho.tls_set_context(context)

    @classmethod
    def till(cls, port: int, tls: Path) -> Self:
        return cls(port, _context(tls / "ca.pem", tls / "till.pem", tls / "till.key"))

    @classmethod
    def hq(cls, port: int, out: Path) -> Self:
        return cls(port, _context(out / "ca.pem", out / "hq.pem", out / "hq.key"))

    @classmethod
    def nobody(cls, port: int, out: Path) -> Self:
        return cls(port, _context(out / "ca.pem"))

    @classmethod
    def plain(cls, port: int) -> Self:
        return cls(port, None)

    def __enter__(self) -> Self:
        self._paho.connect("127.0.0.1", self._port)
        self._paho.loop_start()
        while not self._up.wait(0.05):
            if self._ended.is_set():
                self.__exit__()
                raise ConnectionRefusedError("not let in")
        return self

    def __exit__(self, *_: object) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        self._paho.publish(topic, payload, qos=1)

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._paho.subscribe(topic, qos=1)
        assert self._subscribed.wait(PATIENCE_S)

    def heard(self, text: str) -> list[tuple[str, bytes]]:
        return [each for each in list(self._messages) if each[1] == text.encode()]

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        (self._ended if code.is_failure else self._up).set()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self._messages.append((message.topic, message.payload))


def _context(ca: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca))
    if certificate is not None:
        context.load_cert_chain(str(certificate), str(key))
    return context
