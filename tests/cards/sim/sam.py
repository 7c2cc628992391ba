"""A SAM in AV2 mode: strict about order, lengths, counters and MACs. Made after published drivers.

It computes for itself; nothing of what it tests is used.
"""

import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

OK, MORE = b"\x90\x00", b"\x90\xaf"
WRONG_LENGTH, INTEGRITY, ORDER, NO_ENTRY, NO_VERSION, NOT_ALLOWED = (
    bytes.fromhex(status) for status in ("6700", "901e", "6901", "6a80", "6a82", "6985")
)


def cbc(key: bytes, iv: bytes, data: bytes, *, back: bool = False) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    turn = cipher.decryptor() if back else cipher.encryptor()
    return turn.update(data) + turn.finalize()


def mac(key: bytes, data: bytes) -> bytes:
    made = CMAC(algorithms.AES(key))
    made.update(data)
    return made.finalize()[1::2]


def mixed(key: bytes, a: bytes, b: bytes, plain: int, blurred: int, label: int) -> bytes:
    blur = bytes(
        x ^ y for x, y in zip(a[blurred : blurred + 5], b[blurred : blurred + 5], strict=True)
    )
    vector = a[plain : plain + 5] + b[plain : plain + 5] + blur + bytes((label,))
    return cbc(key, bytes(16), vector)


def diversified(master: bytes, number: bytes) -> bytes:
    """The CMAC of AN10922, made by the library from a message that is never of one block."""
    message = b"\x01" + number
    if len(message) > 16:
        made = CMAC(algorithms.AES(master))
        made.update(message)
        return made.finalize()
    zero = int.from_bytes(cbc(master, bytes(16), bytes(16)), "big")
    for _ in range(2):
        zero = (zero << 1) & (1 << 128) - 1 ^ (0x87 if zero >> 127 else 0)
    padded = (message + b"\x80").ljust(32, b"\0")
    last = bytes(x ^ y for x, y in zip(padded[16:], zero.to_bytes(16, "big"), strict=True))
    return cbc(master, bytes(16), padded[:16] + last)[16:]


@dataclass
class Sam:
    """Its host key in entry 0, the masters by version in entry 1."""

    host_version: int
    host_key: bytes
    masters: dict[int, bytes]
    commands: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.power_off()

    def power_off(self) -> None:
        self._wants, self._cipher, self._sign, self._counter = 0, b"", b"", 0

    def __call__(self, command: bytes) -> bytes:
        self.commands.append(command)
        if len(command) < 6 or command[0] != 0x80 or len(command) != command[4] + 6:
            return WRONG_LENGTH
        if command[1] == 0xA4:
            return self._authenticate(command[5:-1])
        if not self._sign:
            return ORDER
        return self._sealed(command)

    def _authenticate(self, body: bytes) -> bytes:
        step, self._wants = self._wants, 0
        mode = b"\x02\0\0\0"
        if step == 0 and len(body) == 3:
            self._cipher = self._sign = b""
            if body != bytes((0, self.host_version, 2)):
                return NO_VERSION
            self._second, self._wants = os.urandom(12), 1
            return self._second + MORE
        if step == 1 and len(body) == 20:
            if body[:8] != mac(self.host_key, self._second + mode):
                return INTEGRITY
            first, self._theirs, self._wants = body[8:], os.urandom(16), 2
            self._kxe = mixed(self.host_key, first, self._second, 7, 0, 0x91)
            return mac(self.host_key, first + mode) + cbc(self._kxe, bytes(16), self._theirs) + MORE
        if step == 2 and len(body) == 32:
            said = cbc(self._kxe, bytes(16), body, back=True)
            ours, theirs = said[:16], self._theirs
            if said[16:] != theirs[2:] + theirs[:2]:
                return INTEGRITY
            self._cipher = mixed(self.host_key, ours, theirs, 11, 4, 0x81)
            self._sign = mixed(self.host_key, ours, theirs, 7, 0, 0x82)
            self._counter = 0
            return cbc(self._kxe, bytes(16), ours[2:] + ours[:2]) + OK
        return WRONG_LENGTH

    def _sealed(self, command: bytes) -> bytes:
        counter = self._counter.to_bytes(4, "big")
        body, proof = command[5:-9], command[-9:-1]
        signed = command[:2] + counter + command[2:5] + body + command[-1:]
        if len(command) < 14 or len(body) % 16 or proof != mac(self._sign, signed):
            self.power_off()
            return INTEGRITY
        iv = cbc(self._cipher, bytes(16), b"\x01" * 4 + 3 * counter)
        plain = cbc(self._cipher, iv, body, back=True) if body else b""
        self._counter += 1
        data, status = self._obey(command[1], command[2], plain)
        counter = self._counter.to_bytes(4, "big")
        sealed = b""
        if data:
            padded = data + b"\x80" + bytes(-(len(data) + 1) % 16)
            iv = cbc(self._cipher, bytes(16), b"\x02" * 4 + 3 * counter)
            sealed = cbc(self._cipher, iv, padded)
        return sealed + mac(self._sign, status + counter + sealed) + status

    def _obey(self, code: int, first: int, plain: bytes) -> tuple[bytes, bytes]:
        if code == 0x64 and not plain:
            if first != 1:
                return b"", NO_ENTRY
            versions = bytes(sorted(self.masters)).ljust(3, b"\0")[:3]
            return versions + bytes.fromhex("00000000fe00ff1000 20".replace(" ", "")), OK
        if code == 0xD6:
            asked = plain if len(plain) % 16 and b"\x80" not in plain else plain.rstrip(b"\0")
            asked = asked[:-1] if asked.endswith(b"\x80") else plain
            if first != 2 or not 3 <= len(asked) <= 33 or asked[0] != 1:
                return b"", NOT_ALLOWED
            master = self.masters.get(asked[1])
            return (b"", NO_VERSION) if master is None else (diversified(master, asked[2:]), OK)
        return b"", NOT_ALLOWED
