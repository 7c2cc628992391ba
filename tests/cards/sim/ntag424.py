"""An NTAG 424 DNA, strict, made from the data sheet alone, with ciphers of its own.

It speaks ISO 7816-4 for its message file and EV2 messaging for keys and settings. Source: NXP NT4H2421Gx 8.2
(files as delivered), 9.1 (messaging), 9.3 (dynamic messages), 10 (commands and their status words).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from tests.cards.sim.power import Memory

OK = b"\x90\x00"
DONE = b"\x91\x00"
MORE = b"\x91\xaf"
WRONG_KEY = b"\x91\xae"
DENIED = b"\x91\x9d"
INTEGRITY = b"\x91\x1e"
LENGTH = b"\x91\x7e"
PARAMETER = b"\x91\x9e"
UNKNOWN = b"\x91\x1c"
NOT_FOUND = b"\x6a\x82"
NOT_ALLOWED = b"\x69\x82"
NO_FILE = b"\x69\x85"
ATR = bytes.fromhex("3b8180018080")
APPLICATION = bytes.fromhex("d2760000850101")
CONTAINER = bytes.fromhex("001720010000ff0406e104010000000506e10500808283000000000000000000")
DELIVERED = bytes.fromhex("00e0ee")


def cbc(key: bytes, start: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(start))
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(data) + worker.finalize()


def cmac(key: bytes, data: bytes) -> bytes:
    worker = CMAC(algorithms.AES(key))
    worker.update(data)
    return worker.finalize()


def short(mac: bytes) -> bytes:
    return bytes(mac[index] for index in range(1, 16, 2))


@dataclass
class Session:
    enc: bytes
    mac: bytes
    ti: bytes
    key: int
    counter: int = 0

    def start(self, label: bytes) -> bytes:
        block = label + self.ti + self.counter.to_bytes(2, "little") + bytes(8)
        return cbc(self.enc, bytes(16), block)

    def sign(self, code: int, data: bytes) -> bytes:
        head = bytes((code,)) + self.counter.to_bytes(2, "little") + self.ti
        return short(cmac(self.mac, head + data))


@dataclass
class Ntag424:
    """The tag; call it with a command."""

    uid: bytes
    draw: Callable[[int], bytes]
    atr: bytes = ATR
    keys: list[bytes] = field(default_factory=lambda: [bytes(16)] * 5)
    versions: list[int] = field(default_factory=lambda: [0] * 5)
    settings: bytes = DELIVERED
    taps: int = 0
    session: Session | None = None
    file: int | None = None
    is_selected: bool = False
    has_tapped: bool = False
    challenge: tuple[int, bytes] | None = None
    frames: list[bytes] = field(default_factory=list)
    """Of an answer, still to be asked for."""
    memory: Memory = field(default_factory=lambda: Memory(256))

    def power_off(self) -> None:
        """Leave the field."""
        self.session = self.challenge = self.file = None
        self.is_selected = False
        self.memory.bytes_left = None

    def __call__(self, command: bytes) -> bytes:
        if command[0] == 0x90:
            return self._native(command[1], command[5 : 5 + command[4]])
        if command == bytes.fromhex("ffca000000"):
            return self.uid + OK
        match command[:4]:
            case b"\x00\xa4\x04\x0c" if command[5:12] == APPLICATION:
                self.power_off_session()
                self.is_selected = True
                return OK
            case b"\x00\xa4\x00\x0c" if self.is_selected:
                self.file = int.from_bytes(command[5:7], "big")
                self.has_tapped = False
                return OK if self.file in (0xE103, 0xE104) else NOT_FOUND
        match command[:2]:
            case b"\x00\xb0" if self.session is None and self.file is not None:
                return self._read(int.from_bytes(command[2:4], "big"), command[4] or 256)
            case b"\x00\xd6" if self.session is None and self.file == 0xE104:
                return self._update(int.from_bytes(command[2:4], "big"), command[5:])
        return NO_FILE

    def power_off_session(self) -> None:
        self.session = self.challenge = self.file = None

    def _update(self, at: int, data: bytes) -> bytes:
        if 0xE not in (self.settings[1] >> 4, self.settings[2] & 15):
            return NOT_ALLOWED
        if at + len(data) > 256:
            return b"\x67\x00"
        self.memory.write(at, data)
        return OK

    def _read(self, at: int, length: int) -> bytes:
        if self.file == 0xE103:
            return CONTAINER[at : at + length] + OK
        content = self.memory.read(0, 256)
        if self.settings[0] & 0x40:
            if not self.has_tapped:
                self.taps, self.has_tapped = self.taps + 1, True
            content = self._mirrored(content)
        return content[at : at + length] + OK

    def _mirrored(self, content: bytes) -> bytes:
        options, keys, offsets = self.settings[3], self.settings[4:6], self._offsets()
        tap = self.taps.to_bytes(3, "little")
        changed = bytearray(content)

        def put(at: int, text: str) -> None:
            changed[at : at + len(text)] = text.upper().encode()

        if keys[1] >> 4 == 0xE:
            put(offsets["uid"], self.uid.hex())
            put(offsets["counter"], f"{self.taps:06x}")
        else:
            plain = b"\xc7" + self.uid + tap + self.draw(5)
            put(offsets["picc"], cbc(self.keys[keys[1] >> 4], bytes(16), plain).hex())
        key = self.keys[keys[1] & 15]
        if options & 0x10:
            enc = cmac(key, bytes.fromhex("c33c00010080") + self.uid + tap)
            at, length = offsets["file"], offsets["length"]
            plain = content[at : at + length // 2]
            start = cbc(enc, bytes(16), tap + bytes(13))
            put(at, cbc(enc, start, plain).hex())
        mac = cmac(key, bytes.fromhex("3cc300010080") + self.uid + tap)
        signed = bytes(changed[offsets["input"] : offsets["mac"]])
        put(offsets["mac"], short(cmac(mac, signed)).hex())
        return bytes(changed)

    def _offsets(self) -> dict[str, int]:
        names = ["uid", "counter"] if self.settings[5] >> 4 == 0xE else ["picc"]
        names += ["input", "file", "length", "mac"] if self.settings[3] & 0x10 else ["input", "mac"]
        rest = self.settings[6:]
        return {
            name: int.from_bytes(rest[3 * index : 3 * index + 3], "little")
            for index, name in enumerate(names)
        }

    def _version(self) -> bytes:
        """Begin to tell what it is, in three frames. Source: NT4H2421Gx 10.5.2."""
        made = bytes.fromhex("04040230001105")
        self.frames = [made + MORE, self.uid + bytes(7) + b"\x91\x00"]
        return made + MORE

    def _native(self, code: int, payload: bytes) -> bytes:
        if code == 0x60:
            return self._version()
        if code == 0xAF and self.frames:
            return self.frames.pop(0)
        self.frames = []
        if not self.is_selected and code != 0xAF:
            return NOT_FOUND
        match code:
            case 0x71:
                return self._challenge(payload)
            case 0xAF if self.challenge is not None:
                return self._prove(payload)
        if self.session is None:
            return DENIED
        match code:
            case 0x64:
                return self._answer(code, payload, 1, lambda head: bytes((self.versions[head[0]],)))
            case 0xF5:
                return self._answer(code, payload, 1, self._tell_settings)
            case 0x5F:
                return self._change_settings(payload)
            case 0xC4:
                return self._change_key(payload)
        return UNKNOWN

    def _challenge(self, payload: bytes) -> bytes:
        self.power_off_session()
        if len(payload) < 2 or payload[0] > 4:
            return PARAMETER
        self.challenge = payload[0], self.draw(16)
        return cbc(self.keys[payload[0]], bytes(16), self.challenge[1]) + MORE

    def _prove(self, token: bytes) -> bytes:
        assert self.challenge is not None
        (number, b), self.challenge = self.challenge, None
        key = self.keys[number]
        if len(token) != 32:
            return LENGTH
        plain = cbc(key, bytes(16), token, decrypt=True)
        a = plain[:16]
        if plain[16:] != b[1:] + b[:1]:
            return WRONG_KEY
        ti = self.draw(4)
        mixed = bytes(x ^ y for x, y in zip(a[2:8], b[:6], strict=True))
        vector = bytes.fromhex("00010080") + a[:2] + mixed + b[6:] + a[8:]
        enc, mac = cmac(key, b"\xa5\x5a" + vector), cmac(key, b"\x5a\xa5" + vector)
        self.session = Session(enc, mac, ti, number)
        return cbc(key, bytes(16), ti + a[1:] + a[:1] + bytes(12)) + DONE

    def _answer(
        self, code: int, payload: bytes, head: int, tell: Callable[[bytes], bytes]
    ) -> bytes:
        """Obey a command in MAC mode that changes nothing."""
        session = self.session
        assert session is not None
        if len(payload) != head + 8 or session.sign(code, payload[:head]) != payload[head:]:
            self.session = None
            return INTEGRITY
        session.counter += 1
        data = tell(payload[:head])
        return data + session.sign(0, data) + DONE

    def _tell_settings(self, _: bytes) -> bytes:
        return b"\x00" + self.settings[:3] + bytes.fromhex("000100") + self.settings[3:]

    def _deciphered(self, code: int, payload: bytes) -> bytes | None:
        """Return the data of a command in FULL mode with one byte of header; None if it is forged."""
        session = self.session
        assert session is not None
        head, secret, mac = payload[:1], payload[1:-8], payload[-8:]
        if session.sign(code, head + secret) != mac or not secret or len(secret) % 16:
            self.session = None
            return None
        plain = cbc(session.enc, session.start(b"\xa5\x5a"), secret, decrypt=True)
        session.counter += 1
        body = plain.rstrip(b"\0")
        return body[:-1] if body.endswith(b"\x80") else None

    def _change_settings(self, payload: bytes) -> bytes:
        plain = self._deciphered(0x5F, payload)
        if plain is None:
            return INTEGRITY
        assert self.session is not None
        if payload[0] != 2 or self.settings[1] & 15 != self.session.key:
            return DENIED
        length = 3
        if plain[0] & 0x40:
            length = 6 + 3 * (2 if plain[5] >> 4 == 0xE else 1) + (12 if plain[3] & 0x10 else 6)
        if len(plain) != length:
            return PARAMETER
        self.settings = plain
        return self.session.sign(0, b"") + DONE

    def _change_key(self, payload: bytes) -> bytes:
        number = payload[0]
        plain = self._deciphered(0xC4, payload)
        if plain is None:
            return INTEGRITY
        session = self.session
        assert session is not None
        if session.key != 0 or number > 4:
            return DENIED
        if number == 0:
            # The padding of 17 bytes may begin in the key version; it is never 80 here.
            if len(plain) != 17:
                return LENGTH
            self.keys[0], self.versions[0], self.session = plain[:16], plain[16], None
            return DONE
        if len(plain) != 21:
            return LENGTH
        new = bytes(x ^ y for x, y in zip(plain[:16], self.keys[number], strict=True))
        if (zlib.crc32(new) ^ 0xFFFFFFFF).to_bytes(4, "little") != plain[17:]:
            return INTEGRITY
        self.keys[number], self.versions[number] = new, plain[16]
        return session.sign(0, b"") + DONE
