"""Makes ``catalog.db`` and ``members.db`` from a shop file, where no head office gives them."""

from hashlib import file_digest, sha256
from pathlib import Path

from config.shop import Good, Member, Operator, ShopFile
from terminal.codec.shoprules import UnknownRuleError, shop_rules
from terminal.core import accounts
from terminal.core.pricing import rules
from terminal.core.pricing.basket import Goods
from terminal.store.catalog import CatalogTables, GoodsRow, OperatorRow, build_catalog
from terminal.store.members import MemberRow, MemberTables, More, Statement, build_members
from terminal.store.swap import MasterDataError

FILE_BYTES_MAX = 50_000_000
_BUILD = b"5"
"""Raised whenever the same shop file would give other databases."""


def load_shop_file(source: Path, data_dir: Path) -> bool:
    """Bring both databases up to the shop file at ``source``; return whether they were made anew.

    A till that starts with the file it had last time does not read its meaning at all. The databases are
    compared byte by byte with what was built: one that was spoiled meanwhile is built again.

    Raises:
        MasterDataError: The file cannot be read, or the databases not be written.
        config.faults.ConfigError: The file has faults; the databases are untouched.
    """
    stamp, catalog, members = (
        data_dir / name for name in ("shop.digest", "catalog.db", "members.db")
    )
    digest = _digest(source)
    if _read(stamp) == "\n".join((digest, _digest_of(catalog), _digest_of(members))):
        return False
    from config.load import load_shop  # noqa: PLC0415 - its parser costs more than the first sale

    shop = load_shop(source)
    catalog_tables, member_tables = tables(shop)
    stamp.unlink(missing_ok=True)
    build_members(members, member_tables)
    build_catalog(catalog, catalog_tables)
    stamp.write_text("\n".join((digest, _digest_of(catalog), _digest_of(members))))
    return True


def is_last_good_there(data_dir: Path) -> bool:
    """Return whether both databases are as an earlier, good shop file made them."""
    stamped = _read(data_dir / "shop.digest").split("\n")[1:]
    return stamped == [_digest_of(data_dir / name) for name in ("catalog.db", "members.db")]


def tables(shop: ShopFile) -> tuple[CatalogTables, MemberTables]:
    """Return what the shop file says, as rows.

    Raises:
        MasterDataError: It asks for a rule that this till does not know.
    """
    catalog = CatalogTables(
        [(category.id, category.name) for category in shop.categories],
        [_goods(good) for good in shop.goods],
        [_operator(operator) for operator in shop.operators],
        rule_book(shop),
    )
    members = MemberTables(
        [(tier.id, tier.name) for tier in shop.tiers],
        [_member(member) for member in shop.members],
        [card.medium for member in shop.members for card in member.cards if card.lost],
    )
    return catalog, members


def rule_book(shop: ShopFile) -> rules.RuleBook:
    """Return the shop's rules.

    Raises:
        MasterDataError: It asks for a rule that this till does not know.
    """
    try:
        return shop_rules(shop)
    except UnknownRuleError as error:
        raise MasterDataError(str(error)) from error


def _goods(good: Good) -> GoodsRow:
    goods = Goods(
        good.code,
        good.name,
        good.price,
        good.category,
        good.earns,
        good.tax_percent * 100,
        good.unit,
        good.cost,
        good.brand,
        tuple((each.level, each.price) for each in good.levels),
        good.price_min,
    )
    return GoodsRow(goods, good.barcodes)


def _operator(operator: Operator) -> OperatorRow:
    return OperatorRow(operator.id, operator.name, operator.role, operator.pin_hash, operator.pin)


def _member(member: Member) -> MemberRow:
    media = tuple(card.medium for card in member.cards)
    opening = (
        (accounts.POINTS, member.points),
        (accounts.PRINCIPAL, member.stored),
        (accounts.BONUS, member.bonus),
    )
    return MemberRow(
        member.id, member.name, member.tier, member.phone or "", member.birthday or "", media,
        tuple(Statement(unit, amount) for unit, amount in opening if amount),
        More(
            member.tags, member.segments, member.card_type or "", member.level or "", member.bought
        ),
    )  # fmt: skip


def _digest(source: Path) -> str:
    try:
        if source.stat().st_size > FILE_BYTES_MAX:
            raise MasterDataError(f"{source}: larger than {FILE_BYTES_MAX} bytes")
        return sha256(_BUILD + source.read_bytes()).hexdigest()
    except OSError as error:
        raise MasterDataError(f"{source}: {error.strerror}") from error


def _digest_of(built: Path) -> str:
    """Return the digest of a database that was built, ``none`` when it cannot be read."""
    try:
        with built.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return "none"


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
