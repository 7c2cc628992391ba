"""A MIFARE Classic 1K or 4K behind a PC/SC reader, strict, made from the data sheet alone.

It knows nothing of what we write on it. Source: NXP MF1S50yyX/V1 and MF1S70yyX/V1 8.6, 8.7 (memory and
access conditions, tables 7 and 8); PC/SC part 3, 3.2.2.1 (commands of the reader).
"""

from dataclasses import dataclass, field

from tests.cards.sim.power import Memory

OK = b"\x90\x00"
NOT_FOUND = b"\x6a\x82"
NO_KEY = b"\x69\x83"
WRONG_KEY = b"\x63\x00"
NOT_ALLOWED = b"\x69\x82"
BAD_LENGTH = b"\x67\x00"
UNKNOWN = b"\x6d\x00"
ATR_1K = bytes.fromhex("3b8f8001804f0ca000000306030001000000006a")
ATR_4K = bytes.fromhex("3b8f8001804f0ca0000003060300020000000069")
DELIVERED = bytes.fromhex("ffffffffffffff078069ffffffffffff")
KEY_A, KEY_B = 0x60, 0x61

# Who may read and who may write a data block, by C1 C2 C3. Source: table 8.
READ = {0: "AB", 2: "AB", 4: "AB", 6: "AB", 1: "AB", 3: "B", 5: "B", 7: ""}
WRITE = {0: "AB", 2: "", 4: "B", 6: "B", 1: "", 3: "B", 5: "", 7: ""}
# Who may write key A, read and write the conditions, read and write key B. Source: table 7.
TRAILER = {
    0: ("A", "A", "", "A", "A"),
    2: ("", "A", "", "A", ""),
    4: ("B", "AB", "", "", "B"),
    6: ("", "AB", "", "", ""),
    1: ("A", "A", "A", "A", "A"),
    3: ("B", "AB", "B", "", "B"),
    5: ("", "AB", "B", "", ""),
    7: ("", "AB", "", "", ""),
}


@dataclass
class Classic:
    """The card and its reader; call it with a command."""

    uid: bytes
    sectors: int = 16
    key_slot: bytes | None = None
    """In the reader: it outlives the card."""
    open_sector: int | None = None
    open_with: str = ""
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        blocks = self.sectors * 4 if self.sectors <= 32 else 128 + (self.sectors - 32) * 16
        self.memory = Memory(blocks * 16)
        self.memory.write(0, self.uid.ljust(16, b"\0"))
        for sector in range(self.sectors):
            self.memory.write(self._trailer(sector) * 16, DELIVERED)

    @property
    def atr(self) -> bytes:
        return ATR_1K if self.sectors == 16 else ATR_4K

    def power_off(self) -> None:
        """Leave the field."""
        self.open_sector = None
        self.memory.bytes_left = None

    def __call__(self, command: bytes) -> bytes:
        if command[0] != 0xFF or len(command) < 5:
            return UNKNOWN
        match command[1]:
            case 0xCA:
                return self.uid + OK
            case 0x82:
                return self._load(command)
            case 0x86:
                return self._authenticate(command)
            case 0xB0:
                return self._read(command)
            case 0xD6:
                return self._write(command)
        return UNKNOWN

    def _load(self, command: bytes) -> bytes:
        if command[4] != 6 or len(command) != 11 or command[3] != 0:
            return BAD_LENGTH
        self.key_slot = command[5:]
        return OK

    def _authenticate(self, command: bytes) -> bytes:
        if command[:6] != bytes.fromhex("ff8600000501") or len(command) != 10:
            return BAD_LENGTH
        self.open_sector = None
        block = int.from_bytes(command[6:8], "big")
        if self.key_slot is None:
            return NO_KEY
        if block >= len(self.memory.cells) // 16 or command[8] not in (KEY_A, KEY_B):
            return NOT_FOUND
        sector = self._sector(block)
        trailer = self._block(self._trailer(sector))
        conditions = self._conditions(trailer)
        is_a = command[8] == KEY_A
        # A key B that can be read is no key. Source: 8.7.2, remark below table 7.
        if not is_a and (conditions is None or "A" in TRAILER[conditions[3]][3]):
            return WRONG_KEY
        if (trailer[:6] if is_a else trailer[10:]) != self.key_slot:
            return WRONG_KEY
        self.open_sector, self.open_with = sector, "A" if is_a else "B"
        return OK

    def _read(self, command: bytes) -> bytes:
        block = int.from_bytes(command[2:4], "big")
        if len(command) != 5 or command[4] != 16:
            return BAD_LENGTH
        conditions = self._open_conditions(block)
        if conditions is None:
            return NOT_ALLOWED
        content = self._block(block)
        if block == self._trailer(self._sector(block)):
            _, may_read, _, may_read_b, _ = TRAILER[conditions[3]]
            access = content[6:10] if self.open_with in may_read else bytes(4)
            return (
                bytes(6)
                + access
                + (content[10:] if self.open_with in may_read_b else bytes(6))
                + OK
            )
        if self.open_with not in READ[conditions[self._group(block)]]:
            return NOT_ALLOWED
        return content + OK

    def _write(self, command: bytes) -> bytes:
        block = int.from_bytes(command[2:4], "big")
        if len(command) != 21 or command[4] != 16:
            return BAD_LENGTH
        conditions = self._open_conditions(block)
        if conditions is None or block == 0:
            return NOT_ALLOWED
        if block == self._trailer(self._sector(block)):
            may_a, _, may_access, _, may_b = TRAILER[conditions[3]]
            if not all(self.open_with in who for who in (may_a, may_access, may_b)):
                return NOT_ALLOWED
        elif self.open_with not in WRITE[conditions[self._group(block)]]:
            return NOT_ALLOWED
        self.memory.write(block * 16, command[5:])
        return OK

    def _open_conditions(self, block: int) -> tuple[int, ...] | None:
        if block >= len(self.memory.cells) // 16 or self._sector(block) != self.open_sector:
            return None
        return self._conditions(self._block(self._trailer(self.open_sector)))

    def _conditions(self, trailer: bytes) -> tuple[int, ...] | None:
        """Return C1 C2 C3 of the three groups and the trailer; None for a sector locked for ever."""
        bits = int.from_bytes(trailer[6:9], "little")
        not_c1, not_c2, not_c3 = bits & 15, bits >> 4 & 15, bits >> 8 & 15
        c1, c2, c3 = bits >> 12 & 15, bits >> 16 & 15, bits >> 20 & 15
        if (not_c1 ^ 15, not_c2 ^ 15, not_c3 ^ 15) != (c1, c2, c3):
            return None
        return tuple((c1 >> i & 1) * 4 + (c2 >> i & 1) * 2 + (c3 >> i & 1) for i in range(4))

    def _block(self, number: int) -> bytes:
        return self.memory.read(number * 16, 16)

    @staticmethod
    def _sector(block: int) -> int:
        return block // 4 if block < 128 else 32 + (block - 128) // 16

    @staticmethod
    def _trailer(sector: int) -> int:
        return sector * 4 + 3 if sector < 32 else 128 + (sector - 32) * 16 + 15

    @staticmethod
    def _group(block: int) -> int:
        return block % 4 if block < 128 else (block - 128) % 16 // 5
