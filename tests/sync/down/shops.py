"""Shop files that differ a little from each other, and what a till that has one of them looks like."""

import random
from pathlib import Path
from typing import Any

import msgspec

from config.shop import MemberCard, Operator, ShopFile
from terminal.store.catalog import Catalog, build_catalog
from terminal.store.members import Members, build_members
from terminal.store.shopfile import tables
from tests.bench.down import shop

alter = msgspec.structs.replace


def first(members: int = 60, goods: int = 40) -> ShopFile:
    return shop(members, goods)


def later(before: ShopFile, dice: random.Random) -> ShopFile:
    """Return ``before`` after a day: members come and go, cards change hands, prices change."""
    people = list(before.members)
    gone = people.pop(dice.randrange(len(people)))
    n = dice.randrange(len(people))
    # The card of who left goes to somebody else, whose own is lost.
    mine = tuple(alter(card, lost=True) for card in people[n].cards[:1])
    cards = (*mine, *people[n].cards[1:], *gone.cards[:1])
    people[n] = alter(people[n], tier="gold", cards=cards)
    people.append(
        alter(gone, id=f"9{dice.randrange(10**6):06d}", cards=(), points=dice.randrange(99))
    )
    goods = list(before.goods)
    for _ in range(5):
        n = dice.randrange(len(goods))
        goods[n] = alter(goods[n], price=goods[n].price + 10, barcodes=())
    goods.pop(dice.randrange(len(goods)))
    tiers = tuple(alter(each, name=each.name + "+") for each in before.tiers)
    staff = (
        *before.operators,
        Operator(id=f"{dice.randrange(10**7)}", name="新", pin="1357", must_change=True),
    )
    return alter(before, members=tuple(people), goods=tuple(goods), tiers=tiers, operators=staff)


def with_card(before: ShopFile, account: str, number: str) -> ShopFile:
    """Return ``before`` with one more card of a member."""
    people = [
        alter(who, cards=(*who.cards, MemberCard(number=number))) if who.id == account else who
        for who in before.members
    ]
    return alter(before, members=tuple(people))


def seen(data: Path) -> dict[str, Any]:
    """Return all that the databases below ``data`` say, but what versions are called."""
    catalog = Catalog.open(data / "catalog.db")
    members = Members.open(data / "members.db", lambda _: {})
    run, ask = catalog._connection.execute, members._connection.execute
    book = msgspec.to_builtins(catalog.rule_book())
    said = {
        "goods": run("SELECT * FROM goods ORDER BY 1").fetchall(),
        "barcodes": run("SELECT * FROM barcode ORDER BY 1").fetchall(),
        "categories": run("SELECT * FROM category ORDER BY 1").fetchall(),
        "operators": run(
            "SELECT id, name, role, verifier, first_pin FROM operator ORDER BY 1"
        ).fetchall(),
        "rules": {
            name: value
            for name, value in book.items()
            if name not in ("version", "catalogue", "candidates")
        },
        "members": ask("SELECT * FROM member ORDER BY 1").fetchall(),
        "media": ask("SELECT * FROM medium ORDER BY 1").fetchall(),
        "tiers": ask("SELECT * FROM tier ORDER BY 1").fetchall(),
        "lost": ask("SELECT * FROM lost ORDER BY 1").fetchall(),
        "held": ask(
            "SELECT account, points, principal, bonus FROM statement"
            " WHERE points OR principal OR bonus ORDER BY 1"
        ).fetchall(),
    }
    catalog.close()
    members.close()
    return said


def expected(of: ShopFile, folder: Path) -> dict[str, Any]:
    """Return what :func:`seen` tells of a till that has ``of`` from a shop file."""
    folder.mkdir(exist_ok=True)
    catalog, members = tables(of)
    build_catalog(folder / "catalog.db", catalog)
    build_members(folder / "members.db", members)
    return seen(folder)
