"""Made-up sales: one sale of eight lines worked out by the core, then varied from a seed.

Goods, members, quantities and prices are drawn, so that records compress no better than a shop's.
"""

from dataclasses import replace
from random import Random  # noqa: TID251 - made-up sales, always the same from a seed

from terminal.codec.entry import encode
from terminal.core import accounts
from terminal.core.effects import Post
from terminal.core.journal import Entry, SalePosted, Stamp, Tender, Versions
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook
from terminal.core.refusal import Refusal
from terminal.core.sale import Event, Idle, LineAdded, MemberIdentified, State, Tendered, step
from terminal.core.tenders import CASH
from terminal.core.turn import Turn

GOODS, MEMBERS = 5_000, 50_000
LINES = 8
_UNIT = 1_000
_BEGIN_MS = 1_795_000_000_000
_BETWEEN_MS = 41_017
_RULES = RuleBook(
    "sim", "sim",
    (
        PercentRule("gold", "1", "金卡九五折", "tier", 0, 95, frozenset({"gold"}), frozenset()),
        PercentRule("drinks", "1", "饮料九折", "category", 0, 90, frozenset(), frozenset({"drinks"})),
    ),
    EarnRule("earn", "1", "每元一分", 100, 1, 5_000, (("gold", 150),)),
)  # fmt: skip
_MEMBER = Member("100001", "模拟会员", "", "gold", "金卡", 0, 0, 0, "", "uid:04a1b2c3d4e5f6")


class Sales:
    """Sales of one till, one after another."""

    def __init__(self, terminal: str, seed: int) -> None:
        self._dice = Random(f"{terminal} {seed}")  # noqa: S311 - made-up sales
        self._terminal = terminal
        self._entry = _worked_out(terminal)
        self._count = 0

    def next(self) -> bytes:
        """Return the next sale as the body of a record."""
        self._count += 1
        dice, body = self._dice, self._entry.body
        assert isinstance(body, SalePosted)
        assert body.bill.buyer is not None
        account = str(100_000 + dice.randrange(MEMBERS))
        lines = tuple(
            replace(
                line,
                code=f"69{(n := dice.randrange(GOODS)) * 7919 % 10**11:011d}",
                name=f"商品{n}号 {n % 97}g",
                gross=line.gross + dice.randrange(2_000),
                quantity=_UNIT * dice.randint(1, 4),
            )
            for line in body.bill.lines
        )
        buyer = replace(
            body.bill.buyer, account=account, medium=f"uid:04{dice.getrandbits(48):012x}"
        )
        bill = replace(body.bill, sale_id=f"{dice.getrandbits(64):016x}", buyer=buyer, lines=lines)
        own = accounts.member(account)
        wall_ms = _BEGIN_MS + self._count * _BETWEEN_MS + dice.randrange(9_000)
        return encode(
            replace(
                self._entry,
                stamp=replace(self._entry.stamp, wall_ms=wall_ms),
                call_id=f"{dice.getrandbits(64):016x}",
                body=replace(body, bill=bill, receipt=f"{self._terminal}-1-{self._count:06d}"),
                postings=tuple(
                    replace(each, account=own) if each.account.startswith("member:") else each
                    for each in self._entry.postings
                ),
            )
        )


def _worked_out(terminal: str) -> Entry:
    """Return a paid sale, as a till would seal it."""
    state: State = Idle()
    posted: Post | None = None
    events: list[Event] = [
        *(LineAdded(_goods(n), _UNIT * (1 + n % 3)) for n in range(LINES)),
        MemberIdentified(_MEMBER),
        Tendered(Tender(CASH, 50_000)),
    ]
    for event in events:
        after = step(state, event, Turn(_RULES, "sale"))
        assert not isinstance(after, Refusal), after
        state, effects = after
        posted = next((each for each in effects if isinstance(each, Post)), posted)
    assert posted is not None
    return Entry(
        Stamp(_BEGIN_MS, "simulated", 0, trusted=True), 20261118, "SIM", terminal, "0000", "call",
        Versions("sim", "sim"), posted.facts, posted.body, posted.postings,
    )  # fmt: skip


def _goods(n: int) -> Goods:
    return Goods(f"69{n:011d}", f"商品{n}号", 250 + 349 * n, "drinks" if n % 2 else "bakery")
