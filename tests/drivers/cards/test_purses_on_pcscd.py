"""Purses through a real pcscd and a virtual reader: paid, torn at the commit, mute at the commit."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from config.schema import PcscReader as Settings
from drivers.api import (
    CardArrived,
    CardImage,
    CardLeft,
    CardTornError,
    DeviceDown,
    DeviceUp,
)
from drivers.cards.apdu import get_uid
from drivers.cards.cpu.wallet import open_wallet
from drivers.cards.desfire.purse import open_purse
from drivers.cards.pcsc import PcscReader
from drivers.cards.purse import DoubtError, OpenPurse, Outcome
from drivers.cards.seam import Transmit
from drivers.supervise import Supervisor
from tests.cards.issued import EV1, EV2, KEYS, Drawn, issued, moved
from tests.cards.sim.desfire import ATR as DESFIRE_ATR
from tests.cards.sim.power import Fate
from tests.drivers.cards.cpu.test_wallet import wallet_card
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.vcard import VirtualCard
from tests.kit.waiting import PATIENCE_S, Events, until


def open_cpu(transmit: Transmit) -> OpenPurse:
    transmit(get_uid())
    return open_wallet(transmit, KEYS)


@dataclass(frozen=True)
class Family:
    """A purse, how it is opened, how many commands it takes and the counter of a fresh card."""

    make: Callable[[], object]
    open: Callable[[Transmit], OpenPurse]
    commands: int
    counter: int


FAMILIES = {
    "EV1": Family(lambda: issued(EV1), lambda t: open_purse(t, Drawn(), KEYS, EV1), 8, 1),
    "EV2": Family(lambda: issued(EV2), lambda t: open_purse(t, Drawn(), KEYS, EV2), 8, 1),
    "CPU": Family(wallet_card, open_cpu, 5, 0),
}
EACH = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))


@dataclass
class Till:
    """What the card thread does with a card: pay once; settle, if that was in doubt."""

    family: Family
    doubts: list[DoubtError] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    in_doubt: threading.Event = field(default_factory=threading.Event)

    def read(self, transmit: Transmit, atr: bytes) -> CardImage:
        purse = self.family.open(transmit)
        if self.doubts:
            settled = purse.settle(moved(1_250), self.family.counter)
            self.outcomes.append(settled.outcome)
            return CardImage("settled", b"", atr, b"")
        purse.prepare(moved(1_250))
        try:
            paid = purse.move(moved(1_250))
        except DoubtError as error:
            self.doubts.append(error)
            self.in_doubt.set()
            return CardImage("doubt", b"", atr, b"")
        return CardImage("paid", b"", atr, paid.balance.to_bytes(4, "big"))


@pytest.fixture(scope="module")
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as running:
        yield running


@pytest.fixture
def start(pcscd: Pcscd) -> Iterator[Callable[[Till], Events]]:
    events = Events()
    supervisor = Supervisor(events, time.monotonic)

    def begin(till: Till, limit_s: float = 8.0) -> Events:
        settings = Settings(name="counter", match=READERS[0])
        supervisor.start(PcscReader(settings, till.read, limit_s))
        assert events.next_of(DeviceUp, "counter")
        return events

    yield begin
    until(lambda: not card_is_seen(0), "pcscd sees that the card has gone")
    supervisor.stop()
    supervisor.join(PATIENCE_S)


@EACH
def test_a_purse_pays_through_a_real_card_service(start, family: Family):
    till, fate = Till(family), Fate(family.make())
    events = start(till)

    with VirtualCard(fate, atr=DESFIRE_ATR):
        arrived = events.next_of(CardArrived, "counter")

    assert (arrived.card.family, int.from_bytes(arrived.card.data, "big")) == ("paid", 3_750)
    assert len(fate.commands) == family.commands


@pytest.mark.parametrize(("name", "arrived"), [("EV1", True), ("EV2", False), ("CPU", True)])
def test_a_card_torn_away_at_its_commit_is_settled_at_its_next_tap(start, name: str, arrived):
    family = FAMILIES[name]
    till, sim = Till(family), family.make()
    events = start(till)
    at = family.commands - 1

    with VirtualCard(Fate(sim, **{"unheard_at" if arrived else "lost_at": at}), atr=DESFIRE_ATR):
        assert events.next_of(CardArrived, "counter").card.family == "doubt"
    assert events.next_of(CardLeft, "counter")
    sim.power_off()
    with VirtualCard(sim, atr=DESFIRE_ATR):
        assert events.next_of(CardArrived, "counter").card.family == "settled"

    assert isinstance(till.doubts[0].__cause__, CardTornError)
    assert till.outcomes == [Outcome.HAPPENED if arrived else Outcome.DID_NOT]


def test_a_card_that_falls_mute_at_its_commit_is_given_up_and_is_a_doubt(start):
    family = FAMILIES["EV2"]
    till = Till(family)
    events = start(till, 3.0)

    with VirtualCard(Fate(family.make(), mute_at=family.commands - 1), atr=DESFIRE_ATR):
        assert "take the card away" in events.next_of(DeviceDown, "counter").reason
    # Taken away, the call comes back, and tells the truth: nobody knows.
    assert till.in_doubt.wait(PATIENCE_S)
