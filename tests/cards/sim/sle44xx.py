"""An SLE4442 or SLE4428 in an ACS reader, strict, made from the manuals alone.

The chip counts down before it compares, so a card torn away in between has lost a try. Sources: ACS ACR38x
Reference Manual 6.02, 9.2.2.5 and 9.2.2.6; Infineon data sheets SLE4432/4442 and SLE4418/4428.
"""

from dataclasses import dataclass, field

from tests.cards.sim.power import Memory

OK = b"\x90\x00"
FAILED = b"\x63\x00"
UNKNOWN = b"\x6d\x00"
BAD_LENGTH = b"\x67\x00"


@dataclass
class MemoryCard:
    """The card and its reader; call it with a command."""

    header: bytes
    card_type: int
    size: int
    psc_length: int
    full: int
    """The counter with all tries left."""
    tells_protection: bool = False
    """Whether the reader adds four bytes of protection bits to what it reads."""
    is_selected: bool = False
    is_open: bool = False
    memory: Memory = field(init=False)
    psc: Memory = field(init=False)
    counter: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(self.size, 0xFF)
        self.memory.write(0, self.header)
        self.psc = Memory(self.psc_length, 0xFF)
        self.counter = Memory(1, self.full)

    @property
    def atr(self) -> bytes:
        return b"\x3b\x04" + self.header

    def power_off(self) -> None:
        """Leave the reader."""
        self.is_selected = self.is_open = False
        for cells in (self.memory, self.psc, self.counter):
            cells.bytes_left = None

    def __call__(self, command: bytes) -> bytes:
        if command[:5] == bytes.fromhex("ffa4000001"):
            self.is_open = False
            self.is_selected = command[5:] == bytes((self.card_type,))
            return OK if self.is_selected else FAILED
        if not self.is_selected:
            return FAILED
        at, length, data = int.from_bytes(command[2:4], "big"), command[4], command[5:]
        match command[:2]:
            case b"\xff\xb0" if at + length <= self.size and not data:
                extra = bytes.fromhex("ffffffff") if self.tells_protection else b""
                return self.memory.read(at, length) + extra + OK
            case b"\xff\xb1" if length == (4 if self.card_type == 6 else 3):
                return self.counter.read(0, 1) + bytes(length - 1) + OK
            case b"\xff\x20" if length == len(data) == self.psc_length:
                return self._verify(data)
            case b"\xff\xd0" if length == len(data) and at + length <= self.size:
                return self._write(at, data)
            case b"\xff\xd2" if self.card_type == 6 and length == len(data) == 3 and at == 1:
                if not self.is_open:
                    return FAILED
                self.psc.write(0, data)
                return OK
        return UNKNOWN

    def _verify(self, psc: bytes) -> bytes:
        count = self.counter.cells[0]
        if count:
            self.counter.write(0, bytes((count & (count - 1),)))
            if psc == bytes(self.psc.cells):
                self.counter.write(0, bytes((self.full,)))
                self.is_open = True
        return b"\x90" + self.counter.read(0, 1)

    def _write(self, at: int, data: bytes) -> bytes:
        if not self.is_open:
            return FAILED
        if self.card_type == 5 and at + len(data) > self.size - 3:
            if at != self.size - 2 or len(data) != 2:
                return FAILED
            self.psc.write(0, data)
            return OK
        self.memory.write(at, data)
        return OK


def sle4442(*, tells_protection: bool = False) -> MemoryCard:
    return MemoryCard(bytes.fromhex("a2131091"), 6, 256, 3, 0x07, tells_protection)


def sle4428(*, tells_protection: bool = False) -> MemoryCard:
    return MemoryCard(bytes.fromhex("92231091"), 5, 1024, 2, 0xFF, tells_protection)
