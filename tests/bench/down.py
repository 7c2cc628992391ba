"""How long a till takes to get everything from the head office, and how many bytes: by hand.

    python -m tests.bench.down [members] [goods]

The real store, answers, protocol and mirror on real files in a temporary folder; only the broker is left
out. A member has a name, a phone and a card, all different; an article a name, a price and a bar code.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from config.relations import check_digit
from config.shop import (
    Category,
    EarnRule,
    Good,
    Member,
    MemberCard,
    Operator,
    ShopFile,
    Tier,
    TierRule,
    Versions,
)
from sync.hq.shop import tables_of
from sync.protocol.master import TABLES
from tests.kit.down import Down

_FAMILY = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文志鹏宇欣怡梓涵浩然子轩"
_BRANDS = (
    "农夫山泉",
    "康师傅",
    "统一",
    "伊利",
    "蒙牛",
    "旺旺",
    "三只松鼠",
    "洽洽",
    "海天",
    "蓝月亮",
)
_THINGS = (
    "绿茶",
    "牛奶",
    "酸奶",
    "饼干",
    "瓜子",
    "酱油",
    "洗衣液",
    "方便面",
    "果汁",
    "面包",
    "咖啡",
)


def shop(members: int, goods: int, seed: int = 1) -> ShopFile:
    """Return a shop of that size."""
    dice = random.Random(seed)
    phones = dice.sample(range(13_000_000_000, 19_999_999_999), members)
    return ShopFile(
        versions=Versions(catalogue=1, rules=1),
        tiers=(
            Tier(id="plain", name="普卡", percent=100),
            Tier(id="gold", name="金卡", percent=95),
        ),
        categories=tuple(Category(id=f"c{n}", name=f"类别{n}") for n in range(50)),
        goods=tuple(_good(n, dice) for n in range(goods)),
        members=tuple(_member(n, phones[n], dice) for n in range(members)),
        rules=(TierRule(id="t", name="会员价"), EarnRule(id="e", name="积分", amount=100)),
        operators=(Operator(id="1001", name="小王", pin="246810", must_change=True),),
    )


def _good(n: int, dice: random.Random) -> Good:
    digits = f"69{dice.randrange(10**10):010d}"
    return Good(
        code=f"{100_000 + n}",
        name=f"{dice.choice(_BRANDS)}{dice.choice(_THINGS)}{dice.randrange(50, 2000)}g",
        price=dice.randrange(100, 20_000, 10),
        category=f"c{dice.randrange(50)}",
        barcodes=(digits + str(check_digit(digits)),),
    )


def _member(n: int, phone: int, dice: random.Random) -> Member:
    name = dice.choice(_FAMILY) + dice.choice(_GIVEN) + dice.choice(("", dice.choice(_GIVEN)))
    return Member(
        id=f"{100_001 + n}",
        name=name,
        tier=dice.choice(("plain", "plain", "plain", "gold")),
        phone=str(phone),
        cards=(MemberCard(uid=f"04{dice.randrange(16**12):012X}"),),
        points=dice.randrange(5_000),
    )


def main() -> None:
    members, goods = (int(word) for word in (sys.argv[1:3] or ("100000", "50000")))
    tables = tables_of(shop(members, goods))
    with tempfile.TemporaryDirectory() as folder, Down(Path(folder)) as down:
        began = time.perf_counter()
        down.master.apply(tables, b"1", 0)
        print(
            f"HQ stores {members} members and {goods} goods in {time.perf_counter() - began:.2f} s"
        )
        whole_s, whole_bytes = 0.0, 0
        for table in TABLES:
            before, began = down.bytes, time.perf_counter()
            down.fetch(table)
            took, size = time.perf_counter() - began, down.bytes - before
            print(f"{table:<10} {took:6.2f} s {size / 1e6:6.2f} MB")
            if table != "statements":
                whole_s, whole_bytes = whole_s + took, whole_bytes + size
        print(f"snapshot   {whole_s:6.2f} s {whole_bytes / 1e6:6.2f} MB")
        changed = tables_of(shop(members, goods))
        row = next(iter(changed.rows["members"]))
        del changed.rows["members"][row]
        down.master.apply(changed, b"2", 0)
        before, began = down.bytes, time.perf_counter()
        down.fetch("members")
        took = time.perf_counter() - began
        print(f"one member {took * 1000:6.1f} ms {down.bytes - before:6d} B")


if __name__ == "__main__":
    main()
