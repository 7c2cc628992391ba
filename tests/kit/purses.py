"""A till that takes money off cards, in one thread: real loop side, ledger, teller, families, simulators.

    with tilled(tmp_path) as till:
        till.fill(WATER)
        till.pay(200)
        till.lay(card)
        assert till.sold == 1

Nothing is simulated but the card: what a reader's thread would do is done here one event after the other,
so that a test may stop the world between any two of them.
"""

import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from config.load import load
from drivers import api
from drivers.cards.counter import Purses
from drivers.cards.proven import Shop
from drivers.cards.seam import Response
from drivers.cards.teller import Teller
from terminal.app import wire
from terminal.app.feed import Asked
from terminal.core.purse.words import Doubt
from terminal.core.sale import Idle, State
from terminal.core.till import Event, Operator
from terminal.counter import desk
from terminal.counter.desk import Answer, Call
from tests.cards.issued import KEYS, Drawn
from tests.cards.link import Link
from tests.kit.till import SHOP
from tests.kit.vcard import Answers

SETTINGS = """[terminal]
id = "{terminal}"
store = "S01"
currency = "CNY"
locale = "en"
data_dir = "till"

[[readers]]
name = "counter"
driver = "virtual"

[shop]
data = "shop.toml"

[cards]
purses = true
"""
CASHIER = Operator("1001", "test", "cashier")
ROUNDS_MAX = 50
"""So many events follow from one another at most; more is a loop."""


class Field(Link):
    """What a reader sends a card; one that was torn away once is gone until it is laid on again."""

    is_torn = False

    def __call__(self, command: bytes) -> Response:
        if self.is_torn:
            raise api.CardTornError("gone")
        try:
            return super().__call__(command)
        except api.CardTornError:
            self.is_torn = True
            raise


class Here:
    """A reader whose thread is the test's."""

    def __init__(self, device: str, atr: bytes) -> None:
        shop = Shop(KEYS, wallets=True, draw=Drawn())
        self.device = device
        self.teller = Teller(device, shop.on("none"), Purses(shop).open)
        self.commands: deque[api.CardCommand] = deque()
        self.card: Callable[[bytes], api.CardImage] | None = None
        self.atr = atr

    def run(self, emit: api.Emit, stop: object) -> None:
        raise AssertionError("nobody runs it")

    def purse(self, command: api.CardCommand) -> bool:
        self.commands.append(command)
        return True


@dataclass
class Till:
    """The till at work."""

    parts: wire.Parts
    edges: wire.Edges
    attendant: wire.Attendant
    reader: Here
    operator: Operator = CASHIER
    calls: int = 0
    answers: list[Answer] = field(default_factory=list)

    def call(self, action: desk.Action) -> Answer:
        """Ask something, as the page would; the answer, once all that follows has been done."""
        self.calls += 1
        name = f"{id(self)}-{self.calls}"
        call = Call(name, name.encode().ljust(32), self.operator, action)
        asked = Asked(call, Future())
        self.take(asked)
        self.attendant.rest()
        return asked.answer.result(0)

    def take(self, event: object) -> None:
        self.attendant.take(event)
        self.pump()

    def pump(self) -> None:
        """Let the reader do what it was told, and the till hear what came of it."""
        for _ in range(ROUNDS_MAX):
            if not self.reader.commands:
                self.attendant.rest()
                return
            for event in list(self.reader.teller.obey(self.reader.commands.popleft())):
                self.attendant.take(event)
        raise AssertionError("reader and till go round in circles")

    def take_core(self, event: Event) -> None:
        """Have an event of the core happen that comes from no device."""
        self.attendant._happen(event)
        self.pump()

    def lay(self, card: Answers, atr: bytes, way: type["Field"] | None = None) -> list[bytes]:
        """Lay ``card`` on the reader until all is done; return the commands it saw."""
        link = (way or Field)(card)
        try:
            event = self.reader.teller.arrived(link, atr)
        except api.CardTornError as error:
            self.reader.teller.left()
            event = api.CardUnreadable(self.reader.device, str(error))
        self.take(event)
        return link.commands

    def lift(self) -> None:
        """Take the card away."""
        self.reader.teller.left()
        self.take(api.CardLeft(self.reader.device))

    @property
    def state(self) -> State:
        return self.attendant._till.sale

    @property
    def sold(self) -> int:
        return self.edges.ledger.receipts

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        return self.edges.ledger.purse_doubts()

    @property
    def notices(self) -> list[str]:
        return [notice.key for notice in self.attendant.view().notices]

    def fill(self, *codes: str) -> int:
        """Put goods into the basket; return what they cost."""
        for code in codes:
            answer = self.call(desk.AddLine(code, None, 1000, None))
            assert isinstance(answer, desk.Done), answer
        assert not isinstance(self.state, Idle)
        return self.state.sale.quote.total

    def pay(self, amount: int) -> Answer:
        return self.call(desk.TakeTender("purse", amount, ""))

    def close(self) -> None:
        self.edges.ledger.close()
        self.edges.look.close()
        self.edges.basket.close()


def prepare(folder: Path, terminal: str = "S01-T1") -> Path:
    """Write a till's files; return its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SHOP, folder / "shop.toml")
    path = folder / "terminal.toml"
    path.write_text(SETTINGS.format(terminal=terminal), encoding="utf-8")
    return path


def started(settings: Path, atr: bytes = b"") -> Till:
    """Start the till in ``settings``, after whatever an earlier run left."""
    parts = wire.assemble(load(settings))
    reader = Here("counter", atr)
    parts.drivers[0] = ("reader", reader)
    edges, attendant = wire._open(parts, None)
    attendant.begin()
    return Till(parts, edges, attendant, reader)


@contextmanager
def tilled(folder: Path, terminal: str = "S01-T1") -> Iterator[Till]:
    """Run a till until the end of the ``with`` block."""
    till = started(prepare(folder, terminal))
    try:
        yield till
    finally:
        till.close()
