"""Never overspent: tills and the real grants under random loss, doubling, restarts and restores."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.schema import Ahead
from sync.hq import allowances
from sync.hq.allowances import Seen
from sync.hq.exposure import exposure
from sync.hq.lapsing import Lapsing
from sync.hq.ownledger import OwnLedger, records
from sync.hq.store import Store
from sync.protocol.hello import Hello
from sync.protocol.keys import SecretKey
from sync.protocol.record import genesis
from sync.protocol.value import FORMAT, Ask, Grant
from terminal.codec.entry import decode
from terminal.core import accounts
from terminal.core.allowance import (
    Allowance,
    AllowancesClosed,
    AllowancesOpened,
    Book,
    LotShare,
    Spendable,
    oldest,
)
from terminal.core.journal import Body
from terminal.store.ledger import Ledger
from terminal.store.schema import Identity
from terminal.store.verify import verify
from tests.kit.goods import WANG

KEY = SecretKey.of_seed(b"h" * 32)
MEMBER, HELD, DAY = WANG.account, 1_000, 20261121
SCHEDULES, STEPS = 40, 80


@dataclass
class Spending:
    """Stands for a sale that spends."""

    account: str
    value_spent: tuple

    def value_lots(self):
        return ()


@dataclass
class Till:
    name: str
    ledger: list[Body] = field(default_factory=list)
    sent: int = 0
    book: Book = field(default_factory=Book)
    asked: dict[str, int] = field(default_factory=dict)
    timeline: int = 1

    def post(self, body: Body) -> None:
        self.ledger.append(body)
        match body:
            case AllowancesOpened(opened):
                self.book.opened(opened)
            case AllowancesClosed(ids):
                self.book.close(ids)
            case _:
                self.book.spent(body.value_spent)


class World:
    def __init__(self, data: Path | str, seed: int) -> None:
        self.draw = random.Random(seed)
        self.store = Store(data)
        self.store.grants.ahead = (Ahead(most=300),)
        self.sql = self.store.database.sql
        self.tills = [Till(f"T{n}") for n in range(3)]
        self.wire: list[tuple[Till, Ask | Grant]] = []
        self.spent = self.now = self.count = 0
        self.timeline = 1
        for n, till in enumerate(self.tills):
            raw = bytes((n,)) * 32
            start = genesis(till.name, raw)
            hello = Hello(till.name, till.name, 0, raw, bytes(8), 0, start)
            self.store.enrol(till.name, bytes((n,)) * 8, raw, 0)
            self.store.open_ledger(hello, bytes((n,)) * 8, start, 0)
        self.sql.execute(
            "INSERT INTO holding (account, changed, points, principal, bonus) VALUES (?, 1, 0, ?, 0)",
            (MEMBER, HELD),
        )

    def step(self) -> None:
        self.now += 1_000
        till = self.draw.choice(self.tills)
        self.draw.choice((self.ask, self.deliver, self.deliver, self.spend, self.close, self.send,
                          self.send, self.restart))(till)  # fmt: skip

    def ask(self, till: Till) -> None:
        self.count += 1
        name = f"a{self.count}"
        ask = Ask(FORMAT, till.name, bytes(8), till.name, 0, "S", till.timeline, len(till.ledger),
                  name, tuple(till.asked), MEMBER)  # fmt: skip
        till.asked[name] = self.count
        self.wire += [(till, ask)] * self.draw.choice((0, 1, 1, 2))

    def deliver(self, _: Till) -> None:
        if not self.wire:
            return
        till, message = self.wire.pop(self.draw.randrange(len(self.wire)))
        if isinstance(message, Ask):
            grant = self.store.grants.answer(message, self.timeline, self.now)
            self.wire += [(till, grant)] * self.draw.choice((0, 1, 1, 2))
            return
        if till.asked.pop(message.ask, None) is None or message.timeline < till.timeline:
            return
        till.timeline = message.timeline
        opened = tuple(
            Allowance(each.id, each.account, each.unit,
                      tuple(LotShare(lot.lot, lot.amount) for lot in each.lots), each.cause,
                      message.timeline, self.now, 0)
            for each in message.allowances
        )  # fmt: skip
        if opened:
            till.post(AllowancesOpened(opened))

    def spend(self, till: Till) -> None:
        amount = self.draw.randrange(1, 400)
        wallet = till.book.wallet(MEMBER)
        parts = wallet.spend(accounts.PRINCIPAL, amount, self.now, DAY, oldest)
        if not isinstance(parts, Spendable):
            till.post(Spending(MEMBER, parts))
            self.spent += amount

    def close(self, till: Till) -> None:
        if till.book.open and self.draw.random() < 0.5:
            till.post(AllowancesClosed(tuple(till.book.open)))

    def send(self, till: Till) -> None:
        new = till.ledger[till.sent :][: self.draw.randrange(1, 4)]
        self.take(till, new)
        till.sent += len(new)

    def take(self, till: Till, bodies: list[Body]) -> None:
        (stream,) = self.store.streams(till.name)
        with self.store.database.transaction():
            seen = [Seen(n, till.name, 0, till.name, body) for n, body in enumerate(bodies)]
            allowances.apply(self.sql, seen, self.now)
            self.sql.execute(
                "UPDATE stream SET last_seq = last_seq + ? WHERE id = ?", (len(bodies), stream.id)
            )

    def restart(self, till: Till) -> None:
        """The till's memory is gone; its ledger is not."""
        till.asked.clear()
        till.book = Book()
        ledger, till.ledger = till.ledger, []
        for body in ledger:
            till.post(body)

    def lose(self) -> None:
        """The head office forgets what it granted, as from an old backup; tills send everything again."""
        for table in ("allowance", "allowance_lot", "value_lot"):
            self.sql.execute(f"DELETE FROM {table}")
        self.sql.execute("UPDATE stream SET last_seq = 0")
        self.timeline = self.store.raise_timeline(self.timeline)
        for till in self.tills:
            till.sent = 0


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request, tmp_path):
    is_file = request.param == "sqlite"
    made = World(
        tmp_path / "hq.db" if is_file else request.getfixturevalue("postgres").database(), 1
    )
    yield made
    made.store.close()


@pytest.mark.parametrize("restores", [False, True])
def test_no_schedule_overspends(tmp_path: Path, restores: bool) -> None:
    granted = 0
    for seed in range(SCHEDULES):
        world = World(tmp_path / f"{seed}.db", seed)
        for n in range(STEPS):
            if restores and n == STEPS // 2:
                world.lose()
            world.step()
            assert world.spent <= HELD, f"seed {seed}, step {n}: {world.spent} of {HELD}"
        granted += bool(world.spent)
        assert not world.sql.execute("SELECT * FROM overspent").fetchall()
        world.store.close()
    assert granted > SCHEDULES // 4, "hardly any schedule spends anything"


def test_after_a_new_timeline_nothing_is_granted_until_every_till_was_heard(world: World) -> None:
    world.lose()
    for place, till in enumerate(world.tills):
        till.timeline = world.timeline
        ask = Ask(FORMAT, till.name, bytes(8), till.name, 0, "S", 2, 0, f"x{place}", (), MEMBER)
        grant = world.store.grants.answer(ask, 2, 1)
        if place < 2:
            assert (grant.why, grant.allowances) == ("roll-call", ())
            assert grant.missing == tuple(each.name for each in world.tills[place + 1 :])
    assert sum(lot.amount for each in grant.allowances for lot in each.lots) == HELD
    assert world.store.grants.answer(ask, 2, 2).allowances == grant.allowances, "the same ask"
    (exposed,) = exposure(world.sql.execute, 2)
    assert (exposed.terminal, exposed.amount) == ("T2", HELD)


def test_a_lost_till_frees_nothing_until_a_person_says_so(world: World) -> None:
    one, two = (
        Ask(FORMAT, each.name, bytes(8), each.name, 0, "S", 1, 0, each.name, (), MEMBER)
        for each in world.tills[:2]
    )
    assert world.store.grants.answer(one, 1, 1).allowances
    late = 10**12
    refused = world.store.grants.answer(two, 1, late)
    assert (refused.allowances, refused.why, refused.elsewhere) == ((), "elsewhere", HELD)
    own = OwnLedger(world.store, KEY)
    assert own.declare_lost("T0", "burnt", "wang", DAY, late) == 1
    again = Ask(FORMAT, "T1", bytes(8), "T1", 0, "S", 1, 0, "again", (), MEMBER)
    assert world.store.grants.answer(again, 1, late).allowances


def test_the_head_offices_ledger_adjusts_lapses_and_is_verified(
    world: World, tmp_path: Path
) -> None:
    own = OwnLedger(world.store, KEY)
    own.adjust(MEMBER, accounts.BONUS, 500, "sorry", "wang", DAY, 1)
    own.adjust(MEMBER, accounts.PRINCIPAL, -400, "mistake", "wang", DAY, 2)
    with pytest.raises(ValueError, match="more than no till holds"):
        own.adjust(MEMBER, accounts.PRINCIPAL, -601, "mistake", "wang", DAY, 3)
    world.sql.execute("UPDATE value_lot SET lapses_on = 20261120 WHERE unit = 'bonus'")
    lapsing, at = Lapsing(world.store, KEY, "Asia/Shanghai"), 1_795_219_200_000
    assert [lapsing.run(at), lapsing.run(at)] == [1, 0]
    assert own.lapse(DAY, 5) == 0
    held = dict(world.sql.execute(
        "SELECT unit, amount FROM balance WHERE account = ?", (accounts.member(MEMBER),)
    ).fetchall())  # fmt: skip
    assert held == {"bonus": 0, "principal": 400}
    ledger_id, raw = own.identity()
    path = tmp_path / "own.db"
    ledger = Ledger.open(path, Identity(ledger_id, raw), "hq")
    for body, digest in records(world.store.database):
        ledger.post(decode(body), body, None)
        assert ledger.head_digest == digest
    ledger.close()
    assert verify(path).faults == ()
