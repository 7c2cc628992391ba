"""An FM1208 as it leaves the factory: files and keys are made on it, then it is a wallet.

Strict about order, rights and tries. Source: FMCOS 2.0 as programs for the FM1208 use it.
"""

from tests.cards.sim.ciphers import Block
from tests.cards.sim.cpu import BAD_LENGTH, NO_FILE, NO_KEY, OK, UNKNOWN, WALLET, Cpu

EXISTS, DENIED, LOCKED = b"\x6a\x86", b"\x69\x82", b"\x69\x83"
CONTROL, TAC, PURCHASE_KEY, LOAD_KEY = 0x39, 0x34, 0x3E, 0x3F
OPEN_STATE, MF_STATE = 4, 15


class Fmcos(Cpu):
    """The card; call it with a command."""

    def __init__(self, *, is_t0: bool = False) -> None:
        super().__init__(bytes(10), b"", b"", b"", 0, is_t0=is_t0)
        self.has_application = self.has_keys = False
        self.made: dict[int, bytes] = {}
        self.content = b""
        self.keys: dict[tuple[int, int], bytes] = {}
        self.tries = 15

    def power_off(self) -> None:
        super().power_off()
        self._drawn = b""
        self._state = 0

    def _obey(self, command: bytes) -> bytes:
        head, rest = command[:4], command[4:]
        if head[:2] == b"\x00\xa4":
            return self._choose(head, rest, command)
        if head == b"\x00\x84\x00\x00":
            self._draws += 1
            self._drawn = Block(bytes(16)).one(self._draws.to_bytes(16, "big"))[:8]
            return self._drawn + OK if rest == b"\x08" else BAD_LENGTH
        if head[:3] == b"\x00\x82\x00":
            return self._authenticate(head[3], rest)
        if head[:2] == b"\x80\xe0":
            return self._create(int.from_bytes(head[2:], "big"), rest[1:])
        if head[:3] == b"\x80\xd4\x01":
            return self._write_key(head[3], rest[1:])
        if head == b"\x00\xd6\x95\x00":
            return self._write(rest[1:])
        if head == b"\x80\x50\x00\x02" and (LOAD_KEY, 1) not in self.keys:
            return NO_KEY
        if head == b"\x80\x50\x01\x02" and (PURCHASE_KEY, 1) not in self.keys:
            return NO_KEY
        if 0x02 not in self.made and head[0] == 0x80:
            return NO_FILE
        return super()._obey(command)

    def _choose(self, head: bytes, rest: bytes, command: bytes) -> bytes:
        if head[2] == 0x04:
            self._state = 0
            return super()._obey(command) if self.has_application else NO_FILE
        file = int.from_bytes(rest[1:3], "big")
        if file == 0x3F00:
            self._is_selected, self._state = False, 0
            return OK
        return OK if self._is_selected and file in self.made else NO_FILE

    def _authenticate(self, number: int, rest: bytes) -> bytes:
        drawn, self._drawn = self._drawn, b""
        if len(rest) != 9 or not drawn:
            return BAD_LENGTH
        if not self._is_selected:
            is_right = rest[1:] == Block(b"\xff" * 8, des=True).one(drawn)
            self._state = MF_STATE if is_right else 0
            return OK if is_right else b"\x63\xc2"
        if not self.has_keys:
            return NO_FILE
        if (CONTROL, number) not in self.keys:
            return NO_KEY
        if not self.tries:
            return LOCKED
        if rest[1:] != Block(self.keys[CONTROL, number][5:], des=True).one(drawn):
            self.tries -= 1
            return bytes((0x63, 0xC0 | self.tries))
        self.tries, self._state = 15, OPEN_STATE
        return OK

    def _create(self, file: int, shape: bytes) -> bytes:
        if not self._is_selected:
            if self._state != MF_STATE:
                return DENIED
            if self.has_application:
                return EXISTS
            if file != 0x3F01 or shape[0] != 0x38 or shape[8:] != WALLET:
                return UNKNOWN
            self.has_application = True
            return OK
        if file == 0:
            if self.has_keys:
                return EXISTS
            self.has_keys = True
            return OK
        if not self.has_keys:
            return DENIED
        if file in self.made or len(shape) != 7:
            return EXISTS
        self.made[file] = shape
        return OK

    def _may(self, right: int) -> bool:
        return right & 15 <= self._state <= right >> 4

    def _write_key(self, number: int, content: bytes) -> bytes:
        key = (content[0], number)
        if not self._is_selected or not self.has_keys or len(content) != 21:
            return DENIED
        if key in self.keys and not self._may(self.keys[key][2]):
            return DENIED
        self.keys[key] = content
        secret = content[5:]
        match content[0]:
            case 0x34:
                self.tac_key = secret
            case 0x3E:
                self.purchase_key, self.purchase_version = secret, content[3]
            case 0x3F:
                self.load_key, self.key_version = secret, content[3]
        return OK

    def _write(self, content: bytes) -> bytes:
        if not self._is_selected or 0x15 not in self.made:
            return NO_FILE
        if not self._may(self.made[0x15][4]):
            return DENIED
        self.content = content
        self.serial = content[10:20]
        return OK

    def _info(self, rest: bytes) -> bytes:
        if 0x15 not in self.made:
            return NO_FILE
        return self.content.ljust(30, b"\0") + OK if rest == b"\x1e" else b"\x6c\x1e"
