"""Making a card ours: interrupted at any command and resumed, read back, taken away again."""

import pytest

from drivers.api import CardTornError
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.issue import issue, take_over, wipe
from drivers.cards.desfire.purse import AID, Make
from drivers.cards.keys import UnknownVersionError
from drivers.cards.seam import BadMacError, CardRefusedError
from drivers.cards.steps import Progress, rehearse, run
from tests.cards.issued import (
    EV1,
    EV2,
    KEYS,
    NEWER,
    OTHER_SHOP,
    Drawn,
    blank,
    issued,
    opened,
    wanted,
)
from tests.cards.link import Link
from tests.cards.sim.desfire import Desfire
from tests.cards.sim.power import Fate
from tests.kit.vcard import Answers

MAKES = pytest.mark.parametrize("make", [EV1, EV2], ids=["EV1", "EV2"])


def issue_at(card: Answers, make: Make) -> list[Progress]:
    return list(run(issue(Card(Link(card), Drawn()), KEYS, wanted(make))))


@MAKES
def test_a_card_from_the_factory_becomes_ours_step_by_step(make: Make):
    sim = blank(make)

    steps = [step.name for step in issue_at(sim, make)]

    assert steps == [
        "application", "files", "member", "first record",
        "key 3", "key 2", "key 1", "settings", "master key",
    ]  # fmt: skip
    assert opened(sim, make).state.balance == 0


@MAKES
def test_issuing_a_card_twice_changes_nothing(make: Make):
    sim = issued(make)
    before = sim.image()

    assert all(step.was_done for step in issue_at(sim, make))
    assert sim.image() == before


@pytest.mark.parametrize(("make", "arrived"), [(EV1, False), (EV2, True)], ids=["EV1", "EV2"])
def test_an_issue_interrupted_at_any_command_is_begun_again_and_ends_well(make: Make, arrived):
    whole = Fate(blank(make))
    issue_at(whole, make)

    for at in range(len(whole.commands)):
        sim = blank(make)
        fate = Fate(sim, **{"unheard_at" if arrived else "lost_at": at})
        with pytest.raises(CardTornError):
            issue_at(fate, make)
        sim.power_off()
        issue_at(sim, make)
        sim.power_off()
        assert opened(sim, make).state.balance == 0, f"command {at}"


@MAKES
def test_a_dry_run_writes_nothing(make: Make):
    sim = blank(make)
    before = sim.image()

    told = list(rehearse(issue(Card(Link(sim), Drawn()), KEYS, wanted(make))[:1]))

    assert [step.was_done for step in told] == [False]
    assert sim.image() == before


@MAKES
def test_a_card_of_another_shop_is_not_issued_over(make: Make):
    sim = issued(make, keys=OTHER_SHOP)
    before = sim.image()

    with pytest.raises(CardRefusedError, match="authenticate: SW=91AE"):
        issue_at(sim, make)

    assert sim.image() == before


@MAKES
def test_a_card_with_keys_of_an_unknown_version_is_not_issued_over(make: Make):
    with pytest.raises(UnknownVersionError):
        issue_at(issued(make, keys=NEWER), make)


@MAKES
def test_a_card_whose_own_key_is_ours_can_be_wiped_by_nobody_else(make: Make):
    sim = issued(make)
    card = Card(Link(sim), Drawn())
    first = [step.was_done for step in run(take_over(card, KEYS, wanted(make)))]
    again = [step.was_done for step in run(take_over(card, KEYS, wanted(make)))]

    assert (first, again) == ([False], [True])
    with pytest.raises(CardRefusedError, match="authenticate"):
        list(run(wipe(card, OTHER_SHOP, wanted(make))))
    assert AID in sim.applications
    list(run(wipe(card, KEYS, wanted(make))))
    assert AID not in sim.applications


def test_a_taken_over_card_is_rolled_over_with_newer_keys():
    sim = issued(EV2)
    card = Card(Link(sim), Drawn())
    list(run(take_over(card, KEYS, wanted())))

    list(run(take_over(card, NEWER, wanted())))

    assert [step.was_done for step in run(take_over(card, NEWER, wanted()))] == [True]


@MAKES
def test_a_card_that_lies_while_it_is_issued_is_caught(make: Make):
    whole = Fate(blank(make))
    issue_at(whole, make)
    lies = 0
    for at in range(len(whole.commands)):
        sim = blank(make)
        # A status without its MAC: what a broken or false card would say to be done with it.
        fate = Fate(sim, lie_at=at, lie=lambda _: b"\x91\x00")
        try:
            issue_at(fate, make)
        except (BadMacError, CardRefusedError):
            lies += 1
        else:
            # A selection has no MAC by its nature, and a changed master key's answer neither; then
            # the card did what was asked, and the steps read it back.
            assert fate.commands[at][:2] in (b"\x90\x5a", b"\x90\xc4"), f"command {at}"
            sim.power_off()
            assert opened(sim, make).state.balance == 0
    assert lies > len(whole.commands) // 2


def test_a_card_is_a_desfire_by_its_own_word():
    ev1, ev2 = (Card(Link(blank(make)), Drawn()).version() for make in (EV1, EV2))

    assert (ev1.generation, ev2.generation) == (EV1.generation, EV2.generation)
    assert ev1.storage_bytes == 8192
    assert isinstance(blank(), Desfire)
