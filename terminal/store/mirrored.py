"""Rows of the head office's master data as rows of ``catalog.db`` and ``members.db``."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from config.shop import ShopFile, Versions
from sync.protocol.master import CATALOGUE, HOTLIST, PURSES, RULES, Row
from terminal.codec import master
from terminal.core.points.entries import LotPart
from terminal.core.pricing.basket import Goods
from terminal.core.pricing.rules import RuleBook
from terminal.store import catalog, foreign, members, rolled, statedlots
from terminal.store.catalog import CatalogTables, GoodsRow, OperatorRow
from terminal.store.members import MemberRow
from terminal.store.shopfile import rule_book
from terminal.store.statements import Bases

_GIVEN = (
    "CREATE TABLE given (kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID"
)
COPIED = {
    "catalog": (
        "version", "category", "goods", "barcode", "operator", "percent_rule", "earn_rule",
        "topup_rule",
    ),
    "members": ("tier", "member", "statement", "medium", "lost", *statedlots.NAMES),
    "rules": (),
    "purses": (),
}  # fmt: skip
"""Tables that a shop file's databases have too."""
_NO_RULES = RuleBook("0", "0", (), None)
_NOTHING = (0, 0, 0)


def make_tables(connection: sqlite3.Connection, name: str) -> None:
    """Make the tables of the file ``name``, empty."""
    if name == "catalog":
        catalog.make_tables(connection)
        catalog.put_small(connection, CatalogTables((), (), (), _NO_RULES))
        connection.execute(_GIVEN)
    elif name == "rules":
        rolled.make_tables(connection)
    elif name == "purses":
        foreign.make_tables(connection)
    else:
        members.make_tables(connection)


def clear(connection: sqlite3.Connection, table: str) -> None:
    """Take away all rows of a table that is fetched whole."""
    if table == RULES:
        rolled.clear(connection)
        return
    if table == PURSES:
        foreign.clear(connection)
        return
    assert table == HOTLIST, table
    connection.execute("DELETE FROM lost")


def put(
    connection: sqlite3.Connection, table: str, rows: Sequence[Row], *, is_fresh: bool = False
) -> bool:
    """Put ``rows`` in the place of what was under their keys; return whether :func:`settle` is wanted.

    ``is_fresh`` says that there was nothing under their keys.

    Raises:
        UnreadableRowError: One means nothing here.
    """
    if table == RULES:
        rolled.put(connection, rows)
        return False
    if table == PURSES:
        foreign.put(connection, rows)
        return False
    if table == HOTLIST:
        gone = [(key,) for _, key, body in rows if body is None]
        lost = [(key,) for _, key, body in rows if body is not None]
        connection.executemany("DELETE FROM lost WHERE medium = ?", gone)
        connection.executemany("INSERT OR REPLACE INTO lost VALUES (?)", lost)
        return False
    into = _put_catalog if table == CATALOGUE else _put_members
    return into(connection, rows, is_fresh=is_fresh)


def _put_catalog(connection: sqlite3.Connection, rows: Sequence[Row], *, is_fresh: bool) -> bool:
    goods, small = _split(rows, master.GOODS), [row for row in rows if row[0] in master.SMALL]
    _refuse_unknown(rows, (master.GOODS, *master.SMALL))
    if not is_fresh:
        catalog.take_goods(connection, [key for key, _ in goods])
    catalog.put_goods(connection, (_goods(key, body) for key, body in goods if body is not None))
    for kind, key, body in small:
        connection.execute("DELETE FROM given WHERE kind = ? AND key = ?", (kind, key))
        if body is not None:
            connection.execute("INSERT INTO given VALUES (?, ?, ?)", (kind, key, body))
    return bool(small)


def _put_members(connection: sqlite3.Connection, rows: Sequence[Row], *, is_fresh: bool) -> bool:
    _refuse_unknown(rows, (master.MEMBER, master.TIER, master.ERASED))
    people = _split(rows, master.MEMBER)
    if not is_fresh:
        members.take_members(connection, [key for key, _ in people])
    kept = (_member(key, body) for key, body in people if body is not None)
    members.put_members(connection, kept)
    tiers = _split(rows, master.TIER)
    read = master.read
    named = [(key, read(master.tiers, body)[2].name) for key, body in tiers if body is not None]
    connection.executemany(
        "DELETE FROM tier WHERE id = ?", [(key,) for key, body in tiers if body is None]
    )
    members.put_tiers(connection, named)
    return False


def erased(rows: Sequence[Row]) -> list[str]:
    """Return the account numbers of those of whom nothing personal may be kept."""
    return [key for kind, key, _ in rows if kind == master.ERASED]


def settle(
    connection: sqlite3.Connection, version: int, old: dict[str, OperatorRow], pins: dict[str, str]
) -> None:
    """Make rules, operators and categories anew from the rows that were given.

    ``old`` are the operators before. Where the head office gave somebody another PIN, the one that was
    chosen at this till (``pins``) counts no more.

    Raises:
        UnreadableRowError: A row or a rule means nothing here.
        MasterDataError: The rules do not fit together.
    """
    given: dict[str, list[bytes]] = {kind: [] for kind in master.SMALL}
    for kind, body in connection.execute("SELECT kind, body FROM given").fetchall():
        given[kind].append(body)
    ordered = master.in_order
    shop = ShopFile(
        versions=Versions(catalogue=1, rules=1),
        tiers=ordered(master.tiers, given[master.TIER]),
        categories=ordered(master.categories, given[master.CATEGORY]),
        rules=ordered(master.rules, given[master.RULE]),
        operators=ordered(master.operators, given[master.OPERATOR]),
    )
    book = replace(rule_book(shop), version=str(version), catalogue=str(version))
    staff = [
        _after(OperatorRow(o.id, o.name, o.role, o.pin_hash, o.pin), old.get(o.id), pins.get(o.id))
        for o in shop.operators
    ]
    named = [(category.id, category.name) for category in shop.categories]
    catalog.put_small(connection, CatalogTables(named, (), staff, book))


def operators(connection: sqlite3.Connection) -> dict[str, OperatorRow]:
    """Return everybody who may sign in, by number."""
    return {row.id: row for row in catalog.Catalog(connection).operators()}


def holdings(rows: Sequence[Row]) -> list[tuple[str, master.Holding]]:
    """Return what members hold, by account.

    Raises:
        UnreadableRowError: A row means nothing here.
    """
    _refuse_unknown(rows, (master.ACCOUNT,))
    read = master.read
    return [(key, read(master.holdings, body)) for _, key, body in rows if body is not None]


def statements(
    held: Iterable[tuple[str, master.Holding]], bases: Bases
) -> Iterable[tuple[str, int, int, int, int, int, int]]:
    """Return the rows of the table of statements."""
    for account, each in held:
        points, principal, bonus, *_ = bases.units.get(account, _NOTHING)
        yield account, each.points, points, each.principal, principal, each.bonus, bonus


def put_lots(
    connection: sqlite3.Connection, held: Iterable[tuple[str, master.Holding]], bases: Bases
) -> None:
    """Put the lots and the standing points of statements in the place of those before."""
    for account, each in held:
        own = dict(bases.lots.get(account, {}))
        lots = [LotPart(*lot) for lot in each.lots]
        based = [(lot, own.pop((lot.ledger, lot.seq, lot.part), 0)) for lot in lots]
        # Lots that are used up are not stated, but what this till took of them is contained all the same.
        gone = [(LotPart(*key, 0, 0, 0), base) for key, base in own.items() if base]
        standing = (each.standing, bases.standing.get(account, 0))
        statedlots.put(connection, account, (*based, *gone), standing)


def _after(row: OperatorRow, old: OperatorRow | None, chosen: str | None) -> OperatorRow:
    if old is None:
        return row
    is_same = (old.verifier, old.first_pin) == (row.verifier, row.first_pin)
    return replace(row, superseded=old.superseded if is_same else chosen)


def _goods(code: str, body: bytes) -> GoodsRow:
    row = master.read(master.goods_bodies, body)
    goods = Goods(
        code, row.name, row.price, row.category, row.earns, row.tax_basis_points, row.unit, row.cost,
        row.brand, row.levels, row.price_min,
    )  # fmt: skip
    return GoodsRow(goods, row.barcodes)


def _member(account: str, body: bytes) -> MemberRow:
    row = master.read(master.member_bodies, body)
    more = members.More(row.tags, row.segments, row.card_type or "", row.level or "", row.bought)
    media = (*row.media, *(members.PHONE + phone for phone in row.phones))
    return MemberRow(
        account, row.name, row.tier, row.phone or "", row.birthday or "", media, (), more
    )


def _split(rows: Sequence[Row], kind: str) -> list[tuple[str, bytes | None]]:
    return [(key, body) for each, key, body in rows if each == kind]


def _refuse_unknown(rows: Sequence[Row], kinds: Sequence[str]) -> None:
    unknown: set[Any] = {kind for kind, _, _ in rows}.difference(kinds)
    if unknown:
        raise master.UnreadableRowError(f"unknown rows: {sorted(unknown)}")
