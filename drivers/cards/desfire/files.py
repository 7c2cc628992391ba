"""What can be done to a DESFire's files: data, values, records, and the commit that makes it true.

Writes to backup, value and record files are staged; a commit makes all of them true at once, and
anything else (an abort, a refusal, another selection, the field switched off) drops them all.
"""

from drivers.cards.desfire import tmac
from drivers.cards.desfire.card import Card, Saying
from drivers.cards.desfire.codes import Command, Mode
from drivers.cards.desfire.tmac import TransactionMac
from drivers.cards.seam import CardRefusedError

VALUE_LENGTH = 4
NUMBER_LENGTH = 3
_NUMBER_MAX = 0xFFFFFF
_WITH_TRANSACTION_MAC = b"\x01"


class Files:
    """The files of the selected application, and the transaction that is going on."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.said = b""
        """The transaction MAC's input so far."""

    def read_data(self, file: int, length: int, mode: Mode) -> bytes:
        """Return the first ``length`` bytes of a data file."""
        header = bytes((file,)) + _number(0) + _number(length)
        return self._read(Command.READ_DATA, header, length, mode)

    def write_data(self, file: int, data: bytes, mode: Mode) -> None:
        """Write from the beginning of a data file; staged if it is a backup file."""
        self._write(
            Command.WRITE_DATA, bytes((file,)) + _number(0) + _number(len(data)), data, mode
        )

    def get_value(self, file: int, mode: Mode) -> int:
        """Return the value of a value file, without what is staged."""
        how = _asking(mode, VALUE_LENGTH)
        raw = self._card.call(Command.GET_VALUE, bytes((file,)), how=how)
        _check(raw, VALUE_LENGTH, "GET VALUE")
        self.said += tmac.entry(Command.GET_VALUE, bytes((file,)) + raw, b"")
        return int.from_bytes(raw, "little", signed=True)

    def change_value(self, command: Command, file: int, amount: int, mode: Mode) -> None:
        """Stage a CREDIT, LIMITED_CREDIT or DEBIT of ``amount``."""
        assert command in (Command.CREDIT, Command.LIMITED_CREDIT, Command.DEBIT)
        assert amount > 0
        data = amount.to_bytes(VALUE_LENGTH, "little")
        self._card.call(command, bytes((file,)), data, _telling(mode))
        self.said += tmac.entry(command, bytes((file,)) + data, b"")

    def read_record(self, file: int, back: int, size: int, mode: Mode) -> bytes:
        """Return one record; ``back`` is 0 for the latest, 1 for the one before it."""
        header = bytes((file,)) + _number(back) + _number(1)
        return self._read(Command.READ_RECORDS, header, size, mode)

    def write_record(self, file: int, record: bytes, mode: Mode) -> None:
        """Stage a new record."""
        header = bytes((file,)) + _number(0) + _number(len(record))
        self._write(Command.WRITE_RECORD, header, record, mode)

    def clear_records(self, file: int) -> None:
        """Stage the deletion of all records."""
        self._card.call(Command.CLEAR_RECORDS, bytes((file,)))
        self.said += tmac.entry(Command.CLEAR_RECORDS, bytes((file,)), b"")

    def commit(self) -> None:
        """Make all that is staged true."""
        self._card.call(Command.COMMIT)
        self.said = b""

    def commit_with_mac(self) -> tuple[TransactionMac, bytes]:
        """Commit, and return the transaction MAC with the input that it is of."""
        signed = TransactionMac.parse(self._card.call(Command.COMMIT, _WITH_TRANSACTION_MAC))
        said, self.said = self.said, b""
        return signed, said

    def abort(self) -> None:
        """Drop all that is staged."""
        self._card.call(Command.ABORT)
        self.said = b""

    def create_data(self, file: int, mode: Mode, access: bytes, size: int, *, backup: bool) -> None:
        """Create a standard or a backup file."""
        command = Command.CREATE_BACKUP if backup else Command.CREATE_STANDARD
        self._card.call(command, bytes((file, mode)) + access + _number(size))

    def create_value(
        self, file: int, mode: Mode, access: bytes, limits: tuple[int, int, int]
    ) -> None:
        """Create a value file; ``limits`` are the lowest, the highest and the first value."""
        numbers = b"".join(limit.to_bytes(VALUE_LENGTH, "little", signed=True) for limit in limits)
        without_limited_credit = b"\x00"
        self._card.call(
            Command.CREATE_VALUE, bytes((file, mode)) + access + numbers + without_limited_credit
        )

    def create_records(
        self, file: int, mode: Mode, access: bytes, shape: tuple[int, int], *, cyclic: bool
    ) -> None:
        """Create a record file; ``shape`` is a record's length and how many are kept.

        A cyclic file is made with one more, which the card needs to stage a new one.
        """
        size, count = shape
        command = Command.CREATE_CYCLIC if cyclic else Command.CREATE_LINEAR
        numbers = _number(size) + _number(count + cyclic)
        self._card.call(command, bytes((file, mode)) + access + numbers)

    def create_transaction_mac(self, file: int, access: bytes, key: bytes, version: int) -> None:
        """Create the transaction MAC's file with its key, which no command ever gives out."""
        header = bytes((file, Mode.MAC)) + access + b"\x02"  # The key is an AES key.
        how = Saying(sends=Mode.FULL)
        self._card.call(Command.CREATE_TRANSACTION_MAC, header, key + bytes((version,)), how)

    def delete(self, file: int) -> None:
        """Delete a file."""
        self._card.call(Command.DELETE_FILE, bytes((file,)))

    def change_settings(self, file: int, mode: Mode, access: bytes) -> None:
        """Change how a file is protected and who may do what with it."""
        how = Saying(sends=Mode.FULL)
        data = bytes((mode,)) + access
        self._card.call(Command.CHANGE_FILE_SETTINGS, bytes((file,)), data, how)

    def _read(self, command: Command, header: bytes, length: int, mode: Mode) -> bytes:
        data = self._card.call(command, header, how=_asking(mode, length))
        _check(data, length, command.name)
        self.said += tmac.entry(command, header, data)
        return data

    def _write(self, command: Command, header: bytes, data: bytes, mode: Mode) -> None:
        self._card.call(command, header, data, _telling(mode))
        self.said += tmac.entry(command, header, data)


def _asking(mode: Mode, length: int) -> Saying:
    """Return how a file in ``mode`` is asked for ``length`` bytes: the asking is never enciphered."""
    sends = Mode.PLAIN if mode is Mode.PLAIN else Mode.MAC
    return Saying(sends=sends, answers=mode, length=length)


def _telling(mode: Mode) -> Saying:
    """Return how a file in ``mode`` is told something: the answer holds no data."""
    return Saying(sends=mode, answers=Mode.PLAIN if mode is Mode.PLAIN else Mode.MAC)


def _number(value: int) -> bytes:
    assert 0 <= value <= _NUMBER_MAX
    return value.to_bytes(NUMBER_LENGTH, "little")


def _check(data: bytes, length: int, doing: str) -> None:
    if len(data) != length:
        raise CardRefusedError(f"{doing}: {len(data)} bytes instead of {length}")
