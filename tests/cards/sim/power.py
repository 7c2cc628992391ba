"""What every simulated card can suffer: to be torn away at any byte, to be slow, mute, or to lie."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.kit.vcard import PULL, SILENCE, Answer, Answers


class PowerLostError(Exception):
    """The card left the field while it was writing."""


class Memory:
    """Cells that keep what was written before the power went."""

    def __init__(self, size: int, fill: int = 0x00) -> None:
        self.cells = bytearray([fill]) * size
        self.bytes_left: int | None = None
        """How many bytes may still be written before the card is torn away; None: no end."""

    def write(self, at: int, data: bytes) -> None:
        """Write ``data`` byte by byte, as far as the power lasts."""
        assert at + len(data) <= len(self.cells)
        for offset, byte in enumerate(data):
            if self.bytes_left == 0:
                raise PowerLostError
            self.cells[at + offset] = byte
            if self.bytes_left is not None:
                self.bytes_left -= 1

    def read(self, at: int, length: int) -> bytes:
        return bytes(self.cells[at : at + length])


@dataclass
class Fate:
    """A card and what befalls it; itself the answers of a card.

    Commands are counted from 0, those with which the reader itself is meant included.
    """

    card: Answers
    lost_at: int | None = None
    """The command that the card no longer hears."""
    unheard_at: int | None = None
    """The command that the card obeys, and whose answer is lost."""
    mute_at: int | None = None
    lie_at: int | None = None
    lie: Callable[[bytes], bytes] = bytes
    """What becomes of the true answer at ``lie_at``."""
    slow_s: float = 0.0
    commands: list[bytes] = field(default_factory=list)

    def __call__(self, command: bytes) -> Answer:
        number = len(self.commands)
        self.commands.append(command)
        if number == self.lost_at:
            return PULL
        if number == self.mute_at:
            return SILENCE
        if self.slow_s:
            threading.Event().wait(self.slow_s)
        try:
            answer = self.card(command)
        except PowerLostError:
            return PULL
        if number == self.unheard_at:
            return PULL
        if number == self.lie_at:
            assert isinstance(answer, bytes)
            return self.lie(answer)
        return answer
