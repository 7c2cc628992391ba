"""A card in a virtual reader of vsmartcard's vpcd, good or bad, over its TCP protocol.

The protocol: two bytes of length, then the message. A message of one byte is for the reader (power
off, power on, reset, ATR); any other is a command to the card. Source: vsmartcard 3.3, vpcd.h.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.kit.waiting import until

FIRST_PORT = 35963
ATR = bytes.fromhex("3b80800101")
STORAGE_ATR = bytes.fromhex("3b8f8001804f0ca000000306030001000000006a")
"""What a PC/SC reader makes up for a MIFARE Classic 1K. Source: PC/SC part 3, 3.1.3.2.3.2."""
_GET_ATR = 4
_POWER = (0, 2)

PULL = "pull"
"""Instead of an answer: the card leaves."""
SILENCE = "silence"
"""Instead of an answer: the card never answers."""
Answer = bytes | str
Answers = Callable[[bytes], Answer]

OK = bytes.fromhex("9000")
NOT_FOUND = bytes.fromhex("6a82")


def member_card(content: bytes) -> Answers:
    """Return the answers of a card with our application, whose member file holds ``content``."""

    def answer(command: bytes) -> Answer:
        match command[1]:
            case 0xA4:
                return OK if command[5:-1] == bytes.fromhex("f054414c4c5901") else NOT_FOUND
            case 0xB0:
                return content + OK
            case _:
                return bytes.fromhex("6d00")

    return answer


def uid_card(uid: bytes) -> Answers:
    """Return the answers of a card that has nothing but an identifier."""
    return lambda command: uid + OK if command[:2] == b"\xff\xca" else NOT_FOUND


class VirtualCard:
    """A card that lies on reader ``slot`` from ``with`` until its end, or until pulled."""

    def __init__(
        self,
        answers: Answers,
        slot: int = 0,
        atr: bytes = ATR,
        power_off: Callable[[], None] = lambda: None,
    ) -> None:
        self._answers = answers
        self._power_off = power_off
        """Called when the reader resets the card or powers it down."""
        self._slot = slot
        self._atr = atr
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.commands: list[bytes] = []
        self.is_silent = threading.Event()
        """Set once the card has taken a command that it will never answer."""

    def __enter__(self) -> Self:
        until(self._connect, f"vpcd listens on port {FIRST_PORT + self._slot}")
        self._thread = threading.Thread(target=self._serve, name="vcard", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pull()

    def pull(self) -> None:
        """Take the card away; harmless when it is gone already."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> bool:
        try:
            self._socket = socket.create_connection(("127.0.0.1", FIRST_PORT + self._slot), 5.0)
        except OSError:
            return False
        if self._socket.getsockname() == self._socket.getpeername():
            self._socket.close()  # Nobody listened, and Linux connected the socket to itself.
            return False
        self._socket.settimeout(None)
        return True

    def _serve(self) -> None:
        with suppress(OSError):
            while (message := self._receive()) is not None:
                if len(message) > 1:
                    self._obey(message)
                elif message[0] == _GET_ATR:
                    self._send(self._atr)
                elif message[0] in _POWER:
                    self._power_off()

    def _obey(self, command: bytes) -> None:
        assert self._socket is not None
        self.commands.append(command)
        answer = self._answers(command)
        if answer == PULL:
            self._socket.shutdown(socket.SHUT_RDWR)
        elif answer == SILENCE:
            self.is_silent.set()
        else:
            assert isinstance(answer, bytes)
            self._send(answer)

    def _send(self, message: bytes) -> None:
        assert self._socket is not None
        self._socket.sendall(len(message).to_bytes(2, "big") + message)

    def _receive(self) -> bytes | None:
        header = self._receive_exactly(2)
        return None if header is None else self._receive_exactly(int.from_bytes(header, "big"))

    def _receive_exactly(self, length: int) -> bytes | None:
        assert self._socket is not None
        received = b""
        while len(received) < length:
            # Without it every command takes 44 ms instead of 0.15 ms; Linux forgets it each time.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self._socket.recv(length - len(received))
            if not part:
                return None
            received += part
        return received
