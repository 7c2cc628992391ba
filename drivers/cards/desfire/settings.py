"""What a DESFire says of itself and of its files, parsed; size first.

Source: MF3D(H)x2 data sheet, GetVersion and GetFileSettings.
"""

from dataclasses import dataclass
from enum import IntEnum

from drivers.cards.desfire.codes import Mode
from drivers.cards.seam import CardRefusedError

VERSION_LENGTHS = (28, 29)
"""EV2 and later may add a byte for a customer's own configuration."""
_PLAIN_TOO = 2
"""A second code for plain communication."""


class Generation(IntEnum):
    """Which secure messaging a card speaks best."""

    EV1 = 1
    EV2 = 2
    """EV2 and EV3; EV3 speaks the same."""


class FileType(IntEnum):
    """What a file is."""

    STANDARD = 0
    BACKUP = 1
    VALUE = 2
    LINEAR = 3
    CYCLIC = 4
    TRANSACTION_MAC = 5


_LENGTHS = {
    FileType.STANDARD: 7,
    FileType.BACKUP: 7,
    FileType.VALUE: 17,
    FileType.LINEAR: 13,
    FileType.CYCLIC: 13,
    FileType.TRANSACTION_MAC: 6,
}


@dataclass(frozen=True, slots=True)
class Version:
    """What a card says of its make."""

    major: int
    """Of the hardware: 0 and 1 an EV1 or older, 12h or 22h an EV2, 33h an EV3."""
    storage_bytes: int
    uid: bytes

    @property
    def generation(self) -> Generation:
        """Return which messaging to use."""
        return Generation.EV2 if self.major & 0x0F > 1 else Generation.EV1

    @classmethod
    def parse(cls, raw: bytes) -> "Version":
        """Return the version in an answer.

        Raises:
            CardRefusedError: It is none.
        """
        if len(raw) not in VERSION_LENGTHS:
            raise CardRefusedError(f"GET VERSION: {len(raw)} bytes")
        return cls(raw[3], 1 << (raw[5] >> 1), raw[14:21])


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What a file is and who may do what with it."""

    type: FileType
    mode: Mode
    rights: bytes
    """Four access rights, two bytes, as :func:`~.codes.rights` makes them."""
    size: int
    """Bytes of a data file or of one record; 0 for others."""
    lower: int
    upper: int
    """Limits of a value file; 0 for others."""
    records_max: int
    records: int
    """How many records a file can hold and holds; 0 for others."""

    @classmethod
    def parse(cls, raw: bytes) -> "FileSettings":
        """Return the settings in an answer; what later cards add at its end is not looked at.

        Raises:
            CardRefusedError: They are none.
        """
        kinds = [kind.value for kind in FileType]
        if not raw or raw[0] not in kinds or len(raw) < _LENGTHS[FileType(raw[0])]:
            raise CardRefusedError(f"GET FILE SETTINGS: {len(raw)} bytes that describe no file")
        kind, mode = FileType(raw[0]), Mode.PLAIN if raw[1] & 3 == _PLAIN_TOO else Mode(raw[1] & 3)
        number = _Numbers(raw[4:])
        match kind:
            case FileType.STANDARD | FileType.BACKUP:
                return cls(kind, mode, raw[2:4], number.take(3), 0, 0, 0, 0)
            case FileType.VALUE:
                return cls(kind, mode, raw[2:4], 0, number.signed(), number.signed(), 0, 0)
            case FileType.LINEAR | FileType.CYCLIC:
                size, most, now = number.take(3), number.take(3), number.take(3)
                return cls(kind, mode, raw[2:4], size, 0, 0, most, now)
            case FileType.TRANSACTION_MAC:
                return cls(kind, mode, raw[2:4], 0, 0, 0, 0, 0)


class _Numbers:
    """Takes numbers off the front, lowest byte first."""

    def __init__(self, raw: bytes) -> None:
        self._rest = raw

    def take(self, length: int) -> int:
        part, self._rest = self._rest[:length], self._rest[length:]
        return int.from_bytes(part, "little")

    def signed(self) -> int:
        value = self.take(4)
        return value - (1 << 32) if value >> 31 else value
