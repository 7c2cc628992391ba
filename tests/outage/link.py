"""A link that can be cut, left half open or narrowed: a TCP proxy between a till and the broker."""

import selectors
import socket
import threading
import time
from contextlib import suppress
from enum import Enum

from tests.kit.ports import free_port

NARROW_BYTES_S = 8_000
"""64 kbit/s."""
_CHUNK = 16_384
_TURN_S = 0.05


class Mode(Enum):
    """How the link is."""

    GOOD = "good"
    DOWN = "down"
    """Connections are refused, and those there are reset."""
    HALF_OPEN = "half-open"
    """Connections stand, and nothing comes through."""
    NARROW = "narrow"


class OneLink:
    """Forwards a port of its own to the broker's; runs on a thread until closed."""

    def __init__(self, broker: int) -> None:
        self.port = free_port()
        self.mode = Mode.GOOD
        self._broker = broker
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peer: dict[socket.socket, socket.socket] = {}
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name=f"link-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cut it for good."""
        self._is_open = False
        self._thread.join()

    def _run(self) -> None:
        while self._is_open:
            if self.mode is Mode.DOWN:
                self._reset()
            for key, _ in self._selector.select(_TURN_S):
                self._ready(key.fileobj)
        self._reset()
        self._listener.close()

    def _ready(self, which: object) -> None:
        if which is self._listener:
            self._accept()
        elif self.mode is Mode.HALF_OPEN:
            time.sleep(_TURN_S)  # What was sent lies in the kernel until the link is good again.
        elif isinstance(which, socket.socket):
            self._forward(which)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        if self.mode is Mode.DOWN:
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._broker), 5)
        except OSError:
            near.close()
            return
        for each, other in ((near, far), (far, near)):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peer[each] = other
            self._selector.register(each, selectors.EVENT_READ)

    def _forward(self, near: socket.socket) -> None:
        far = self._peer.get(near)
        if far is None:
            return
        try:
            data = near.recv(_CHUNK if self.mode is Mode.GOOD else NARROW_BYTES_S // 20)
            if data:
                far.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._part(near)
        elif self.mode is Mode.NARROW:
            time.sleep(len(data) / NARROW_BYTES_S)

    def _part(self, near: socket.socket) -> None:
        far = self._peer.pop(near, None)
        for each in (near, far):
            if each is not None:
                self._peer.pop(each, None)
                with suppress(KeyError, ValueError):
                    self._selector.unregister(each)
                each.close()

    def _reset(self) -> None:
        for each in list(self._peer):
            self._part(each)
