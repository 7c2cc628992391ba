"""Past sales a second under draft rules, on one core: reading, pricing anew, and adding up both ways.

    python -m tests.bench.backtest

The draft is the hundred overlapping promotions of :mod:`tests.bench.rules`; the sales are of 1 to 12 lines,
half of them members', sold by the plain rules of a shop and read from a ledger on the disk. CPU time of the
thread that plays.
"""

import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from terminal.codec.entry import encode
from terminal.core.backtest import Around, BackTest
from terminal.core.effects import Post
from terminal.core.journal import Entry, Stamp, Tender, Versions
from terminal.core.pricing.basket import Member
from terminal.core.pricing.rules import RuleBook
from terminal.core.sale import Idle, LineAdded, MemberIdentified, Tendered, Turn, step
from terminal.store.ledger import Ledger
from terminal.store.played import PastSales
from tests.bench.rules import EARN, GROUPS, SEED, TIERS, articles, promotions
from tests.store.entries import BOOT, IDENTITY

SALES = 6_000
WANTED = 2_000
"""A second."""


def main() -> int:
    """Measure, print and return 1 where it is less than wanted."""
    draw = random.Random(SEED)
    goods = articles(draw)
    rules = promotions(draw, goods)
    draft = RuleBook("draft", "1", (), EARN, promotions=tuple(rules), groups=GROUPS)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        fill(path, draw, goods)
        played = [play(path, draft) for _ in range(3)]
    rate = max(played)
    print(f"{SALES} sales under {len(rules)} promotions: {rate:,.0f} past sales/s (of {played})")
    return int(rate < WANTED)


def fill(path, draw, goods):
    """Sell :data:`SALES` baskets into a new ledger."""
    ledger = Ledger.open(path, IDENTITY, BOOT)
    turn = Turn(RuleBook("1", "1", (), EARN), "s")
    for number in range(SALES):
        state = Idle()
        if number % 2:
            tier = draw.choice(TIERS)
            who = Member(str(100_000 + number % 997), "", "", tier, tier, 0, 0, 0, "", "phone")
            state, _ = step(state, MemberIdentified(who), turn)
        for _ in range(draw.randrange(1, 13)):
            line = LineAdded(draw.choice(goods), draw.randrange(1, 4) * 1000)
            state, _ = step(state, line, turn)
        _, effects = step(state, Tendered(Tender("cash", 10_000_000)), turn)
        [post] = [each for each in effects if isinstance(each, Post)]
        stamp = Stamp(1_795_000_000_000 + number * 60_000, BOOT, number, trusted=True)
        made = Entry(
            stamp, 20261101 + number // 400, "S01", "S01-T1", "1001", "", Versions("1", "1"),
            post.facts, post.body, post.postings,
        )  # fmt: skip
        ledger._disk.run("PRAGMA synchronous = OFF")
        ledger.post(made, encode(made), None)
    ledger.close()


def play(path, draft):
    """Return how many sales a second of CPU are played."""
    sales, test = PastSales.open(path), BackTest(draft)
    at, end = sales.between(20260101, 20991231)
    begun = time.thread_time()
    while at < end:
        found, at = sales.slice(at, end)
        for sale in found:
            test.play(sale.entry, Around(600, sale.is_first, None))
    taken = time.thread_time() - begun
    assert test.whole.sales == SALES
    sales.close()
    return SALES / taken


if __name__ == "__main__":
    sys.exit(main())
