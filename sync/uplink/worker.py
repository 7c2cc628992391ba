"""The uplink's thread: drives the session over the broker, and tells the till what came of it."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from config.schema import Link
from sync import topics
from sync.mqtt import TURN_S_MAX, Down, Message, Pipe, PipeEvent, Up
from sync.protocol.errors import NotTakenError
from sync.protocol.master import MEMBERS
from sync.protocol.wire import NONCE_BYTES
from sync.uplink.api import (
    Health,
    LinkChanged,
    Mastered,
    Mirror,
    Progress,
    Records,
    SyncTrouble,
    TillIdentity,
    UplinkEvent,
    Wanted,
)
from sync.uplink.asking import Asking, is_answer
from sync.uplink.asking import Out as AskingOut
from sync.uplink.download import Download, is_for
from sync.uplink.download import Out as DownloadOut
from sync.uplink.machine import Phase
from sync.uplink.session import Beside, Out, Publish, Session, nothing_beside

STATE_EVERY_MS = 30_000
"""How often the till says that it is there and how far its ledger reaches."""

WANTED_MAX = 20
"""Asks for value that wait to be sent; the oldest are forgotten."""
REST_EVERY_MS = 1_000
"""How often the mirror may do what waits for a quiet moment."""
BEHIND_MAX = 500
"""With more records than this to send, statements wait: each would have to be set against all of them."""


class Uplink:
    """Carries one till's ledger to the head office. ``run`` is its thread; ``poke`` is for everyone."""

    def __init__(  # noqa: PLR0913, PLR0917 - who sends what, from where, to whom
        self,
        broker: Link,
        identity: TillIdentity,
        records: Records,
        start: Progress,
        emit: Callable[[UplinkEvent], None],
        mirror: Mirror | None = None,
        beside: Beside = nothing_beside,
    ) -> None:
        """Prepare. ``emit`` is called on the uplink's thread and must not block for long.

        With a ``mirror`` the head office's master data is fetched into it.
        """
        self._session = Session(identity, records, start, _draw, _draw_nonce, beside)
        self._download = None if mirror is None else Download(identity, mirror, _draw, _draw_nonce)
        self._asking = Asking(identity, _draw_nonce)
        self._wanted: deque[Wanted] = deque(maxlen=WANTED_MAX)
        self._mirror = mirror
        self._rest_ms = 0
        self._emit = emit
        self._identity = identity
        self._told = LinkChanged(connected=False, reason="")
        self._head = start.head_seq
        self._told_head = -1
        self._health = Health()
        self._told_ms = 0
        self._is_up = False
        self._connection = secrets.token_bytes(NONCE_BYTES)
        name = identity.terminal
        self._topic = topics.topic(name, topics.STATE)
        heard = (topics.topic(name, topics.ACK), topics.topic(name, topics.RESPONSE))
        self._pipe = Pipe(
            broker,
            f"{name}-{self._connection.hex()}",
            (*heard, topics.HQ_STATE, *((topics.MASTER,) if mirror else ())),
            Message(self._topic, self._say(connected=False), retain=True),
            _draw,
        )

    def run(self, stop: threading.Event) -> None:
        """Sync until ``stop`` is set; :meth:`poke` makes it look at once."""
        self._pipe.run(stop, lambda happened: self._turn(happened, stop))

    def poke(self, head_seq: int) -> None:
        """Take note that the ledger has grown. From any thread; costs microseconds."""
        self._head = head_seq
        self._pipe.wake()

    def tell(self, health: Health) -> None:
        """Have the head office know how the till is. From any thread; what is not new costs nothing."""
        if health != self._health:
            self._health = health
            self._pipe.wake()

    @property
    def ledger_id(self) -> str:
        """Whose records this carries."""
        return self._identity.ledger_id

    def ask(self, wanted: Wanted) -> None:
        """Ask the head office for value. From any thread; the answer comes as an event."""
        self._wanted.append(wanted)
        self._pipe.wake()

    def wake(self) -> None:
        """Make the thread see that it is to stop."""
        self._pipe.wake()

    def _turn(self, happened: Sequence[PipeEvent], stop: threading.Event) -> float:
        now = _now_ms()
        for event in happened:
            self._hear(event, now)
        if self._head > self._session.state.head:
            self._perform(self._session.posted(self._head, now))
        self._perform(self._session.tick(now))
        self._fetch(now)
        self._ask(now)
        if stop.is_set() and self._is_up:
            self._pipe.send(Message(self._topic, self._say(connected=False), retain=True))
        elif self._is_up and (
            self._health is not self._session.health or now - self._told_ms >= STATE_EVERY_MS
        ):
            self._tell_state(now)
        fetch_ms = self._download.wake_ms if self._download else None
        asks_ms = self._asking.wake_ms
        wakes = [at for at in (self._session.wake_ms, fetch_ms, asks_ms) if at is not None]
        return (min(wakes) - now) / 1_000 if wakes else TURN_S_MAX

    def _hear(self, event: PipeEvent, now: int) -> None:
        match event:
            case Up():
                self._is_up = True
                self._tell(LinkChanged(connected=True, reason=""))
                self._perform(self._session.connected(now))
                self._tell_state(now)
            case Down(reason):
                self._is_up = False
                self._tell(LinkChanged(connected=False, reason=reason))
                self._perform(self._session.disconnected(now))
                self._perform(self._asking.closed())
            case Message(topic, payload) if is_answer(topic, payload):
                self._perform(self._asking.heard(payload, self._session.trusted))
            case Message(topic, payload) if is_for(topic, payload):
                if self._download is not None:
                    self._perform(self._download.heard(topic, payload, now))
            case Message(topic, payload):
                self._perform(self._session.heard(topic, payload, now))

    def _fetch(self, now_ms: int) -> None:
        """Fetch master data, as long as the head office knows us."""
        download, session = self._download, self._session
        if download is None:
            return
        if session.state.phase in (Phase.AWAY, Phase.HALTED):
            self._perform(download.closed(now_ms))
        elif session.state.phase is Phase.STREAMING and session.trusted is not None:
            self._perform(download.opened(session.trusted, session.branch, now_ms))
        self._rest(now_ms)
        behind = session.state.head - session.state.acked
        self._perform(download.tick(now_ms, may_state=behind <= BEHIND_MAX))

    def _ask(self, now_ms: int) -> None:
        """Ask for value, as long as the head office knows us."""
        is_open = self._session.state.phase is Phase.STREAMING
        branch = self._session.branch
        while self._wanted:
            wanted = self._wanted.popleft()
            self._perform(
                self._asking.ask(wanted, branch, now_ms, is_open=is_open, proof=self._session.proof)
            )
        self._perform(self._asking.tick(branch, now_ms))

    def _rest(self, now_ms: int) -> None:
        if self._mirror is None or now_ms < self._rest_ms:
            return
        self._rest_ms = now_ms + REST_EVERY_MS
        try:
            is_to_open = self._mirror.rest()
        except NotTakenError as error:
            self._emit(SyncTrouble("master-refused", str(error)))
            return
        if is_to_open:
            self._emit(Mastered(MEMBERS, is_changed=True, is_word=False))

    def _tell(self, link: LinkChanged) -> None:
        if link != self._told:
            self._told = link
            self._emit(link)

    def _tell_state(self, now_ms: int) -> None:
        self._told_ms = now_ms
        self._session.health = self._health
        self._pipe.send(Message(self._topic, self._say(connected=True), retain=True))

    def _say(self, *, connected: bool) -> bytes:
        return self._session.till_state(self._connection, connected=connected)

    def _perform(self, outs: Sequence[Out | DownloadOut | AskingOut]) -> None:
        for out in outs:
            if isinstance(out, Publish):
                self._pipe.send(Message(out.topic, out.payload, out.retain))
            else:
                self._emit(out)


def _draw_nonce() -> bytes:
    return secrets.token_bytes(NONCE_BYTES)


def _draw(bound: int) -> int:
    return secrets.randbelow(bound + 1)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
