"""A plain MQTT client on every topic, on a thread; sends what it is told as long as the broker is there."""

import threading
from collections.abc import Callable
from contextlib import suppress

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from sync.mqtt import Message


class Wiretap:
    """Reconnects by itself."""

    def __init__(self, port: int, hear: Callable[[Message], None]) -> None:
        self._hear = hear
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._connected
        self._client.on_message = self._message
        self._client.reconnect_delay_set(1, 1)
        self._up = threading.Event()
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        """Leave."""
        with suppress(OSError):
            self._client.disconnect()
        self._client.loop_stop()

    def send(self, topic: str, payload: bytes) -> None:
        """Publish, if the broker is there."""
        self._client.publish(topic, payload)

    def _connected(self, client: Client, *_: object) -> None:
        client.subscribe("tp/1/#")

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._hear(Message(message.topic, bytes(message.payload)))
