"""The seam between cards and readers: bytes go in, data and a status word come out.

All that a family of cards needs of the world is a :data:`Transmit` and, where it authenticates, a
:data:`Draw`. Above the seam nothing does I/O. Whatever goes wrong is one of the errors below, and
each carries the datum that the caller needs next; none of them carries a key, a PIN or an answer.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import CardTornError

SW_LENGTH = 2
ANSWER_MAX = 256
"""Bytes of data in one short answer."""
STATUS_OK = 0x9000
TRAFFIC = 5
"""Log level of the bytes that pass, below DEBUG: silent unless it is asked for by number."""

_HEADER_LENGTH = 5
_DESFIRE, _ISO = 0x90, 0x00
_OPEN_ISO = frozenset((0xA4, 0xC0))
"""SELECT and GET RESPONSE. What stands in a member file is nobody's business."""
_OPEN_DESFIRE = frozenset((0x5A, 0x60, 0x6A, 0x6F, 0x64, 0x45, 0xF5, 0xC7, 0xA7, 0x71, 0x77, 0xAA))
"""What names and describes files, commits and aborts; an authentication shows only ciphers."""


class CardRefusedError(Exception):
    """The card answered, but not with what a member card may say."""

    def __init__(self, doing: str, status: int | None = None) -> None:
        super().__init__(doing if status is None else f"{doing}: SW={status:04X}")
        self.doing = doing
        self.status = status
        """The card's status word; None when what it said cannot be an answer at all."""


class WrongPinError(CardRefusedError):
    """The card refused a PIN, a PSC or a password."""

    def __init__(self, doing: str, status: int, tries_left: int) -> None:
        super().__init__(doing, status)
        self.tries_left = tries_left
        """How often one may still be wrong before the card locks for ever."""


class BadMacError(Exception):
    """An answer without, with a short or with a wrong MAC. Nothing in it may be believed.

    Whether the card obeyed is unknown, as after a :class:`~drivers.api.CardTornError`.
    """


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
            raise CardRefusedError(command, self.status)
        return self.data


Transmit = Callable[[bytes], Response]
"""Sends one command to the card and returns its answer.

Raises:
    CardTornError: The card left, or its answer did not arrive whole.
    CardRefusedError: The answer cannot be one.
"""

Draw = Callable[[int], bytes]
"""Returns so many fresh random bytes; ``secrets.token_bytes`` but in a test."""


def traced(transmit: Transmit, log: logging.Logger) -> Transmit:
    """Return ``transmit`` that also logs what passes, at level ``TRAFFIC``, secrets masked.

    Bodies are shown of commands known to be harmless; of all others only how long they are. The
    level is looked at once: a reader that is not traced costs nothing.
    """
    if not log.isEnabledFor(TRAFFIC):
        return transmit

    def transmit_aloud(command: bytes) -> Response:
        log.log(TRAFFIC, "> %s", masked(command))
        response = transmit(command)
        log.log(TRAFFIC, "< %s %04x", _body(response.data, command), response.status)
        return response

    return transmit_aloud


def masked(command: bytes) -> str:
    """Return ``command`` for a log: its header, and its body if that is harmless.

    >>> masked(bytes.fromhex("00a4040002f00100"))
    '00a4040002 f00100'
    >>> masked(bytes.fromhex("0020000003313233"))
    '0020000003 (3 bytes)'
    """
    head, body = command[:_HEADER_LENGTH], command[_HEADER_LENGTH:]
    return f"{head.hex()} {_body(body, command)}" if body else head.hex()


def _body(body: bytes, command: bytes) -> str:
    is_open = len(command) > 1 and (
        (command[0] == _DESFIRE and command[1] in _OPEN_DESFIRE)
        or (command[0] == _ISO and command[1] in _OPEN_ISO)
    )
    return body.hex() if is_open else f"({len(body)} bytes)"
