"""A head office's master data and a till's mirror of it, joined without broker and threads."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from sync import topics
from sync.hq.receive import Receiver, Trust
from sync.hq.store import Store
from sync.mqtt import Message
from sync.protocol.hello import Hello, write_hello
from sync.protocol.keys import SecretKey
from sync.uplink.api import Mastered, SyncTrouble, TillIdentity
from sync.uplink.download import Download
from sync.uplink.session import Publish
from terminal.store import mirror
from terminal.store.ledger import Ledger
from terminal.store.mirror import Mirror
from terminal.store.schema import Identity
from terminal.store.statements import OwnLedger

HQ_KEY = SecretKey.of_seed(b"h" * 32)
TILL_KEY = SecretKey.of_seed(b"k" * 32)
WALL_MS = 1_795_219_200_000


class Down:
    """Both ends on real files below a folder; :meth:`turn` carries one question and its answer."""

    def __init__(self, folder: Path, ledger_id: str = "L1") -> None:
        self.folder = folder
        self.data = folder / "till"
        self.data.mkdir(exist_ok=True)
        self.identity = TillIdentity("S01-T1", ledger_id, TILL_KEY, HQ_KEY.public)
        self.ledger = Ledger.open(
            self.data / "ledger.db", Identity(ledger_id, TILL_KEY.public.raw), "boot"
        )
        self.store = Store(folder / "hq.db")
        self.master = self.store.master
        self.receiver = Receiver(self.store, HQ_KEY, Trust(None))
        self.now = 0
        self.nonces = 0
        self.bytes = 0
        self.troubles: list[SyncTrouble] = []
        self.said: list[Mastered] = []
        self.lose: Callable[[Message], Message | None] = lambda answer: answer
        """What becomes of an answer on its way."""
        self.greet()
        self.start_till()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.mirror.close()
        self.ledger.close()
        self.store.close()

    def greet(self) -> None:
        """Have the till known at the head office."""
        nonce = bytes(8)
        rows = self.ledger.head_seq, self.ledger.head_digest
        hello = Hello("S01-T1", self.identity.ledger_id, 0, TILL_KEY.public.raw, nonce, *rows)
        where = topics.topic("S01-T1", topics.REQUEST)
        assert self.receiver.take(Message(where, write_hello(hello, TILL_KEY)), 0)

    def start_till(self) -> None:
        """Begin, or begin again, on the files that are there."""
        mirror.ensure(self.data)
        self.mirror = Mirror(
            self.data, OwnLedger(self.data / "ledger.db"), lambda: WALL_MS + self.now
        )
        self.download = Download(self.identity, self.mirror, lambda _: 0, self.nonce)
        self.waiting: list[Publish] = []
        self.take(self.download.opened(HQ_KEY.public, 0, self.now))

    def kill_till(self) -> None:
        """As when the power goes: nothing is brought in order."""
        for connection in self.mirror._live.values():
            connection.close()
        for _, connection in self.mirror._drafts.values():
            connection.close()

    def nonce(self) -> bytes:
        self.nonces += 1
        return self.nonces.to_bytes(8, "big")

    def take(self, outs) -> None:
        for out in outs:
            match out:
                case Publish():
                    self.waiting.append(out)
                case SyncTrouble():
                    self.troubles.append(out)
                case Mastered():
                    self.said.append(out)

    def turn(self) -> bool:
        """Carry one question to the head office and its answer back; return whether there was one."""
        if not self.waiting:
            return False
        asked = self.waiting.pop(0)
        for answer in self.receiver.take(Message(asked.topic, asked.payload), self.now):
            self.bytes += len(answer.payload)
            arrived = self.lose(answer)
            if arrived is not None:
                self.take(self.download.heard(arrived.topic, arrived.payload, self.now))
        return True

    def settle(self, turns: int = 10_000) -> None:
        """Go on until nothing is asked any more."""
        for _ in range(turns):
            if not self.turn():
                return
        raise AssertionError("it never ends")

    def fetch(self, table: str) -> None:
        """Go on until ``table`` is fresh; it is asked for if need be."""
        self.said.clear()
        if not self.waiting:
            self.wait()
        while not any(each.table == table for each in self.said):
            assert self.turn(), f"{table} does not come: {self.troubles}"

    def wait(self) -> None:
        """Let the time pass to when the till wants to be called."""
        wake = self.download.wake_ms
        assert wake is not None
        self.now = max(self.now, wake)
        self.take(self.download.tick(self.now))

    def check_all(self) -> None:
        """Let the time pass until every table was asked for again, and settle."""
        self.now += 400_000
        self.take(self.download.tick(self.now))
        self.settle()
