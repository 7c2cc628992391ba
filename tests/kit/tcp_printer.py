"""A receipt printer on TCP 9100 for tests: takes one caller at a time, prints, answers, and can fail.

    with TcpPrinter() as printer:
        till_with(host="127.0.0.1", port=printer.port)
        printer.paper = "out"
        printer.texts()

Faults: ``paper``, ``cover``, ``online``; ``silent`` (it prints and says nothing);
``deaf_to_status`` (it knows only ``GS r``); ``hold()``, ``hold_after`` and ``release()`` (it reads
nothing); ``close_after`` and ``reset_after`` (the connection ends once so many bytes have come);
``lines_left`` (the paper runs out in the middle of a slip); ``switch_off()`` and ``switch_on()``.
"""

import contextlib
import select
import socket
import struct
import threading
from typing import Self

from drivers.api import Cover, Paper
from drivers.virtual.paper import PaperRoll
from tests.kit.ports import free_port
from tests.kit.waiting import until

_SLICE_S = 0.02
_SLIPS_MAX = 1000
_SMALL_BUFFER = 16_384  # Smaller still, and the kernel holds segments back for 40 ms.
_STATUS = 0b0001_0010


class TcpPrinter:
    """The printer; every property may be set at any time, from any thread."""

    def __init__(self, encoding: str = "gb18030") -> None:
        self.silent = False
        self.deaf_to_status = False
        self.close_after: int | None = None
        self.reset_after: int | None = None
        self.hold_after: int | None = None
        self.received = bytearray()
        """Every byte that came, questions included."""
        self.came = 0
        """Bytes that came on this connection; the faults count these."""
        self.connections = 0
        self.ended_well = 0
        """Connections that the till ended, and did not reset."""
        self._roll = PaperRoll(encoding, _SLIPS_MAX)
        self._lock = threading.Lock()
        self._held = threading.Event()
        self._stop = threading.Event()
        self._say_later = b""
        self.port = free_port()
        self._listener = self._listen(self.port)
        self._thread = threading.Thread(target=self._serve, name="tcp printer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_thread()

    @property
    def paper(self) -> str:
        return self._roll.paper

    @paper.setter
    def paper(self, paper: str) -> None:
        with self._lock:
            self._roll.paper = Paper(paper)
            self._say_later += self._roll.go_on()

    @property
    def cover(self) -> str:
        return self._roll.cover

    @cover.setter
    def cover(self, cover: str) -> None:
        with self._lock:
            self._roll.cover = Cover(cover)
            self._say_later += self._roll.go_on()

    @property
    def online(self) -> bool:
        return self._roll.online

    @online.setter
    def online(self, online: bool) -> None:
        with self._lock:
            self._roll.online = online
            self._say_later += self._roll.go_on()

    @property
    def lines_left(self) -> int | None:
        return self._roll.lines_left

    @lines_left.setter
    def lines_left(self, lines: int | None) -> None:
        self._roll.lines_left = lines

    @property
    def printed(self) -> bytes:
        """What was printed, without the questions."""
        with self._lock:
            return bytes(self._roll.printed)

    @property
    def kicks(self) -> int:
        return self._roll.kicks

    def texts(self) -> list[str]:
        """The slips that were cut off, oldest first, as text."""
        with self._lock:
            return self._roll.texts()

    def half_slip(self) -> str:
        """What hangs out of it, not cut off."""
        with self._lock:
            return self._roll.half_slip()

    def wait_for_slips(self, count: int) -> list[str]:
        """The slips, once there are ``count``."""
        until(lambda: len(self.texts()) >= count, f"{count} slips")
        return self.texts()

    def hold(self) -> None:
        """Read nothing until ``release``."""
        self._held.set()

    @property
    def is_held(self) -> bool:
        """Whether it reads nothing."""
        return self._held.is_set()

    def release(self) -> None:
        self.hold_after = None
        self._held.clear()

    def switch_off(self) -> None:
        """Be gone: connections end and new ones are refused. What is half printed is cut off."""
        self._end_thread()

    def switch_on(self) -> None:
        """Be there again, on the same port and with an empty buffer."""
        self._stop.clear()
        self._roll.forget()
        self._say_later = b""
        self._listener = self._listen(self.port)
        self._thread = threading.Thread(target=self._serve, name="tcp printer", daemon=True)
        self._thread.start()

    def _end_thread(self) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        listener.bind(("127.0.0.1", port))
        listener.listen(1)
        return listener

    def _serve(self) -> None:
        while not self._stop.is_set():
            if select.select([self._listener], [], [], _SLICE_S)[0]:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._say_later = b""
                with connection, contextlib.suppress(OSError):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        """Serve one caller until either side ends it."""
        self.came = 0
        while not self._stop.is_set():
            with self._lock:
                later, self._say_later = self._say_later, b""
            self._say(connection, later)
            if self._held.is_set() or not select.select([connection], [], [], _SLICE_S)[0]:
                self._stop.wait(_SLICE_S if self._held.is_set() else 0)
                continue
            data = connection.recv(1024)
            if not data:
                self.ended_well += 1
                return
            self.came += len(data)
            self.received += data
            if self.hold_after is not None and self.came >= self.hold_after:
                self.hold()
            if self._cut_off(connection):
                return
            with self._lock:
                said = self._roll.take(data)
            self._say(connection, said)

    def _cut_off(self, connection: socket.socket) -> bool:
        if self.reset_after is not None and self.came >= self.reset_after:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return True
        return self.close_after is not None and self.came >= self.close_after

    def _say(self, connection: socket.socket, said: bytes) -> None:
        if self.deaf_to_status:
            said = bytes(byte for byte in said if byte & 0b1001_0011 != _STATUS)
        if said and not self.silent:
            connection.sendall(said)
