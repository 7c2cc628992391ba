"""A till of the simulation: the real ledger on a disk of its own, and the real session."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from sync import topics
from sync.protocol.keys import SecretKey
from sync.uplink.api import Acked, Progress, SyncTrouble, TillIdentity
from sync.uplink.session import Out, Publish, Session
from terminal.app.numbering import receipt_name
from terminal.codec.entry import encode
from terminal.core.journal import PaymentTaken, Tender
from terminal.store.calls import CallKey
from terminal.store.ledger import Ledger
from terminal.store.reader import Reader
from terminal.store.schema import Identity
from tests.sim.broken import LawBrokenError
from tests.sim.disk import SimDisk
from tests.sim.network import HQ, Network
from tests.sim.schedule import Sell
from tests.store.entries import bill, entry, sale


class ReadsTheFile:
    """What the uplink reads: the ledger's file, over a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader.open(path)

    def read(self, first: int, count: int):
        return self._reader.records(first, count)

    def close(self) -> None:
        self._reader.close()


@dataclass
class SimTill:
    """One machine. Its ``number`` is its address; a clone has another, but the same name and key."""

    number: int
    name: str
    ledger_id: str
    key: SecretKey
    disk: SimDisk
    network: Network
    dice: random.Random
    session_kind: type[Session] = Session
    calls: int = 0
    troubles: list[SyncTrouble] = field(default_factory=list)
    is_clone: bool = False
    """It, or the machine it was copied from: its stream may fork."""
    acked: tuple[int, int] = (0, 0)
    """Timeline and number of the last word it took."""

    def start(self) -> None:
        """Power on."""
        identity = Identity(self.ledger_id, self.key.public.raw)
        self.ledger = Ledger.open(self.disk.path, identity, f"boot-{self.dice.randrange(1 << 30)}")
        self.disk.mark()
        self.records = ReadsTheFile(self.disk.path)
        acked = self.ledger.acked
        self.acked = (acked.timeline, acked.seq)
        self.session = self.session_kind(
            TillIdentity(self.name, self.ledger_id, self.key, None),
            self.records,
            Progress(self.ledger.head_seq, acked.proof),
            lambda bound: self.dice.randint(0, bound),
            lambda: self.dice.randbytes(8),
        )
        self.connect()

    def stop(self) -> None:
        """Let go of the files, as a process that is killed does."""
        self.records.close()
        self.ledger._disk.close()

    def power_cut(self, folder: Path, *, is_kept: bool) -> None:
        """Lose power; start again with what the disk kept."""
        disk = self.disk.copy(folder, whole=is_kept)
        self.stop()
        self.disk = disk
        self.start()

    def restore(self, backup: SimDisk, folder: Path) -> None:
        """Start with the files of a backup."""
        self.stop()
        self.disk = backup.copy(folder)
        self.start()

    def connect(self) -> None:
        """Reach the broker."""
        self.take(self.session.connected(self.network.now))

    def disconnect(self) -> None:
        """Lose the broker."""
        self.network.cut(self.number)
        self.take(self.session.disconnected(self.network.now))

    def sell(self, wanted: Sell) -> None:
        """Post a sale, and the payment taken ahead of it."""
        number = self.ledger.next_receipt()
        ahead = (Tender("external", wanted.ahead, "QR"),) if wanted.ahead else ()
        body, ahead = sale(number, wanted.amount, wanted.member, ahead)
        receipt = receipt_name(self.name, self.ledger.ordinal, number)
        sale_id = f"{self.name}-{self.dice.randbytes(6).hex()}"
        priced = bill(sale_id, wanted.amount, wanted.member)
        if ahead:
            self.post(PaymentTaken(priced, ahead[0]))
        self.post(type(body)(receipt, priced, body.tenders, body.change), ahead)

    def post(self, body, ahead=()) -> None:
        """Commit one entry and tell the uplink."""
        self.calls += 1
        made = entry(body, f"{self.name}-{self.calls}-{self.dice.randrange(1 << 40)}", ahead)
        self.ledger.post(made, encode(made), CallKey(made.call_id, b"asked"))
        self.disk.mark()
        self.take(self.session.posted(self.ledger.head_seq, self.network.now))

    def heard(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker."""
        self.take(self.session.heard(topic, payload, self.network.now))

    def tick(self) -> None:
        """Do what is due."""
        self.take(self.session.tick(self.network.now))

    def take(self, outs: list[Out]) -> None:
        """Carry out what the session says."""
        for out in outs:
            match out:
                case Publish(topic, payload):
                    self.network.send(self.number, HQ, topic, payload)
                case Acked(_, seq, digest, proof, timeline):
                    if (timeline, seq) < self.acked:
                        raise LawBrokenError(
                            f"{self.name}: acknowledged back from {self.acked} to {seq}"
                        )
                    self.acked = (timeline, seq)
                    self.ledger.acknowledge(seq, digest, proof, timeline)
                case SyncTrouble():
                    self.troubles.append(out)

    def rows(self) -> list[tuple[int, bytes, bytes]]:
        """Return all records."""
        found, first = [], 1
        while rows := self.records.read(first, 500):
            found += rows
            first = rows[-1][0] + 1
        return found

    @property
    def ack_topic(self) -> str:
        return topics.topic(self.name, topics.ACK)
