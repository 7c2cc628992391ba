"""The card's side of a DESFire session: EV1 and EV2 secure messaging, strict.

Sources: AN12343 7.1, AN12196 5; MF2DL(H)x0 data sheet 9.
"""

from tests.cards.sim.ciphers import Block, crc32, mixed

PLAIN, MACED, FULL = 0, 1, 3
INTEGRITY, LENGTH = 0x1E, 0x7E
CHANGE_KEY = 0xC4
WITH_DATA = (0x3D, 0x3B, 0x0C, 0x1C, 0xDC)


class RefusedError(Exception):
    """The card answers with this status instead of OK."""

    def __init__(self, status: int) -> None:
        super().__init__(f"91{status:02X}")
        self.status = status


class NoSession:
    """Nobody has authenticated: everything is plain."""

    key_number = None
    is_ev2 = False

    def length(self, command: int, header: int, data: int, mode: int, extra: int) -> int:
        return header + data + extra

    def unprotect(self, command: int, payload: bytes, header: int, data: int, mode: int) -> bytes:
        return payload[header:]

    def protect(self, said: bytes, mode: int) -> bytes:
        return said


class Ev1Session:
    """One vector runs through everything."""

    is_ev2 = False

    def __init__(self, cipher: Block, key_number: int) -> None:
        self.cipher = cipher
        self.key_number = key_number
        self.vector = bytes(cipher.size)

    def length(self, command: int, header: int, data: int, mode: int, extra: int) -> int:
        if mode == FULL and data:
            whole = data + 4 + extra
            return header + whole + -whole % self.cipher.size
        return header + data + (8 if mode == MACED and command in WITH_DATA else 0)

    def unprotect(self, command: int, payload: bytes, header: int, data: int, mode: int) -> bytes:
        head, body = payload[:header], payload[header:]
        if mode == FULL and data:
            plain = self.cipher.decrypt(self.vector, body)
            self.vector = body[-self.cipher.size :]
            said, rest = plain[:data], plain[data:]
            if rest[:4] != crc32(bytes((command,)) + head + said):
                raise RefusedError(INTEGRITY)
            if command == CHANGE_KEY:  # A second checksum may follow.
                return said + rest[4:]
            if rest[4:].strip(b"\0"):
                raise RefusedError(INTEGRITY)
            return said
        mac = self._mac(bytes((command,)) + head + body[:data])
        if mode == MACED and command in WITH_DATA and body[data:] != mac[:8]:
            raise RefusedError(INTEGRITY)
        return body[:data]

    def protect(self, said: bytes, mode: int) -> bytes:
        if mode == FULL and said:
            plain = said + crc32(said + b"\0")
            cipher = self.cipher.encrypt(self.vector, plain + bytes(-len(plain) % self.cipher.size))
            self.vector = cipher[-self.cipher.size :]
            return cipher
        return said + self._mac(said + b"\0")[:8]

    def _mac(self, said: bytes) -> bytes:
        self.vector = self.cipher.cmac(said, self.vector)
        return self.vector


class Ev2Session:
    """Every command has a number."""

    is_ev2 = True

    def __init__(self, keys: tuple[bytes, bytes], transaction: bytes, key_number: int) -> None:
        self.cipher, self.macs = Block(keys[0]), Block(keys[1])
        self.transaction = transaction
        self.key_number = key_number
        self.count = 0

    def length(self, command: int, header: int, data: int, mode: int, extra: int) -> int:
        data += extra
        if mode == FULL and data:
            data += 16 - data % 16
        return header + data + (0 if mode == PLAIN else 8)

    def unprotect(self, command: int, payload: bytes, header: int, data: int, mode: int) -> bytes:
        if mode == PLAIN:
            return payload[header:]
        body, mac = payload[:-8], payload[-8:]
        if mac != self._mac(command, body):
            raise RefusedError(INTEGRITY)
        said = body[header:]
        if mode == FULL and said:
            plain = self.cipher.decrypt(self._vector(b"\xa5\x5a"), said).rstrip(b"\0")
            if plain[-1:] != b"\x80":
                raise RefusedError(INTEGRITY)
            return plain[:-1]
        return said

    def protect(self, said: bytes, mode: int) -> bytes:
        self.count += 1
        if mode == PLAIN:
            return said
        if mode == FULL and said:
            padded = said + b"\x80" + bytes(-(len(said) + 1) % 16)
            said = self.cipher.encrypt(self._vector(b"\x5a\xa5"), padded)
        return said + self._mac(0, said)

    def _vector(self, way: bytes) -> bytes:
        return self.cipher.one(way + self.transaction + self.count.to_bytes(2, "little") + bytes(8))

    def _mac(self, code: int, said: bytes) -> bytes:
        number = self.count.to_bytes(2, "little")
        return self.macs.cmac(bytes((code,)) + number + self.transaction + said)[1::2]


def ev2_keys(key: bytes, a: bytes, b: bytes) -> tuple[bytes, bytes]:
    """Source: AN12343 7.1.3.1, with the random numbers written highest byte first."""
    context = a[0:2] + mixed(a[2:8], b[0:6]) + b[6:16] + a[8:16]
    cipher = Block(key)
    return (
        cipher.cmac(bytes.fromhex("a55a00010080") + context),
        cipher.cmac(bytes.fromhex("5aa500010080") + context),
    )
