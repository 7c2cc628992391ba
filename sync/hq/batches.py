"""Batches that wait together: which may be stored, and what is answered to each.

Those of different ledgers are one transaction. Of a batch that was repeated while it waited, only the last is
looked at. Where the transaction is refused, each is tried alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync.hq.append import Work
from sync.hq.database import StoreError
from sync.hq.store import Store
from sync.hq.streams import Held
from sync.mqtt import Message
from sync.protocol.ack import Status
from sync.protocol.batch import Batch
from sync.protocol.record import DIGEST_BYTES
from sync.protocol.wire import BadEnvelopeError

_NO_DIGEST = bytes(DIGEST_BYTES)
Read = Callable[[str, bytes], tuple[Batch, list[bytes]]]
"""Verifies a till's batch; raises BadEnvelopeError."""
Keep = Callable[[Message, str, int], None]
"""Keeps a refused message and why."""
Answer = Callable[[str, str, Held, bytes], Message]
"""Signs what became of a till's batch."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A batch that was verified and waits to be stored."""

    message: Message
    terminal: str
    batch: Batch
    digests: list[bytes]

    def repeats(self, before: "_Waiting") -> bool:
        """Return whether this begins with the record that ``before`` begins with, and so replaces it."""
        return (
            self.digests[0] == before.digests[0] and self.batch.first_seq == before.batch.first_seq
        )


class Batches:
    """Takes batches in. One thread only."""

    def __init__(self, store: Store, read: Read, keep: Keep, answer: Answer) -> None:
        self._store = store
        self._read, self._keep, self._answer = read, keep, answer
        self._owners: dict[str, str] = {}
        """Tills by ledger, of those that sent batches; a ledger never changes its till."""

    def take(self, messages: Sequence[Message], now_ms: int) -> list[Message]:
        """Store batches and return the answers.

        Raises:
            StoreError: The last of them was not stored and is not answered; others may be.
            CommitUnknownError: End the process.
        """
        answers: list[Message] = []
        waiting: dict[str, _Waiting] = {}
        for message in messages:
            read = self._opened(message, now_ms)
            if isinstance(read, Message):
                answers.append(read)
                continue
            before = waiting.get(read.batch.ledger_id)
            if before is not None and not read.repeats(before):
                answers += self._stored(list(waiting.values()), now_ms)
                waiting.clear()
            waiting[read.batch.ledger_id] = read  # Of what was repeated, its till awaits the last.
        return answers + self._stored(list(waiting.values()), now_ms)

    def _opened(self, message: Message, now_ms: int) -> "_Waiting | Message":
        """Return a batch that may be stored, or the answer that refuses it."""
        terminal, data, ledger_id = message.topic.split("/")[2], message.payload, ""
        reason = "unknown-ledger"
        try:
            batch, digests = self._read(terminal, data)
            if self._is_of(batch.ledger_id, terminal):
                return _Waiting(message, terminal, batch, digests)
            ledger_id = batch.ledger_id
        except BadEnvelopeError as error:
            reason = error.reason
        self._keep(message, reason, now_ms)
        held = Held(Status.REFUSED, 0, 0, _NO_DIGEST, reason)
        return self._answer(terminal, ledger_id, held, data)

    def _is_of(self, ledger_id: str, terminal: str) -> bool:
        """Whether a ledger is known, and of this till."""
        owner = self._owners.get(ledger_id)
        if owner is None:
            streams = self._store.streams(ledger_id)
            if not streams:
                return False
            owner = self._owners[ledger_id] = streams[0].terminal
        return owner == terminal

    def _stored(self, waiting: list["_Waiting"], now_ms: int) -> list[Message]:
        """Store batches of different ledgers and return the answers."""
        if not waiting:
            return []
        try:
            works = [Work.of(each.batch, each.digests) for each in waiting]
            held = self._store.append_all(works, now_ms)
        except StoreError:
            self._owners.clear()  # The database may be another one now, from a backup.
            if len(waiting) == 1:
                raise
            # One of them may be what cannot be stored; the others shall not wait for it.
            return self._stored_singly(waiting, now_ms)
        return [self._said(each, what, now_ms) for each, what in zip(waiting, held, strict=True)]

    def _stored_singly(self, waiting: list["_Waiting"], now_ms: int) -> list[Message]:
        answers: list[Message] = []
        refused: StoreError | None = None
        for each in waiting:
            try:
                answers += self._stored([each], now_ms)
            except StoreError as error:
                refused = error
        if refused is not None and not answers:
            raise refused
        return answers

    def _said(self, each: "_Waiting", held: Held, now_ms: int) -> Message:
        ledger_id = each.batch.ledger_id
        if held.status is Status.REFUSED:
            self._keep(each.message, held.reason, now_ms)
            self._store.flag(ledger_id, held.branch, held.reason)
        return self._answer(each.terminal, ledger_id, held, each.message.payload)
