"""An uplink on a thread of its own over a ledger in memory, for one test."""

import threading
from typing import Self

from config.schema import Sync
from sync.uplink.api import Acked, LedgerOutrun, LinkChanged, Progress, SyncTrouble
from sync.uplink.worker import Uplink
from tests.kit.ledger import MemoryLedger
from tests.kit.waiting import PATIENCE_S, until


class RunningTill:
    """Starts when entered; ``post`` appends and pokes."""

    def __init__(self, ledger: MemoryLedger, broker: str, proof: bytes = b"") -> None:
        self.ledger = ledger
        self.acked: list[Acked] = []
        self.links: list[LinkChanged] = []
        self.troubles: list[SyncTrouble] = []
        self.outrun: list[LedgerOutrun] = []
        self._stop = threading.Event()
        self.uplink = Uplink(
            Sync(broker=broker, trust_hq="first"),
            ledger.identity,
            ledger,
            Progress(ledger.head, proof),
            self._emit,
        )
        self._thread = threading.Thread(target=self.uplink.run, args=(self._stop,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self.uplink.wake()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @property
    def position(self) -> int:
        return self.acked[-1].seq if self.acked else 0

    def post(self, body: bytes) -> int:
        seq = self.ledger.post(body)
        self.uplink.poke(seq)
        return seq

    def wait_acked(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until the head office has signed for everything."""
        until(
            lambda: self.position == self.ledger.head,
            f"{self.ledger.head} acknowledged, {self.troubles}, {self.links}",
            patience_s,
        )

    def _emit(self, event) -> None:
        kinds = {
            Acked: self.acked,
            LinkChanged: self.links,
            SyncTrouble: self.troubles,
            LedgerOutrun: self.outrun,
        }
        kinds[type(event)].append(event)
