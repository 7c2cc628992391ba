"""A DESFire EV1 or EV2/EV3 card, strict: rights, MACs, counters, staged writes dropped at power loss.

Made from the data sheets; it shares nothing with the drivers. Call it with a command; what befalls a
card (torn, slow, mute, lying) is ``power.Fate``. Memory survives ``power_off``; nothing else does.

Sources: MF3D(H)x2 and MF2DL(H)x0 data sheets, AN12343.
"""

import copy
import hashlib
from collections.abc import Callable

from tests.cards.sim.ciphers import Block
from tests.cards.sim.desfire_memory import (
    DATA_COMMANDS,
    DENIED,
    HANDLERS,
    ILLEGAL,
    MORE,
    NO_KEY,
    PICC,
    WRONG_KEY,
    Store,
)
from tests.cards.sim.desfire_session import (
    FULL,
    LENGTH,
    MACED,
    PLAIN,
    Ev1Session,
    Ev2Session,
    NoSession,
    RefusedError,
    ev2_keys,
)

CLEAR = 0xEB
ATR = bytes.fromhex("3b8180018080")
# Header, data, extra bytes inside the cipher, and how a command travels ("file": as its file says).
SHAPES: dict[int, tuple[int, int, int | str]] = {
    0x5A: (3, 0, PLAIN), 0x60: (0, 0, MACED), 0x6A: (0, 0, MACED), 0x64: (1, 0, MACED),
    0x45: (0, 0, MACED), 0x54: (0, 1, FULL), 0x51: (0, 0, MACED), 0xCA: (5, 0, MACED),
    0xDA: (3, 0, MACED), 0x6F: (0, 0, MACED), 0xF5: (1, 0, MACED), 0x5F: (1, 3, FULL),
    0xCD: (7, 0, MACED), 0xCB: (7, 0, MACED), 0xCC: (17, 0, MACED), 0xC0: (10, 0, MACED),
    0xC1: (10, 0, MACED), 0xCE: (5, 17, FULL), 0xDF: (1, 0, MACED), 0xBD: (7, 0, "file"),
    0x3D: (7, -1, "file"), 0x6C: (1, 0, "file"), 0x0C: (1, 4, "file"), 0xDC: (1, 4, "file"),
    0x1C: (1, 4, "file"), 0xBB: (7, 0, "file"), 0x3B: (7, -1, "file"), 0xEB: (1, 0, MACED),
    0xC7: (0, 0, MACED), 0xA7: (0, 0, MACED), 0xC4: (1, 17, FULL),
}  # fmt: skip


class Desfire(Store):
    """The card; call it with a command."""

    def __init__(
        self, uid: bytes, *, is_ev2: bool = True, draw: Callable[[int], bytes] | None = None
    ) -> None:
        super().__init__(uid, is_ev2=is_ev2)
        self.frame_max = 59
        self._draws = 0
        self._draw = draw or self._some
        self.power_off()

    def power_off(self) -> None:
        self._session, self._aid = NoSession(), PICC
        self._more_in: tuple[int, bytes] | None = None
        self._more_out = b""
        self._shake: tuple[int, int, bytes] | None = None
        self._drop()

    def image(self) -> object:
        """Return all that the card keeps, as a thief would copy it."""
        return copy.deepcopy(self.applications)

    def restore(self, image: object) -> None:
        assert isinstance(image, dict)
        self.applications = copy.deepcopy(image)
        self.power_off()

    def __call__(self, command: bytes) -> bytes:
        if command[:2] == b"\xff\xca":
            return self.uid + b"\x90\x00"
        if command[0] != 0x90 or len(command) < 5 or command[2:4] != b"\0\0":
            return b"\x6e\x00"
        if len(command) > 5 and (command[4] != len(command) - 6 or command[-1]):
            return b"\x67\x00"
        status, said = self.native(command[1], command[5:-1])
        return said + bytes((0x91, status))

    def native(self, code: int, payload: bytes) -> tuple[int, bytes]:
        """Return status and data of one native frame."""
        try:
            return self._frame(code, payload)
        except RefusedError as error:
            self._session, self._more_in, self._more_out = NoSession(), None, b""
            self._shake = None
            self._drop()
            return error.status, b""

    # Frames

    def _frame(self, code: int, payload: bytes) -> tuple[int, bytes]:
        if code == MORE and self._shake is not None:
            return self._answer_shake(payload)
        if code == MORE and self._more_out and not payload:
            return self._send(self._more_out)
        if code == MORE and self._more_in is not None:
            code, payload = self._more_in[0], self._more_in[1] + payload
        elif code == MORE:
            raise RefusedError(ILLEGAL)
        self._more_in, self._more_out, self._shake = None, b"", None
        if code in (0x1A, 0xAA, 0x71, 0x77):
            return self._begin_shake(code, payload)
        if code not in SHAPES or (code == 0xCE and not self.is_ev2):
            raise RefusedError(ILLEGAL)
        missing = self._length(code, payload) - len(payload)
        if missing > 0:
            self._more_in = (code, payload)
            return MORE, b""
        if missing < 0:
            raise RefusedError(LENGTH)
        return self._send(self._obey(code, payload))

    def _send(self, said: bytes) -> tuple[int, bytes]:
        self._more_out = said[self.frame_max :]
        return (MORE if self._more_out else 0), said[: self.frame_max]

    def _length(self, code: int, payload: bytes) -> int:
        header, data, _ = self._shape(code, payload)
        if len(payload) < header:
            return header
        extra = 4 if code == 0xC4 and self._is_other(payload[0]) else 0
        return self._session.length(code, header, data, self._mode(code, payload), extra)

    def _shape(self, code: int, payload: bytes) -> tuple[int, int, int | str]:
        header, data, mode = SHAPES[code]
        if code == 0xC7 and payload[:1] in (b"\0", b"\1") and len(payload) in (1, 9):
            header = 1
        if data < 0:
            data = int.from_bytes(payload[4:7], "little")
        return header, data, mode

    def _mode(self, code: int, payload: bytes) -> int:
        mode = SHAPES[code][2]
        if isinstance(mode, int):
            return mode
        mode = self._file(payload[0]).mode
        if SHAPES[code][1] == 0:  # Asking for data is never enciphered.
            return PLAIN if mode == PLAIN else MACED
        return mode

    def _obey(self, code: int, payload: bytes) -> bytes:
        header, data, _ = self._shape(code, payload)
        mode = self._mode(code, payload)
        body = self._session.unprotect(code, payload, header, data, mode)
        head, session = payload[:header], self._session
        said = HANDLERS[code](self, head, body)
        if code in DATA_COMMANDS:
            self._remember(code, head, body, said)
        if self._session is not session:  # Ended by the command itself.
            return said
        answer = MACED
        if code in (0xBD, 0xBB, 0x6C):
            answer = self._file(payload[0]).mode
        elif code in DATA_COMMANDS and code != CLEAR and self._file(payload[0]).mode == PLAIN:
            answer = PLAIN
        elif code == 0x51:
            answer = FULL
        return self._session.protect(said, answer)

    # Authentication

    def _begin_shake(self, code: int, payload: bytes) -> tuple[int, bytes]:
        if code in (0x71, 0x77) and not self.is_ev2:
            raise RefusedError(ILLEGAL)
        if code == 0x77 and not isinstance(self._session, Ev2Session):
            raise RefusedError(DENIED)
        if len(payload) != (2 if code == 0x71 else 1):
            raise RefusedError(LENGTH)
        self._drop()
        if payload[0] >= len(self._app.keys) or (code == 0x1A) != self._app.is_des:
            raise RefusedError(NO_KEY if payload[0] >= len(self._app.keys) else WRONG_KEY)
        if code != 0x77:
            self._session = NoSession()
        cipher = self._cipher(payload[0])
        drawn = self._draw(cipher.size)
        challenge = cipher.encrypt(bytes(cipher.size), drawn)
        self._shake = (code, payload[0], drawn)
        return MORE, challenge

    def _answer_shake(self, token: bytes) -> tuple[int, bytes]:
        assert self._shake is not None
        (code, number, b), self._shake = self._shake, None
        cipher, zero = self._cipher(number), bytes(len(b))
        vector = zero if code in (0x71, 0x77) else cipher.encrypt(zero, b)
        plain = cipher.decrypt(vector, token) if len(token) == 2 * len(b) else b""
        a, turned = plain[: len(b)], plain[len(b) :]
        if turned != b[1:] + b[:1]:
            raise RefusedError(WRONG_KEY)
        shown = a[1:] + a[:1]
        if code in (0x71, 0x77):
            return 0, self._open_ev2(code, number, cipher, (a, b), shown)
        session = a[:4] + b[:4]
        key = self._app.keys[number][0]
        if code == 0xAA:
            session += a[12:] + b[12:]
        elif key[:8] != key[8:]:
            session += a[4:] + b[4:]
        self._session = Ev1Session(Block(session, des=code == 0x1A), number)
        return 0, cipher.encrypt(token[-cipher.size :], shown)

    def _open_ev2(
        self, code: int, number: int, cipher: Block, drawn: tuple[bytes, bytes], shown: bytes
    ) -> bytes:
        before = self._session
        keys = ev2_keys(self._app.keys[number][0], *drawn)
        if code == 0x77:
            assert isinstance(before, Ev2Session)
            session = Ev2Session(keys, before.transaction, number)
            session.count = before.count
            self._session = session
            return cipher.encrypt(bytes(16), shown)
        transaction = self._draw(4)
        self._session = Ev2Session(keys, transaction, number)
        return cipher.encrypt(bytes(16), transaction + shown + bytes(12))

    def _cipher(self, number: int) -> Block:
        return Block(self._app.keys[number][0], des=self._app.is_des)

    def _some(self, length: int) -> bytes:
        self._draws += 1
        return hashlib.sha256(self.uid + self._draws.to_bytes(4, "big")).digest()[:length]
