"""Bugs, planted one at a time. Each breaks a law within the schedules of ``./test``."""

from dataclasses import replace

from sync.hq.allowances import NEVER_TAKEN
from sync.hq.append import Appender
from sync.hq.grants import Grants
from sync.hq.receive import Receiver
from sync.hq.store import Store
from sync.protocol.ack import Status, read_ack
from sync.uplink.api import Acked
from sync.uplink.session import Session
from terminal.store.succession import RESTORED_MARK
from tests.sim.office import SimOffice
from tests.sim.till import SimTill
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


class AppendsTwice(Appender):
    """What comes is appended, seen before or not."""

    def _elsewhere(self, streams, work, writes):
        return self._extend(streams[0], work, writes)


class StoresTwice(Store):
    """Runs :class:`AppendsTwice`."""

    appender_kind = AppendsTwice


class AppendsWithGaps(Appender):
    """What comes too early is taken all the same."""

    def _take(self, streams, work, writes):
        if work.batch.first_seq > streams[0].last_seq + 1:
            early = replace(streams[0], last_seq=work.batch.first_seq - 1)
            return self._extend(early, work, writes)
        return super()._take(streams, work, writes)


class StoresWithGaps(Store):
    """Runs :class:`AppendsWithGaps`."""

    appender_kind = AppendsWithGaps


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


class AppendsWithoutBooks(Appender):
    """The books miss what a batch that comes after a fork changed."""

    def _extend(self, stream, work, writes):
        if stream.parent is not None:
            work.sums.deltas.clear()
        return super()._extend(stream, work, writes)


class ForgetsTheBooks(Store):
    """Runs :class:`AppendsWithoutBooks`."""

    appender_kind = AppendsWithoutBooks


class GoesOnAfterARestore(SimTill):
    """A backup is put back and gone on with: its next receipts repeat numbers that were given out."""

    def restore_by_tool(self, backup, folder):
        super().restore_by_tool(backup, folder)
        (self.disk.folder / RESTORED_MARK).unlink()


class OfficeThatKeepsItsTimeline(SimOffice):
    """Runs :class:`KeepsItsTimeline`."""

    receiver_kind = KeepsItsTimeline


class FreesExpired(Grants):
    """What its own clock calls expired is granted again, whatever the till's clock says."""

    def answer(self, ask, timeline, now_ms):
        self._sql.execute(
            "UPDATE allowance SET state = ? WHERE expires_ms <= ?", (NEVER_TAKEN, now_ms)
        )
        return super().answer(ask, timeline, now_ms)


class StoreThatFreesExpired(Store):
    """Runs :class:`FreesExpired`."""

    def __init__(self, *asked):
        super().__init__(*asked)
        self.grants = FreesExpired(self.database)


class GrantsWithoutARollCall(Grants):
    """After it came back from a backup it grants at once, though it may have forgotten grants."""

    def _objection(self, ask, timeline):
        refused = super()._objection(ask, timeline)
        return None if refused is not None and refused.why == "roll-call" else refused


class StoreWithoutARollCall(Store):
    """Runs :class:`GrantsWithoutARollCall`."""

    def __init__(self, *asked):
        super().__init__(*asked)
        self.grants = GrantsWithoutARollCall(self.database)


PLANTED = {
    "free an expired allowance": Kinds(store=StoreThatFreesExpired),
    "trusts an uncommitted ack": Kinds(office=AnswersBeforeItCommits),
    "no dedup": Kinds(store=StoresTwice),
    "takes what comes too early": Kinds(store=StoresWithGaps),
    "accepts a lower ack": Kinds(session=TakesALowerAck),
    "keeps its timeline after a restore": Kinds(office=OfficeThatKeepsItsTimeline),
    "receipt number repeats after a restore": Kinds(till=GoesOnAfterARestore),
    "the books miss a fork": Kinds(store=ForgetsTheBooks),
}
WITHOUT_A_ROLL_CALL = Kinds(store=StoreWithoutARollCall)
"""Random schedules seldom come so far; one by hand shows it."""
