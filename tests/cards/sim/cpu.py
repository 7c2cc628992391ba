"""A CPU card with a PBOC wallet, strict: MACs, counters, a debit that is whole or did not happen.

Made from the standard; it shares nothing with the drivers. Call it with a command. Keys are the
card's own, given when it is made. With ``is_t0`` it speaks as contact cards do: 61xx and GET RESPONSE.

Source: JR/T 0025.1 (PBOC electronic purse), ISO/IEC 7816-4.
"""

import hashlib
from dataclasses import dataclass, field

from tests.cards.sim.ciphers import Block, mixed

ATR = bytes.fromhex("3b6c00004656434f5320")
OK, NO_FILE, NO_RECORD = b"\x90\x00", b"\x6a\x82", b"\x6a\x83"
BAD_LENGTH, NOT_NOW, UNKNOWN = b"\x67\x00", b"\x69\x85", b"\x6d\x00"
BAD_MAC, TOO_LITTLE, NO_PROOF, NO_KEY = b"\x93\x02", b"\x94\x01", b"\x94\x06", b"\x94\x03"
PURCHASE, LOAD = 6, 2
LOG_KEPT = 10
WALLET = bytes.fromhex("f054414c4c5902")


@dataclass
class Cpu:
    """The card; call it with a command."""

    serial: bytes
    purchase_key: bytes
    load_key: bytes
    tac_key: bytes
    key_version: int = 1
    purchase_version: int = 0
    """Of the purchase key, if it is another."""
    uid: bytes = bytes.fromhex("08a1b2c3")
    is_t0: bool = False
    money: int = 0
    counts: dict[int, int] = field(default_factory=lambda: {PURCHASE: 0, LOAD: 0})
    log: list[bytes] = field(default_factory=list)
    """Newest first."""
    proof: tuple[int, int, bytes] | None = None
    """Type, counter, MAC and TAC of the latest transaction."""

    def __post_init__(self) -> None:
        self._draws = 0
        self.power_off()

    def power_off(self) -> None:
        self._is_selected = False
        self._begun: tuple[int, bytes, bytes] | None = None
        self._waiting = b""

    def __call__(self, command: bytes) -> bytes:
        if command[:2] == b"\xff\xca":
            return self.uid + OK
        if command[:4] == b"\x00\xc0\x00\x00":
            answer, self._waiting = self._waiting, b""
            return answer + OK if len(answer) == command[4] else BAD_LENGTH
        answer = self._obey(command)
        if self.is_t0 and len(answer) > 2 and len(command) > 5:
            self._waiting = answer[:-2]
            return bytes((0x61, len(self._waiting)))
        return answer

    def _obey(self, command: bytes) -> bytes:
        head, rest = command[:4], command[4:]
        if head == b"\x00\xa4\x04\x00":
            self._begun = None
            self._is_selected = rest[1 : 1 + rest[0]] == WALLET
            return b"\x6f\x00" + OK if self._is_selected else NO_FILE
        if not self._is_selected:
            return UNKNOWN
        if head == b"\x00\xb0\x95\x00":
            return self._info(rest)
        if head[:2] == b"\x00\xb2" and head[3] == 0xC4:
            return self._read_log(head[2], rest)
        match head:
            case b"\x80\x50\x01\x02":
                return self._begin(PURCHASE, rest)
            case b"\x80\x50\x00\x02":
                return self._begin(LOAD, rest)
            case b"\x80\x54\x01\x00":
                return self._debit(rest)
            case b"\x80\x52\x00\x00":
                return self._load(rest)
            case b"\x80\x5c\x00\x02":
                return self.money.to_bytes(4, "big") + OK if rest == b"\x04" else BAD_LENGTH
            case b"\x80\x5a\x00\x06" | b"\x80\x5a\x00\x02":
                return self._prove(head[3], rest)
        return UNKNOWN

    def _info(self, rest: bytes) -> bytes:
        info = bytes(8) + b"\x01\x01" + self.serial + bytes(10)
        return info + OK if rest == bytes((len(info),)) else b"\x6c" + bytes((len(info),))

    def _read_log(self, number: int, rest: bytes) -> bytes:
        if rest != b"\x17":
            return b"\x6c\x17"
        return self.log[number - 1] + OK if 0 < number <= len(self.log) else NO_RECORD

    def _begin(self, kind: int, rest: bytes) -> bytes:
        self._begun = None
        due = 15 if kind == PURCHASE else 16
        if len(rest) != 13 or rest[0] != 11 or rest[12] != due:
            return BAD_LENGTH
        if rest[1] != 1:
            return NO_KEY
        amount = int.from_bytes(rest[2:6], "big")
        if kind == PURCHASE and amount > self.money:
            return TOO_LITTLE
        self._draws += 1
        drawn = hashlib.sha256(self.serial + self._draws.to_bytes(4, "big")).digest()[:4]
        count = self.counts[kind].to_bytes(2, "big")
        balance = self.money.to_bytes(4, "big")
        core = rest[2:6] + bytes((kind,)) + rest[6:12]
        if kind == PURCHASE:
            self._begun = (kind, drawn + count, core)
            return (
                balance
                + count
                + bytes(3)
                + bytes((self.purchase_version or self.key_version, 0))
                + drawn
                + OK
            )
        session = self._crypt(self.load_key, drawn + count + b"\x80\x00")
        self._begun = (kind, session, core)
        said = balance + count + bytes((self.key_version, 0)) + drawn
        return said + self._mac(session, balance + core) + OK

    def _debit(self, rest: bytes) -> bytes:
        begun, self._begun = self._begun, None
        if len(rest) != 17 or rest[0] != 15 or rest[16] != 8:
            return BAD_LENGTH
        if begun is None or begun[0] != PURCHASE:
            return NOT_NOW
        sequence, when, mac1 = rest[1:5], rest[5:12], rest[12:16]
        session = self._crypt(self.purchase_key, begun[1] + sequence[2:])
        if mac1 != self._mac(session, begun[2] + when):
            return BAD_MAC
        tac = self._tac(begun[2] + sequence + when)
        mac2 = self._mac(session, begun[2][:4])
        self._book(PURCHASE, begun[2], when, mac2 + tac)
        return tac + mac2 + OK

    def _load(self, rest: bytes) -> bytes:
        begun, self._begun = self._begun, None
        if len(rest) != 13 or rest[0] != 11 or rest[12] != 4:
            return BAD_LENGTH
        if begun is None or begun[0] != LOAD:
            return NOT_NOW
        when, mac2 = rest[1:8], rest[8:12]
        if mac2 != self._mac(begun[1], begun[2] + when):
            return BAD_MAC
        balance = self.money + int.from_bytes(begun[2][:4], "big")
        count = self.counts[LOAD].to_bytes(2, "big")
        tac = self._tac(balance.to_bytes(4, "big") + count + begun[2] + when)
        self._book(LOAD, begun[2], when, bytes(4) + tac)
        return tac + OK

    def _book(self, kind: int, core: bytes, when: bytes, proof: bytes) -> None:
        """One moment: balance, counter, log and proof change together."""
        count = self.counts[kind]
        amount = int.from_bytes(core[:4], "big")
        self.money += amount if kind == LOAD else -amount
        self.counts[kind] = count + 1
        entry = count.to_bytes(2, "big") + bytes(3) + core + when
        self.log = [entry, *self.log][:LOG_KEPT]
        self.proof = (kind, count + 1, proof)

    def _prove(self, kind: int, rest: bytes) -> bytes:
        if len(rest) != 4 or rest[0] != 2 or rest[3] != 8:
            return BAD_LENGTH
        if self.proof is None or self.proof[:2] != (kind, int.from_bytes(rest[1:3], "big")):
            return NO_PROOF
        return self.proof[2] + OK

    def _tac(self, said: bytes) -> bytes:
        return self._mac(mixed(self.tac_key[:8], self.tac_key[8:]), said)

    @staticmethod
    def _crypt(key: bytes, block: bytes) -> bytes:
        return Block(key, des=True).one(block)

    @staticmethod
    def _mac(key: bytes, said: bytes) -> bytes:
        padded = said + b"\x80" + bytes(-(len(said) + 1) % 8)
        return Block(key, des=True).encrypt(bytes(8), padded)[-8:-4]
