"""Goods, rules and operators as they were given, replaced whole."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from json import dumps, loads
from pathlib import Path
from typing import Self

from terminal.core.pricing.basket import Goods
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook
from terminal.core.stored import Band, TopUpRule
from terminal.store.swap import open_whole, replace_whole

MARK = 0x74706361
FOUND_MAX = 50
TEXT_MAX = 60
_TABLES = """
CREATE TABLE version (catalogue TEXT NOT NULL, rules TEXT NOT NULL) STRICT;
CREATE TABLE category (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE goods (code TEXT PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL,
    category TEXT NOT NULL, earns INTEGER NOT NULL, tax_basis_points INTEGER NOT NULL,
    unit TEXT NOT NULL, cost INTEGER, brand TEXT NOT NULL, levels TEXT NOT NULL,
    price_min INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE barcode (code TEXT PRIMARY KEY, goods TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE operator (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,
    verifier TEXT, first_pin TEXT, superseded TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE percent_rule (place INTEGER PRIMARY KEY, id TEXT NOT NULL,
    version TEXT NOT NULL, name TEXT NOT NULL, grouped TEXT NOT NULL,
    priority INTEGER NOT NULL, percent INTEGER NOT NULL, tiers TEXT NOT NULL,
    categories TEXT NOT NULL) STRICT;
CREATE TABLE earn_rule (id TEXT PRIMARY KEY, version TEXT NOT NULL, name TEXT NOT NULL,
    spend INTEGER NOT NULL, points INTEGER NOT NULL, points_max INTEGER NOT NULL,
    tier_percent TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE topup_rule (id TEXT PRIMARY KEY, version TEXT NOT NULL, name TEXT NOT NULL,
    bands TEXT NOT NULL) STRICT, WITHOUT ROWID
"""
_SELECT = (
    "SELECT code, name, price, category, earns, tax_basis_points, unit, cost, brand, levels, price_min"
    " FROM goods"
)
_IS_CODE = "code = ?1 OR code = (SELECT goods FROM barcode WHERE barcode.code = ?1) LIMIT 1"


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """Somebody who may sign in. Exactly one of ``verifier`` and ``first_pin`` is set."""

    id: str
    name: str
    role: str
    verifier: str | None
    """Argon2id hash of the PIN."""
    first_pin: str | None
    """Plain digits that must be changed at the first sign-in."""
    superseded: str | None = None
    """The PIN chosen at this till that the head office's word came after: it counts no more."""

    def chosen(self, verifier: str | None) -> str | None:
        """Return ``verifier``, the PIN that was chosen at this till, if it still counts."""
        return None if verifier == self.superseded else verifier


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """One article with the bar codes printed on it."""

    goods: Goods
    barcodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogTables:
    """All of ``catalog.db``."""

    categories: Iterable[tuple[str, str]]
    """Id and name."""
    goods: Iterable[GoodsRow]
    operators: Iterable[OperatorRow]
    rules: RuleBook


def build_catalog(path: Path, tables: CatalogTables) -> None:
    """Put ``tables`` in the place of the file at ``path``.

    Raises:
        MasterDataError: It could not be written, or names something twice; the old file is untouched.
    """
    replace_whole(path, partial(_fill, tables))


class Catalog:
    """Finds goods, rules and operators; used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._run = connection.execute

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file at ``path``.

        Raises:
            MasterDataError: It cannot be opened.
        """
        return cls(open_whole(path, MARK))

    def pin(self) -> None:
        """Answer from now on as of this moment, until closed, whatever changes meanwhile."""
        self._run("BEGIN")
        self._run("SELECT count(*) FROM version").fetchone()

    @property
    def revision(self) -> int:
        """A number that changes when somebody else has changed the file since it was opened."""
        return int(self._run("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def goods(self, code: str) -> Goods | None:
        """Return the article with this code or bar code, None when there is none."""
        row = self._run(f"{_SELECT} WHERE {_IS_CODE}", (code,)).fetchone()
        return _goods(row) if row else None

    def search_goods(self, text: str, limit: int = FOUND_MAX) -> tuple[Goods, ...]:
        """Return goods whose name holds ``text`` or whose code begins with it, by name."""
        wanted = text.strip()[:TEXT_MAX]
        if not wanted:
            return ()
        like = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._run(
            f"{_SELECT} WHERE name LIKE ? ESCAPE '\\'"
            " OR code LIKE ? ESCAPE '\\' ORDER BY name LIMIT ?",
            (f"%{like}%", f"{like}%", max(0, min(limit, FOUND_MAX))),
        )
        return tuple(_goods(row) for row in rows.fetchall())

    def some(self, limit: int) -> tuple[tuple[str, int, str], ...]:
        """Return name, price and one bar code of some goods, for a till that shows how it works."""
        rows = self._run(
            "SELECT name, price, min(barcode.code) FROM barcode JOIN goods"
            " ON goods.code = barcode.goods GROUP BY goods.code ORDER BY goods.code LIMIT ?",
            (min(limit, FOUND_MAX),),
        ).fetchall()
        return tuple((name, price, code) for name, price, code in rows)

    def categories(self) -> dict[str, str]:
        """Return the names of the categories by their ids."""
        return dict(self._run("SELECT id, name FROM category").fetchall())

    def operator(self, number: str) -> OperatorRow | None:
        """Return who signs in with this number."""
        row = self._run("SELECT * FROM operator WHERE id = ?", (number,)).fetchone()
        return OperatorRow(*row) if row else None

    def operators(self) -> tuple[OperatorRow, ...]:
        """Return everybody who may sign in."""
        rows = self._run("SELECT * FROM operator ORDER BY id").fetchall()
        return tuple(OperatorRow(*row) for row in rows)

    def rule_book(self) -> RuleBook:
        """Return all rules in force, with the versions that stand in every entry."""
        catalogue, version = self._run("SELECT catalogue, rules FROM version").fetchone()
        prices = self._run(
            "SELECT id, version, name, grouped, priority, percent, tiers, categories"
            " FROM percent_rule ORDER BY place"
        ).fetchall()
        earn = self._run("SELECT * FROM earn_rule").fetchone()
        topup = self._run("SELECT * FROM topup_rule").fetchone()
        return RuleBook(
            version,
            catalogue,
            tuple(_percent_rule(row) for row in prices),
            _earn_rule(earn) if earn else None,
            topup=_topup_rule(topup) if topup else None,
        )


def _topup_rule(row: tuple[str, str, str, str]) -> TopUpRule:
    rule, version, name, bands = row
    return TopUpRule(rule, version, name, tuple(Band(*band) for band in loads(bands)))


def _goods(row: tuple[str, str, int, str, int, int, str, int | None, str, str, int]) -> Goods:
    code, name, price, category, earns, tax, unit, cost, brand, levels, price_min = row
    of_levels = tuple((level, each) for level, each in loads(levels)) if levels else ()
    return Goods(
        code, name, price, category, bool(earns), tax, unit, cost, brand, of_levels, price_min
    )


def _percent_rule(row: tuple[str, str, str, str, int, int, str, str]) -> PercentRule:
    rule, version, name, group, priority, percent, tiers, of = row
    tier_ids, category_ids = frozenset(loads(tiers)), frozenset(loads(of))
    return PercentRule(rule, version, name, group, priority, percent, tier_ids, category_ids)


def _earn_rule(row: tuple[str, str, str, int, int, int, str]) -> EarnRule:
    rule, version, name, spend, points, points_max, factors = row
    by_tier = tuple((tier, percent) for tier, percent in loads(factors))
    return EarnRule(rule, version, name, spend, points, points_max, by_tier)


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, empty, and mark the file as ours."""
    for table in _TABLES.split(";\n"):
        connection.execute(table)
    connection.execute(f"PRAGMA application_id = {MARK}")


def take_goods(connection: sqlite3.Connection, codes: Iterable[str]) -> None:
    """Take goods away, with their bar codes."""
    gone = [(code,) for code in codes]
    connection.executemany("DELETE FROM goods WHERE code = ?", gone)
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS gone (code TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM temp.gone")
    connection.executemany("INSERT OR IGNORE INTO temp.gone VALUES (?)", gone)
    connection.execute("DELETE FROM barcode WHERE goods IN (SELECT code FROM temp.gone)")


def put_goods(connection: sqlite3.Connection, rows: Iterable[GoodsRow]) -> None:
    """Add goods that are not there; a bar code of other goods goes over to the new ones."""
    kept = list(rows)
    connection.executemany(
        "INSERT OR REPLACE INTO goods VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_goods_values(row.goods) for row in kept],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO barcode VALUES (?, ?)",
        [(code, row.goods.code) for row in kept for code in row.barcodes],
    )


def put_small(connection: sqlite3.Connection, tables: CatalogTables) -> None:
    """Put everything of ``tables`` but goods in the place of what is there."""
    for table in ("version", "category", "operator", "percent_rule", "earn_rule", "topup_rule"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    _fill_small(tables, connection)


def put_version(connection: sqlite3.Connection, version: str) -> None:
    """Say what catalogue and rules are called in entries from now on."""
    connection.execute("UPDATE version SET catalogue = ?1, rules = ?1", (version,))


def _goods_values(goods: Goods) -> tuple[object, ...]:
    return (
        goods.code, goods.name, goods.price, goods.category, goods.earns,
        goods.tax_basis_points, goods.unit, goods.cost, goods.brand,
        dumps(goods.levels) if goods.levels else "", goods.price_min,
    )  # fmt: skip


def _fill(tables: CatalogTables, connection: sqlite3.Connection) -> None:
    make_tables(connection)
    many = connection.executemany
    for row in tables.goods:
        goods = row.goods
        connection.execute(
            "INSERT INTO goods VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _goods_values(goods)
        )
        many("INSERT INTO barcode VALUES (?, ?)", [(code, goods.code) for code in row.barcodes])
    _fill_small(tables, connection)


def _fill_small(tables: CatalogTables, connection: sqlite3.Connection) -> None:
    many, rules = connection.executemany, tables.rules
    many("INSERT INTO version VALUES (?, ?)", [(rules.catalogue, rules.version)])
    many("INSERT INTO category VALUES (?, ?)", tables.categories)
    many(
        "INSERT INTO operator VALUES (?, ?, ?, ?, ?, ?)",
        [(o.id, o.name, o.role, o.verifier, o.first_pin, o.superseded) for o in tables.operators],
    )
    many(
        "INSERT INTO percent_rule VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                rule.id, rule.version, rule.name, rule.group, rule.priority, rule.percent,
                dumps(sorted(rule.tiers)), dumps(sorted(rule.categories)),
            )
            for rule in rules.price_rules
        ],
    )  # fmt: skip
    if rules.earn:
        earn = rules.earn
        connection.execute(
            "INSERT INTO earn_rule VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                earn.id, earn.version, earn.name, earn.spend, earn.points, earn.points_max,
                dumps(earn.tier_percent),
            ),
        )  # fmt: skip
    if rules.topup:
        topup = rules.topup
        bands = [(band.at_least, band.bonus, band.percent) for band in topup.bands]
        connection.execute(
            "INSERT INTO topup_rule VALUES (?, ?, ?, ?)",
            (topup.id, topup.version, topup.name, dumps(bands)),
        )
