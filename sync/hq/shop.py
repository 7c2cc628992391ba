"""The shop file as rows of master data, read again whenever it changes."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from config.load import SHOP_SIZE_MAX, load_shop
from config.shop import ShopFile
from sync.protocol.master import CATALOGUE, HOTLIST, MEMBERS
from terminal.codec import master

_BUILD = b"2"
"""Raised whenever the same shop file would give other rows."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What a shop file says."""

    rows: dict[str, dict[tuple[str, str], bytes]]
    """By table, then kind and key."""
    openings: dict[str, tuple[int, int, int]]
    """Points, principal and bonus at the opening of the books, by account number."""


def digest_of(path: Path) -> bytes:
    """Return the digest of a shop file, by which it is known whether it changed.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return sha256(_BUILD + file.read(SHOP_SIZE_MAX + 1)).digest()


def read_tables(path: Path) -> Tables:
    """Return what the shop file at ``path`` says.

    Raises:
        ConfigError: It has faults.
    """
    return tables_of(load_shop(path))


def tables_of(shop: ShopFile) -> Tables:
    """Return what a shop file says as rows.

    What is paid by a tier and what its members earn belong to the rules, its name to the members: a tier
    is in both tables.
    """
    catalogue: dict[tuple[str, str], bytes] = {}
    for kind, tables in (
        (master.CATEGORY, shop.categories),
        (master.OPERATOR, shop.operators),
        (master.RULE, shop.rules),
        (master.TIER, shop.tiers),
    ):
        catalogue |= {(kind, row.id): master.small(n, row) for n, row in enumerate(tables)}
    tiers = {(master.TIER, row.id): master.small(n, row) for n, row in enumerate(shop.tiers)}
    return Tables(
        {
            CATALOGUE: catalogue
            | {(master.GOODS, good.code): master.goods(good) for good in shop.goods},
            MEMBERS: tiers | {(master.MEMBER, who.id): master.member(who) for who in shop.members},
            HOTLIST: {
                (master.MEDIUM, card.medium): b""
                for who in shop.members
                for card in who.cards
                if card.lost
            },
        },
        {who.id: (who.points, who.stored, who.bonus) for who in shop.members},
    )
