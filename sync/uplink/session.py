"""The till's end without threads and network: bytes and time in; bytes and events out.

It checks who signed what comes in and whether it speaks of this very ledger, lets the machine decide, and
builds and signs what goes out. The simulator drives it exactly as the worker does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync import topics
from sync.protocol.ack import Ack, Status, read_ack
from sync.protocol.batch import Batch, fitting, pack, regards
from sync.protocol.hello import Hello, read_welcome, write_hello
from sync.protocol.keys import PublicKey
from sync.protocol.state import TillState, read_hq_state, write_till_state
from sync.protocol.wire import NONCE_BYTES, BadEnvelopeError
from sync.uplink.api import (
    Acked,
    Follows,
    Health,
    LedgerForgotten,
    LedgerOutrun,
    Progress,
    Records,
    SyncTrouble,
    TillIdentity,
)
from sync.uplink.machine import (
    Accept,
    Answered,
    Connected,
    Disconnected,
    Draw,
    Effect,
    Event,
    HqReturned,
    Outrun,
    Phase,
    Posted,
    SayHello,
    Send,
    Sent,
    State,
    Tick,
    Trouble,
    TurnedAway,
    Welcomed,
    step,
)

_NO_NONCE = bytes(NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class Publish:
    """A message to send."""

    topic: str
    payload: bytes
    retain: bool = False


Out = Publish | Acked | SyncTrouble | LedgerOutrun | LedgerForgotten


Beside = Callable[[int, int], Sequence[tuple[int, bytes]]]


def nothing_beside(_first: int, _last: int) -> Sequence[tuple[int, bytes]]:
    """Return nothing."""
    return ()


class Session:
    """One till's conversation with the head office, over all connections."""

    def __init__(
        self,
        identity: TillIdentity,
        records: Records,
        start: Progress,
        draw: Draw,
        nonce: Callable[[], bytes],
        beside: Beside = nothing_beside,
    ) -> None:
        """Prepare; ``beside`` returns what goes beside records from one number to another."""
        self._beside = beside
        acked, timeline = start.position or (0, 0)
        if acked > start.head_seq:
            acked = 0  # The proof is of another file than this ledger; the hello will tell.
        self.state = State(start.head_seq, acked, timeline)
        self.health = Health()
        """What the till last said of itself."""
        self._identity = identity
        self._records = records
        self._ack = start.ack
        self._trusted = identity.trusted
        if identity.trusted is None and start.hq_key is not None:
            self._trusted = PublicKey.of(start.hq_key)
        self._draw = draw
        self._draw_nonce = nonce
        self._nonce = _NO_NONCE
        self._branch = identity.branch
        self._regards = b""
        self._hq_session = b""
        self._ordinals = 0
        self._hello_regards = b""

    @property
    def trusted(self) -> PublicKey | None:
        """The head office's key, once it is known."""
        return self._trusted

    @property
    def proof(self) -> bytes:
        """The last acknowledgement that moved us, exactly as it came."""
        return self._ack

    @property
    def branch(self) -> int:
        """Which stream of the ledger we are."""
        return self._branch

    @property
    def wake_ms(self) -> int | None:
        """When :meth:`tick` wants to be called."""
        return self.state.wake_ms

    def connected(self, now_ms: int) -> list[Out]:
        """Begin anew over a fresh connection."""
        return self._step(Connected(), now_ms)

    def disconnected(self, now_ms: int) -> list[Out]:
        """Forget what was on its way."""
        return self._step(Disconnected(), now_ms)

    def posted(self, head: int, now_ms: int) -> list[Out]:
        """Take note that the ledger reaches to ``head``."""
        return self._step(Posted(head), now_ms)

    def tick(self, now_ms: int) -> list[Out]:
        """Do what is due."""
        return self._step(Tick(), now_ms)

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Out]:
        """Take in a message from the broker; one that is not what it should be changes nothing."""
        name = self._identity.terminal
        try:
            if topic == topics.topic(name, topics.ACK):
                return self._heard_ack(payload, now_ms)
            if topic == topics.topic(name, topics.RESPONSE):
                return self._heard_welcome(payload, now_ms)
            if topic == topics.HQ_STATE:
                return self._heard_state(payload, now_ms)
        except BadEnvelopeError as error:
            key = "other-version" if error.reason == "version" else "forged"
            return [SyncTrouble(key, f"{topic}: {error}")]
        return []

    def till_state(self, connection: bytes, *, connected: bool) -> bytes:
        """Return what this till says of itself, for its state topic and its last will."""
        who, health = self._identity, self.health
        state = TillState(
            who.terminal,
            who.ledger_id,
            self._branch,
            connected,
            self.state.head,
            connection,
            health.program or who.program,
            health.rules,
            health.rules_since_ms,
            health.rules_fault,
            health.paper,
            health.disk_mb,
            health.clock,
        )
        return write_till_state(state, who.key)

    def _heard_ack(self, payload: bytes, now_ms: int) -> list[Out]:
        if self._trusted is None:
            return []
        ack = read_ack(payload, self._trusted)
        if ack.ledger_id not in (self._identity.ledger_id, ""):
            return []
        if ack.status is Status.REFUSED and ack.regards and ack.regards == self._hello_regards:
            return self._step(TurnedAway(ack.reason), now_ms)  # It cannot read our hello.
        event = Answered(
            ack.status,
            ack.timeline,
            ack.acked_seq,
            self._is_ours(ack),
            ack.reason,
            regards_flight=bool(ack.regards) and ack.regards == self._regards,
        )
        return self._step(event, now_ms, (ack, payload))

    def _heard_welcome(self, payload: bytes, now_ms: int) -> list[Out]:
        welcome, key = read_welcome(payload)
        if welcome.nonce != self._nonce:
            return []
        if self._trusted is not None and key != self._trusted:
            return [SyncTrouble("other-head-office", key.key_id.hex())]
        ack = read_ack(welcome.ack, key)
        if ack.status is Status.REFUSED:
            return self._step(TurnedAway(ack.reason), now_ms)
        if ack.ledger_id != self._identity.ledger_id:
            return []
        self._nonce = _NO_NONCE
        self._trusted = key
        self._branch = ack.branch
        self._ordinals = welcome.ordinals
        event = Welcomed(
            ack.timeline,
            ack.acked_seq,
            self._is_ours(ack),
            is_numbered_twice=welcome.ordinals >= self._identity.ordinal,
        )
        follows = self._identity.follows
        lost: list[Out] = []
        if welcome.lacks and follows is not None:
            lost.append(LedgerForgotten(follows.ledger_id))
        return self._step(event, now_ms, (ack, welcome.ack)) + lost

    def _heard_state(self, payload: bytes, now_ms: int) -> list[Out]:
        """A head office that has just started is greeted. Before its key is known, this is only a hint."""
        if self._trusted is None:
            return self._step(HqReturned(), now_ms)
        state = read_hq_state(payload, self._trusted)
        if not state.connected or state.session == self._hq_session:
            return []
        is_first, self._hq_session = not self._hq_session, state.session
        is_greeted = self.state.phase is Phase.STREAMING
        return [] if is_first and is_greeted else self._step(HqReturned(), now_ms)

    def _is_ours(self, ack: Ack) -> bool:
        return self._digest(ack.acked_seq) == ack.head_hash

    def _digest(self, seq: int) -> bytes | None:
        if seq == 0:
            return self._identity.genesis
        rows = self._records.read(seq, 1)
        return rows[0][2] if rows and rows[0][0] == seq else None

    def _step(self, event: Event, now_ms: int, word: tuple[Ack, bytes] | None = None) -> list[Out]:
        self.state, effects = step(self.state, event, now_ms, self._draw)
        return [out for effect in effects for out in self._perform(effect, now_ms, word)]

    def _perform(self, effect: Effect, now_ms: int, word: tuple[Ack, bytes] | None) -> list[Out]:
        match effect:
            case SayHello():
                return [self._hello()]
            case Send(first, count):
                return self._send(first, count, now_ms)
            case Trouble(key, detail):
                return [SyncTrouble(key, detail)]
            case Outrun(last):
                who = self._identity
                ordinal = max(self._ordinals, who.ordinal) + 1
                return [LedgerOutrun(who.ledger_id, last, ordinal)]
            case Accept(acked, timeline):
                assert word is not None
                assert self._trusted is not None
                ack, self._ack = word
                proof = self._trusted.raw + self._ack
                return [Acked(self._identity.ledger_id, acked, ack.head_hash, proof, timeline)]

    def _hello(self) -> Publish:
        who, head = self._identity, self.state.head
        self._nonce = self._draw_nonce()
        digest = self._digest(head)
        assert digest is not None, head
        hello = Hello(
            who.terminal,
            who.ledger_id,
            self._branch,
            who.key.public.raw,
            self._nonce,
            head,
            digest,
            self._ack,
            who.program,
            who.ordinal,
            *_before(who.follows),
            who.ledger_key,
        )
        data = write_hello(hello, who.key)
        self._hello_regards = regards(data)
        return Publish(topics.topic(who.terminal, topics.REQUEST), data)

    def _send(self, first: int, count: int, now_ms: int) -> list[Out]:
        previous = self._digest(first - 1)
        rows = self._records.read(first, count)
        assert previous is not None, first
        assert rows, first
        bodies = [row[1] for row in rows]
        kept, data = self._pack(first, previous, bodies, [row[2] for row in rows])
        self._regards = regards(data)
        last = first + kept - 1
        out: list[Out] = [Publish(topics.topic(self._identity.terminal, topics.UP), data)]
        return out + self._step(Sent(last, len(data)), now_ms)

    def _pack(
        self, first: int, previous: bytes, bodies: list[bytes], digests: list[bytes]
    ) -> tuple[int, bytes]:
        """Return how many of ``bodies`` went into the batch, and the batch."""
        who = self._identity
        count = fitting(bodies)
        while True:
            batch = Batch(
                who.terminal,
                who.ledger_id,
                self._branch,
                first,
                previous,
                digests[count - 1],
                tuple(bodies[:count]),
                self.state.head,
                tuple(self._beside(first, first + count - 1)),
            )
            data = pack(batch, who.key)
            if data is not None:
                return count, data
            assert count > 1, "one record always fits"
            count = count * 3 // 4


def _before(follows: Follows | None) -> tuple[str, int, bytes]:
    return ("", 0, b"") if follows is None else (follows.ledger_id, follows.seq, follows.digest)
