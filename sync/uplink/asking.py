"""The till's asks for value, without threads and network: sent until answered, or given up.

An ask that is not answered is sent again under the same id, so that it is granted once. When the connection
goes, asks are forgotten: whoever stands at the till then pays by what is here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sync import topics
from sync.protocol.keys import PublicKey
from sync.protocol.value import (
    FORMAT,
    OUTSTANDING_MAX,
    Ask,
    is_about_value,
    read_grant,
    write_ask,
)
from sync.protocol.wire import BadEnvelopeError
from sync.uplink.api import SyncTrouble, TillIdentity, ValueGranted, ValueUnanswered, Wanted
from sync.uplink.session import Publish

AGAIN_MS = 2_000
TRIES_MAX = 5
Out = Publish | ValueGranted | ValueUnanswered | SyncTrouble


@dataclass(slots=True)
class _Flight:
    wanted: Wanted
    nonce: bytes
    due_ms: int
    tries: int
    proof: bytes


class Asking:
    """One till's asks over one connection after the other."""

    def __init__(self, identity: TillIdentity, nonce: Callable[[], bytes]) -> None:
        self._identity = identity
        self._draw_nonce = nonce
        self._flights: dict[str, _Flight] = {}

    @property
    def wake_ms(self) -> int | None:
        """When :meth:`tick` wants to be called."""
        return min((each.due_ms for each in self._flights.values()), default=None)

    def ask(
        self, wanted: Wanted, branch: int, now_ms: int, *, is_open: bool, proof: bytes = b""
    ) -> list[Out]:
        """Send an ask, or say at once that it cannot be; ``proof`` is the last acknowledgement."""
        if not is_open or len(self._flights) >= OUTSTANDING_MAX:
            return [ValueUnanswered(wanted.ask)]
        flight = _Flight(wanted, self._draw_nonce(), now_ms + AGAIN_MS, 1, proof)
        self._flights[wanted.ask] = flight
        return [self._send(flight, branch)]

    def closed(self) -> list[Out]:
        """Give up: the connection is gone."""
        asks = list(self._flights)
        self._flights.clear()
        return [ValueUnanswered(ask) for ask in asks]

    def tick(self, branch: int, now_ms: int) -> list[Out]:
        """Ask again what is due, or give it up."""
        outs: list[Out] = []
        for name, flight in list(self._flights.items()):
            if now_ms < flight.due_ms:
                continue
            if flight.tries >= TRIES_MAX:
                del self._flights[name]
                outs.append(ValueUnanswered(name))
                continue
            flight.tries += 1
            flight.due_ms = now_ms + AGAIN_MS * flight.tries
            outs.append(self._send(flight, branch))
        return outs

    def heard(self, payload: bytes, trusted: PublicKey | None) -> list[Out]:
        """Take in an answer; one that is not what it should be changes nothing."""
        if trusted is None:
            return []
        try:
            grant = read_grant(payload, trusted)
        except BadEnvelopeError as error:
            return [SyncTrouble("forged", f"grant: {error}")]
        flight = self._flights.get(grant.ask)
        if flight is None or flight.nonce != grant.nonce:
            return []
        del self._flights[grant.ask]
        return [ValueGranted(grant)]

    def _send(self, flight: _Flight, branch: int) -> Publish:
        who, wanted = self._identity, flight.wanted
        ask = Ask(
            FORMAT, who.terminal, flight.nonce, who.ledger_id, branch, wanted.store,
            wanted.timeline, wanted.head_seq, wanted.ask, wanted.outstanding, wanted.account,
            flight.proof,
        )  # fmt: skip
        return Publish(topics.topic(who.terminal, topics.REQUEST), write_ask(ask, who.key))


def is_answer(topic: str, payload: bytes) -> bool:
    """Return whether a message is the answer to an ask for value."""
    return topic.endswith(f"/{topics.RESPONSE}") and is_about_value(payload)
