"""Commands to a card and its answers, as ISO 7816-4 writes them.

Source: ISO/IEC 7816-4 (SELECT, READ BINARY, GET RESPONSE, status words); PC/SC part 3, 3.2.2.1.3
(GET DATA for the identifier of a contactless card, which the reader answers, not the card).
"""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import CardTornError

SW_LENGTH = 2
ANSWER_MAX = 256
"""Bytes of data in one short answer."""
AID_LENGTH_MAX = 16
STATUS_OK = 0x9000
STATUS_END_OF_FILE = 0x6282
"""Fewer bytes than asked for, because the file ends there."""
_OFFSET_MAX = 0x7FFF
_MORE_TO_COME = 0x61
_WRONG_LENGTH = 0x6C


class CardRefusedError(Exception):
    """The card answered, but not with what a member card may say."""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer of a card: its data and its status word."""

    data: bytes
    status: int

    @classmethod
    def parse(cls, raw: bytes) -> "Response":
        """Return the answer in ``raw``.

        Raises:
            CardTornError: There is no status word. A card pulled mid-command does this.
            CardRefusedError: It is longer than an answer can be.
        """
        if len(raw) < SW_LENGTH:
            raise CardTornError("answer without status word")
        if len(raw) > ANSWER_MAX + SW_LENGTH:
            raise CardRefusedError(f"answer of {len(raw)} bytes")
        return cls(raw[:-SW_LENGTH], int.from_bytes(raw[-SW_LENGTH:], "big"))

    def expect_ok(self, command: str, *also: int) -> bytes:
        """Return the data, if the status is 9000 or one of ``also``.

        Raises:
            CardRefusedError: It is another one.
        """
        if self.status != STATUS_OK and self.status not in also:
            raise CardRefusedError(f"{command}: SW={self.status:04X}")
        return self.data


Transmit = Callable[[bytes], Response]
"""Sends one command to the card and returns its answer.

Raises:
    CardTornError: The card left, or its answer did not arrive whole.
    CardRefusedError: The answer cannot be one.
"""


def select(aid: bytes) -> bytes:
    """Return the command that selects the application named ``aid``.

    >>> select(bytes.fromhex("f001")).hex()
    '00a4040002f00100'
    """
    assert 0 < len(aid) <= AID_LENGTH_MAX
    return bytes((0x00, 0xA4, 0x04, 0x00, len(aid))) + aid + b"\x00"


def read_binary(offset: int, length: int) -> bytes:
    """Return the command that reads ``length`` bytes of the selected file; 256 is the most.

    >>> read_binary(0, 6).hex()
    '00b0000006'
    """
    assert 0 <= offset <= _OFFSET_MAX
    assert 0 < length <= ANSWER_MAX
    return bytes((0x00, 0xB0)) + offset.to_bytes(2, "big") + bytes((length % ANSWER_MAX,))


def get_uid() -> bytes:
    """Return the command that asks the reader for the card's anticollision identifier."""
    return bytes.fromhex("ffca000000")


def exchange(transmit: Transmit, command: bytes) -> Response:
    """Send ``command``, once more if the card tells of another length, and return the answer.

    Contact cards with protocol T=0 answer 61xx (fetch xx bytes) or 6Cxx (ask again for xx bytes).

    Raises:
        CardTornError: The card left.
        CardRefusedError: The answer cannot be one.
    """
    answer = transmit(command)
    kind, length = answer.status >> 8, answer.status & 0xFF
    if kind == _MORE_TO_COME:
        return transmit(bytes((0x00, 0xC0, 0x00, 0x00, length)))
    if kind == _WRONG_LENGTH:
        return transmit(command[:-1] + bytes((length,)))
    return answer
