"""Somebody on the broker who means harm: hears everything, repeats, changes, forges and floods."""

import random
import threading
from collections import deque

from sync import topics
from sync.mqtt import Message
from sync.protocol.ack import Ack, Status, write_ack
from sync.protocol.batch import Batch, pack
from sync.protocol.hello import Hello, write_hello
from sync.protocol.keys import SecretKey
from sync.protocol.record import genesis, seal
from tests.outage.wiretap import Wiretap

THIEF = SecretKey.of_seed(b"thief" * 6 + b"!!")
HEARD_MAX = 400


class Stranger:
    """Sends one harmful thing at a time."""

    def __init__(self, port: int, dice: random.Random, names: list[str]) -> None:
        self._dice = dice
        self._names = names
        self._heard: deque[Message] = deque(maxlen=HEARD_MAX)
        self._lock = threading.Lock()
        self._tap = Wiretap(port, self._hear)
        self.deeds: dict[str, int] = {}

    def close(self) -> None:
        """Leave."""
        self._tap.close()

    def act(self) -> str:
        """Do one harmful thing and return its name."""
        deed = self._dice.choice(
            (self._garbage, self._replay, self._flip, self._batch, self._ack, self._hello)
        )
        deed()
        name = deed.__name__.strip("_")
        self.deeds[name] = self.deeds.get(name, 0) + 1
        return name

    def _hear(self, message: Message) -> None:
        with self._lock:
            self._heard.append(message)

    def _some(self) -> Message | None:
        with self._lock:
            return self._dice.choice(list(self._heard)) if self._heard else None

    def _garbage(self) -> None:
        for name in self._names:
            for channel in (topics.UP, topics.REQUEST, topics.ACK, topics.RESPONSE, topics.STATE):
                noise = self._dice.randbytes(self._dice.randrange(1, 3_000))
                self._tap.send(topics.topic(name, channel), noise)
        self._tap.send(topics.HQ_STATE, self._dice.randbytes(100))

    def _replay(self) -> None:
        for _ in range(20):
            heard = self._some()
            if heard is not None:
                self._tap.send(heard.topic, heard.payload)

    def _flip(self) -> None:
        heard = self._some()
        if heard is not None and heard.payload:
            changed = bytearray(heard.payload)
            changed[self._dice.randrange(len(changed))] ^= 1 << self._dice.randrange(8)
            self._tap.send(heard.topic, bytes(changed))

    def _batch(self) -> None:
        """A batch of our own under a till's name."""
        name = self._dice.choice(self._names)
        start = genesis(f"{name}-forged", THIEF.public.raw)
        body = b"a sale that never was"
        batch = Batch(name, f"{name}-forged", 0, 1, start, seal(start, body), (body,), 1)
        data = pack(batch, THIEF)
        assert data is not None
        self._tap.send(topics.topic(name, topics.UP), data)

    def _ack(self) -> None:
        """A word that the head office never gave."""
        name = self._dice.choice(self._names)
        word = Ack(f"{name}-forged", 0, 10**6, bytes(32), 1, Status.OK)
        self._tap.send(topics.topic(name, topics.ACK), write_ack(word, THIEF))

    def _hello(self) -> None:
        """A till's name with another key."""
        name = self._dice.choice(self._names)
        start = genesis(f"{name}-forged", THIEF.public.raw)
        hello = Hello(
            name, f"{name}-forged", 0, THIEF.public.raw, self._dice.randbytes(8), 0, start
        )
        self._tap.send(topics.topic(name, topics.REQUEST), write_hello(hello, THIEF))
