"""What protects commands and answers once card and till have authenticated each other."""

from typing import Protocol

from drivers.cards.desfire.codes import Command, Mode, Status
from drivers.cards.seam import BadMacError

MAC_LENGTH = 8
"""Bytes of a MAC as it travels."""

_WITH_DATA = frozenset(
    (
        Command.WRITE_DATA,
        Command.WRITE_RECORD,
        Command.CREDIT,
        Command.LIMITED_CREDIT,
        Command.DEBIT,
    )
)


class Channel(Protocol):
    """A session's protection. It counts: each command must be sealed and its answer opened once."""

    def seal(self, command: int, header: bytes, data: bytes, mode: Mode, extra: bytes) -> bytes:
        """Return what follows the command byte.

        ``header`` always travels in the clear; ``data`` is what FULL enciphers. ``extra`` follows
        the data inside the cipher and outside of the checksum; only ChangeKey needs it.
        """

    def open(self, data: bytes, mode: Mode, length: int) -> bytes:
        """Return what the card said with status 00, once its protection has been checked.

        ``length`` is how many bytes are expected within a FULL answer; 0 when none are.

        Raises:
            BadMacError: It is not, or not wholly, from the card we authenticated.
        """


def split_mac(data: bytes) -> tuple[bytes, bytes]:
    """Return an answer's data and the MAC at its end.

    Raises:
        BadMacError: There is no room for one.
    """
    if len(data) < MAC_LENGTH:
        raise BadMacError(f"an answer with {len(data)} bytes where a MAC must be")
    return data[:-MAC_LENGTH], data[-MAC_LENGTH:]


def carries_data(command: int) -> bool:
    """Return whether an EV1 in MAC mode wants a MAC after this command's data."""
    return command in _WITH_DATA


def with_status(data: bytes) -> bytes:
    """Return what an EV1 computes its MAC and checksum of: data, then status 00."""
    return data + bytes((Status.OK,))
