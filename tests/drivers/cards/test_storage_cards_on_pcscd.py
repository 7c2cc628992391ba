"""The simulated storage cards, tags and memory cards in a real pcscd's virtual reader."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from config.schema import PcscReader as Settings
from drivers.api import CardArrived, CardImage, CardLeft, CardUnreadable, DeviceDown, DeviceUp
from drivers.cards import felica
from drivers.cards.classic.keys import card_keys
from drivers.cards.classic.member import read_member as read_classic
from drivers.cards.classic.personalise import Job as ClassicJob
from drivers.cards.classic.personalise import personalise as personalise_classic
from drivers.cards.classic.purse import open_purse
from drivers.cards.keys import Masters
from drivers.cards.ntag424.personalise import Job as Ntag424Job
from drivers.cards.ntag424.personalise import personalise as personalise_ntag424
from drivers.cards.ntag424.personalise import tag_keys
from drivers.cards.ntag424.sun import verify
from drivers.cards.ntag424.tag import read_address
from drivers.cards.ntag424.template import Template
from drivers.cards.pcsc import PcscReader
from drivers.cards.purse import DoubtError, Kind, Movement, Outcome
from drivers.cards.seam import Transmit
from drivers.cards.sle44xx.chip import SLE4442
from drivers.cards.sle44xx.member import Job as SleJob
from drivers.cards.sle44xx.member import personalise as personalise_sle
from drivers.cards.sle44xx.member import read_member as read_sle
from drivers.cards.steps import run
from drivers.cards.storage import Passage
from drivers.cards.ultralight.member import check, mac_seals, sealed_message
from drivers.cards.ultralight.member import read_member as read_ultralight
from drivers.cards.ultralight.personalise import Job as UltralightJob
from drivers.cards.ultralight.personalise import password_of
from drivers.cards.ultralight.personalise import personalise as personalise_ultralight
from drivers.cards.ultralight.tags import identify
from drivers.supervise import Supervisor
from tests.cards.sim.classic import Classic
from tests.cards.sim.felica import Felica
from tests.cards.sim.ntag424 import Ntag424
from tests.cards.sim.power import Fate
from tests.cards.sim.sle44xx import sle4442
from tests.cards.sim.ultralight import NTAG213, Tag
from tests.drivers.cards.seams import transmit_to
from tests.kit.pcscd import READERS, Pcscd
from tests.kit.vcard import VirtualCard
from tests.kit.waiting import PATIENCE_S, Events

UID = bytes.fromhex("04a1b2c3d4e5f6")
KEYS = Masters(((1, b"M" * 16),))
TEXT = b"TP1:100001:60"
ADDRESS = Template.parse("https://example.com/m?e={picc}&c={mac}")
MOVEMENT = Movement(Kind.TOP_UP, 5000, b"TILL01", 1, "20240501120000")
Work = Callable[[Transmit], bytes]


def draw(length: int) -> bytes:
    return bytes(range(length))


@dataclass
class Counter:
    """A reader that does with each card what it was told last."""

    events: Events
    supervisor: Supervisor
    work: Work | None = None
    reader: PcscReader | None = None

    def start(self) -> None:
        self.reader = PcscReader(Settings(name="counter", match=READERS[0]), self._read, PATIENCE_S)
        self.supervisor.start(self.reader)
        assert self.events.next_of(DeviceUp)

    def _read(self, transmit: Transmit, atr: bytes) -> CardImage:
        assert self.work is not None
        return CardImage("test", b"", atr, self.work(transmit))

    def tap(self, card, work: Work) -> bytes:
        """Put ``card`` on the reader, and return what came of ``work`` on it."""
        self.work = work
        answers = card.card if isinstance(card, Fate) else card
        with VirtualCard(card, atr=answers.atr):
            data: bytes = self.events.next_of(CardArrived).card.data
        self.events.next_of(CardLeft)
        answers.power_off()
        return data


@pytest.fixture(scope="module")
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as running:
        yield running


@pytest.fixture
def counter(pcscd: Pcscd) -> Iterator[Counter]:
    events = Events()
    supervisor = Supervisor(events, time.monotonic)
    counter = Counter(events, supervisor)
    counter.start()
    yield counter
    supervisor.stop()
    assert supervisor.join(PATIENCE_S) == ()


def issue_classic(transmit: Transmit) -> None:
    list(run(personalise_classic(transmit, ClassicJob(UID, card_keys(KEYS, 1, UID), ()), TEXT)))


def issue_ultralight(transmit: Transmit) -> None:
    tag = identify(transmit, Passage.PN532)
    job = UltralightJob(tag, Passage.PN532, password_of(KEYS, 1, UID))
    message = sealed_message(UID, TEXT, mac_seals(KEYS, UID)[0])
    list(run(personalise_ultralight(transmit, job, message)))


def issue_ntag424(transmit: Transmit) -> None:
    list(run(personalise_ntag424(transmit, draw, Ntag424Job(tag_keys(KEYS, 1, UID), ()), ADDRESS)))


def issue_sle4442(transmit: Transmit) -> None:
    list(run(personalise_sle(transmit, SleJob(SLE4442, KEYS, draw), TEXT)))


def issued() -> Classic:
    card = Classic(UID)
    issue_classic(transmit_to(card))
    card.power_off()
    return card


def balance(transmit: Transmit) -> bytes:
    return str(open_purse(transmit, KEYS).state.balance).encode()


def use_classic(transmit: Transmit) -> bytes:
    issue_classic(transmit)
    open_purse(transmit, KEYS).move(MOVEMENT)
    return read_classic(transmit, KEYS).text + balance(transmit)


def use_ultralight(transmit: Transmit) -> bytes:
    issue_ultralight(transmit)
    return check(read_ultralight(transmit), mac_seals(KEYS, UID))


def use_ntag424(transmit: Transmit) -> bytes:
    issue_ntag424(transmit)
    return verify(ADDRESS.read(read_address(transmit)), KEYS).uid


def use_sle4442(transmit: Transmit) -> bytes:
    issue_sle4442(transmit)
    return read_sle(transmit, SLE4442, KEYS).text


def test_every_family_is_made_ours_and_read_through_a_real_reader(counter: Counter):
    idm = bytes.fromhex("012e4cd8a30b1234")

    assert counter.tap(Classic(UID), use_classic) == TEXT + b"5000"
    assert counter.tap(Tag(UID, NTAG213), use_ultralight) == TEXT
    assert counter.tap(Ntag424(UID, draw), use_ntag424) == UID
    assert counter.tap(sle4442(), use_sle4442) == TEXT
    assert counter.tap(Felica(idm), felica.read_idm) == idm


def test_a_purse_pulled_out_of_a_real_reader_is_settled_at_the_next_tap(counter: Counter):
    card = issued()
    seen = []

    def top_up(transmit: Transmit) -> bytes:
        purse = open_purse(transmit, KEYS)
        seen.append(purse.state)
        try:
            purse.move(MOVEMENT)
        except DoubtError:
            return b"in doubt"
        return b"moved"

    counter.work = top_up
    with VirtualCard(Fate(card, unheard_at=5), atr=card.atr):
        assert counter.events.next_of(CardArrived).card.data == b"in doubt"
        counter.events.next_of(CardLeft)
    card.power_off()

    def outcome(transmit: Transmit) -> bytes:
        return open_purse(transmit, KEYS).settle(MOVEMENT, seen[0].counter).outcome.encode()

    assert counter.tap(card, outcome) == Outcome.HAPPENED.encode()
    assert counter.tap(card, balance) == b"5000"


def test_a_slow_card_is_served_and_a_mute_one_is_told_of(counter: Counter):
    card = issued()

    assert counter.tap(Fate(card, slow_s=0.02), balance) == b"0"

    counter.work = balance
    counter.reader._card_limit_s = 0.5
    with VirtualCard(Fate(card, mute_at=3), atr=card.atr):
        assert "take the card away" in counter.events.next_of(DeviceDown).reason
    counter.reader._card_limit_s = PATIENCE_S
    assert counter.events.next_of(DeviceUp)
    card.power_off()
    assert counter.tap(card, balance) == b"0"


def test_a_lying_card_is_unreadable(counter: Counter):
    card = issued()
    counter.work = lambda transmit: read_classic(transmit, KEYS).text

    with VirtualCard(Fate(card, lie_at=3, lie=lambda raw: raw[:5] + raw[-2:]), atr=card.atr):
        assert "5 bytes in place of 16" in counter.events.next_of(CardUnreadable).reason
