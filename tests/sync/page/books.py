"""A head office's real database, filled from records that shops sealed, and the reader over it."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sync.hq.follow import follow
from sync.hq.opening import open_readings
from sync.hq.queries import SqlReader
from sync.hq.store import Store, Stream
from sync.protocol.batch import Batch
from sync.protocol.hello import Hello
from sync.protocol.state import TillState
from tests.sync.page.shop import Shop

KEY = "5d0f9a3c77e1b204"
RECEIVED_AFTER_MS = 400
_SESSION = b"session1"


class Books:
    """The store as the head office's loop would drive it, without a broker. One thread only."""

    def __init__(self, where: Path | str) -> None:
        """Open the books in a folder, or those of a server at an address."""
        data = where if isinstance(where, str) else where / "hq.db"
        self.broker = ""
        self.store = Store(data)
        self.readings = open_readings(data)
        self.reader = SqlReader(self.readings, KEY, lambda: self.broker)
        self.reader.data = data

    def take(self, shop: Shop, held: int = 0) -> None:
        """Take in what ``shop`` sealed after its first ``held`` records, in one batch."""
        self._append(self._stream(shop), shop, held, len(shop.bodies))

    def take_in_turn(self, shops: tuple[Shop, ...]) -> None:
        """Take in every record of ``shops`` singly, in the order of their clocks."""
        due = sorted(
            (entry.stamp.wall_ms, shop.terminal, seq, shop)
            for shop in shops
            for seq, entry in enumerate(shop.entries)
        )
        for _, _, seq, shop in due:
            self._append(self._stream(shop), shop, seq, seq + 1)

    def follow(self, now_ms: int = 1_795_300_000_000) -> None:
        """Have everything followed, as happens a moment after each commit."""
        while follow(self.store._database, now_ms):
            pass

    def lose(self, shop: Shop, waiting: int) -> None:
        """The till's link breaks while ``waiting`` records are not sent."""
        head = len(shop.bodies) + waiting
        now_ms = shop.entries[-1].stamp.wall_ms
        for connected in (True, False):
            state = TillState(shop.terminal, shop.ledger_id, 0, connected, head, _SESSION)
            self.store.note_state(state, now_ms)

    def _stream(self, shop: Shop) -> Stream:
        streams = self.store.streams(shop.ledger_id)
        if streams:
            return streams[0]
        now_ms = shop.entries[0].stamp.wall_ms
        key_id = sha256(shop.ledger_id.encode()).digest()[:8]
        self.store.enrol(shop.terminal, key_id, shop.key + key_id, now_ms)
        hello = Hello(
            shop.terminal, shop.ledger_id, 0, shop.key, b"12345678", 0, shop.digests()[0]
        )  # fmt: skip
        stream = self.store.open_ledger(hello, key_id, shop.digests()[0], now_ms)
        self.store.heard(stream, len(shop.bodies), now_ms)
        return stream

    def _append(self, stream: Stream, shop: Shop, start: int, end: int) -> None:
        digests, bodies = shop.digests(), tuple(shop.bodies[start:end])
        batch = Batch(
            shop.terminal, shop.ledger_id, stream.branch, start + 1, digests[start], digests[end],
            bodies, len(shop.bodies),
        )  # fmt: skip
        when_ms = shop.entries[end - 1].stamp.wall_ms + RECEIVED_AFTER_MS
        self.store.append(batch, digests[start + 1 : end + 1], when_ms)


@contextmanager
def opened(where: Path | str) -> Iterator[Books]:
    """Books in a folder or at an address, closed at the end."""
    books = Books(where)
    try:
        yield books
    finally:
        books.readings.close()
        books.store.close()
