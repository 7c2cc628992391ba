"""The shop of the benches: 50,000 members with a card each, 200 goods, tier and category prices."""

import json
import socket
from pathlib import Path

from terminal.core.pricing.basket import Goods
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook
from terminal.store.catalog import CatalogTables, GoodsRow, OperatorRow, build_catalog
from terminal.store.members import MemberRow, MemberTables, Statement, build_members

MEMBERS = 50_000
TIERS = ("plain", "silver", "gold", "black")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rules():
    everybody, everything = frozenset(), frozenset()
    prices = [
        PercentRule(
            f"tier-{tier}",
            "1",
            f"会员价 {tier}",
            "tier",
            0,
            100 - 3 * place,
            frozenset({tier}),
            everything,
        )
        for place, tier in enumerate(TIERS)
        if place
    ]
    fruit = frozenset({"fruit"})
    prices.append(PercentRule("cat", "1", "水果日九折", "category", 0, 90, everybody, fruit))
    earn = EarnRule("earn", "1", "每元一分", 100, 1, 100_000, (("gold", 150), ("black", 200)))
    return RuleBook("1", "1", tuple(prices), earn)


def goods():
    for n in range(200):
        code = f"G{n:05d}"
        yield GoodsRow(
            Goods(code, f"商品名称{n:02d} 500ml", 100 + 37 * n, "fruit" if n % 3 else "drink"), ()
        )


def fill(data: Path) -> None:
    data.mkdir()
    build_members(
        data / "members.db",
        MemberTables(
            [(tier, tier) for tier in TIERS],
            [
                MemberRow(
                    account=f"{n:06d}",
                    name=f"会员{n}",
                    phone=f"138{n:08d}",
                    tier=TIERS[n % 4],
                    media=(f"uid:{n.to_bytes(7, 'big').hex()}",),
                    statements=(Statement("points", n % 5000),),
                )
                for n in range(MEMBERS)
            ],
        ),
    )
    build_catalog(
        data / "catalog.db",
        CatalogTables(
            [("fruit", "水果"), ("drink", "饮料")],
            list(goods()),
            [OperatorRow("1001", "王", "cashier", None, "246810")],
            rules(),
        ),
    )


def build(folder: Path, tty: str, broker: int) -> Path:
    """Write the settings and data of till and head office into ``folder``; return the till's settings."""
    fill(folder / "till")
    ports = {"till": free_port(), "hq": free_port()}
    (folder / "ports.json").write_text(json.dumps(ports))
    (folder / "hq.toml").write_text(
        f'[hq]\ndata = "sqlite:///hq.db"\nlisten = "127.0.0.1:{ports["hq"]}"\n'
        f'broker = "mqtt://127.0.0.1:{broker}"\nsigning_key = "hq.key"\ntrust_tills = "first"\n'
    )
    (folder / "terminal.toml").write_text(
        f'[terminal]\nid = "B1"\nstore = "B"\ncurrency = "CNY"\ndata_dir = "till"\n'
        f'[receipt]\ntitle = "测试便利店"\nlines = ["地址一", "地址二"]\nfooter = ["谢谢"]\n'
        f'[[readers]]\nname = "reader"\ndriver = "virtual"\n[[scanners]]\nname = "gun"\ndriver = "virtual"\n'
        f'[[printers]]\nname = "receipt"\ndriver = "file"\npath = "{tty}"\n'
        f'[counter]\nlisten = "127.0.0.1:{ports["till"]}"\n'
        f'[sync]\nbroker = "mqtt://127.0.0.1:{broker}"\ntrust_hq = "first"\n'
    )
    return folder / "terminal.toml"
