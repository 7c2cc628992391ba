"""Cards with purses as a shop issues them: simulated, made with the drivers, and keys to them."""

from drivers.cards.desfire.card import Card
from drivers.cards.desfire.issue import Wanted, issue
from drivers.cards.desfire.purse import CREDIT_KEY, Make, Purse, open_purse
from drivers.cards.desfire.settings import Generation
from drivers.cards.keys import Masters
from drivers.cards.purse import Kind, Movement
from drivers.cards.steps import run
from tests.cards.link import Link
from tests.cards.sim.desfire import Desfire
from tests.kit.vcard import Answers

UID = bytes.fromhex("04782e21801d80")
KEYS = Masters(((1, bytes(range(16))),))
"""A shop in its first year."""
NEWER = Masters((*KEYS.masters, (2, bytes(range(16, 32)))))
"""The same shop after it began to roll its keys over."""
OTHER_SHOP = Masters(((1, bytes(range(100, 116))),))
TILL = b"\0\0\0\0\0\x07"
CEILING = 100_000
EV1 = Make(Generation.EV1, has_transaction_mac=False)
EV2 = Make(Generation.EV2, has_transaction_mac=True)
MEMBER = b"TP1:10001:42"


class Drawn:
    """Random bytes that are the same in every run."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, length: int) -> bytes:
        self._next += 1
        return self._next.to_bytes(2, "big") * (length // 2)


def wanted(make: Make = EV2, member: bytes = MEMBER) -> Wanted:
    return Wanted(UID, member, CEILING, make)


def blank(make: Make = EV2) -> Desfire:
    return Desfire(UID, is_ev2=make.generation is Generation.EV2)


def issued(make: Make = EV2, money: int = 5_000, keys: Masters = KEYS) -> Desfire:
    """A card of the shop with so much money on it."""
    sim = blank(make)
    for _ in run(issue(Card(Link(sim), Drawn()), keys, wanted(make))):
        pass
    sim.power_off()
    if money:
        opened(sim, make, keys, CREDIT_KEY).move(moved(money, Kind.TOP_UP, 1))
    sim.power_off()
    return sim


def opened(card: Answers, make: Make = EV2, keys: Masters = KEYS, key: int = 1) -> Purse:
    return open_purse(Link(card), Drawn(), keys, make, key)


def moved(amount: int, kind: Kind = Kind.DEBIT, sequence: int = 2) -> Movement:
    return Movement(kind, amount, TILL, sequence, "20261121235959")
