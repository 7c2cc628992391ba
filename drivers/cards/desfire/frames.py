"""Native DESFire commands in ISO 7816-4 clothes, long ones in several frames.

Source: MF2DL(H)x0 data sheet 8.4 (wrapping, chaining with AF).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.cards.desfire.codes import STATUS_CLASS, Command, Status, refused
from drivers.cards.seam import CardRefusedError, Transmit

FRAME_MAX = 52
"""Bytes after the command byte in one frame: what an EV1 with 64-byte frames takes, wrapped."""
ANSWER_TOTAL_MAX = 8 * 1024 + 64
"""The largest file of an 8 kB card, and what protects it."""
FRAMES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A native answer: its status byte and its data, put together."""

    status: int
    data: bytes


def wrapped(command: int, payload: bytes) -> bytes:
    """Return the native command as an APDU.

    >>> wrapped(0x5A, b"TAL").hex()
    '905a00000354414c00'
    >>> wrapped(0xC7, b"").hex()
    '90c7000000'
    """
    length = bytes((len(payload),)) if payload else b""
    return bytes((0x90, command, 0x00, 0x00)) + length + payload + b"\x00"


def one_frame(transmit: Transmit, command: int, payload: bytes, doing: str) -> Answer:
    """Send one frame and return its answer, whatever its status is.

    Raises:
        CardTornError: The card left.
        CardRefusedError: It does not answer as a DESFire.
    """
    response = transmit(wrapped(command, payload))
    if response.status >> 8 != STATUS_CLASS:
        raise CardRefusedError(doing, response.status)
    return Answer(response.status & 0xFF, response.data)


def exchange(transmit: Transmit, command: int, payload: bytes, doing: str) -> Answer:
    """Send a command, in as many frames as it takes, and return the whole answer.

    Raises:
        CardTornError: The card left.
        CardRefusedError: It does not answer as a DESFire, stops early or never ends.
    """
    answer = Answer(Status.MORE, b"")
    for number, part in enumerate(_parts(payload)):
        if answer.status != Status.MORE or answer.data:
            raise CardRefusedError(doing, refused(answer.status))
        answer = one_frame(transmit, Command.MORE if number else command, part, doing)
    data = [answer.data]
    for _ in range(FRAMES_MAX):
        if answer.status != Status.MORE:
            return Answer(answer.status, b"".join(data))
        answer = one_frame(transmit, Command.MORE, b"", doing)
        data.append(answer.data)
        if sum(map(len, data)) > ANSWER_TOTAL_MAX:
            break
    raise CardRefusedError(f"{doing}: an answer without end")


def _parts(payload: bytes) -> Iterator[bytes]:
    yield payload[:FRAME_MAX]
    for at in range(FRAME_MAX, len(payload), FRAME_MAX):
        yield payload[at : at + FRAME_MAX]
