"""What a simulated DESFire keeps, and who may do what with it: applications, keys, files, staging.

Sources: MF3D(H)x2 and MF2DL(H)x0 data sheets.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.cards.sim.ciphers import Block
from tests.cards.sim.desfire_session import (
    INTEGRITY,
    Ev1Session,
    Ev2Session,
    NoSession,
    RefusedError,
    crc32,
    mixed,
)

NO_CHANGES, ILLEGAL, NO_KEY, DENIED, PARAMETER = 0x0C, 0x1C, 0x40, 0x9D, 0x9E
NO_APPLICATION, WRONG_KEY, MORE, BOUNDARY, DUPLICATE, NO_FILE = 0xA0, 0xAE, 0xAF, 0xBE, 0xDE, 0xF0
STANDARD, BACKUP, VALUE, LINEAR, CYCLIC, SIGNED = range(6)
PICC = bytes(3)
DATA_COMMANDS = (0xBD, 0x3D, 0x6C, 0x0C, 0xDC, 0x1C, 0xBB, 0x3B, 0xEB)


@dataclass
class File:
    kind: int
    mode: int
    rights: bytes
    content: bytearray = field(default_factory=bytearray)
    value: int = 0
    limits: tuple[int, int] = (0, 0)
    size: int = 0
    most: int = 0
    records: list[bytes] = field(default_factory=list)
    """Newest last."""
    key: bytes = b""
    count: int = 0

    def allowed(self, *which: int) -> list[int]:
        number = int.from_bytes(self.rights, "little")
        return [number >> (12, 8, 4, 0)[right] & 15 for right in which]


@dataclass
class Application:
    settings: int
    keys: list[tuple[bytes, int]]
    files: dict[int, File] = field(default_factory=dict)
    is_des: bool = False


READ, WRITE, BOTH, CHANGE = range(4)


class Store:
    """The memory, and the commands that touch it. A reset drops all that is staged."""

    def __init__(self, uid: bytes, *, is_ev2: bool) -> None:
        self.uid = uid
        self.is_ev2 = is_ev2
        self.applications = {PICC: Application(0x0F, [(bytes(16), 0)], is_des=True)}
        self.commits = 0
        self._session: NoSession | Ev1Session | Ev2Session = NoSession()
        self._aid = PICC
        self._drop()

    # The card and its applications

    @property
    def _app(self) -> Application:
        return self.applications[self._aid]

    def _select(self, head: bytes, _: bytes) -> bytes:
        if head not in self.applications:
            raise RefusedError(NO_APPLICATION)
        self._aid, self._session = head, NoSession()
        self._drop()
        return b""

    def _version(self, head: bytes, _: bytes) -> bytes:
        major = 0x33 if self.is_ev2 else 0x01
        made = bytes((4, 1, 1, major, 0, 0x1A, 5))
        return made + made + self.uid + bytes(7)

    def _real_uid(self, head: bytes, _: bytes) -> bytes:
        self._need(range(16))
        return self.uid

    def _create_application(self, head: bytes, _: bytes) -> bytes:
        self._at_picc(0x04)
        if head[:3] in self.applications:
            raise RefusedError(DUPLICATE)
        if head[4] & 0xC0 != 0x80:
            raise RefusedError(PARAMETER)
        keys = [(bytes(16), 0)] * (head[4] & 15)
        self.applications[head[:3]] = Application(head[3], keys)
        return b""

    def _delete_application(self, head: bytes, _: bytes) -> bytes:
        self._at_picc(0)
        if head not in self.applications:
            raise RefusedError(NO_APPLICATION)
        del self.applications[head]
        return b""

    def _list_applications(self, head: bytes, _: bytes) -> bytes:
        self._at_picc(0x02)
        return b"".join(aid for aid in self.applications if aid != PICC)

    def _at_picc(self, free: int) -> None:
        if self._aid != PICC:
            raise RefusedError(DENIED)
        if not self._app.settings & free:
            self._need([0])

    def _need(self, keys: range | list[int]) -> None:
        if self._session.key_number not in keys:
            raise RefusedError(WRONG_KEY if self._session.key_number is None else DENIED)

    def _listing(self) -> None:
        if not self._app.settings & 0x02:
            self._need([0])

    # Keys

    def _key_version(self, head: bytes, _: bytes) -> bytes:
        if head[0] & 15 >= len(self._app.keys):
            raise RefusedError(NO_KEY)
        return bytes((self._app.keys[head[0] & 15][1],))

    def _key_settings(self, head: bytes, _: bytes) -> bytes:
        self._listing()
        kind = 0 if self._app.is_des else 0x80
        return bytes((self._app.settings, kind | len(self._app.keys)))

    def _change_key_settings(self, head: bytes, body: bytes) -> bytes:
        self._need([0])
        if not self._app.settings & 0x08:
            raise RefusedError(DENIED)
        self._app.settings = body[0]
        return b""

    def _is_other(self, number: int) -> bool:
        return self._session.key_number != number & 15

    def _change_key(self, head: bytes, body: bytes) -> bytes:
        number = head[0] & 15
        if number >= len(self._app.keys):
            raise RefusedError(NO_KEY)
        self._need([0])  # Our settings: the master key changes them all.
        new, version, rest = body[:16], body[16], body[17:]
        if self._is_other(number):
            new = mixed(new, self._app.keys[number][0])
            if rest[:4] != crc32(new):
                raise RefusedError(INTEGRITY)
        elif rest.strip(b"\0"):
            raise RefusedError(INTEGRITY)
        self._app.keys[number] = (new, version)
        if self._aid == PICC:
            self._app.is_des = head[0] & 0xC0 != 0x80
        if not self._is_other(number):
            self._session = NoSession()
            self._drop()
        return b""

    # Files

    def _file(self, number: int) -> File:
        if self._aid == PICC or number not in self._app.files:
            raise RefusedError(NO_FILE)
        return self._app.files[number]

    def _staging(self, number: int) -> File:
        self._file(number)
        if number not in self._staged:
            self._staged[number] = copy.deepcopy(self._app.files[number])
        return self._staged[number]

    def _drop(self) -> None:
        self._staged: dict[int, File] = {}
        self._said = b""

    def _may(self, number: int, *which: int) -> File:
        file = self._file(number)
        allowed = file.allowed(*which)
        if 14 not in allowed:
            self._need(allowed)
        return file

    def _list_files(self, head: bytes, _: bytes) -> bytes:
        self._listing()
        return bytes(self._app.files)

    def _file_settings(self, head: bytes, _: bytes) -> bytes:
        self._listing()
        file = self._file(head[0])
        said = bytes((file.kind, file.mode)) + file.rights
        if file.kind in (STANDARD, BACKUP):
            return said + len(file.content).to_bytes(3, "little")
        if file.kind == VALUE:
            limits = b"".join(limit.to_bytes(4, "little", signed=True) for limit in file.limits)
            return said + limits + bytes(5)
        if file.kind == SIGNED:
            return said + b"\x02\x01"
        numbers = (file.size, file.most, len(file.records))
        return said + b"".join(number.to_bytes(3, "little") for number in numbers)

    def _change_settings(self, head: bytes, body: bytes) -> bytes:
        file = self._may(head[0], CHANGE)
        file.mode, file.rights = body[0], body[1:]
        return b""

    def _create(self, head: bytes, file: File) -> bytes:
        if self._aid == PICC:
            raise RefusedError(DENIED)
        if not self._app.settings & 0x04:
            self._need([0])
        if head[0] in self._app.files:
            raise RefusedError(DUPLICATE)
        self._app.files[head[0]] = file
        return b""

    def _create_standard(self, head: bytes, _: bytes, kind: int = STANDARD) -> bytes:
        content = bytearray(int.from_bytes(head[4:7], "little"))
        return self._create(head, File(kind, head[1], head[2:4], content))

    def _create_backup(self, head: bytes, _: bytes) -> bytes:
        return self._create_standard(head, b"", BACKUP)

    def _create_value(self, head: bytes, _: bytes) -> bytes:
        lower, upper, first = (
            int.from_bytes(head[at : at + 4], "little", signed=True) for at in (4, 8, 12)
        )
        if not lower <= first <= upper:
            raise RefusedError(PARAMETER)
        file = File(VALUE, head[1], head[2:4], value=first, limits=(lower, upper))
        return self._create(head, file)

    def _create_linear(self, head: bytes, _: bytes, kind: int = LINEAR) -> bytes:
        size, most = (int.from_bytes(head[at : at + 3], "little") for at in (4, 7))
        return self._create(head, File(kind, head[1], head[2:4], size=size, most=most))

    def _create_cyclic(self, head: bytes, _: bytes) -> bytes:
        if int.from_bytes(head[7:10], "little") < 2:
            raise RefusedError(PARAMETER)
        return self._create_linear(head, b"", CYCLIC)

    def _create_signed(self, head: bytes, body: bytes) -> bytes:
        if any(file.kind == SIGNED for file in self._app.files.values()):
            raise RefusedError(DUPLICATE)
        self._need([0])
        return self._create(head, File(SIGNED, head[1], head[2:4], key=body[:16]))

    def _delete_file(self, head: bytes, _: bytes) -> bytes:
        self._need([0])
        self._file(head[0])
        del self._app.files[head[0]]
        return b""

    def _read_data(self, head: bytes, _: bytes) -> bytes:
        file = self._may(head[0], READ, BOTH)
        at, length = (int.from_bytes(head[i : i + 3], "little") for i in (1, 4))
        if file.kind == SIGNED:
            return file.count.to_bytes(4, "little") + bytes(file.content).ljust(8, b"\0")
        if file.kind not in (STANDARD, BACKUP) or at + length > len(file.content):
            raise RefusedError(BOUNDARY)
        return bytes(file.content[at : at + (length or len(file.content))])

    def _write_data(self, head: bytes, body: bytes) -> bytes:
        file = self._may(head[0], WRITE, BOTH)
        at = int.from_bytes(head[1:4], "little")
        if file.kind == BACKUP:
            file = self._staging(head[0])
        if file.kind not in (STANDARD, BACKUP) or at + len(body) > len(file.content):
            raise RefusedError(BOUNDARY)
        file.content[at : at + len(body)] = body
        return b""

    def _get_value(self, head: bytes, _: bytes) -> bytes:
        file = self._may(head[0], READ, WRITE, BOTH)
        return file.value.to_bytes(4, "little", signed=True)

    def _debit(self, head: bytes, body: bytes) -> bytes:
        self._may(head[0], READ, WRITE, BOTH)
        return self._change_value(head, -int.from_bytes(body, "little", signed=True))

    def _credit(self, head: bytes, body: bytes) -> bytes:
        self._may(head[0], BOTH)
        return self._change_value(head, int.from_bytes(body, "little", signed=True))

    def _limited_credit(self, head: bytes, body: bytes) -> bytes:
        raise RefusedError(DENIED)  # Not enabled on any file of ours.

    def _change_value(self, head: bytes, by: int) -> bytes:
        file = self._staging(head[0])
        if file.kind != VALUE:
            raise RefusedError(PARAMETER)
        if not file.limits[0] <= file.value + by <= file.limits[1]:
            raise RefusedError(BOUNDARY)
        file.value += by
        return b""

    def _read_records(self, head: bytes, _: bytes) -> bytes:
        file = self._may(head[0], READ, BOTH)
        back, count = (int.from_bytes(head[at : at + 3], "little") for at in (1, 4))
        last = len(file.records) - back
        first = 0 if not count else last - count
        if file.kind not in (LINEAR, CYCLIC) or not 0 <= first < last:
            raise RefusedError(BOUNDARY)
        return b"".join(file.records[first:last])

    def _write_record(self, head: bytes, body: bytes) -> bytes:
        self._may(head[0], WRITE, BOTH)
        file = self._staging(head[0])
        at = int.from_bytes(head[1:4], "little")
        if file.kind not in (LINEAR, CYCLIC) or at + len(body) > file.size:
            raise RefusedError(BOUNDARY)
        if file.kind == LINEAR and len(file.records) == file.most:
            raise RefusedError(BOUNDARY)
        record = bytearray(file.size)
        record[at : at + len(body)] = body
        file.records.append(bytes(record))
        if file.kind == CYCLIC:
            file.records = file.records[-(file.most - 1) :]
        return b""

    def _clear_records(self, head: bytes, _: bytes) -> bytes:
        self._may(head[0], BOTH)
        self._staging(head[0]).records.clear()
        return b""

    # Transactions

    def _remember(self, code: int, head: bytes, body: bytes, said: bytes) -> None:
        """Source: MF2DL(H)x0 data sheet 10.3.4.2."""
        short = bytes((code,)) + head
        if code in (0x6C, 0x0C, 0xDC, 0x1C):
            short, body = short + (body or said), b""
        else:
            body = body or said
        self._said += short + bytes(-len(short) % 16) + body + bytes(-len(body) % 16)

    def _commit(self, head: bytes, _: bytes) -> bytes:
        signed = [file for file in self._app.files.values() if file.kind == SIGNED]
        if head == b"\1" and not signed:
            raise RefusedError(PARAMETER)
        if not self._staged and not (signed and self._said):
            raise RefusedError(NO_CHANGES)
        answer = b""
        if signed:
            answer = self._sign(signed[0])
        self._app.files.update(self._staged)  # One moment: all of it, or nothing.
        self.commits += 1
        self._drop()
        return answer if head == b"\1" else b""

    def _sign(self, file: File) -> bytes:
        file.count += 1
        count = file.count.to_bytes(4, "little")
        key = Block(file.key).cmac(b"\x5a\x00\x01\x00\x80" + count + self.uid)
        file.content = bytearray(Block(key).cmac(self._said)[1::2])
        return count + bytes(file.content)

    def _abort(self, head: bytes, _: bytes) -> bytes:
        if not self._staged:
            raise RefusedError(NO_CHANGES)
        self._drop()
        return b""


Handler = Callable[[Store, bytes, bytes], bytes]
HANDLERS: dict[int, Handler] = {
    0x5A: Store._select, 0x60: Store._version, 0x6A: Store._list_applications,
    0x64: Store._key_version, 0x45: Store._key_settings, 0x54: Store._change_key_settings,
    0x51: Store._real_uid, 0xCA: Store._create_application,
    0xDA: Store._delete_application, 0x6F: Store._list_files, 0xF5: Store._file_settings,
    0x5F: Store._change_settings, 0xCD: Store._create_standard,
    0xCB: Store._create_backup, 0xCC: Store._create_value, 0xC0: Store._create_cyclic,
    0xC1: Store._create_linear, 0xCE: Store._create_signed, 0xDF: Store._delete_file,
    0xBD: Store._read_data, 0x3D: Store._write_data, 0x6C: Store._get_value,
    0x0C: Store._credit, 0xDC: Store._debit, 0x1C: Store._limited_credit,
    0xBB: Store._read_records, 0x3B: Store._write_record, 0xEB: Store._clear_records,
    0xC7: Store._commit, 0xA7: Store._abort, 0xC4: Store._change_key,
}  # fmt: skip
