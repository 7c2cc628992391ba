"""One till and the head office with a bad link between them, in one thread with a clock of its own.

The real session, protocol, receiver and store; only the network and the time are made up, from a seed. After
every event the laws are checked, and at the end, over a good link, both sides must come to hold the same.
"""

import random
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from sync import topics
from sync.hq.receive import Receiver
from sync.hq.store import Store
from sync.hq.trust import Trust
from sync.mqtt import Message
from sync.protocol.ack import Ack, Status, write_ack
from sync.protocol.keys import SecretKey
from sync.protocol.state import HqState, write_hq_state
from sync.uplink.api import Acked, Progress, SyncTrouble
from sync.uplink.session import Publish, Session
from tests.kit.ledger import MemoryLedger, till

HQ_KEY = SecretKey.of_seed(b"h" * 32)
THIEF = SecretKey.of_seed(b"t" * 32)
FOR_EVER_MS = 3_600_000


class LawBrokenError(AssertionError):
    """What must hold did not."""


@dataclass(frozen=True)
class Weather:
    """How bad the link is, in percent of messages, and how often the ends fall over, in percent of steps."""

    lost: int = 20
    doubled: int = 20
    forged: int = 5
    delay_ms: int = 4_000
    crash: int = 5
    restore: int = 0
    """Percent of steps at which the head office comes back from an older backup."""


GOOD = Weather(0, 0, 0, 5, 0)


@dataclass
class World:
    seed: int
    weather: Weather = field(default_factory=Weather)
    store_kind: type[Store] = Store
    session_kind: type[Session] = Session

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.now = 0
        self.is_restored = (
            self.weather.restore > 0
        )  # Until the next hello it holds less than it signed.
        self.ledger = MemoryLedger(till())
        self.wire: list[tuple[int, int, str, str, bytes]] = []
        self.sent = 0
        self.proofs = [b""]
        self.acked = (0, 0)
        self.troubles: list[SyncTrouble] = []
        self.store = self.store_kind(Path(":memory:"))
        self.backups = [self.store._sql.serialize()]
        self.hq_starts = 0
        self.start_hq()
        self.start_till()

    def close(self) -> None:
        self.store.close()

    # The two ends.

    def start_hq(self) -> None:
        self.receiver = Receiver(self.store, HQ_KEY, Trust(None))
        self.hq_starts += 1
        self.hq_state = write_hq_state(
            HqState(True, self.receiver.timeline, self.hq_starts.to_bytes(8, "big")), HQ_KEY
        )
        self.send("till", topics.HQ_STATE, self.hq_state)

    def restore_hq(self) -> None:
        backup = sqlite3.connect(":memory:")
        backup.deserialize(self.dice.choice(self.backups))
        self.store.close()
        self.store = self.store_kind(Path(":memory:"))
        backup.backup(self.store._sql)
        backup.close()
        self.start_hq()

    def start_till(self) -> None:
        progress = Progress(self.ledger.head, self.dice.choice(self.proofs[-3:]))
        self.session = self.session_kind(
            self.ledger.identity,
            self.ledger,
            progress,
            lambda bound: self.dice.randint(0, bound),
            lambda: self.dice.randbytes(8),
        )
        self.connect()

    def connect(self) -> None:
        self.take(self.session.connected(self.now))
        self.send("till", topics.HQ_STATE, self.hq_state)

    def post(self, body: bytes) -> None:
        self.take(self.session.posted(self.ledger.post(body), self.now))

    def take(self, outs) -> None:
        for out in outs:
            match out:
                case Publish(topic, payload):
                    self.send("hq", topic, payload)
                case Acked():
                    self.on_acked(out)
                case SyncTrouble():
                    self.troubles.append(out)

    def on_acked(self, acked: Acked) -> None:
        self.acked = (acked.timeline, acked.seq)
        self.proofs.append(acked.proof)

    # The link.

    def send(self, to: str, topic: str, payload: bytes) -> None:
        if self.chance(self.weather.lost):
            return
        for _ in range(2 if self.chance(self.weather.doubled) else 1):
            due = self.now + self.dice.randint(0, self.weather.delay_ms)
            self.sent += 1
            self.wire.append((due, self.sent, to, topic, payload))
        if self.chance(self.weather.forged):
            self.forge(to, topic, payload)

    def forge(self, to: str, topic: str, payload: bytes) -> None:
        """A broker that was taken over: flipped bits, another's signature, a word nobody gave."""
        changed = bytearray(payload)
        changed[self.dice.randrange(len(changed))] ^= 1 << self.dice.randrange(8)
        self.sent += 1
        self.wire.append((self.now, self.sent, to, topic, bytes(changed)))
        head = self.ledger.head
        word = Ack(
            self.ledger.identity.ledger_id, 0, head, self.ledger.digest, 1, Status.OK, "", b""
        )
        where = topics.topic(self.ledger.identity.terminal, topics.ACK)
        self.wire.append((self.now, self.sent, "till", where, write_ack(word, THIEF)))

    def deliver(self) -> bool:
        """Deliver what is due first, or let the till's clock run to what it waits for."""
        wake = self.session.wake_ms
        first = min(self.wire, default=None)
        if first is None and wake is None:
            return False
        if first is None or (wake is not None and wake <= first[0]):
            assert wake is not None
            self.now = max(self.now, wake)
            self.take(self.session.tick(self.now))
            return True
        self.wire.remove(first)
        self.now = max(self.now, first[0])
        _, _, to, topic, payload = first
        if to == "till":
            self.take(self.session.heard(topic, payload, self.now))
        else:
            answers = self.receiver.take(Message(topic, payload), self.now)
            if not self.chance(self.weather.crash):  # Else it dies between commit and answer.
                for answer in answers:
                    self.send("till", answer.topic, answer.payload)
        return True

    def chance(self, percent: int) -> bool:
        return self.dice.randrange(100) < percent

    # A schedule.

    def run(self, steps: int) -> None:
        weather = self.weather
        for step in range(steps):
            self.disturb(weather, step)
            self.deliver()
            self.check()
        self.weather = GOOD
        self.wire = [message for message in self.wire if self.chance(50)]
        self.take(self.session.disconnected(self.now))
        self.connect()
        self.settle()

    def disturb(self, weather: Weather, step: int) -> None:
        if self.chance(40):
            self.post(b"entry %d %d" % (step, self.dice.randrange(1000)))
        if self.chance(weather.crash):
            self.start_till()
        if self.chance(weather.crash):
            self.start_hq()
        if self.chance(5):
            self.take(self.session.disconnected(self.now))
            self.wire = [message for message in self.wire if message[2] == "hq"]
            self.connect()
        if self.chance(10):
            self.backups.append(self.store._sql.serialize())
        if self.chance(weather.restore):
            self.restore_hq()

    def settle(self) -> None:
        """Over the good link: until there is nothing left to do."""
        for _ in range(3_000):
            if self.acked[1] == self.ledger.head == self.last_at_hq() or not self.deliver():
                break
            self.check()
        if self.rows_at_hq() != [(seq, body, digest) for seq, body, digest in self.ledger.rows]:
            raise LawBrokenError(f"seed {self.seed}: the two ends differ at the end")
        if self.acked[1] != self.ledger.head:
            raise LawBrokenError(f"seed {self.seed}: not all was acknowledged")

    # The laws.

    def last_at_hq(self) -> int:
        streams = self.store.streams(self.ledger.identity.ledger_id)
        return streams[0].last_seq if streams else 0

    def rows_at_hq(self) -> list[tuple[int, bytes, bytes]]:
        return self.store._sql.execute(
            "SELECT seq, body, digest FROM records ORDER BY id"
        ).fetchall()

    def check(self) -> None:
        streams = self.store.streams(self.ledger.identity.ledger_id)
        if len(streams) > 1:
            raise LawBrokenError(f"seed {self.seed}: a fork where there was one till")
        last, digest = (streams[0].last_seq, streams[0].last_digest) if streams else (0, b"")
        timeline, acked = self.acked
        if timeline == self.receiver.timeline and acked > last and not self.is_restored:
            raise LawBrokenError(f"seed {self.seed}: acknowledged {acked}, held {last}")
        if last > self.ledger.head or (last and self.ledger.rows[last - 1][2] != digest):
            raise LawBrokenError(f"seed {self.seed}: the head office holds another chain")
