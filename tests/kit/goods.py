"""The goods, rules and members that the tests of the core reckon with, chosen so that halves occur."""

from terminal.core.effects import Post
from terminal.core.journal import Entry, Stamp, Versions
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook
from terminal.core.turn import Turn

WATER = Goods("6901234567892", "农夫山泉550ml", 250, "drinks", tax_basis_points=1300)
BREAD = Goods("6920000000019", "Sliced bread 全麦吐司", 1149, "bakery")
SWEET = Goods("2", "Sweet", 50, "sweets")
APPLES = Goods("7", "红富士苹果", 1198, "fruit", unit="kg")
TOBACCO = Goods("9", "Tobacco", 2600, "tobacco", earns=False)
GIFT = Goods("0", "Sample", 0, "gifts")


def rule(
    id_: str,
    group: str,
    percent: int,
    *,
    tiers: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    priority: int = 0,
) -> PercentRule:
    """Return a percentage rule whose name is made from its id."""
    return PercentRule(
        id_, "1", f"rule {id_}", group, priority, percent, frozenset(tiers), frozenset(categories)
    )


GOLD_95 = rule("gold", "tier", 95, tiers=("gold",))
DRINKS_90 = rule("drinks", "category", 90, categories=("drinks",))
ONE_PER_YUAN = EarnRule("earn", "3", "1 point per yuan", 100, 1, 5000, (("gold", 150),))
RULES = RuleBook("r7", "c12", (GOLD_95, DRINKS_90), ONE_PER_YUAN)
NO_RULES = RuleBook("r0", "c0", (), None)

WANG = Member(
    "100001", "王小明", "13800000001", "gold", "金卡", 320, 0, 0, "05-21", "uid:04a1b2c3d4e5f6"
)  # fmt: skip
LI = Member("100002", "李雷", "13800000002", "plain", "普通", 0, 0, 0, "", "phone")

TURN = Turn(RULES, "sale-1")
STAMP = Stamp(1_795_228_800_000, "boot-1", 61_000, trusted=True)


def entry(post: Post, *, operator: str = "1001", call: str = "call-1") -> Entry:
    """Return the entry that the till would seal for ``post``."""
    return Entry(
        STAMP, 20261121, "S01", "S01-T1", operator, call, Versions("r7", "c12"),
        post.facts, post.body, post.postings,
    )  # fmt: skip
