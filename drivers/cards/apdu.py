"""Commands to a card and its answers, as ISO 7816-4 writes them.

Source: ISO/IEC 7816-4 (SELECT, READ BINARY, GET RESPONSE, status words); PC/SC part 3, 3.2.2.1.3
(GET DATA for the identifier of a contactless card, which the reader answers, not the card).
"""

from drivers.cards.seam import ANSWER_MAX, Response, Transmit

AID_LENGTH_MAX = 16
STATUS_END_OF_FILE = 0x6282
"""Fewer bytes than asked for, because the file ends there."""
_OFFSET_MAX = 0x7FFF
_MORE_TO_COME = 0x61
_WRONG_LENGTH = 0x6C


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
