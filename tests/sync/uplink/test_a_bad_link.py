"""A thousand seeded schedules of loss, doubling, reordering, forging and crashes; planted bugs are found."""

import pytest

from sync.hq.append import Appender
from sync.hq.store import Store
from sync.hq.streams import Held
from sync.protocol.ack import Status, peek_ack
from sync.uplink.session import Session
from tests.sync.world import LawBrokenError, Weather, World

SCHEDULES = 800
STEPS = 60


def run(seed: int, weather: Weather | None = None, **kinds) -> World:
    world = World(seed, weather or Weather(), **kinds)
    try:
        world.run(STEPS)
    finally:
        world.close()
    return world


def test_every_entry_arrives_once_and_in_order_whatever_the_link_does():
    posted = sum(run(seed).ledger.head for seed in range(SCHEDULES))
    assert posted > 10 * SCHEDULES


def test_a_head_office_back_from_an_older_backup_gets_everything_again():
    raised = 0
    for seed in range(200):
        world = run(seed, Weather(lost=10, doubled=10, restore=8))
        raised += world.acked[0] > 1
    assert raised > 20


def found(**kinds) -> bool:
    """Return whether a law is seen broken within the schedules."""
    for seed in range(SCHEDULES):
        try:
            run(seed, **kinds)
        except LawBrokenError:
            return True
    return False


class TrustsAnybody(Session):
    """Planted: an acknowledgement is believed whoever signed it."""

    def _heard_ack(self, payload, now_ms):
        ack = peek_ack(payload)
        if ack is None or self._trusted is None:
            return []
        answered = super()._heard_ack
        self._trusted, kept = _AnyKey(self._trusted), self._trusted
        try:
            return answered(payload, now_ms)
        finally:
            self._trusted = kept


class _AnyKey:
    def __init__(self, key):
        self.key_id = _Anything()
        self.raw = key.raw

    def is_signature(self, _signature, _data):
        return True


class _Anything(bytes):
    def __eq__(self, _other):
        return True

    def __ne__(self, _other):
        return False

    __hash__ = bytes.__hash__


class AppendsTwice(Appender):
    """Planted: what comes is appended, seen before or not."""

    def _elsewhere(self, streams, work, writes):
        return self._extend(streams[0], work, writes)


class StoresTwice(Store):
    appender_kind = AppendsTwice


class AnswersFirst(Store):
    """Planted: the answer is given, and then the power fails before the commit."""

    def append_all(self, works, now_ms):
        (work,) = works
        if work.batch.first_seq % 3:
            return super().append_all(works, now_ms)
        last = work.batch.first_seq + len(work.digests) - 1
        return [Held(Status.OK, 0, last, work.digests[-1])]


@pytest.mark.parametrize(
    "planted",
    [{"session_kind": TrustsAnybody}, {"store_kind": StoresTwice}, {"store_kind": AnswersFirst}],
    ids=["trusts anybody's word", "stores twice", "answers before it stores"],
)
def test_a_planted_bug_is_found(planted):
    assert found(**planted)
