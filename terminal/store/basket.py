"""The open basket as local state, so that a restarted till shows it again.

One small file, written in place and never synced: each scan costs no disk. What cannot be read whole is no
basket. The bytes mean something only to the caller.
"""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Self

BASKET_BYTES_MAX = 16_000_000
"""The largest basket and twenty more put aside have half of that."""
_MAGIC = b"TPB1"
_HEAD = len(_MAGIC) + 4 + 16


class BasketFile:
    """Keeps the newest basket."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._length = os.fstat(descriptor).st_size

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the file.

        Raises:
            OSError: It cannot be made.
        """
        return cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def room(self) -> int:
        """Return how many bytes the file's disk has free.

        Raises:
            OSError: It does not tell.
        """
        room = os.fstatvfs(self._descriptor)
        return room.f_bavail * room.f_frsize

    def write(self, basket: bytes) -> None:
        """Put ``basket`` in the place of the one before; empty bytes mean none.

        Raises:
            OSError: The disk does not take it.
        """
        assert len(basket) <= BASKET_BYTES_MAX
        data = _MAGIC + len(basket).to_bytes(4, "big") + _checksum(basket) + basket
        length, data = len(data), data.ljust(self._length, b"\0")
        self._length = length  # Nothing of an older, longer one stays behind: it names members.
        written = os.pwrite(self._descriptor, data, 0)
        if written != len(data):
            raise OSError(f"the basket was cut short at {written} bytes")

    def read(self) -> bytes:
        """Return the basket, empty when there is none or it is not whole.

        Raises:
            OSError: The disk does not answer.
        """
        data = os.pread(self._descriptor, _HEAD + BASKET_BYTES_MAX, 0)
        length = int.from_bytes(data[4:8], "big")
        basket = data[_HEAD : _HEAD + length]
        whole = data[:4] == _MAGIC and len(basket) == length and data[8:_HEAD] == _checksum(basket)
        return basket if whole else b""


def _checksum(basket: bytes) -> bytes:
    return blake2b(basket, digest_size=16).digest()
