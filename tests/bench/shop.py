"""The shop of the benches: 50,000 members with a card each, 200 goods, tier and category prices."""

import json
import socket
from pathlib import Path

MEMBERS = 50_000
GOODS = 200
TIERS = ("plain", "silver", "gold", "black")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shop_file() -> str:
    """The shop as a technician would have it in a file."""
    parts = ["[versions]\ncatalogue = 1\nrules = 1\n"]
    for place, tier in enumerate(TIERS):
        parts.append(
            f'[[tiers]]\nid = "{tier}"\nname = "{tier}"\npercent = {100 - 3 * place}\n'
            f"points_percent = {100 + 50 * (place > 1)}\n"
        )
    parts += [f'[[categories]]\nid = "{each}"\nname = "{each}"\n' for each in ("fruit", "drink")]
    parts += [
        f'[[goods]]\ncode = "G{n:05d}"\nname = "商品名称{n:02d} 500ml"\nprice = {100 + 37 * n}\n'
        f'category = "{"fruit" if n % 3 else "drink"}"\n'
        for n in range(GOODS)
    ]
    parts += [
        f'[[members]]\nid = "{100_000 + n}"\nname = "会员{n}"\nphone = "138{n:08d}"\n'
        f'tier = "{TIERS[n % 4]}"\npoints = {n % 5000}\ncards = [{{ uid = "04{n:012X}" }}]\n'
        for n in range(MEMBERS)
    ]
    parts += [
        '[[rules]]\nid = "tier"\nname = "会员价"\nkind = "tier"\n',
        '[[rules]]\nid = "cat"\nname = "水果日九折"\nkind = "category"\ncategory = "fruit"\npercent = 90\n',
        '[[rules]]\nid = "earn"\nname = "每元一分"\nkind = "earn"\namount = 100\n',
        '[[operators]]\nid = "1001"\nname = "王"\nrole = "cashier"\npin = "246810"\nmust_change = true\n',
    ]
    return "\n".join(parts)


def build(folder: Path, tty: str, broker: int) -> Path:
    """Write the settings and data of till and head office into ``folder``; return the till's settings."""
    (folder / "shop.toml").write_text(shop_file(), encoding="utf-8")
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
        f'[shop]\ndata = "shop.toml"\n[counter]\nlisten = "127.0.0.1:{ports["till"]}"\n'
        f'[sync]\nbroker = "mqtt://127.0.0.1:{broker}"\ntrust_hq = "first"\n'
    )
    return folder / "terminal.toml"
