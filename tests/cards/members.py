"""Cards of every family that can prove whose they are, simulated, as a shop issues them to a member."""

from collections.abc import Callable
from itertools import count

from drivers.cards.classic.keys import card_keys
from drivers.cards.classic.personalise import Job as ClassicJob
from drivers.cards.classic.personalise import personalise as personalise_classic
from drivers.cards.cpu.issue import Wanted as WalletWanted
from drivers.cards.cpu.issue import issue as issue_wallet
from drivers.cards.desfire.card import Card
from drivers.cards.desfire.issue import issue as issue_desfire
from drivers.cards.desfire.purse import Make
from drivers.cards.keys import Masters
from drivers.cards.ntag424.personalise import Job as Ntag424Job
from drivers.cards.ntag424.personalise import personalise as personalise_ntag424
from drivers.cards.ntag424.personalise import tag_keys
from drivers.cards.ntag424.template import Template
from drivers.cards.sle44xx.chip import SLE4442
from drivers.cards.sle44xx.member import Job as SleJob
from drivers.cards.sle44xx.member import personalise as personalise_sle
from drivers.cards.steps import run
from drivers.cards.storage import Passage
from drivers.cards.ultralight.member import mac_seals, sealed_message
from drivers.cards.ultralight.personalise import Job as TagJob
from drivers.cards.ultralight.personalise import password_of
from drivers.cards.ultralight.personalise import personalise as personalise_tag
from drivers.cards.ultralight.tags import identify
from terminal.core.cards import code
from tests.cards.issued import EV1, EV2, KEYS, UID, Drawn, blank, wanted
from tests.cards.sim.classic import Classic
from tests.cards.sim.desfire import Desfire
from tests.cards.sim.fmcos import Fmcos
from tests.cards.sim.ntag424 import Ntag424
from tests.cards.sim.sle44xx import sle4442
from tests.cards.sim.ultralight import NTAG213, Model, Tag
from tests.drivers.cards.seams import transmit_to

ADDRESS = "https://example.com/m?e={picc}&c={mac}"
NUMBER = "880100001"
SERIAL = bytes.fromhex("00000000000880100002")
"""Of a wallet: its number, with zeros before it."""


def drawing() -> Callable[[int], bytes]:
    """Return a source of numbers that never repeat."""
    numbers = count(1)
    return lambda length: next(numbers).to_bytes(length, "big")


def text(number: str = NUMBER) -> bytes:
    return code(number).encode()


def desfire(keys: Masters = KEYS, make: Make = EV2, member: bytes = text()) -> Desfire:
    card = blank(make)
    list(run(issue_desfire(Card(transmit_to(card), Drawn()), keys, wanted(make, member))))
    card.power_off()
    return card


def desfire_ev1(keys: Masters = KEYS) -> Desfire:
    return desfire(keys, EV1)


def classic(keys: Masters = KEYS) -> Classic:
    card = Classic(UID)
    own = card_keys(keys, keys.versions[0], UID)
    list(run(personalise_classic(transmit_to(card), ClassicJob(UID, own, ()), text())))
    card.power_off()
    return card


def tag(keys: Masters = KEYS, model: Model = NTAG213, uid: bytes = UID) -> Tag:
    card = Tag(uid, model)
    transmit = transmit_to(card)
    own = password_of(keys, keys.versions[0], uid)
    job = TagJob(identify(transmit, Passage.PN532), Passage.PN532, own)
    message = sealed_message(uid, text(), mac_seals(keys, uid)[0])
    list(run(personalise_tag(transmit, job, message)))
    card.power_off()
    return card


def ntag424(keys: Masters = KEYS) -> Ntag424:
    card = Ntag424(UID, drawing())
    job = Ntag424Job(tag_keys(keys, keys.versions[0], UID), ())
    list(run(personalise_ntag424(transmit_to(card), drawing(), job, Template.parse(ADDRESS))))
    card.power_off()
    return card


def memory_card(keys: Masters = KEYS) -> Callable[[bytes], bytes]:
    card = sle4442()
    list(run(personalise_sle(transmit_to(card), SleJob(SLE4442, keys, drawing()), text())))
    card.power_off()
    return card


def wallet(keys: Masters = KEYS) -> Fmcos:
    card = Fmcos()
    list(run(issue_wallet(transmit_to(card), keys, WalletWanted(SERIAL, "20261121120000"))))
    card.power_off()
    return card
