"""One way for all families: recognised, made, torn at a command and finished, verified, wiped."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from drivers.api import CardTornError
from drivers.cards.families import Order, UnfitError, Workpiece
from drivers.cards.keys import Masters, UnknownVersionError
from drivers.cards.ntag424.template import Template
from drivers.cards.recognise import Family, describe, recognise
from drivers.cards.seam import BadMacError, CardRefusedError
from drivers.cards.steps import run
from drivers.cards.storage import Passage
from tests.cards.sim.classic import Classic
from tests.cards.sim.cpu import ATR as CPU_ATR
from tests.cards.sim.desfire import ATR as DESFIRE_ATR
from tests.cards.sim.desfire import Desfire
from tests.cards.sim.fmcos import Fmcos
from tests.cards.sim.ntag424 import Ntag424
from tests.cards.sim.power import Fate
from tests.cards.sim.sle44xx import sle4428, sle4442
from tests.cards.sim.ultralight import NTAG213, Tag
from tests.drivers.cards.seams import transmit_to
from tests.kit.vcard import Answers

UID = bytes.fromhex("04a1b2c3d4e5f6")
KEYS = Masters(((1, b"M" * 16),))
NEWER = Masters(((1, b"M" * 16), (2, b"N" * 16)))
TEMPLATE = Template.parse("https://example.com/m?e={picc}&c={mac}")
MAKES: dict[str, tuple[Callable[[], Any], Family]] = {
    "Classic": (lambda: Classic(UID), Family.CLASSIC),
    "NTAG213": (lambda: Tag(UID, NTAG213), Family.TAG),
    "NTAG 424": (lambda: Ntag424(UID, drawing()), Family.NTAG424),
    "DESFire EV2": (lambda: Desfire(UID), Family.DESFIRE),
    "DESFire EV1": (lambda: Desfire(UID, is_ev2=False), Family.DESFIRE),
    "SLE4442": (sle4442, Family.MEMORY),
    "SLE4428": (sle4428, Family.MEMORY),
    "FM1208": (Fmcos, Family.CPU),
}
EACH = pytest.mark.parametrize("name", MAKES)


def drawing() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda length: next(numbers).to_bytes(length, "big")


def atr_of(card: Any) -> bytes:
    if isinstance(card, Fmcos):
        return CPU_ATR
    return DESFIRE_ATR if isinstance(card, Desfire) else card.atr


def laid(card: Any, answers: Answers | None = None, keys: Masters = KEYS) -> Workpiece:
    """Put ``card`` down anew and recognise it."""
    card.power_off()
    transmit = transmit_to(answers or card)
    found = recognise(transmit, atr_of(card), Passage.PCSC)
    order = Order(keys, "20261122000000", 100_000, TEMPLATE, makes_wallets=True)
    return Workpiece(transmit, found, order, drawing())


def make(card: Any, answers: Answers | None = None, keys: Masters = KEYS) -> None:
    list(run(laid(card, answers, keys).personalise("100001")))


@EACH
def test_each_family_is_recognised_and_described_before_and_after(name: str):
    card, family = MAKES[name][0](), MAKES[name][1]

    blank = laid(card)
    assert blank.found.family is family
    before = describe(blank.transmit, blank.found)
    make(card)
    made = laid(card)

    assert made.number() == (None if family is Family.NTAG424 else "100001")
    after = describe(made.transmit, made.found)
    assert (before == after) == (family is Family.NTAG424)


@EACH
@pytest.mark.parametrize("fault", ["lost_at", "unheard_at"])
def test_a_card_torn_at_a_command_is_finished_by_the_same_order(name: str, fault: str):
    whole = Fate(MAKES[name][0]())
    make(whole.card, whole)

    for place in range(len(whole.commands)):
        card = MAKES[name][0]()
        with pytest.raises(CardTornError):
            make(card, Fate(card, **{fault: place}))
        make(card)

        assert laid(card).verify().number in (None, "100001")


@EACH
def test_no_secret_is_in_what_is_told(name: str):
    card = MAKES[name][0]()
    make(card)
    piece = laid(card)

    told = repr(piece) + repr(describe(piece.transmit, piece.found)) + repr(piece.verify())

    assert "MMMM" not in told
    assert "4d4d4d" not in told


@pytest.mark.parametrize("name", ["Classic", "DESFire EV2", "DESFire EV1"])
def test_newer_keys_are_given_and_the_purse_stays(name: str):
    card = MAKES[name][0]()
    make(card)

    make(card, keys=NEWER)

    said = laid(card, keys=NEWER).verify()
    assert said.number == "100001"
    assert "Its keys are of version 2." in said.facts


@pytest.mark.parametrize("name", ["Classic", "NTAG213", "DESFire EV2", "SLE4442", "FM1208"])
def test_a_card_of_another_member_is_not_touched(name: str):
    card = MAKES[name][0]()
    make(card)

    with pytest.raises(UnfitError, match="carries the number 100001"):
        laid(card).personalise("100002")


@EACH
def test_a_card_of_another_shop_is_refused(name: str):
    card = MAKES[name][0]()
    make(card)
    theirs = Masters(((1, b"X" * 16),))

    with pytest.raises((CardRefusedError, BadMacError)):
        laid(card, keys=theirs).verify()
    with pytest.raises((CardRefusedError, BadMacError, UnfitError)):
        list(run(laid(card, keys=theirs).personalise("100002")))

    assert laid(card).verify().number in (None, "100001")


@pytest.mark.parametrize("make_blank", [sle4442, sle4428], ids=["SLE4442", "SLE4428"])
def test_a_memory_card_of_another_shop_loses_no_try(make_blank: Callable[[], Any]):
    card = make_blank()
    make(card)
    full = bytes(card.counter.cells)
    theirs = Masters(((1, b"X" * 16),))

    for order in (lambda piece: piece.personalise("100002"), Workpiece.wipe):
        with pytest.raises(UnfitError, match="no PSC was shown"):
            list(run(order(laid(card, keys=theirs))))

    assert bytes(card.counter.cells) == full


def test_keys_that_the_file_lacks_are_named_by_version():
    card = Desfire(UID)
    make(card, keys=NEWER)

    with pytest.raises(UnknownVersionError) as refused:
        laid(card).personalise("100001")

    assert refused.value.version == 2
