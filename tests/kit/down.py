"""A head office's master data and a till's mirror of it, joined without broker and threads."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from config.shop import ShopFile
from sync import topics
from sync.hq.receive import Receiver
from sync.hq.shop import tables_of
from sync.hq.store import Store
from sync.hq.trust import Trust
from sync.mqtt import Message
from sync.protocol.ack import Status, read_ack
from sync.protocol.batch import Batch, pack
from sync.protocol.hello import Hello, write_hello
from sync.protocol.keys import SecretKey
from sync.protocol.record import genesis
from sync.uplink.api import Mastered, SyncTrouble, TillIdentity
from sync.uplink.download import Download
from sync.uplink.fetch import ROOM_FIRST
from sync.uplink.session import Publish
from terminal.store import mirrorfiles
from terminal.store.catalog import Catalog
from terminal.store.ledger import Ledger
from terminal.store.members import Members
from terminal.store.mirror import Mirror
from terminal.store.reader import Reader
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
        self.open_hq()
        self.now = 0
        self.nonces = 0
        self.digests = 0
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
        who, rows = self.identity, (self.ledger.head_seq, self.ledger.head_digest)
        hello = Hello(who.terminal, who.ledger_id, 0, who.key.public.raw, bytes(8), *rows)
        where = topics.topic(who.terminal, topics.REQUEST)
        assert self.receiver.take(Message(where, write_hello(hello, who.key)), 0)

    def start_till(self, room: int = ROOM_FIRST) -> None:
        """Begin, or begin again, on the files that are there."""
        mirrorfiles.ensure(self.data)
        self.mirror = Mirror(
            self.data, OwnLedger(self.data / "ledger.db"), lambda: WALL_MS + self.now
        )
        self.download = Download(self.identity, self.mirror, lambda _: 0, self.nonce)
        self.download.state = replace(self.download.state, room=room)
        self.waiting: list[Publish] = []
        self.take(self.download.opened(HQ_KEY.public, 0, self.now))

    def kill_till(self) -> None:
        """As when the power goes: nothing is brought in order."""
        for connection in self.mirror._live.values():
            connection.close()
        for _, connection in self.mirror._drafts.values():
            connection.close()

    def restart_hq(self) -> None:
        """As when the head office's process ends and comes back."""
        self.store.close()
        self.open_hq()

    def open_hq(self) -> None:
        self.store = Store(self.folder / "hq.db")
        self.master = self.store.master
        self.receiver = Receiver(self.store, HQ_KEY, Trust(None))

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

    def give(self, shop: ShopFile) -> None:
        """Have the head office read ``shop``."""
        self.digests += 1
        self.master.apply(tables_of(shop), self.digests.to_bytes(4, "big"), self.now)

    def send_up(self, *, ledger: Ledger | None = None, till: TillIdentity | None = None) -> None:
        """Carry all records to the head office."""
        ledger, till = ledger or self.ledger, till or self.identity
        held = self.master.position(till.ledger_id, 0)
        first = (held[0] if held else 0) + 1
        with closing_reader(ledger) as reader:
            rows = reader.records(first, 500)
            before = reader.records(first - 1, 1)[0][2] if first > 1 else None
        if not rows:
            return
        start = before or genesis(till.ledger_id, till.key.public.raw)
        bodies = tuple(row[1] for row in rows)
        batch = Batch(till.terminal, till.ledger_id, 0, first, start, rows[-1][2], bodies)
        packed = pack(batch, till.key)
        assert packed is not None
        where = topics.topic(till.terminal, topics.UP)
        (answer,) = self.receiver.take(Message(where, packed), self.now)
        assert read_ack(answer.payload, HQ_KEY.public).status is Status.OK

    @contextmanager
    def members(self) -> Iterator[Members]:
        """Open the till's members."""
        with closing(Members.open(self.data / "members.db", self.ledger.holdings)) as found:
            yield found

    @contextmanager
    def catalog(self) -> Iterator[Catalog]:
        """Open the till's catalogue."""
        with closing(Catalog.open(self.data / "catalog.db")) as found:
            yield found


@contextmanager
def closing_reader(ledger: Ledger) -> Iterator[Reader]:
    """Open what ``ledger`` wrote."""
    with closing(Reader.open(ledger._disk._path)) as reader:
        yield reader
