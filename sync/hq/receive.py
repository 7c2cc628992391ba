"""What the head office does with one message: verify, store, answer. Bytes and time in, messages out.

An answer is signed only after the store's commit. Whatever is wrong with a message, nothing but the list
of refused messages changes. Batches that wait together are committed together.
"""

from collections.abc import Sequence

from sync import topics
from sync.hq.answers import Answers
from sync.hq.batches import Batches
from sync.hq.enrolment import Desk, ended_why, was_ended
from sync.hq.grants import granted
from sync.hq.store import Store
from sync.hq.streams import Held, Stream
from sync.hq.trust import Trust
from sync.mqtt import Message
from sync.protocol.ack import Ack, Status, read_ack, write_ack
from sync.protocol.batch import Batch, key_id_of, regards, unpack
from sync.protocol.hello import (
    BATCH_VERSIONS,
    Hello,
    Welcome,
    common_version,
    read_hello,
    write_welcome,
)
from sync.protocol.keys import PublicKey, SecretKey
from sync.protocol.master import ask_key_id, is_numbered, read_ask
from sync.protocol.record import DIGEST_BYTES, genesis
from sync.protocol.state import read_till_state
from sync.protocol.value import is_about_value
from sync.protocol.wire import VERSION, BadEnvelopeError

REFUSAL_EVERY_MS = 200
"""Refused messages are kept at most this often, so that garbage does not wear out the disk."""
KEY_CHECK_MS = 1_000
"""A key that a person ended is believed no longer than this."""
_NO_DIGEST = bytes(DIGEST_BYTES)


class Receiver:
    """The head office's side of the protocol over its store."""

    def __init__(
        self, store: Store, key: SecretKey, trust: Trust, desk: Desk | None = None
    ) -> None:
        """Prepare; without a ``desk`` nobody is enrolled by a token."""
        self._desk = desk
        self._store = store
        self._key = key
        self._trust = trust
        self._keys: dict[bytes, tuple[PublicKey, str, int]] = {}
        """Keys in use, whose, and when that was last looked up; there are as many as enrolled tills."""
        self._now_ms = 0
        self._batches = Batches(store, self._read, self._keep, self._answer)
        self._timeline = store.timeline
        self._answers = Answers(store.master, key)
        self._refusal_due_ms = 0

    @property
    def timeline(self) -> int:
        """Our timeline; it may have been raised by the last message."""
        return self._timeline

    @property
    def tills(self) -> int:
        """How many tills spoke to us since the start."""
        return len(self._keys)

    def take(self, message: Message, now_ms: int) -> list[Message]:
        """Take in one message and return the answers.

        Raises:
            StoreError: Nothing was stored, nothing is answered; the till will repeat itself.
            CommitUnknownError: End the process.
        """
        self._now_ms = now_ms
        if is_batch(message):
            return self.take_batches([message], now_ms)
        if message.topic == topics.ENROL:
            return self._enrol(message, now_ms)
        whose = topics.split(message.topic)
        if whose is None:
            return []
        terminal, channel = whose
        try:
            match channel:
                case topics.REQUEST if is_about_value(message.payload):
                    return [self._granted(message, now_ms)]
                case topics.REQUEST if is_numbered(message.payload):
                    return self._ask(terminal, message)
                case topics.REQUEST:
                    return self._hello(terminal, message, now_ms)
                case _:
                    self._state(terminal, message, now_ms)
        except BadEnvelopeError as error:
            self._keep(message, error.reason, now_ms)
        return []

    def _enrol(self, message: Message, now_ms: int) -> list[Message]:
        if self._desk is None or not message.payload:
            return []
        try:
            token, answer = self._desk.answer(
                message.payload, lambda name: self._store.ordinals(name, ""), now_ms
            )
        except BadEnvelopeError as error:
            self._keep(message, error.reason, now_ms)
            return []
        return [Message(topics.enrolled(token), answer)]

    def take_batches(self, messages: Sequence[Message], now_ms: int) -> list[Message]:
        """Take in batches that wait together, in one transaction where they are of different ledgers.

        Raises:
            StoreError: The last of them was not stored and is not answered; others may be.
            CommitUnknownError: End the process.
        """
        self._now_ms = now_ms
        self._timeline = self._store.timeline
        return self._batches.take(messages, now_ms)

    def _granted(self, message: Message, now_ms: int) -> Message:
        return granted(self._store, self._key, message, (self._known, self._heed), now_ms)

    def _ask(self, terminal: str, message: Message) -> list[Message]:
        ask = read_ask(message.payload, self._known(ask_key_id(message.payload), terminal))
        streams = self._store.streams(ask.ledger_id)
        if ask.terminal != terminal or not streams or streams[0].terminal != terminal:
            raise BadEnvelopeError("terminal", f"{ask.terminal} on the topic of {terminal}")
        return [Message(topics.topic(terminal, topics.RESPONSE), self._answers.answer(ask))]

    def _read(self, terminal: str, data: bytes) -> tuple[Batch, list[bytes]]:
        key = self._known(key_id_of(data), terminal)
        batch, digests = unpack(data, key)
        if batch.terminal != terminal:
            raise BadEnvelopeError("terminal", f"{batch.terminal} on the topic of {terminal}")
        return batch, digests

    def _known(self, key_id: bytes, terminal: str) -> PublicKey:
        known = self._keys.get(key_id)
        if known is None or not 0 <= self._now_ms - known[2] < KEY_CHECK_MS:
            row = self._store.key(key_id)
            if row is None:
                self._keys.pop(key_id, None)
                reason = ended_why(self._store.ask, key_id) or "unknown-key"
                raise BadEnvelopeError(reason, key_id.hex())
            known = self._keys[key_id] = (PublicKey.of(row[0]), row[1], self._now_ms)
        if known[1] != terminal:
            raise BadEnvelopeError("terminal", f"the key of {known[1]}")
        return known[0]

    def _answer(self, terminal: str, ledger_id: str, held: Held, batch: bytes) -> Message:
        ack = Ack(
            ledger_id,
            held.branch,
            held.seq,
            held.digest,
            self._timeline,
            held.status,
            held.reason,
            regards(batch),
        )
        return Message(topics.topic(terminal, topics.ACK), write_ack(ack, self._key))

    def _hello(self, terminal: str, message: Message, now_ms: int) -> list[Message]:
        try:
            hello, key = read_hello(message.payload)
        except BadEnvelopeError as error:
            if error.reason != "version":
                raise
            return [self._unknown_version(terminal, message, now_ms)]
        if hello.terminal != terminal:
            raise BadEnvelopeError("terminal", f"{hello.terminal} on the topic of {terminal}")
        reason = self._objection(hello, key, now_ms)
        ordinals = 0
        if reason:
            self._keep(message, reason, now_ms)
            held = Held(Status.REFUSED, 0, 0, _NO_DIGEST, reason)
        else:
            held = self._greet(hello, key, now_ms)
            ordinals = self._store.ordinals(hello.terminal, hello.ledger_id)
        ack = Ack(
            hello.ledger_id, held.branch, held.seq, held.digest, self._timeline, held.status, reason
        )
        welcome = Welcome(
            hello.nonce,
            self._key.public.raw,
            write_ack(ack, self._key),
            ordinals,
            common_version(hello.versions) or VERSION,
            not reason and self._lacks_previous(hello),
        )
        payload = write_welcome(welcome, self._key)
        return [Message(topics.topic(terminal, topics.RESPONSE), payload)]

    def _unknown_version(self, terminal: str, message: Message, now_ms: int) -> Message:
        """Answer a hello of a later version than ours, which we cannot read, with a word that it can."""
        self._keep(message, "version", now_ms)
        reason = f"version: the head office knows {BATCH_VERSIONS}"
        held = Held(Status.REFUSED, 0, 0, _NO_DIGEST, reason)
        return self._answer(terminal, "", held, message.payload)

    def _lacks_previous(self, hello: Hello) -> bool:
        """Whether we came back from a backup made before the ledger that this one follows was sent."""
        if not hello.previous_seq:
            return False
        streams = self._store.streams(hello.previous)
        ends = (self._store.digest_at(stream, hello.previous_seq) for stream in streams)
        return hello.previous_hash not in ends

    def _objection(self, hello: Hello, key: PublicKey, now_ms: int) -> str:
        """Return why this till is not heard, empty if it is; keeps its key at the first time."""
        if common_version(hello.versions) is None:
            return f"version: the head office knows {BATCH_VERSIONS}"
        known = self._store.key_of(hello.terminal)
        ask = self._store.ask
        if known != key.raw and (why := ended_why(ask, key.key_id)):
            return why
        if known is None:
            is_known = self._store.key(key.key_id) is not None or was_ended(ask, hello.terminal)
            if is_known or not self._trust.believes(hello.terminal, key):
                return "not-enrolled"
            self._store.enrol(hello.terminal, key.key_id, key.raw, now_ms)
        elif known != key.raw:
            return "other-key"
        streams = self._store.streams(hello.ledger_id)
        return "other-ledger" if streams and streams[0].terminal != hello.terminal else ""

    def _greet(self, hello: Hello, key: PublicKey, now_ms: int) -> Held:
        streams = self._store.streams(hello.ledger_id)
        if not streams:
            # A machine that replaces another vouches for what that one's key began.
            start = genesis(hello.ledger_id, hello.ledger_key or key.raw)
            streams = [self._store.open_ledger(hello, key.key_id, start, now_ms)]
        said = self._heed(streams, hello.ack, hello.ledger_id)
        stream = self._stream_of(streams, hello, said)
        self._store.heard(stream, hello.head_seq, now_ms)
        return Held(Status.OK, stream.branch, stream.last_seq, stream.last_digest)

    def _heed(self, streams: list[Stream], shown: bytes, ledger_id: str) -> Ack | None:
        """Open a higher timeline if a till shows a word of ours that we do not hold; return the word."""
        said = self._what_we_said(shown, ledger_id)
        self._timeline = self._store.timeline  # Another worker may have opened one.
        # What was lost in an earlier timeline is why there is a later one.
        is_news = said is not None and said.timeline >= self._timeline
        if said is not None and is_news and not self._holds(streams, said):
            self._timeline = self._store.raise_timeline(said.timeline)
        return said

    def _what_we_said(self, shown: bytes, ledger_id: str) -> Ack | None:
        """Return the acknowledgement that a till shows, if it is ours and of its ledger."""
        try:
            ack = read_ack(shown, self._key.public)
        except BadEnvelopeError:
            return None
        return ack if ack.ledger_id == ledger_id else None

    def _holds(self, streams: list[Stream], said: Ack) -> bool:
        """Return whether we still hold what we once signed for, in a timeline that we know."""
        digests = (self._store.digest_at(stream, said.acked_seq) for stream in streams)
        return said.timeline <= self._timeline and said.head_hash in digests

    def _stream_of(self, streams: list[Stream], hello: Hello, said: Ack | None) -> Stream:
        """Return the stream that the till most likely is: by its head, by our last word, by its claim."""
        for stream in streams:
            if self._store.digest_at(stream, hello.head_seq) == hello.head_hash:
                return stream
        apart = [
            stream
            for stream in streams
            if said is not None and self._store.digest_at(stream, said.acked_seq) == said.head_hash
        ]
        candidates = apart or streams
        return next((s for s in candidates if s.branch == hello.branch), candidates[0])

    def _state(self, terminal: str, message: Message, now_ms: int) -> None:
        if not message.payload:
            return  # A retained message that somebody cleared.
        known = self._store.key_of(terminal)
        if known is None:
            return  # It has not said hello yet; the state is retained and repeated.
        state = read_till_state(message.payload, PublicKey.of(known))
        if state.terminal != terminal:
            raise BadEnvelopeError("terminal", f"{state.terminal} on the topic of {terminal}")
        self._store.note_state(state, now_ms)

    def _keep(self, message: Message, reason: str, now_ms: int) -> None:
        if now_ms >= self._refusal_due_ms:
            self._refusal_due_ms = now_ms + REFUSAL_EVERY_MS
            self._store.refuse(message.topic, message.payload, reason, now_ms)


def is_batch(message: Message) -> bool:
    """Return whether a message to the head office is a batch of records."""
    whose = topics.split(message.topic)
    return whose is not None and whose[1] == topics.UP
