"""Making a wallet on an FM1208: interrupted at any command and resumed, and never locked by trying."""

import pytest

from drivers.api import CardTornError
from drivers.cards.cpu.issue import Wanted, issue
from drivers.cards.cpu.wallet import open_wallet
from drivers.cards.keys import Masters
from drivers.cards.purse import DoubtError, Kind
from drivers.cards.seam import WrongPinError
from drivers.cards.steps import Progress, rehearse, run
from tests.cards.issued import KEYS, NEWER, OTHER_SHOP, moved
from tests.cards.link import Link
from tests.cards.sim.fmcos import Fmcos
from tests.cards.sim.power import Fate
from tests.kit.vcard import Answers

WANTED = Wanted(bytes.fromhex("00112233445566778899"), "20261121120000")


def issue_at(card: Answers, keys: Masters = KEYS) -> list[Progress]:
    return list(run(issue(Link(card), keys, WANTED)))


@pytest.mark.parametrize("is_t0", [False, True])
def test_a_card_from_the_factory_becomes_a_wallet_that_is_loaded_and_pays(is_t0):
    card = Fmcos(is_t0=is_t0)

    steps = [step.name for step in issue_at(card)]

    assert steps == [
        "application", "key file", "file 0015", "file 0018", "file 0002",
        "control key", "serial number", "wallet keys", "newest control key", "proof",
    ]  # fmt: skip
    wallet = open_wallet(Link(card), KEYS)
    assert wallet.serial == WANTED.serial
    assert wallet.balance() == 0
    wallet.prepare(moved(500, Kind.TOP_UP))
    assert wallet.move(moved(500, Kind.TOP_UP)).balance == 500
    wallet.prepare(moved(120))
    assert wallet.move(moved(120)).balance == 380


def test_issuing_a_card_twice_changes_nothing():
    card = Fmcos()
    issue_at(card)
    counts = dict(card.counts)

    assert all(step.was_done for step in issue_at(card))
    assert card.counts == counts


def test_issuing_a_card_in_use_leaves_its_money_alone():
    card = Fmcos()
    issue_at(card)
    wallet = open_wallet(Link(card), KEYS)
    wallet.prepare(moved(500, Kind.TOP_UP))
    wallet.move(moved(500, Kind.TOP_UP))

    assert all(step.was_done for step in issue_at(card))
    assert card.money == 500


@pytest.mark.parametrize("arrived", [False, True])
def test_an_issue_interrupted_at_any_command_is_begun_again_and_ends_well(arrived):
    whole = Fate(Fmcos())
    issue_at(whole)

    for at in range(len(whole.commands)):
        card = Fmcos()
        with pytest.raises((CardTornError, DoubtError)):
            issue_at(Fate(card, **{"unheard_at" if arrived else "lost_at": at}))
        card.power_off()
        issue_at(card)
        assert (card.money, card.tries) == (0, 15), f"command {at}"
        card.power_off()


def test_a_card_of_another_shop_loses_one_try_and_tells_how_many_are_left():
    card = Fmcos()
    issue_at(card, OTHER_SHOP)
    card.power_off()

    with pytest.raises(WrongPinError, match="SW=63CE") as caught:
        issue_at(card)

    assert caught.value.tries_left == card.tries == 14


def test_a_dry_run_writes_nothing():
    card = Fmcos()

    told = list(rehearse(issue(Link(card), KEYS, WANTED)))

    assert not any(step.was_done for step in told)
    assert not card.has_application


YOUNGER = Masters(NEWER.masters[1:])


def in_use() -> Fmcos:
    """A wallet of the shop's first year with money on it."""
    card = Fmcos()
    issue_at(card)
    wallet = open_wallet(Link(card), KEYS)
    wallet.prepare(moved(500, Kind.TOP_UP))
    wallet.move(moved(500, Kind.TOP_UP))
    card.power_off()
    return card


def pays(card: Answers, keys: Masters) -> int:
    wallet = open_wallet(Link(card), keys)
    wallet.prepare(moved(120))
    return wallet.move(moved(120)).balance


def test_a_wallet_with_older_keys_gets_the_newest_and_keeps_its_money():
    card = in_use()
    counts = dict(card.counts)

    done = [step.name for step in issue_at(card, NEWER) if not step.was_done]

    assert done == ["wallet keys", "newest control key"]
    assert (card.counts, card.tries) == (counts, 15)
    card.power_off()
    assert all(step.was_done for step in issue_at(card, NEWER))
    assert pays(card, YOUNGER) == 380


def test_a_wallet_pays_and_is_loaded_with_either_keys_while_they_are_rolled_over():
    old, new = in_use(), in_use()
    issue_at(new, NEWER)

    assert pays(old, NEWER) == pays(new, NEWER) == 380


@pytest.mark.parametrize("arrived", [False, True])
def test_a_roll_over_interrupted_at_any_command_is_begun_again_and_keeps_the_money(arrived):
    whole = Fate(in_use())
    issue_at(whole, NEWER)
    for at in range(len(whole.commands)):
        card = in_use()
        with pytest.raises(CardTornError):
            issue_at(Fate(card, **{"unheard_at" if arrived else "lost_at": at}), NEWER)
        card.power_off()

        issue_at(card, NEWER)

        card.power_off()
        assert card.tries == 15
        assert pays(card, YOUNGER) == 380


def test_older_control_keys_are_never_tried_at_the_last_tries():
    card = in_use()
    card.tries = 3

    with pytest.raises(WrongPinError) as error:
        issue_at(card, NEWER)

    assert error.value.tries_left == card.tries == 2
