"""Cards issued with keys at the whole till, on a real pcscd: each family names its member or says why not."""

import copy
from collections.abc import Callable
from contextlib import contextmanager

import pytest

from drivers.cards.keys import Masters
from drivers.cards.ntag424.tag import read_address
from tests.cards import members
from tests.cards.issued import KEYS, NEWER, OTHER_SHOP, UID, blank
from tests.cards.sim.classic import Classic
from tests.cards.sim.cpu import ATR as CPU
from tests.cards.sim.desfire import ATR as TYPE_A
from tests.cards.sim.sam import Sam
from tests.cards.sim.sle44xx import sle4442
from tests.cards.sim.ultralight import NTAG213, Tag
from tests.drivers.cards.seams import transmit_to
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.till import SCANNER, TillProcess
from tests.kit.vcard import Answers, VirtualCard, uid_card
from tests.kit.waiting import until

GOLD = "100001"
GOLD_UID = bytes.fromhex("04a1b2c3d4e5f6")
SAM_KEY = bytes(range(200, 216))
YOUNGER = Masters(NEWER.masters[1:])


@pytest.fixture(scope="module")
def pcscd():
    with Pcscd() as service:
        yield service


def till_with(
    folder, *, keys: str | None = None, scanners: tuple = (), sam: bool = False, **reader: str
) -> TillProcess:
    """A till with a real reader and a key file of the shop's first year.

    The shop's first member has a tag and a wallet beside what the example gives.
    """
    pcsc = {"name": "counter", "driver": "pcsc", "match": READERS[0], **reader}
    till = TillProcess(folder, readers=[pcsc], scanners=scanners, printers=[])
    shop = till.shop.read_text("utf-8")
    more = f'{{ number = "{UID.hex().upper()}" }}, {{ number = "880100002" }}'
    first = '{ number = "880100001" }'
    assert first in shop
    till.shop.write_text(shop.replace(first, f"{first}, {more}"), "utf-8")
    lines = "".join(f"{version} {key.hex()}\n" for version, key in KEYS.masters)
    (folder / "cards.keys").write_text(lines if keys is None else keys)
    settings = {"keys": "cards.keys", "wallets": True}
    if sam:
        (folder / "sam.key").write_text(f"3 {SAM_KEY.hex()}\n")
        settings = {"sam": READERS[1], "sam_key": "sam.key", "wallets": True}
    till.tables.append(("[cards]", settings))
    till.write_settings()
    # The helper's tables hold plain values; the list of addresses is one line more.
    with till.settings.open("a", encoding="utf-8") as file:
        file.write(f'sun = ["{members.ADDRESS}"]\n')
    return till


@contextmanager
def laid(answers: Answers, atr: bytes):
    with VirtualCard(answers, atr=atr):
        yield
    until(lambda: not card_is_seen(0), "the card is gone")


def member(state):
    found = state["sale"]["member"]
    return found["account"] if found else None


def names_gold(till: TillProcess, card, atr: bytes) -> None:
    with laid(card, atr):
        till.until(lambda state: member(state) == GOLD, "the member of the card")
    till.api.ok("DELETE", "/sale/member")
    till.until(lambda state: member(state) is None, "no member")


CARDS: tuple[tuple[Callable, bytes], ...] = (
    (members.desfire, TYPE_A),
    (members.desfire_ev1, TYPE_A),
    (members.classic, Classic(UID).atr),
    (members.tag, Tag(UID, NTAG213).atr),
    (members.ntag424, TYPE_A),
    (members.memory_card, sle4442().atr),
    (members.wallet, CPU),
)
REFUSED: tuple[tuple[Callable, bytes, str], ...] = (
    (lambda: members.desfire(OTHER_SHOP), TYPE_A, "card-other-shop"),
    (lambda: members.desfire(YOUNGER), TYPE_A, "card-key-version"),
    (lambda: members.classic(OTHER_SHOP), Classic(UID).atr, "card-other-shop"),
    (lambda: members.tag(OTHER_SHOP), Tag(UID, NTAG213).atr, "card-bad-mac"),
    (blank, TYPE_A, "unknown-card"),
)


def test_every_family_names_its_member_and_a_strange_card_is_refused_in_words(tmp_path, pcscd):
    with till_with(tmp_path, passage="pn532") as till:
        till.api.sign_in()
        for make, atr in CARDS:
            names_gold(till, make(), atr)
        for make, atr, key in REFUSED:
            with till.listen() as heard, laid(make(), atr):
                heard.until(key)
            assert member(till.state()) is None

    said = till.log_path.read_text("utf-8")
    for _, key in (*KEYS.masters, *OTHER_SHOP.masters):
        assert key.hex() not in said


def test_a_copy_of_a_tag_does_not_know_its_password_and_is_refused(tmp_path, pcscd):
    original, copied = members.tag(), Tag(UID, NTAG213)
    copied.memory.cells[12:160] = original.memory.cells[12:160]
    with till_with(tmp_path, passage="pn532") as till:
        till.api.sign_in()
        with till.listen() as heard, laid(copied, copied.atr):
            heard.until("card-cloned")


def test_a_signed_address_names_its_member_once_on_a_phone_or_a_tag_and_over_a_restart(
    tmp_path, pcscd
):
    tag = members.ntag424()
    old = copy.deepcopy(tag)
    shown = read_address(transmit_to(tag))
    tag.power_off()
    with till_with(tmp_path, scanners=(SCANNER,)) as till:
        till.api.sign_in()
        till.scan(f"]Q3{shown}")
        till.until(lambda state: member(state) == GOLD, "the member whose tag a phone has read")
        till.api.ok("DELETE", "/sale/member")
        assert till.api.refused("POST", "/sale/scan", {"text": shown}) == "card-replayed"

        till.restart()

        till.api.sign_in()
        with till.listen() as heard:
            till.scan(shown)
            heard.until("card-replayed")
            with laid(
                old, TYPE_A
            ):  # What the tag was before: its next tap is the one that was shown.
                heard.until("card-replayed", times=2)
        names_gold(till, tag, TYPE_A)
        foreign = read_address(transmit_to(members.ntag424(OTHER_SHOP)))
        assert till.api.refused("POST", "/sale/scan", {"text": foreign}) == "card-bad-mac"
        assert shown not in till.log


def test_a_card_with_foreign_keys_that_is_registered_by_its_identifier_names_its_member(
    tmp_path, pcscd
):
    with till_with(tmp_path) as till:
        till.api.sign_in()
        names_gold(till, Classic(GOLD_UID), Classic(GOLD_UID).atr)
        names_gold(till, uid_card(GOLD_UID), TYPE_A)


def test_a_sam_in_a_contact_slot_holds_the_keys_and_its_loss_is_shown(tmp_path, pcscd):
    chip = Sam(3, SAM_KEY, dict(KEYS.masters))
    with till_with(tmp_path, sam=True, passage="pn532") as till:
        till.api.sign_in()
        with VirtualCard(chip, slot=1, power_off=chip.power_off):
            until(lambda: card_is_seen(1), "pcscd sees the SAM")
            for make, atr in CARDS:
                names_gold(till, make(), atr)
            with till.listen() as heard, laid(members.desfire(OTHER_SHOP), TYPE_A):
                heard.until("card-other-shop")
        until(lambda: not card_is_seen(1), "the SAM is gone")
        with laid(members.desfire(), TYPE_A):
            light = till.until_light("counter", "lost")
            assert "the SAM" in light["detail"]
        assert till.api.sell()["receipt"]

    assert chip.commands
    for secret in (SAM_KEY, *(key for _, key in KEYS.masters)):
        assert secret.hex() not in till.log


class Acr122:
    """A reader with LEDs and a buzzer, and so many cards in its field."""

    def __init__(self, card: Answers, cards: int = 1) -> None:
        self.card = card
        self.cards = cards
        self.shown: list[bytes] = []

    def __call__(self, command: bytes) -> bytes:
        if command.startswith(b"\xff\x00\x40"):
            self.shown.append(command[3:4])
            return b"\x90\x02"
        if command == bytes.fromhex("ff00000004d44a0200"):
            return b"\xd5\x4b" + bytes((self.cards,)) + b"\x90\x00"
        answer = self.card(command)
        assert isinstance(answer, bytes)
        return answer


def test_several_cards_are_refused_in_words_and_the_reader_shows_and_sounds_what_it_read(
    tmp_path, pcscd
):
    with till_with(tmp_path, passage="pn532", signal="acr122") as till:
        till.api.sign_in()
        one, two = Acr122(members.desfire()), Acr122(members.desfire(), cards=2)
        foreign = Acr122(members.desfire(OTHER_SHOP))
        with till.listen() as heard:
            with laid(two, TYPE_A):
                heard.until("several-cards")
                until(lambda: two.shown == [b"\x5d"], "red")
            assert member(till.state()) is None
            with laid(foreign, TYPE_A):
                heard.until("card-other-shop")
                until(lambda: foreign.shown == [b"\x5d"], "red")
            with laid(one, TYPE_A):
                till.until(lambda state: member(state) == GOLD, "the member of the card")
                until(lambda: one.shown == [b"\xae"], "green")


def test_a_key_file_that_cannot_be_used_costs_the_reader_and_not_the_till(tmp_path, pcscd):
    secret = KEYS.masters[0][1].hex()
    with till_with(tmp_path, keys=f"1 {secret}x\n") as till:
        till.api.sign_in()
        till.until_light("counter", "lost")
        assert till.api.sell()["receipt"]

    said = till.log_path.read_text("utf-8")
    assert "cards.keys, line 1" in said
    assert secret not in said
