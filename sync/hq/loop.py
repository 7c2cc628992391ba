"""The thread that owns a writing connection: takes messages, answers, and says how things are.

On SQLite one loop does everything. On PostgreSQL each worker's loop stores and answers, taking messages in
turn with the others by MQTT 5's shared subscriptions, and the office's loop hears how the tills are and
speaks for all. An error of the database's COMMIT ends the process, since only a look at the database can say
what was kept; whoever started it starts it again.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.schema import Hq
from sync import notify, topics
from sync.hq.clock import now_ms
from sync.hq.database import CommitUnknownError, StoreError
from sync.hq.enrolment import desk_of
from sync.hq.inbox import Inbox, grouped
from sync.hq.lapsing import Lapsing
from sync.hq.names import Known
from sync.hq.receive import Receiver
from sync.hq.store import Store
from sync.hq.trust import Trust
from sync.hq.watch import ShopRead
from sync.hq.words import Words
from sync.mqtt import TURN_S_MAX, Down, Message, Pipe, PipeEvent, Up
from sync.protocol.keys import SecretKey
from sync.protocol.master import MEMBERS
from sync.protocol.state import HqState, write_hq_state
from sync.protocol.wire import NONCE_BYTES

PROFILES_EVERY_MS = 500
"""Members that tills registered are made known to the others at most so often."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """What a loop does."""

    listens: tuple[str, ...]
    speaks: bool
    """Whether it says that the head office is there, and which versions of the master data it has."""


WHOLE = Role(topics.TO_HQ, speaks=True)
OFFICE = Role(topics.TO_OFFICE, speaks=True)
WORKER = Role(topics.TO_WORKERS, speaks=False)


@dataclass(slots=True)
class Link:
    """What others may know of the broker; written by the loop, one word at a time."""

    trouble: str = "not connected yet"


class Loop:
    """One loop, one inbox, the broker's thread beside it."""

    def __init__(
        self, office: Hq, store: Store, key: SecretKey, role: Role, stop: threading.Event
    ) -> None:
        """Prepare.

        Raises:
            PkiError: The settings name certificates that cannot be used.
        """
        self.failed = threading.Event()
        self.link = Link()
        self.known = Known()
        """What the page knows; brought up to date when the shop file changes."""
        self.is_served: Callable[[], bool] = lambda: True
        """Whether somebody takes what tills send."""
        self.beat: Callable[[], None] = notify.watchdog
        """Called whenever the loop turns."""
        self._store = store
        self._key = key
        self._role = role
        self._stop = stop
        store.grants.ahead = office.ahead
        self._lapsing = Lapsing(store, key, office.timezone) if role.speaks else None
        self._words = Words(store.master, key)
        self._receiver = Receiver(
            store, key, Trust.of(office.trust_tills), desk_of(office, store.database, key)
        )
        self._inbox = Inbox()
        self._session = secrets.token_bytes(NONCE_BYTES)
        self._timeline = store.timeline
        self._told: int | None = None
        """The timeline that was told since the broker was reached."""
        self._is_dirty = False
        self._profiles_ms = 0
        self._members = store.master.newest(MEMBERS)
        self._pipe = Pipe(
            office,
            f"hq-{self._session.hex()}",
            role.listens,
            self._state(connected=False) if role.speaks else None,
            lambda bound: secrets.randbelow(bound + 1),
        )

    def serve_broker(self) -> None:
        """The broker's thread: everything that happens goes into the inbox."""
        self._pipe.run(self._stop, self._deliver)

    def put(self, read: ShopRead) -> None:
        """Put what the shop file says now into the inbox; waits while it is full."""
        self._inbox.put(read, self._stop)

    def run(self) -> int:
        """Take messages until asked to stop; return the exit code."""
        try:
            while not self._stop.is_set():
                self.beat()
                self._turn()
            self._store.close()
        except CommitUnknownError:
            _log.exception("whether the last batch is stored is unknown; ending to look again")
            self.failed.set()
        finally:
            self._stop.set()
        return int(self.failed.is_set())

    def _deliver(self, happened: Sequence[PipeEvent]) -> float:
        dropped = sum(not self._inbox.offer(event) for event in happened)
        if dropped:
            _log.warning("the inbox is full; %d messages were dropped", dropped)
        if self._stop.is_set() and self._role.speaks:
            self._pipe.send(self._state(connected=False))
        return TURN_S_MAX

    def _turn(self) -> None:
        events = self._inbox.take(TURN_S_MAX)
        for event in grouped(events):
            match event:
                case Up():
                    self.link.trouble = ""
                    self._told = None
                    self._words.forget()
                    _log.info("connected to the broker")
                case Down(reason):
                    self.link.trouble = reason
                    _log.warning("broker: %s", reason)
                case ShopRead():
                    self._renew(event)
                case _:
                    self._take(event)
        try:
            if not events:
                self._rest()
            if self._role.speaks and not self.link.trouble:
                self._tell()
        except StoreError as error:
            _log.error("the database: %s", error)

    def _renew(self, read: ShopRead) -> None:
        try:
            changed = self._store.master.apply(read.tables, read.digest, now_ms())
            self.known.learn(self._store.master)
        except StoreError:
            _log.exception("the shop file was not stored; the old one stays in force")
            return
        self._is_dirty = True
        _log.info("the shop file changed: %s", ", ".join(changed) or "nothing that tills know")

    def _tell(self) -> None:
        self._timeline = self._store.timeline
        if not self.is_served():
            self._told = None
        elif self._told != self._timeline:
            self._told = self._timeline
            self._pipe.send(self._state(connected=True))
        if now_ms() >= self._profiles_ms:
            self._profiles_ms = now_ms() + PROFILES_EVERY_MS
            self._is_dirty |= self._store.master.take_in_profiles(now_ms())
            newest = self._store.master.newest(MEMBERS)
            if newest != self._members:
                self._members = newest
                self.known.learn(self._store.master)
        for word in self._words.news(now_ms(), self._tills()):
            self._pipe.send(word)

    def _tills(self) -> int:
        return self._store.tills() if self._role is OFFICE else self._receiver.tills

    def _take(self, happened: Message | list[Message]) -> None:
        try:
            if isinstance(happened, Message):
                answers = self._receiver.take(happened, now_ms())
            else:
                answers = self._receiver.take_batches(happened, now_ms())
        except StoreError as error:
            _log.error("nothing was stored: %s", error)
            return
        self._is_dirty = True
        for answer in answers:
            self._pipe.send(answer)
        if self._store.is_log_long:
            self._store.checkpoint()

    def _rest(self) -> None:
        if self._lapsing is not None:
            self._is_dirty |= bool(self._lapsing.run(now_ms()))
        if self._is_dirty:
            self._is_dirty = False
            self._store.checkpoint()

    def _state(self, *, connected: bool) -> Message:
        state = HqState(connected, self._timeline, self._session)
        return Message(topics.HQ_STATE, write_hq_state(state, self._key), retain=True)
