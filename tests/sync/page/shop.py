"""A small company's days as real entries: priced, posted and sealed by the core, the same at every run."""

from dataclasses import dataclass, field, replace
from random import Random

from sync.protocol.record import genesis, seal
from terminal.codec.entry import encode
from terminal.core import books, journal
from terminal.core.journal import Bill, Buyer, Entry, SalePosted, Stamp, Tender, Totals, Versions
from terminal.core.pricing.basket import Goods, Line, Member
from terminal.core.pricing.quote import price
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook

START_MS = 1_795_222_800_000
"""2026-11-21 09:00 in Shanghai."""
DAY_MS = 86_400_000
MEMBERS = (
    ("100001", "gold", "王秀英"),
    ("100002", "silver", "李建国"),
    ("100003", "plain", "Zoë O’Brien"),
    ("100004", "gold", "<script>alert(1)</script>"),
    ("100005", "silver", "陈静"),
)
NAMES = {number: name for number, _, name in MEMBERS}
_GOODS = (
    ("1001", "农夫山泉饮用天然水 550ml", 200, "drink"),
    ("1002", "可口可乐 330ml", 350, "drink"),
    ("2001", "乐事原味薯片 75g", 750, "snack"),
    ("2002", "奥利奥夹心饼干 97g", 690, "snack"),
    ("3001", "金龙鱼东北大米 5kg", 3990, "food"),
    ("3002", "海天酱油 500ml", 1180, "food"),
    ("4001", "红富士苹果", 1280, "fresh"),
    ("5001", "维达抽纸 3 包", 1590, "daily"),
)
RULES = RuleBook(
    "7",
    "12",
    (
        PercentRule(
            "snack-week", "3", "零食周", "category", 5, 90, frozenset(), frozenset({"snack"})
        ),
        PercentRule("gold", "1", "金卡会员价", "tier", 1, 95, frozenset({"gold"}), frozenset()),
        PercentRule("silver", "1", "银卡会员价", "tier", 1, 98, frozenset({"silver"}), frozenset()),
    ),
    EarnRule("points", "2", "每元一分", 100, 1, 5000, (("gold", 150), ("silver", 120))),
)


def goods(number: int, name: str | None = None) -> Goods:
    """Return article ``number`` of the shop, by another name if one is given."""
    code, own, cents, category = _GOODS[number % len(_GOODS)]
    return Goods(code, name or own, cents, category)


@dataclass
class Shop:
    """One till that sells; ``bodies`` are its records."""

    terminal: str
    ledger_id: str
    key: bytes = bytes(32)
    dice: Random = field(default_factory=lambda: Random(7))
    bodies: list[bytes] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=dict)

    def sell(self, wall_ms: int, buyer: int | None, lines: int, name: str | None = None) -> Entry:
        """Seal a sale of ``lines`` articles to the member at place ``buyer``, or to a stranger."""
        who = MEMBERS[buyer] if buyer is not None else None
        basket = [self._line(n, name) for n in range(1, lines + 1)]
        quote = price(basket, self._member(who), RULES)
        owner = None
        if who:
            before = self.points.get(who[0], 0)
            owner = Buyer(who[0], who[1], "uid:04A1B2C3D4E5F6", before)
            self.points[who[0]] = before + quote.earned
        sums = Totals(quote.gross, quote.discount, quote.rounding, quote.total, quote.earned)
        number = len(self.bodies) + 1
        bill = Bill(f"{self.ledger_id}-{number}", owner, quote.lines, sums, quote.points_why)
        given = -(-quote.total // 1000) * 1000
        body = SalePosted(
            f"{self.terminal}-1-{number:06d}", bill, (Tender("cash", given),), given - quote.total
        )
        return self.post(wall_ms, body, (("tier", who[1]),) if who else ())

    def _line(self, n: int, name: str | None) -> Line:
        article = goods(self.dice.randrange(99), name)
        return Line(n, article, 1000 * self.dice.choice((1, 1, 2, 3)), article.price)

    def _member(self, who: tuple[str, str, str] | None) -> Member | None:
        if who is None:
            return None
        number, tier, name = who
        points = self.points.get(number, 0)
        return Member(number, name, "", tier, tier, points, 0, 0, "", f"number:{number}")

    def post(
        self, wall_ms: int, body: journal.Body, facts: tuple[tuple[str, str], ...] = ()
    ) -> Entry:
        """Seal ``body``."""
        number = len(self.bodies) + 1
        date = int("202611" + f"{21 - (START_MS + 53_999_999 - wall_ms) // DAY_MS:02d}")
        entry = Entry(
            Stamp(wall_ms, "boot-1", wall_ms - START_MS + 20 * DAY_MS, True),
            date, self.terminal.split("-")[0], self.terminal, "1001",
            f"call-{self.ledger_id}-{number}", Versions(RULES.version, RULES.catalogue), facts,
            body, books.postings_of(body),
        )  # fmt: skip
        self.entries.append(entry)
        self.bodies.append(encode(entry))
        return entry

    def post_unbalanced(self, wall_ms: int) -> None:
        """Seal an entry whose postings do not add up, as only a damaged till would."""
        entry = self.sell(wall_ms, None, 1)
        broken = replace(entry, postings=entry.postings[:1])
        self.bodies[-1], self.entries[-1] = encode(broken), broken

    def digests(self) -> list[bytes]:
        """Return the digest before the first record and those of all records."""
        chain = [genesis(self.ledger_id, self.key)]
        for body in self.bodies:
            chain.append(seal(chain[-1], body))
        return chain


def fortnight(sales: int = 60) -> tuple[Shop, Shop, Shop]:
    """Return three tills that sold for two weeks, ``sales`` each."""
    tills = (
        Shop("S01-T1", "L-8F3A6C21", dice=Random(1)),
        Shop("S01-T2", "L-19BD02E7", dice=Random(2)),
        Shop("S02-T1", "L-C450AA9E", dice=Random(3)),
    )
    for till in tills:
        days_back = [13 - number * 14 // sales for number in range(sales)]
        moments = [START_MS - n * DAY_MS + till.dice.randrange(46_000_000) for n in days_back]
        for moment in sorted(moments):
            buyer = till.dice.choice((None, 0, 1, 2, 3, 4))
            till.sell(moment, buyer, till.dice.randint(1, 6))
    return tills
