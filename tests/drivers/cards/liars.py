"""Cards that answer anything, for each family read without a card of ours in between.

``python -m tests.drivers.cards.liars 1000000`` gives each family so many answers, half of them true
answers of a simulated card with a few bytes changed. Nothing but a refusal may come of a lie.
"""

import random
import sys
import time
from collections.abc import Callable

from drivers.api import CardTornError
from drivers.cards.classic.keys import card_keys
from drivers.cards.classic.member import read_member as read_classic
from drivers.cards.classic.personalise import Job as ClassicJob
from drivers.cards.classic.personalise import personalise as personalise_classic
from drivers.cards.classic.purse import open_purse
from drivers.cards.felica import read_idm
from drivers.cards.keys import Masters
from drivers.cards.ntag424.personalise import Job as Ntag424Job
from drivers.cards.ntag424.personalise import personalise as personalise_ntag424
from drivers.cards.ntag424.personalise import tag_keys
from drivers.cards.ntag424.sun import verify
from drivers.cards.ntag424.tag import read_address
from drivers.cards.ntag424.template import Template
from drivers.cards.seam import BadMacError, CardRefusedError, Response, Transmit
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
from tests.cards.sim.classic import Classic
from tests.cards.sim.felica import Felica
from tests.cards.sim.ntag424 import Ntag424
from tests.cards.sim.sle44xx import sle4442
from tests.cards.sim.ultralight import NTAG213, Tag
from tests.drivers.cards.seams import transmit_to

UID = bytes.fromhex("04a1b2c3d4e5f6")
KEYS = Masters(((1, b"M" * 16),))
TEXT = b"TP1:100001:60"
ADDRESS = Template.parse("https://example.com/m?e={picc}&c={mac}")
COMMANDS_MAX = 80
"""More than any of the families needs to read even the largest card."""


def classic() -> Classic:
    card = Classic(UID)
    job = ClassicJob(UID, card_keys(KEYS, 1, UID), ())
    list(run(personalise_classic(transmit_to(card), job, TEXT)))
    return card


def ultralight() -> Tag:
    tag = Tag(UID, NTAG213)
    kind = identify(transmit_to(tag), Passage.PN532)
    message = sealed_message(UID, TEXT, mac_seals(KEYS, UID)[0])
    job = UltralightJob(kind, Passage.PN532, password_of(KEYS, 1, UID))
    list(run(personalise_ultralight(transmit_to(tag), job, message)))
    return tag


def ntag424() -> Ntag424:
    tag = Ntag424(UID, lambda length: bytes(range(length)))
    job = Ntag424Job(tag_keys(KEYS, 1, UID), ())
    list(run(personalise_ntag424(transmit_to(tag), tag.draw, job, ADDRESS)))
    return tag


def memory_card():
    card = sle4442()
    job = SleJob(SLE4442, KEYS, lambda length: bytes(range(length)))
    list(run(personalise_sle(transmit_to(card), job, TEXT)))
    return card


FAMILIES = {
    "classic": (classic, lambda transmit: read_classic(transmit, KEYS).text),
    "purse": (classic, lambda transmit: open_purse(transmit, KEYS).state.balance),
    "ultralight": (
        ultralight,
        lambda transmit: check(read_ultralight(transmit), mac_seals(KEYS, UID)),
    ),
    "ntag424": (
        ntag424,
        lambda transmit: verify(ADDRESS.read(read_address(transmit)), KEYS).uid,
    ),
    "sle4442": (memory_card, lambda transmit: read_sle(transmit, SLE4442, KEYS).text),
    "felica": (lambda: Felica(b"\x01\x2e" + bytes(6)), read_idm),
}
"""How a card of the family is made, and how it is read."""
TRUTH = {"classic": TEXT, "purse": 0, "ultralight": TEXT, "ntag424": UID, "sle4442": TEXT}


def outcome(family: str, answer: Callable[[bytes], bytes]) -> bool:
    """Return whether the family's reading came to an end; it may then only have found the truth."""
    commands = 0

    def transmit(command: bytes) -> Response:
        nonlocal commands
        commands += 1
        assert commands <= COMMANDS_MAX, "reads without end"
        return Response.parse(answer(command))

    read: Callable[[Transmit], object] = FAMILIES[family][1]
    try:
        found = read(transmit)
    except (CardRefusedError, CardTornError, BadMacError):
        return False
    assert found == TRUTH.get(family, found)
    return True


class Liar:
    """A card of ours, half of whose answers are lies."""

    def __init__(self, family: str) -> None:
        self._dice = random.Random(family)
        self._card = FAMILIES[family][0]()
        self.answers = 0

    def __call__(self, command: bytes) -> bytes:
        self.answers += 1
        if command[:2] == b"\xff\xca":
            self._card.power_off()
        true = bytearray(self._card(command))
        if self._dice.random() < 0.5:
            return bytes(true)
        if self._dice.random() < 0.5:
            return self._dice.randbytes(self._dice.randrange(20)) + b"\x90\x00"
        for _ in range(self._dice.randrange(1, 4)):
            true[self._dice.randrange(len(true))] = self._dice.randrange(256)
        return bytes(true)


def main(count: int) -> None:
    for family in FAMILIES:
        liar, believed, began = Liar(family), 0, time.monotonic()
        while liar.answers < count:
            believed += outcome(family, liar)
        took = time.monotonic() - began
        print(f"{family}: {liar.answers} answers, {believed} readings believed, {took:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]))
