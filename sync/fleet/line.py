"""One simulated till's connection to the broker: as much of MQTT 5 as QoS 0 needs, for asyncio.

A thousand of them share one loop; the library that real tills use takes a thread each.
Source: OASIS MQTT Version 5.0, 2 and 3.
"""

import asyncio
from collections.abc import Callable, Sequence

from sync.mqtt import PACKET_BYTES_MAX

KEEPALIVE_S = 60
EXPIRY_S = 30
_CONNECT, _PUBLISH, _SUBSCRIBE = 0x10, 0x30, 0x82
_PING, _DISCONNECT = b"\xc0\x00", b"\xe0\x00"
_CLEAN_START = 0x02
_EXPIRY, _PACKET_MAX = 0x02, 0x27
_FAILURE = 0x80
_MORE, _SEVEN_BITS, _LENGTH_BYTES = 0x80, 0x7F, 4


class Line(asyncio.Protocol):
    """Calls ``on_up`` once subscribed, ``on_message`` for what comes, ``on_down`` with why it ended."""

    def __init__(
        self,
        name: str,
        subscribe: Sequence[str],
        on_up: Callable[[], None],
        on_message: Callable[[str, bytes], None],
        on_down: Callable[[str], None],
    ) -> None:
        self._name = name
        self._subscribe = subscribe
        self._on_up, self._on_message, self._on_down = on_up, on_message, on_down
        self._transport: asyncio.Transport | None = None
        self._held = b""
        self._pinging: asyncio.TimerHandle | None = None

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message; dropped while there is no connection."""
        expiry = bytes((5, _EXPIRY)) + EXPIRY_S.to_bytes(4, "big")
        self._write(_packet(_PUBLISH, _text(topic) + expiry + payload))

    def close(self) -> None:
        """Say good-bye."""
        self._write(_DISCONNECT)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the broker."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        flags = bytes((5, _CLEAN_START)) + KEEPALIVE_S.to_bytes(2, "big")
        limit = bytes((5, _PACKET_MAX)) + PACKET_BYTES_MAX.to_bytes(4, "big")
        self._write(_packet(_CONNECT, _text("MQTT") + flags + limit + _text(self._name)))
        self._ping()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that it ended."""
        self._transport = None
        if self._pinging is not None:
            self._pinging.cancel()
        self._on_down(str(error or "closed"))

    def data_received(self, data: bytes) -> None:
        """Take apart what came."""
        held = self._held + data
        while (found := _split(held)) is not None:
            kind, body, held = found
            self._take(kind, body)
        self._held = held

    def _take(self, kind: int, body: bytes) -> None:
        """Carry on with CONNACK, SUBACK and PUBLISH; a refusal or DISCONNECT ends the connection."""
        match kind & 0xF0:
            case 0x20 if body[1] < _FAILURE:
                topics = b"".join(_text(topic) + b"\x00" for topic in self._subscribe)
                self._write(_packet(_SUBSCRIBE, b"\x00\x01\x00" + topics))
            case 0x90 if max(body[-len(self._subscribe) :]) < _FAILURE:
                self._on_up()
            case 0x20 | 0x90 | 0xE0:
                assert self._transport is not None
                self._transport.abort()
            case 0x30:
                size = int.from_bytes(body[:2], "big")
                found = _number(body, 2 + size)
                assert found is not None
                properties, start = found
                self._on_message(body[2 : 2 + size].decode(), body[start + properties :])
            case _:
                pass  # An answer to a ping.

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _ping(self) -> None:
        self._write(_PING)
        self._pinging = asyncio.get_running_loop().call_later(KEEPALIVE_S / 2, self._ping)


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()


def _packet(kind: int, body: bytes) -> bytes:
    r"""Return a packet.

    >>> _packet(0xC0, b""), _packet(0x30, bytes(200))[:3]
    (b'\xc0\x00', b'0\xc8\x01')
    """
    size, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, _MORE)
        size.append(digit | (_MORE if left else 0))
        if not left:
            return bytes((kind,)) + size + body


def _split(data: bytes) -> tuple[int, bytes, bytes] | None:
    r"""Return kind and body of the first packet, and what follows; ``None`` while it is not whole.

    >>> _split(b"\xd0\x00\x30")
    (208, b'', b'0')
    """
    found = _number(data, 1)
    if found is None:
        return None
    size, start = found
    end = start + size
    return (data[0], data[start:end], data[end:]) if len(data) >= end else None


def _number(data: bytes, at: int) -> tuple[int, int] | None:
    """Return a number of variable length and where it ends; ``None`` while it is not whole."""
    value = 0
    for place in range(_LENGTH_BYTES):
        if at + place >= len(data):
            return None
        digit = data[at + place]
        value |= (digit & _SEVEN_BITS) << 7 * place
        if not digit & _MORE:
            return value, at + place + 1
    raise ValueError("a length of more than four bytes")
