"""The head office of the simulation: the real receiver over the real store."""

import sqlite3
from pathlib import Path

from sync import topics
from sync.hq.receive import Receiver
from sync.hq.store import Store
from sync.hq.trust import Trust
from sync.mqtt import Message
from sync.protocol.keys import SecretKey
from sync.protocol.state import HqState, write_hq_state
from tests.sim.network import HQ, Network

KEY = SecretKey.of_seed(b"h" * 32)


class SimOffice:
    """One head office; its database lies in memory and every commit of it is durable."""

    receiver_kind = Receiver

    def __init__(self, network: Network, store_kind: type[Store] = Store) -> None:
        self.network = network
        self.store_kind = store_kind
        self.store = store_kind(Path(":memory:"))
        self.backup = self.image()
        self.starts = 0
        self.lost: set[tuple[str, int, bytes]] = set()
        self.start()

    def start(self) -> None:
        """Begin to listen, and say so."""
        self.receiver = self.receiver_kind(self.store, KEY, Trust(None))
        self.starts += 1
        self._dies_next = False

    def state(self) -> bytes:
        """Return what the head office says of itself."""
        session = self.starts.to_bytes(8, "big")
        return write_hq_state(HqState(True, self.receiver.timeline, session), KEY)

    def kill(self, *, is_mid_answer: bool) -> None:
        """Be killed: now, or between the next commit and its answer."""
        if is_mid_answer:
            self._dies_next = True
        else:
            self.start()

    def take(self, whence: int, topic: str, payload: bytes) -> bool:
        """Take in one message and answer; return whether it was killed before it could."""
        answers = self.receiver.take(Message(topic, payload), self.network.now)
        if self._dies_next and answers:
            self.start()
            return True
        for answer in answers:
            self.network.send(HQ, whence, answer.topic, answer.payload)
        return False

    def image(self) -> bytes:
        """Return the database as a file."""
        return self.store._sql.serialize()

    def back_up(self) -> None:
        """Keep a copy of the database."""
        self.backup = self.image()

    def restore(self) -> None:
        """Come back from the last backup."""
        image = sqlite3.connect(":memory:")
        image.deserialize(self.backup)
        self.store.close()
        self.store = self.store_kind(Path(":memory:"))
        image.backup(self.store._sql)
        image.close()
        self.start()

    def rows(self, ledger_id: str, branch: int) -> list[tuple[int, bytes, bytes]]:
        """Return the records of one stream, those of its parents included."""
        run = self.store._sql.execute
        streams = {stream.branch: stream for stream in self.store.streams(ledger_id)}
        by_id = {stream.id: stream for stream in streams.values()}
        found: list[tuple[int, bytes, bytes]] = []
        stream = streams.get(branch)
        end = stream.last_seq if stream else 0
        while stream is not None:
            rows = run(
                "SELECT seq, body, digest FROM records WHERE ledger_id = ? AND branch = ? AND seq <= ?"
                " ORDER BY seq",
                (ledger_id, stream.branch, end),
            ).fetchall()
            found = [*rows, *found]
            end = stream.base_seq
            stream = by_id[stream.parent] if stream.parent is not None else None
        return found

    @property
    def hq_topic(self) -> str:
        return topics.HQ_STATE
