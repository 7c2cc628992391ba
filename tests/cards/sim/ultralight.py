"""An Ultralight, Ultralight EV1 or NTAG21x behind a PC/SC reader, strict, made from the data sheets alone.

After a refusal the tag sleeps until it is put down anew, as ISO 14443-3 has it. Sources: NXP MF0ICU1,
MF0ULx1, NTAG213/215/216 8.5 (memory, as delivered), 8.7 (counter), 8.8 (password), 10 (commands).
"""

from dataclasses import dataclass, field

from tests.cards.sim.power import Memory

OK = b"\x90\x00"
FAILED = b"\x63\x00"
UNKNOWN = b"\x6d\x00"
ATR = bytes.fromhex("3b8f8001804f0ca0000003060300030000000068")


@dataclass(frozen=True)
class Model:
    """What the data sheets say of one tag."""

    version: bytes
    """Empty: it knows no GET VERSION, no password and no counter."""
    pages: int
    container: bytes
    settings: int = 0
    """Page of CFG0."""
    has_nfc_counter: bool = False


ULTRALIGHT = Model(b"", 16, bytes(4))
MF0UL11 = Model(bytes.fromhex("0004030101000b03"), 20, bytes(4), 0x10)
MF0UL21 = Model(bytes.fromhex("0004030101000e03"), 41, bytes(4), 0x25)
NTAG213 = Model(bytes.fromhex("0004040201000f03"), 45, bytes.fromhex("e1101200"), 0x29, True)
NTAG215 = Model(bytes.fromhex("0004040201001103"), 135, bytes.fromhex("e1103e00"), 0x83, True)
NTAG216 = Model(bytes.fromhex("0004040201001303"), 231, bytes.fromhex("e1106d00"), 0xE3, True)


@dataclass
class Tag:
    """The tag and its reader; call it with a command."""

    uid: bytes
    model: Model
    counter: int = 0
    wrong_tries: int = 0
    is_asleep: bool = False
    is_in: bool = False
    has_counted: bool = False
    memory: Memory = field(init=False)
    atr: bytes = ATR

    def __post_init__(self) -> None:
        self.memory = Memory(self.model.pages * 4)
        check = self.uid[0] ^ self.uid[1] ^ self.uid[2] ^ 0x88
        self.memory.write(0, self.uid[:3] + bytes((check,)) + self.uid[3:])
        self.memory.write(12, self.model.container)
        if self.model.settings:
            self.memory.write(
                self.model.settings * 4, bytes.fromhex("000000ff00050000ffffffff00000000")
            )

    def power_off(self) -> None:
        """Leave the field."""
        self.is_asleep = self.is_in = self.has_counted = False
        self.memory.bytes_left = None

    def __call__(self, command: bytes) -> bytes:
        if command == bytes.fromhex("ffca000000"):
            return self.uid + OK
        page = int.from_bytes(command[2:4], "big")
        match command[:2]:
            case b"\xff\xb0" if len(command) == 5 and command[4] == 16:
                answer = self._native(bytes((0x30, page)))
                return FAILED if answer is None else answer + OK
            case b"\xff\xd6" if len(command) == 9 and command[4] == 4:
                answer = self._native(bytes((0xA2, page)) + command[5:])
                return FAILED if answer is None else OK
            case b"\xff\x00" if command[5:7] == b"\xd4\x42" and command[4] == len(command) - 5:
                answer = self._native(command[7:])
                return b"\xd5\x43" + (b"\x01" if answer is None else b"\x00" + answer) + OK
            case b"\xff\xc2" if command[3] == 1 and command[5] == 0x95:
                answer = self._native(command[7:-1])
                if answer is None:
                    return bytes.fromhex("c003016401") + OK
                return bytes.fromhex("c003009000") + bytes((0x97, len(answer))) + answer + OK
        return UNKNOWN

    def _native(self, command: bytes) -> bytes | None:
        """Return what the tag answers; None for a refusal, after which it sleeps."""
        if self.is_asleep:
            return None
        answer = self._obey(command)
        self.is_asleep = answer is None
        return answer

    def _obey(self, command: bytes) -> bytes | None:
        has_settings = bool(self.model.settings)
        match command[0]:
            case 0x30:
                return self._read(command[1])
            case 0xA2:
                return self._write(command[1], command[2:])
            case 0x60 if self.model.version:
                return self.model.version
            case 0x1B if has_settings and len(command) == 5:
                return self._log_in(command[1:])
            case 0x39 if self.model.has_nfc_counter and command[1] == 2 and self._access & 0x10:
                return None if self._access & 0x08 and not self.is_in else self._counted
        return None

    @property
    def _counted(self) -> bytes:
        return self.counter.to_bytes(3, "little")

    @property
    def _access(self) -> int:
        return self.memory.cells[self.model.settings * 4 + 4]

    def _is_protected(self, page: int) -> bool:
        if not self.model.settings or self.is_in:
            return False
        return page >= self.memory.cells[self.model.settings * 4 + 3]

    def _read(self, page: int) -> bytes | None:
        if page >= self.model.pages or (self._is_protected(page) and self._access & 0x80):
            return None
        if self.model.has_nfc_counter and self._access & 0x10 and not self.has_counted:
            self.counter, self.has_counted = self.counter + 1, True
        content = b""
        for offset in range(4):
            number = (page + offset) % self.model.pages
            secret = self.model.settings and number in (
                self.model.settings + 2,
                self.model.settings + 3,
            )
            content += bytes(4) if secret else self.memory.read(number * 4, 4)
        return content

    def _write(self, page: int, data: bytes) -> bytes | None:
        if len(data) != 4 or not 2 <= page < self.model.pages or self._is_protected(page):
            return None
        if page == 2:
            return None  # Lock bits; nobody here has a reason to set them.
        if page == 3:
            data = bytes(old | new for old, new in zip(self.memory.read(12, 4), data, strict=True))
        self.memory.write(page * 4, data)
        return b""

    def _log_in(self, password: bytes) -> bytes | None:
        at, limit = self.model.settings * 4, self._access & 0x07
        if limit and self.wrong_tries >= limit:
            return None
        if password != self.memory.read(at + 8, 4):
            self.wrong_tries += 1
            return None
        self.is_in, self.wrong_tries = True, 0
        return self.memory.read(at + 12, 2)
