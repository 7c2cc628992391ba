"""Money moved by command through a real pcscd and a virtual reader: one waits for the other."""

import time
from collections.abc import Iterator

import pytest

from config.schema import PcscReader as Settings
from drivers.api import (
    CardArrived,
    CardGo,
    CardLeft,
    CardOrder,
    CardQuestion,
    DeviceDown,
    DeviceUp,
    PurseDoubtful,
    PurseMoved,
    PurseReady,
    PurseSaid,
    PurseUnmoved,
)
from drivers.cards.counter import Purses
from drivers.cards.pcsc import PcscReader
from drivers.cards.proven import Shop
from drivers.supervise import Supervisor
from tests.cards.issued import EV1, EV2, KEYS, UID, issued
from tests.cards.members import classic, wallet
from tests.cards.sim.desfire import ATR
from tests.cards.sim.power import Fate
from tests.drivers.cards.cpu.test_wallet import wallet_card
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.vcard import ATR as CONTACT
from tests.kit.vcard import STORAGE_ATR, VirtualCard
from tests.kit.waiting import PATIENCE_S, Events, until

TERMINAL = "d3543abaa46c"
ORDER = CardOrder(1, "debit", 1_250, TERMINAL, "20261122101500")
NAMING = {"EV2": 6, "EV1": 7, "CPU": 4}
PAYING = {"EV2": 8, "EV1": 9, "CPU": 5}
AGAIN = {"EV2": 8, "EV1": 8, "CPU": 6}
"""Commands to name a card and to pay with it when it lies there, once the till has seen it before."""
CARDS = {"EV2": lambda: issued(EV2), "EV1": lambda: issued(EV1), "CPU": wallet_card}
EACH = pytest.mark.parametrize("family", CARDS)
QUESTION = CardQuestion(UID.hex(), TERMINAL, 1, "debit", 1_250, "20261122101500", 1)


@pytest.fixture(scope="module")
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as running:
        yield running


@pytest.fixture
def reader(pcscd: Pcscd):
    events = Events()
    supervisor = Supervisor(events, time.monotonic)
    shop = Shop(KEYS, wallets=True)
    settings = Settings(name="counter", match=READERS[0])
    made = PcscReader(settings, shop.on("none"), PATIENCE_S, purses=Purses(shop).open)
    supervisor.start(made)
    assert events.next_of(DeviceUp, "counter")
    made.events = events
    yield made
    until(lambda: not card_is_seen(0), "pcscd sees that the card has gone")
    supervisor.stop()
    supervisor.join(PATIENCE_S)


@EACH
def test_an_order_waits_for_the_card_and_the_card_for_its_word(reader, family):
    fate = Fate(CARDS[family]())
    assert reader.purse(ORDER)
    with VirtualCard(fate, atr=ATR):
        ready = reader.events.next_of(PurseReady, "counter")
        assert reader.purse(CardGo(1))
        moved = reader.events.next_of(PurseMoved, "counter")

    assert (ready.balance - 1_250, ready.counter + 1) == (moved.balance, moved.counter)
    assert len(fate.commands) == PAYING[family]


@EACH
def test_a_card_that_named_its_member_pays_in_the_same_session(reader, family):
    card = CARDS[family]()
    with VirtualCard(first := Fate(card), atr=ATR):
        named = reader.events.next_of(CardArrived, "counter").card
    assert reader.events.next_of(CardLeft, "counter")
    assert (len(first.commands), named.purse != "", named.data[:4]) == (
        NAMING[family],
        True,
        b"TP1:",
    )
    card.power_off()
    with VirtualCard(second := Fate(card), atr=ATR):
        assert reader.events.next_of(CardArrived, "counter").card == named
        assert reader.purse(ORDER)
        assert reader.events.next_of(PurseReady, "counter")
        assert reader.purse(CardGo(1))
        assert reader.events.next_of(PurseMoved, "counter")

    assert len(second.commands) == AGAIN[family]


def test_a_card_torn_away_at_its_commit_says_at_the_next_tap_what_it_did(reader):
    card = issued(EV2)
    assert reader.purse(ORDER)
    with VirtualCard(Fate(card, unheard_at=7), atr=ATR):
        assert reader.events.next_of(PurseReady, "counter")
        assert reader.purse(CardGo(1))
        assert reader.events.next_of(PurseDoubtful, "counter")
    assert reader.events.next_of(CardLeft, "counter")
    card.power_off()
    with VirtualCard(card, atr=ATR):
        assert reader.events.next_of(CardArrived, "counter").card.purse == UID.hex()
        assert reader.purse(QUESTION)
        said = reader.events.next_of(PurseSaid, "counter")

    assert (said.outcome, said.balance) == ("happened", 3_750)


def test_a_card_that_left_before_its_word_came_moves_nothing(reader):
    card = issued(EV2)
    assert reader.purse(ORDER)
    with VirtualCard(card, atr=ATR):
        assert reader.events.next_of(PurseReady, "counter")
    until(lambda: not card_is_seen(0), "pcscd sees that the card has gone")
    assert reader.purse(CardGo(1))

    # Whether the reader or the answer is first to know: the commit is never sent.
    assert reader.events.next_of(PurseUnmoved, "counter").is_torn
    assert issued(EV2).commits + 1 > card.commits


def test_a_card_that_falls_mute_at_its_commit_takes_the_reader_down(reader):
    assert reader.purse(ORDER)
    with VirtualCard(Fate(issued(EV2), mute_at=7), atr=ATR):
        assert reader.events.next_of(PurseReady, "counter")
        reader._card_limit_s = 0.5  # From here on nobody waits for an honest card.
        assert reader.purse(CardGo(1))
        assert "take the card away" in reader.events.next_of(DeviceDown, "counter").reason


@pytest.mark.parametrize(("make", "atr"), [(classic, STORAGE_ATR), (wallet, CONTACT)])
def test_cards_of_members_are_named_through_their_purse(reader, make, atr):
    with VirtualCard(make(), atr=atr):
        named = reader.events.next_of(CardArrived, "counter").card

    assert named.trouble is None
    assert (named.purse != "", named.money) == (True, 0)
