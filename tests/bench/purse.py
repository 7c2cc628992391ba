"""A purchase off a card beside a bare transmit of the same commands, in turn, on a real card service.

    python -m tests.bench.purse [--rounds 20] [--dir .]

The till is the real one, in this process: loop, ledger on disk, page, printer on a pseudo-terminal; the card
is simulated in another process and lies on a virtual reader. The clock starts when the reader's thread sees
the card, with the sale open and the card asked for, and stops at the receipt's first byte: by then intent and
sale are on the disk. The bare transmit sends the very same bytes to a card in the very same state. Limits:
our share of a command 0.3 ms; an EV2 purchase at most the bare transmit, twice the floor's sale and 8 ms.
"""

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from smartcard import scard

from config.load import load
from drivers.cards import pcsc
from drivers.cards.classic.purse import open_purse as open_classic
from drivers.cards.purse import Kind
from terminal.app import main as till_main
from terminal.app import wire
from terminal.app.feed import Asked
from terminal.core.purse.work import Asked as CardAwaited
from terminal.core.purse.work import Free
from terminal.core.sale import Idle
from terminal.core.till import Operator
from terminal.counter import desk
from tests.bench.sale import floor, quantile
from tests.cards.issued import EV1, EV2, KEYS, issued, moved
from tests.cards.link import Link
from tests.cards.members import classic
from tests.cards.sim.desfire import ATR
from tests.drivers.cards.cpu.test_wallet import wallet_card
from tests.kit.pcscd import READERS, Pcscd, card_is_seen
from tests.kit.ports import free_port
from tests.kit.till import SHOP as SHOP_FILE
from tests.kit.till import WATER
from tests.kit.vcard import STORAGE_ATR, VirtualCard
from tests.kit.waiting import until

SHARE_MS, REST_MS = 0.3, 8.0
COMMANDS = {"EV2": 8, "EV1": 8, "Classic": 8, "PBOC-like": 5}
ATRS = {"EV2": ATR, "EV1": ATR, "Classic": STORAGE_ATR, "PBOC-like": ATR}
SETTINGS = """[terminal]
id = "B1"
store = "B"
currency = "CNY"
data_dir = "till"

[[readers]]
name = "reader"
driver = "pcsc"
match = "{reader}"

[[printers]]
name = "receipt"
driver = "file"
path = "{tty}"

[counter]
listen = "127.0.0.1:{port}"

[cards]
keys = "keys"
wallets = true
purses = true

[shop]
data = "shop.toml"
"""


def rich_classic():
    card = classic()
    open_classic(Link(card), KEYS).move(moved(5_000, Kind.TOP_UP, 1))
    card.power_off()
    return card


CARDS = {
    "EV2": lambda: issued(EV2),
    "EV1": lambda: issued(EV1),
    "Classic": rich_classic,
    "PBOC-like": wallet_card,
}


def serve_cards() -> None:
    """Lay cards on readers as told: ``slot family``, an empty line takes the card away."""
    cards = {family: make() for family, make in CARDS.items()}
    before = {}
    while line := sys.stdin.readline():
        slot, family = line.split()
        cards[family].power_off()
        if slot == "0":
            before[family] = copy.deepcopy(cards[family])
        # The bare transmit meets the card as the till met it: it answers the very same.
        answers = cards[family] if slot == "0" else copy.deepcopy(before[family])
        with VirtualCard(answers, int(slot), ATRS[family]) as card:
            print("laid", flush=True)
            sys.stdin.readline()
        print(json.dumps([command.hex() for command in card.commands]), flush=True)


@dataclass
class Hand:
    """The hand that lays cards on readers, in another process."""

    process: "subprocess.Popen[str]"

    def lay(self, slot: int, family: str) -> None:
        self.process.stdin.write(f"{slot} {family}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "laid\n"

    def lift(self, slot: int) -> list[bytes]:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seen = [bytes.fromhex(each) for each in json.loads(self.process.stdout.readline())]
        until(lambda: not card_is_seen(slot), "the card has gone")
        return seen


class Till:
    """The till of the bench."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        sys.setswitchinterval(till_main.SWITCH_S)
        self.paper = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.paper"], stdout=subprocess.PIPE, text=True
        )
        stack.callback(self.paper.kill)
        tty = self.paper.stdout.readline().strip()
        folder.mkdir()
        (folder / "keys").write_text("".join(f"{n} {key.hex()}\n" for n, key in KEYS.masters))
        (folder / "shop.toml").write_bytes(SHOP_FILE.read_bytes())
        path = folder / "terminal.toml"
        path.write_text(SETTINGS.format(reader=READERS[0], tty=tty, port=free_port()))
        self.seen: list[int] = []
        self.sent: list[tuple[int, int]] = []
        self._watch(stack)
        self.parts = wire.assemble(load(path))
        ready = threading.Event()
        loop = threading.Thread(target=self.parts.serve, args=(lambda: None,), daemon=True)
        page = threading.Thread(target=self.parts.serve_page, args=(ready.set,), daemon=True)
        loop.start()
        page.start()
        stack.callback(loop.join, 10)
        stack.callback(self.parts.stop)
        ready.wait(20)
        self.calls = 0
        self.operator = Operator("1001", "bench", "cashier")
        self.call(desk.SignIn(self.operator))
        self.until(lambda view: all(light.state == "up" for light in view.devices))

    def _watch(self, stack: ExitStack) -> None:
        """Note when a card is seen, and when each command goes out and comes back."""
        read, transmit = pcsc.PcscReader._read, scard.SCardTransmit

        def seeing(reader, *what):
            self.seen.append(time.monotonic_ns())
            return read(reader, *what)

        def sending(*what):
            begun = time.monotonic_ns()
            said = transmit(*what)
            self.sent.append((begun, time.monotonic_ns()))
            return said

        stack.callback(setattr, pcsc.PcscReader, "_read", read)
        stack.callback(setattr, scard, "SCardTransmit", transmit)
        pcsc.PcscReader._read, scard.SCardTransmit = seeing, sending

    def until(self, wanted: Callable[[desk.View], bool]) -> None:
        woken = threading.Event()
        stop = self.parts.feed.watch(woken.set)
        while not wanted(self.parts.feed.view()):
            woken.wait(1)
            woken.clear()
        stop()

    def call(self, action: desk.Action) -> desk.Answer:
        self.calls += 1
        name = f"bench-{self.calls}"
        call = desk.Call(name, self.calls.to_bytes(32, "big"), self.operator, action)
        asked = Asked(call, Future())
        self.parts.inbox.put(asked)
        return asked.answer.result(10)

    def purchase(self, hand: Hand, family: str) -> tuple[float, list[float], list[bytes]]:
        """Return the ms from card seen to first byte, our ms before each command, and the commands."""
        self.call(desk.AddLine(WATER, None, 1000, None))
        self.call(desk.TakeTender("purse", 200, ""))
        self.until(lambda view: isinstance(view.till.purse, CardAwaited))
        time.sleep(0.05)  # The customer reaches for the card; the pages have drawn.
        self.sent.clear()
        hand.lay(0, family)
        first = int(self.paper.stdout.readline())
        seen = self.seen[-1]
        self.until(lambda view: isinstance(view.till.sale, Idle) and not view.doubts)
        assert isinstance(self.parts.feed.view().till.purse, Free)
        sent = list(self.sent)
        gaps = [(after[0] - before[1]) / 1e6 for before, after in pairwise(sent)]
        return (first - seen) / 1e6, gaps, hand.lift(0)


def bare(hand: Hand, family: str, commands: list[bytes]) -> float:
    """Return the ms that the same commands take from card seen on, with nothing around them."""
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _, [(_, state, _)] = scard.SCardGetStatusChange(context, 0, [(READERS[1], 0)])
    lists = [list(command) for command in commands]
    hand.lay(1, family)
    while not state & scard.SCARD_STATE_PRESENT:
        _, [(_, state, _)] = scard.SCardGetStatusChange(context, 500, [(READERS[1], state)])
    begun = time.monotonic_ns()
    _, card, protocol = scard.SCardConnect(
        context, READERS[1], scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY
    )
    header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
    for command in lists:
        said = scard.SCardTransmit(card, header, command)
        assert said[0] == scard.SCARD_S_SUCCESS
    took = (time.monotonic_ns() - begun) / 1e6
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    scard.SCardReleaseContext(context)
    hand.lift(1)
    return took


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--dir", default=".")
    arguments.add_argument("--cards", action="store_true", help="serve cards; for the bench itself")
    wanted = arguments.parse_args()
    if wanted.cards:
        serve_cards()
        return
    with ExitStack() as stack:
        stack.enter_context(Pcscd())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=wanted.dir)))
        hands = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.purse", "--cards"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(hands.kill)
        hand = Hand(hands)
        print(f"{'':10} {'ours ms':>8} {'bare ms':>8} {'share ms':>9}  commands")
        figures = {}
        for family in CARDS:
            with (
                ExitStack() as one
            ):  # All cards have one number: each family meets a till of its own.
                till = Till(one, folder / family)
                figures[family] = measured(till, hand, family, wanted.rounds)
        sale = floor(100, folder, 0)["total_p50"] / 1000
    ours, without = figures["EV2"]
    limit = without + 2 * sale + REST_MS
    print(
        f"EV2: {ours:.2f} ms; bare {without:.2f} + 2 x floor {sale:.2f} + {REST_MS} = {limit:.2f} ms"
    )


def measured(till: Till, hand: Hand, family: str, rounds: int) -> tuple[float, float]:
    """Print the row of a family and its commands; return the medians of ours and bare, in ms."""
    ours, bares, gaps = [], [], []
    commands: list[bytes] = []
    for number in range(rounds + 1):
        took, between, commands = till.purchase(hand, family)
        without = bare(hand, family, commands)
        if number:  # The first finds a card that the till never saw.
            ours.append(took)
            bares.append(without)
            # Between the last question and the word to move lies the ledger.
            gaps += [gap for place, gap in enumerate(between) if place != ready_at(family) - 1]
            assert len(commands) == COMMANDS[family], commands
    mine, theirs = quantile(ours, 50), quantile(bares, 50)
    share = quantile(gaps, 50)
    named = " ".join(command[:2].hex() for command in commands)
    print(f"{family:10} {mine:8.2f} {theirs:8.2f} {share:9.3f}  {len(commands)}: {named}")
    return mine, theirs


def ready_at(family: str) -> int:
    """Return how many commands come before the intent."""
    return 4 if family == "PBOC-like" else 5


if __name__ == "__main__":
    main()
