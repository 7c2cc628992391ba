"""A simulated till: the real session over a ledger in memory."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sync import topics
from sync.fleet.line import Line
from sync.fleet.sales import Sales
from sync.protocol.keys import SecretKey
from sync.protocol.record import seal
from sync.protocol.wire import NONCE_BYTES
from sync.uplink.api import (
    Acked,
    LedgerForgotten,
    LedgerOutrun,
    Progress,
    SyncTrouble,
    TillIdentity,
)
from sync.uplink.session import Out, Publish, Session

AGAIN_S = 1.0
"""Between a lost connection and the next."""


@dataclass(slots=True)
class Figures:
    """What all tills of a fleet saw."""

    acked: int = 0
    """Entries that the head office has signed for."""
    ack_ms: list[float] = field(default_factory=list)
    """From a batch's leaving to its acknowledgement."""
    batches: int = 0
    repeated: int = 0
    """Batches and hellos beyond the first of their kind: what was lost on the way."""
    lost: int = 0
    """Connections."""
    troubles: Counter[str] = field(default_factory=Counter)


class Ledger:
    """Records in memory; satisfies :class:`sync.uplink.api.Records`."""

    def __init__(self, identity: TillIdentity) -> None:
        self._rows: list[tuple[int, bytes, bytes]] = []
        self._digest = identity.genesis

    @property
    def head(self) -> int:
        """Last record's number."""
        return len(self._rows)

    def post(self, body: bytes) -> int:
        """Append a record; return its number."""
        self._digest = seal(self._digest, body)
        self._rows.append((self.head + 1, body, self._digest))
        return self.head

    def read(self, first: int, count: int) -> list[tuple[int, bytes, bytes]]:
        """Return records."""
        return self._rows[first - 1 : first - 1 + count]


class SimulatedTill:
    """One till. Lives in an asyncio loop."""

    def __init__(self, name: str, run: str, seed: int, figures: Figures) -> None:
        key = SecretKey.of_seed(secrets.token_bytes(32))
        self.identity = TillIdentity(name, f"{name}-{run}", key, None, program="simulated")
        self.ledger = Ledger(self.identity)
        self._sales = Sales(name, seed)
        self._figures = figures
        self._session: Session | None = None
        self._line: Line | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent_s = 0.0
        self._flown = (0, 0)
        self._is_stopping = False

    @property
    def is_through(self) -> bool:
        """Whether the head office has signed for all of the ledger."""
        return self._session is not None and self._session.state.acked == self.ledger.head

    def sell(self) -> None:
        """Post a sale; sent at once where there is a connection."""
        head = self.ledger.post(self._sales.next())
        if self._session is not None and self._line is not None:
            self._perform(self._session.posted(head, _now_ms()))

    async def connect(self, host: str, port: int) -> None:
        """Connect, and again whenever the connection is lost.

        Raises:
            OSError: The broker cannot be reached.
        """
        name = self.identity.terminal
        heard = (
            topics.topic(name, topics.ACK),
            topics.topic(name, topics.RESPONSE),
            topics.HQ_STATE,
        )
        loop = asyncio.get_running_loop()

        def lost(_why: str) -> None:
            self._line = None
            if not self._is_stopping:
                self._figures.lost += 1
                if self._session is not None:
                    self._perform(self._session.disconnected(_now_ms()))
                loop.call_later(AGAIN_S, lambda: tasks.add(loop.create_task(again())))

        async def again() -> None:
            try:
                await self.connect(host, port)
            except OSError as error:
                lost(str(error))

        tasks: set[asyncio.Task[None]] = set()
        client = f"{name}-{secrets.token_hex(8)}"
        line = Line(client, heard, lambda: self._up(line), self._heard, lost)
        await loop.create_connection(lambda: line, host, port)

    def stop(self) -> None:
        """Leave."""
        self._is_stopping = True
        if self._timer is not None:
            self._timer.cancel()
        if self._line is not None:
            self._line.close()

    def _up(self, line: Line) -> None:
        self._line = line
        if self._session is None:
            start = Progress(self.ledger.head)
            self._session = Session(self.identity, self.ledger, start, _draw, _nonce)
        self._perform(self._session.connected(_now_ms()))
        self._perform(self._session.posted(self.ledger.head, _now_ms()))

    def _heard(self, topic: str, payload: bytes) -> None:
        assert self._session is not None
        self._perform(self._session.heard(topic, payload, _now_ms()))

    def _perform(self, outs: Sequence[Out]) -> None:
        for out in outs:
            match out:
                case Publish(topic, payload):
                    self._send(topic, payload)
                case Acked():
                    self._count(out.seq)
                case SyncTrouble(key):
                    self._figures.troubles[key] += 1
                case LedgerOutrun() | LedgerForgotten():
                    self._figures.troubles["ledger-outrun"] += 1
        self._schedule()

    def _send(self, topic: str, payload: bytes) -> None:
        assert self._session is not None
        if self._line is not None:
            self._line.publish(topic, payload)
        flight = self._session.state.flight
        if topic.endswith(topics.UP) and flight is not None:
            flown = (flight.last - flight.count + 1, flight.last)
            self._figures.repeated += flown[0] <= self._flown[1]
            self._flown, self._sent_s = flown, time.perf_counter()
            self._figures.batches += 1

    def _count(self, seq: int) -> None:
        assert self._session is not None
        if self._sent_s and seq >= self._flown[1]:
            self._figures.ack_ms.append((time.perf_counter() - self._sent_s) * 1_000)
            self._sent_s = 0.0
        self._figures.acked += max(0, seq - self._counted)
        self._counted = max(self._counted, seq)

    _counted = 0

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        assert self._session is not None
        wake = self._session.wake_ms
        if wake is not None and not self._is_stopping:
            wait_s = max(0.0, (wake - _now_ms()) / 1_000)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        assert self._session is not None
        self._perform(self._session.tick(_now_ms()))


def _nonce() -> bytes:
    return secrets.token_bytes(NONCE_BYTES)


def _draw(bound: int) -> int:
    return secrets.randbelow(bound + 1)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
