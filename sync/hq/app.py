"""The head office's program: one loop, one inbox, the broker's thread and the page's thread.

The loop owns the store's writing connection and all state. An error of the database's COMMIT ends the
program, since only a look at the disk can say what was kept; systemd starts it again.
"""

import logging
import queue
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.faults import ConfigError
from config.schema import HeadOffice
from sync import notify, topics
from sync.hq import follow
from sync.hq.clerk import Clerk
from sync.hq.clock import now_ms
from sync.hq.database import CommitUnknownError, StoreError
from sync.hq.names import Known
from sync.hq.opening import address_of, open_database, open_readings
from sync.hq.page.around import Around
from sync.hq.page.server import PageNotServedError, serve
from sync.hq.queries import SqlReader
from sync.hq.receive import Receiver, Trust
from sync.hq.shop import digest_of, read_tables
from sync.hq.store import Store
from sync.hq.watch import ShopRead, watch
from sync.hq.words import Words
from sync.mqtt import TURN_S_MAX, Down, Message, Pipe, PipeEvent, Up
from sync.protocol.keys import BadKeyError, SecretKey, load_or_make
from sync.protocol.state import HqState, write_hq_state
from sync.protocol.wire import NONCE_BYTES

INBOX_MAX = 1_000
"""Messages waiting for the loop; more are dropped, and their tills repeat them."""
IDLE_S = 1.0
"""After so much quiet the log is copied into the database."""
JOIN_S = 10.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Link:
    """What the page may know of the broker; written by the loop, read by the page, one word at a time."""

    trouble: str = "not connected yet"


def run(settings: HeadOffice, ready: Callable[[], None], stop: threading.Event) -> int:
    """Run the head office until ``stop``; return the exit code.

    ``ready`` is called once, when the page answers and the loop takes messages.
    """
    office = settings.hq
    try:
        key = load_or_make(Path(office.signing_key))
        data = address_of(office)
        store = Store(data)
        shop = None if office.shop is None else Path(office.shop)
        known = _learn(store, shop)
    except (BadKeyError, ConfigError, OSError, StoreError):
        _log.exception("the head office cannot start")
        return 1
    link = _Link()
    reader = SqlReader(open_readings(data), key.public.key_id.hex(), lambda: link.trouble)
    clerk = Clerk(lambda: open_database(data))
    around = Around(now_ms, clerk, office.timezone, office.hosts, known)
    up = threading.Event()
    page = partial(serve, office.listen, reader, office.locale, stop, up.set, around)
    loop = _Loop(settings, store, key, link, known, stop)
    bodies: dict[str, Callable[[], None]] = {"page": page, "broker": loop.serve_broker}
    bodies["follow"] = partial(follow.serve, clerk, now_ms, stop)
    if shop is not None:
        bodies["shop"] = partial(watch, shop, store.master.digest, loop.put, stop)
    threads = [
        threading.Thread(target=_guarded(body, stop, loop.failed), name=name, daemon=True)
        for name, body in bodies.items()
    ]
    for thread in threads:
        thread.start()
    while not up.wait(TURN_S_MAX) and not stop.is_set():
        notify.watchdog()
    if not stop.is_set():
        ready()
    code = loop.run()
    for thread in threads:
        thread.join(JOIN_S)
    clerk.close()
    return code


def _learn(store: Store, shop: Path | None) -> Known:
    """Bring the master data up to the shop file, and return what the page knows from it.

    Raises:
        ConfigError, OSError: The shop file has faults, or cannot be read.
        StoreError: It could not be stored.
    """
    master = store.master
    if shop is not None and (digest := digest_of(shop)) != master.digest:
        master.apply(read_tables(shop), digest, now_ms())
    known = Known()
    known.learn(master)
    return known


def _guarded(
    body: Callable[[], None], stop: threading.Event, failed: threading.Event
) -> Callable[[], None]:
    """A thread that ends by an error ends the program; nothing works half."""

    def whole() -> None:
        try:
            body()
        except PageNotServedError as error:
            _log.error("%s", error)
        finally:
            if not stop.is_set():
                failed.set()
                stop.set()

    return whole


class _Loop:
    """The thread that owns the books."""

    def __init__(
        self,
        settings: HeadOffice,
        store: Store,
        key: SecretKey,
        link: _Link,
        known: Known,
        stop: threading.Event,
    ) -> None:
        self.failed = threading.Event()
        self._store = store
        self._key = key
        self._link = link
        self._known = known
        self._stop = stop
        self._words = Words(store.master, key)
        self._receiver = Receiver(store, key, Trust.of(settings.hq.trust_tills))
        self._told_timeline = self._receiver.timeline
        self._inbox: queue.Queue[PipeEvent | ShopRead] = queue.Queue(INBOX_MAX)
        self._session = secrets.token_bytes(NONCE_BYTES)
        self._is_dirty = False
        self._pipe = Pipe(
            settings.hq,
            f"hq-{self._session.hex()}",
            topics.TO_HQ,
            self._state(connected=False),
            lambda bound: secrets.randbelow(bound + 1),
        )

    def serve_broker(self) -> None:
        """The broker's thread: everything that happens goes into the inbox."""
        self._pipe.run(self._stop, self._deliver)

    def put(self, read: ShopRead) -> None:
        """Put what the shop file says now into the inbox; waits while it is full."""
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._inbox.put(read, timeout=TURN_S_MAX)
                return

    def run(self) -> int:
        """Take messages until asked to stop; return the exit code."""
        try:
            while not self._stop.is_set():
                notify.watchdog()
                self._turn()
            self._store.close()
        except CommitUnknownError:
            _log.exception("whether the last batch is stored is unknown; ending to look again")
            self.failed.set()
        finally:
            self._stop.set()
        return int(self.failed.is_set())

    def _deliver(self, happened: Sequence[PipeEvent]) -> float:
        for event in happened:
            try:
                self._inbox.put_nowait(event)
            except queue.Full:
                _log.warning("the inbox is full; a message was dropped")
        if self._stop.is_set():
            self._pipe.send(self._state(connected=False))
        return TURN_S_MAX

    def _turn(self) -> None:
        try:
            event = self._inbox.get(timeout=min(IDLE_S, TURN_S_MAX))
        except queue.Empty:
            self._rest()
            self._tell()
            return
        match event:
            case Up():
                self._link.trouble = ""
                self._pipe.send(self._state(connected=True))
                self._words.forget()
                _log.info("connected to the broker")
            case Down(reason):
                self._link.trouble = reason
                _log.warning("broker: %s", reason)
            case Message():
                self._take(event)
            case ShopRead():
                self._renew(event)
        self._tell()

    def _renew(self, read: ShopRead) -> None:
        try:
            changed = self._store.master.apply(read.tables, read.digest, now_ms())
        except StoreError:
            _log.exception("the shop file was not stored; the old one stays in force")
            return
        self._known.learn(self._store.master)
        self._is_dirty = True
        _log.info("the shop file changed: %s", ", ".join(changed) or "nothing that tills know")

    def _tell(self) -> None:
        if not self._link.trouble:
            for word in self._words.news(now_ms(), self._receiver.tills):
                self._pipe.send(word)

    def _take(self, message: Message) -> None:
        try:
            answers = self._receiver.take(message, now_ms())
        except StoreError:
            _log.exception("nothing was stored")
            return
        self._is_dirty = True
        for answer in answers:
            self._pipe.send(answer)
        if self._receiver.timeline != self._told_timeline:
            self._told_timeline = self._receiver.timeline
            self._pipe.send(self._state(connected=True))
        if self._store.is_log_long:
            self._checkpoint()

    def _rest(self) -> None:
        if self._is_dirty:
            self._is_dirty = False
            self._checkpoint()

    def _checkpoint(self) -> None:
        try:
            self._store.checkpoint()
        except StoreError:
            _log.exception("the disk failed; records are safe in the log")

    def _state(self, *, connected: bool) -> Message:
        state = HqState(connected, self._receiver.timeline, self._session)
        return Message(topics.HQ_STATE, write_hq_state(state, self._key), retain=True)
