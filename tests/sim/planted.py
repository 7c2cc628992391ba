"""Bugs, planted one at a time. Each breaks a law within the schedules of ``./test``."""

from dataclasses import replace

from sync.hq.books import sum_up
from sync.hq.receive import Receiver
from sync.hq.store import Store
from sync.protocol.ack import Status, read_ack
from sync.uplink.api import Acked
from sync.uplink.session import Session
from tests.sim.office import SimOffice
from tests.sim.world import Kinds


class AnswersBeforeItCommits(SimOffice):
    """The answer goes out, and then the power fails before the commit: an ack of nothing is trusted."""

    def take(self, whence: int, topic: str, payload: bytes) -> bool:
        if not self._dies_next:
            return super().take(whence, topic, payload)
        before, kept = self.image(), self.backup
        self._dies_next = False
        super().take(whence, topic, payload)
        self.backup = before
        self.restore()
        self.backup = kept
        return True


class StoresTwice(Store):
    """What comes is appended, seen before or not."""

    def _elsewhere(self, streams, batch, digests, now_ms):
        return self._extend(streams[0], batch, digests, sum_up(batch.records), now_ms)


class StoresWithGaps(Store):
    """What comes too early is taken all the same."""

    def append(self, batch, digests, now_ms):
        stream = self.streams(batch.ledger_id)[0]
        if batch.first_seq > stream.last_seq + 1:
            with self._database.transaction():
                early = replace(stream, last_seq=batch.first_seq - 1)
                return self._extend(early, batch, digests, sum_up(batch.records), now_ms)
        return super().append(batch, digests, now_ms)


class TakesALowerAck(Session):
    """A word that came late moves the acknowledged position back."""

    def _heard_ack(self, payload, now_ms):
        outs = super()._heard_ack(payload, now_ms)
        return outs or (self._late(payload) if self._trusted else [])

    def _late(self, payload):
        ack = read_ack(payload, self._trusted)
        if ack.status is Status.REFUSED or ack.acked_seq >= self.state.acked:
            return []
        if ack.timeline != self.state.timeline or not self._is_ours(ack):
            return []
        self.state = replace(self.state, acked=ack.acked_seq)
        proof = self._trusted.raw + payload
        return [Acked(ack.ledger_id, ack.acked_seq, ack.head_hash, proof, ack.timeline)]


class KeepsItsTimeline(Receiver):
    """A head office back from a backup goes on as if it had never signed what it lost."""

    def _holds(self, _streams, _said):
        return True


class ForgetsTheBooks(Store):
    """The books miss what a batch that comes after a fork changed."""

    def _extend(self, stream, batch, digests, sums, now_ms):
        if stream.parent is not None:
            sums.deltas.clear()
        return super()._extend(stream, batch, digests, sums, now_ms)


class OfficeThatKeepsItsTimeline(SimOffice):
    """Runs :class:`KeepsItsTimeline`."""

    receiver_kind = KeepsItsTimeline


PLANTED = {
    "trusts an uncommitted ack": Kinds(office=AnswersBeforeItCommits),
    "no dedup": Kinds(store=StoresTwice),
    "takes what comes too early": Kinds(store=StoresWithGaps),
    "accepts a lower ack": Kinds(session=TakesALowerAck),
    "keeps its timeline after a restore": Kinds(office=OfficeThatKeepsItsTimeline),
    "the books miss a fork": Kinds(store=ForgetsTheBooks),
}
