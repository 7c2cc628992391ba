"""What a shop's own cards prove, what others do not, and for how many commands."""

import logging
from dataclasses import replace

import pytest

from drivers.api import CardImage, CardTornError
from drivers.cards.identify import read_card
from drivers.cards.keys import Masters
from drivers.cards.ntag424.tag import read_address
from drivers.cards.ntag424.template import Template
from drivers.cards.proven import Shop
from drivers.cards.seam import CardRefusedError
from drivers.cards.storage import Passage
from terminal.core.cards import code
from terminal.core.refusal import Key
from tests.cards import members
from tests.cards.issued import KEYS, NEWER, OTHER_SHOP, UID, blank
from tests.cards.link import Link
from tests.cards.sim.classic import ATR_1K, Classic
from tests.cards.sim.cpu import ATR as CPU
from tests.cards.sim.desfire import ATR as TYPE_A
from tests.cards.sim.power import Fate
from tests.cards.sim.sle44xx import sle4442
from tests.cards.sim.ultralight import ATR as ULTRALIGHT
from tests.cards.sim.ultralight import MF0UL11, NTAG213, Tag
from tests.drivers.cards.seams import transmit_to

SLE = sle4442().atr
YOUNGER = Masters(NEWER.masters[1:])
"""A shop whose tills have forgotten the keys of its first year."""
SHOP = Shop(KEYS)
SUN = replace(SHOP, templates=(Template.parse(members.ADDRESS),))
WALLETS = replace(SHOP, wallets=True)
ASKING = replace(SHOP, passage=Passage.PN532)
SAID = code(members.NUMBER).encode()
SAID_BY_TAP = code(UID.hex().upper()).encode()
SAID_BY_WALLET = code("880100002").encode()


def tapped(card, atr, shop=SHOP) -> tuple[CardImage, int]:
    """Return what was read and for how many commands."""
    link = Link(card)
    return read_card(link, atr, shop.read), len(link.commands)


@pytest.mark.parametrize(
    ("make", "atr", "shop", "expected", "commands"),
    [
        (members.desfire, TYPE_A, SHOP, ("desfire", UID, SAID), 5),
        (members.desfire_ev1, TYPE_A, SHOP, ("desfire", UID, SAID), 6),
        (members.classic, ATR_1K, SHOP, ("classic", UID, SAID), 6),
        (members.tag, ULTRALIGHT, SHOP, ("tag", UID, SAID), 4),
        (members.tag, ULTRALIGHT, ASKING, ("tag", UID, SAID), 6),
        (lambda: members.tag(model=MF0UL11), ULTRALIGHT, ASKING, ("tag", UID, SAID), 6),
        (members.ntag424, TYPE_A, SUN, ("ntag424", UID, SAID_BY_TAP), 5),
        (members.memory_card, SLE, SHOP, ("sle44xx", b"", SAID), 2),
        (members.wallet, CPU, WALLETS, ("cpu", b"", SAID_BY_WALLET), 3),
    ],
    ids=["DESFire EV2", "DESFire EV1", "Classic", "NTAG213", "NTAG213 with password",
         "Ultralight EV1 with password", "NTAG 424", "SLE4442", "wallet"],
)  # fmt: skip
def test_a_card_of_ours_proves_its_number(make, atr, shop, expected, commands):
    family, uid, said = expected

    image, asked = tapped(make(), atr, shop)

    assert (replace(image, tap=None), asked) == (CardImage(family, uid, atr, said), commands)
    assert (image.tap is not None) == (family == "ntag424")


@pytest.mark.parametrize(
    ("make", "atr"),
    [(members.desfire, TYPE_A), (members.classic, ATR_1K), (members.tag, ULTRALIGHT),
     (members.memory_card, SLE)],
    ids=["DESFire", "Classic", "NTAG213", "SLE4442"],
)  # fmt: skip
def test_a_card_with_older_keys_still_names_its_member(make, atr):
    image, _ = tapped(make(), atr, Shop(NEWER))

    assert (image.data, image.trouble) == (SAID, None)


@pytest.mark.parametrize(
    ("make", "atr", "shop", "trouble"),
    [
        (lambda: members.desfire(OTHER_SHOP), TYPE_A, SHOP, Key.CARD_OTHER_SHOP),
        (lambda: members.desfire(YOUNGER), TYPE_A, SHOP, Key.CARD_KEY_VERSION),
        (lambda: members.classic(OTHER_SHOP), ATR_1K, SHOP, Key.CARD_OTHER_SHOP),
        (lambda: Classic(UID), ATR_1K, SHOP, Key.CARD_OTHER_SHOP),
        (lambda: members.tag(OTHER_SHOP), ULTRALIGHT, SHOP, Key.CARD_BAD_MAC),
        (lambda: members.ntag424(OTHER_SHOP), TYPE_A, SUN, Key.CARD_BAD_MAC),
        (lambda: members.memory_card(OTHER_SHOP), SLE, SHOP, Key.CARD_BAD_MAC),
        (lambda: members.memory_card(YOUNGER), SLE, SHOP, Key.CARD_KEY_VERSION),
        (sle4442, SLE, SHOP, Key.CARD_OTHER_SHOP),
        (lambda: members.wallet(OTHER_SHOP), CPU, WALLETS, Key.CARD_BAD_MAC),
        (lambda: members.wallet(YOUNGER), CPU, WALLETS, Key.CARD_KEY_VERSION),
    ],
    ids=["DESFire of another shop", "DESFire with newer keys", "Classic of another shop",
         "blank Classic", "tag of another shop", "NTAG 424 of another shop",
         "SLE4442 of another shop", "SLE4442 with newer keys", "blank SLE4442",
         "wallet of another shop", "wallet with newer keys"],
)  # fmt: skip
def test_a_card_that_proves_nothing_says_why_and_no_number(make, atr, shop, trouble):
    image, _ = tapped(make(), atr, shop)

    assert (image.data, image.trouble) == (b"", trouble)


@pytest.mark.parametrize(
    ("make", "atr", "shop", "commands"),
    [
        (blank, TYPE_A, SHOP, 2),
        (blank, TYPE_A, SUN, 4),
        (lambda: Tag(UID, NTAG213), ULTRALIGHT, SHOP, 2),
    ],
    ids=["DESFire", "DESFire where NTAG 424 are looked for", "NTAG213"],
)
def test_a_card_without_anything_of_ours_is_its_identifier(make, atr, shop, commands):
    image, asked = tapped(make(), atr, shop)

    assert (image.uid, image.data, image.trouble) == (UID, b"", None)
    assert asked == commands


def test_a_number_copied_to_another_tag_is_not_believed():
    copy = members.tag()
    other = Tag(bytes.fromhex("04aabbccddeeff"), NTAG213)
    other.memory.cells[12:160] = copy.memory.cells[12:160]

    image, _ = tapped(other, ULTRALIGHT)

    assert (image.data, image.trouble) == (b"", Key.CARD_BAD_MAC)


def test_a_tag_copied_with_its_identifier_does_not_know_its_password():
    original, copy = members.tag(), Tag(UID, NTAG213)
    copy.memory.cells[12:160] = original.memory.cells[12:160]

    assert tapped(copy, ULTRALIGHT)[0].data == SAID, "without a passage nothing tells them apart"
    copy.power_off()
    assert tapped(copy, ULTRALIGHT, ASKING)[0].trouble is Key.CARD_CLONED


def test_an_ntag_424_says_which_tap_it_is_and_so_does_a_phone_that_shows_its_address():
    tag = members.ntag424()
    on_reader, _ = tapped(tag, TYPE_A, SUN)
    tag.power_off()
    shown = SUN.read_address(read_address(transmit_to(tag)))

    assert on_reader.tap is not None
    assert shown == CardImage("ntag424", b"", b"", SAID_BY_TAP, tap=shown.tap)
    assert (shown.tap.tag, shown.tap.counter) == (UID, on_reader.tap.counter + 1)


def test_an_address_of_another_shop_or_of_none_proves_nothing():
    foreign = read_address(transmit_to(members.ntag424(OTHER_SHOP)))
    image = SUN.read_address(foreign)

    assert (image.data, image.trouble, image.tap) == (b"", Key.CARD_BAD_MAC, None)
    for text in (
        "",
        "https://example.com/",
        foreign + "0",
        foreign.replace("example", "elsewhere"),
    ):
        assert SUN.read_address(text) is None


@pytest.mark.parametrize(
    ("make", "atr", "shop", "commands"),
    [(members.desfire, TYPE_A, SHOP, 5), (members.classic, ATR_1K, SHOP, 6),
     (members.tag, ULTRALIGHT, ASKING, 6), (members.ntag424, TYPE_A, SUN, 5),
     (members.memory_card, SLE, SHOP, 2), (members.wallet, CPU, WALLETS, 3)],
    ids=["DESFire", "Classic", "NTAG213", "NTAG 424", "SLE4442", "wallet"],
)  # fmt: skip
def test_a_card_torn_or_lying_at_any_command_never_proves_another_number(make, atr, shop, commands):
    honest = tapped(make(), atr, shop)[0].data
    for number in range(commands):
        with pytest.raises(CardTornError):
            tapped(Fate(make(), lost_at=number), atr, shop)

        for lie in (lambda _: b"\x90\x00", lambda said: bytes([said[0] ^ 1]) + said[1:]):
            fate = Fate(make(), lie_at=number, lie=lie)
            try:
                image, _ = tapped(fate, atr, shop)
            except (CardRefusedError, CardTornError):
                continue
            assert image.data in (b"", honest)


def test_no_key_is_in_the_log_or_in_what_is_shown(caplog):
    caplog.set_level(logging.DEBUG)
    for make, atr in ((members.desfire, TYPE_A), (members.tag, ULTRALIGHT)):
        tapped(make(OTHER_SHOP), atr)

    shown = caplog.text + repr(SHOP)
    assert "proves nothing" in caplog.text
    for _, key in (*KEYS.masters, *OTHER_SHOP.masters):
        assert key.hex() not in shown.lower()
        assert repr(key) not in shown
