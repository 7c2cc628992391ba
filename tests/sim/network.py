"""The network: messages come late, twice, out of order, changed or never. A broker that was taken over."""

import random
from dataclasses import dataclass, field

from sync.protocol.ack import Ack, Status, write_ack
from sync.protocol.keys import SecretKey
from tests.sim.schedule import Weather

THIEF = SecretKey.of_seed(b"t" * 32)
HQ = -1
"""The head office's address; tills are numbered from 0."""


@dataclass
class Network:
    """Messages on their way, from a seed."""

    dice: random.Random
    weather: Weather = field(default_factory=Weather)
    now: int = 0
    _wire: list[tuple[int, int, int, int, str, bytes]] = field(default_factory=list)
    _sent: int = 0
    parted: dict[int, int] = field(default_factory=dict)
    """Tills that reach nobody, and for how many deliveries yet."""

    def send(self, whence: int, to: int, topic: str, payload: bytes) -> None:
        """Put a message on its way, if the weather lets it."""
        if self._chance(self.weather.lost) or whence in self.parted or to in self.parted:
            return
        for _ in range(2 if self._chance(self.weather.doubled) else 1):
            self._put(
                self.now + self.dice.randint(0, self.weather.delay_ms), whence, to, topic, payload
            )
        if payload and self._chance(self.weather.forged):
            self._put(self.now, whence, to, topic, self._changed(payload))

    def forge_ack(self, till: int, topic: str, ledger_id: str, seq: int, digest: bytes) -> None:
        """A word that the head office never gave, well made, under a thief's key."""
        ack = Ack(ledger_id, 0, seq, digest, 1, Status.OK)
        self._put(self.now, HQ, till, topic, write_ack(ack, THIEF))

    def cut(self, till: int) -> None:
        """Lose what is on its way down to ``till``."""
        self._wire = [message for message in self._wire if message[3] != till]

    @property
    def next_ms(self) -> int | None:
        """When the next message arrives."""
        return min(self._wire)[0] if self._wire else None

    def take(self) -> tuple[int, int, str, bytes]:
        """Return whence, to, topic and payload of the next message; the clock runs to its arrival."""
        first = min(self._wire)
        self._wire.remove(first)
        self.now = max(self.now, first[0])
        for till in [till for till, left in self.parted.items() if left <= 1]:
            del self.parted[till]
        for till in self.parted:
            self.parted[till] -= 1
        return first[2:]

    def _put(self, at: int, whence: int, to: int, topic: str, payload: bytes) -> None:
        self._sent += 1
        self._wire.append((at, self._sent, whence, to, topic, payload))

    def _changed(self, payload: bytes) -> bytes:
        changed = bytearray(payload)
        changed[self.dice.randrange(len(changed))] ^= 1 << self.dice.randrange(8)
        return bytes(changed)

    def _chance(self, percent: int) -> bool:
        return self.dice.randrange(100) < percent
