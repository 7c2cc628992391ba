"""Every way in which a payment off a card can be cut off, with real ledger, till, families, simulators."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from drivers import api
from drivers.cards.desfire.purse import Purse
from drivers.cards.purse import Outcome, Settlement
from drivers.cards.teller import Teller
from terminal.core.purse import work
from terminal.core.purse.events import CardDoubtful, CardUnmoved
from terminal.core.refusal import Key
from tests.kit.worlds import FUTURES, MONEY, Shop, worlds

WORLDS = list(worlds())


@pytest.fixture
def shop():
    """A shop in memory, where there is such a place: cutting the power needs no disk here."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Shop.open(Path(folder))


def test_there_are_enough_worlds():
    print(f"{len(WORLDS)} worlds")
    assert len(WORLDS) >= 2_000


@pytest.mark.parametrize("future", FUTURES)
def test_no_sale_is_lost_nobody_pays_twice_and_no_doubt_is_hidden(shop, future):
    lived = [world for world in WORLDS if world.future == future]
    broken = [(str(world), faults) for world in lived if (faults := shop.run(world))]
    print(f"{len(lived)} worlds with the future {future!r}: {len(broken)} broken")
    assert broken == []


def by_balance(self, movement, before):
    """What became of it, judged by what is left on the card."""
    happened = self.state.balance <= MONEY - movement.amount
    return Settlement(Outcome.HAPPENED if happened else Outcome.DID_NOT, None, b"")


EARLY = {}


def debit_first(self, order):
    """Have the card move before the ledger knows."""
    ready = prepared(self, order)
    if isinstance(ready, api.PurseReady):
        EARLY[self.device] = went(self, order.sequence)
    return ready


def try_again(self, sequence):
    """Ask again when there was no answer."""
    order = self.order
    said = went(self, sequence)
    with suppress(api.CardTornError):
        if isinstance(said, api.PurseDoubtful):
            prepared(self, order)
            return went(self, sequence)
    return said


def no_answer_is_no(state, sale, event, turn):
    """Take silence for a refusal."""
    if isinstance(event, CardDoubtful):
        event = CardUnmoved(event.sequence, Key.CARD_UNREADABLE, is_torn=True)
    return stepped(state, sale, event, turn)


prepared, went, stepped = Teller._prepare, Teller._go, work.step
FAULTS = {
    "evidence by balance only": [(Purse, "settle", by_balance)],
    "debit before intent": [
        (Teller, "_prepare", debit_first),
        (Teller, "_go", lambda self, _: EARLY[self.device]),
    ],
    "naive retry": [(Teller, "_go", try_again)],
    "void on no answer": [(work, "step", no_answer_is_no)],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(shop, monkeypatch, fault):
    for where, name, instead in FAULTS[fault]:
        monkeypatch.setattr(where, name, instead)
    suspects = (world for world in WORLDS if world.second is None)
    assert any(shop.run(world) for world in suspects)
