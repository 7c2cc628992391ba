"""Hostile answers by the million, by hand: ``python -m tests.cards.fuzz desfire 1000000``.

One part goes to the parsers and channels as it is drawn; the other is a true conversation with a
simulated card in which one answer is bent. A purchase may end in an error or in the truth, never in
anything else. Prints how many answers there were and how they ended.
"""

import random
import sys
from collections import Counter
from collections.abc import Callable

from drivers.api import CardTornError
from drivers.cards.cpu.log import LogRecord
from drivers.cards.cpu.macs import Initialised
from drivers.cards.cpu.wallet import open_wallet
from drivers.cards.desfire.codes import Mode
from drivers.cards.desfire.ev2 import Ev2Channel
from drivers.cards.desfire.legacy import AES, DES, LegacyChannel
from drivers.cards.desfire.purse import open_purse
from drivers.cards.desfire.settings import FileSettings, Version
from drivers.cards.desfire.tmac import TransactionMac
from drivers.cards.purse import DoubtError, OpenPurse, Record
from drivers.cards.seam import BadMacError, CardRefusedError, Response, Transmit
from tests.cards.issued import EV1, EV2, KEYS, Drawn, issued, moved
from tests.cards.link import Link
from tests.cards.sim.cpu import Cpu
from tests.cards.sim.desfire import Desfire
from tests.cards.sim.power import Fate
from tests.drivers.cards.cpu.test_wallet import wallet_card

ENDS = (CardTornError, CardRefusedError, BadMacError, DoubtError)
ZERO = bytes(16)
ANSWERS_PER_TALK = 20
"""So many parsed answers for each true conversation."""
DEFAULT = 1_000_000

Parse = Callable[[bytes], object]
PARSERS: dict[str, tuple[Parse, ...]] = {
    "desfire": (
        Version.parse,
        FileSettings.parse,
        TransactionMac.parse,
        Record.parse,
        Response.parse,
        lambda raw: LegacyChannel(ZERO, AES).open(raw, Mode(raw[:1] < b"\x80" and 3), 24),
        lambda raw: LegacyChannel(ZERO, DES).open(raw, Mode.MAC, 0),
        lambda raw: Ev2Channel(ZERO, ZERO, ZERO[:4]).open(raw, Mode.FULL, 24),
    ),
    "cpu": (Initialised.parse_purchase, Initialised.parse_load, LogRecord.parse, Response.parse),
}


def bent(draw: random.Random, said: bytes) -> bytes:
    """Return an answer with something wrong: bits, length, status, or all of it."""
    match draw.randrange(5):
        case 0:
            at = draw.randrange(len(said))
            return said[:at] + bytes((said[at] ^ 1 << draw.randrange(8),)) + said[at + 1 :]
        case 1:
            return said[: draw.randrange(len(said))]
        case 2:
            return said[:-2] + draw.randbytes(2)
        case 3:
            return draw.randbytes(len(said) - 2) + said[-2:]
        case _:
            return draw.randbytes(draw.randrange(300))


def talk(draw: random.Random, family: str) -> str:
    """Pay once with one bent answer; return how it ended."""
    make = draw.choice((EV1, EV2))
    card = FRESH[family, make]()
    count = 8 if family == "desfire" else 4
    fate = Fate(card, lie_at=draw.randrange(count), lie=lambda said: bent(draw, said))

    def opened(transmit: Transmit) -> OpenPurse:
        if family == "desfire":
            return open_purse(transmit, Drawn(), KEYS, make)
        return open_wallet(transmit, KEYS)

    try:
        purse = opened(Link(fate))
        purse.prepare(moved(1_250))
        evidence = purse.move(moved(1_250))
    except ENDS as error:
        return type(error).__name__
    if isinstance(card, Cpu):  # The balance of a wallet carries no MAC.
        assert (card.money, evidence.counter) == (3_750, 1), "a lie was believed"
    else:
        assert (card.commits, evidence.balance, evidence.counter) == (1, 3_750, 2), "a lie"
    return "the truth"


def fresh_desfire(make) -> Callable[[], Desfire]:
    image = issued(make).image()

    def restore() -> Desfire:
        card = Desfire(bytes.fromhex("04782e21801d80"), is_ev2=make is EV2)
        card.restore(image)
        return card

    return restore


FRESH = {("desfire", make): fresh_desfire(make) for make in (EV1, EV2)}
FRESH |= {("cpu", make): wallet_card for make in (EV1, EV2)}


def main(family: str, answers: int, seed: int) -> Counter[str]:
    draw, ends = random.Random(seed), Counter[str]()
    for number in range(answers):
        if number % ANSWERS_PER_TALK == 0:
            ends["purchase: " + talk(draw, family)] += 1
            continue
        raw = draw.randbytes(draw.randrange(64))
        try:
            draw.choice(PARSERS[family])(raw)
            ends["parsed"] += 1
        except ENDS as error:
            ends[type(error).__name__] += 1
    return ends


if __name__ == "__main__":
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT
    for end, times in sorted(main(sys.argv[1], wanted, 1).items()):
        print(f"{times:>9} {end}")
