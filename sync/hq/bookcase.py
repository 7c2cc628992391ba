"""The rules of every time, as the head office keeps them: plain rules of a catalogue, a rules file over them.

A till that the head office feeds names the catalogue's version as its rules'; one with a rules file names
the file's. Whatever cannot be put together any more is said, with the version that is gone.
"""

import tempfile
from collections import OrderedDict
from pathlib import Path

import zstandard

from config.faults import ConfigError
from config.rulefile import RulesFile
from config.rules import load_rules
from config.shop import ShopFile
from config.shop import Versions as ShopVersions
from sync.hq.database import Database
from sync.protocol.master import CATALOGUE
from terminal.codec import master
from terminal.codec.rulebook import rule_book
from terminal.codec.shoprules import UnknownRuleError, shop_rules
from terminal.core.journal import Versions
from terminal.core.pricing.rules import RuleBook

BOOKS_MAX = 40
"""Books that are held ready; one is put together in milliseconds."""
TEXT_BYTES_MAX = 5_000_000
_OF_RULES = (master.TIER, master.CATEGORY, master.RULE)


class Bookcase:
    """Finds rules by their versions. One thread only."""

    def __init__(self) -> None:
        self._books: OrderedDict[tuple[str, str], RuleBook | str] = OrderedDict()

    def book(self, database: Database, versions: Versions) -> RuleBook | str:
        """Return the rules of these versions, or what of them is not here."""
        key = (versions.rules, versions.catalogue)
        found = self._books.get(key)
        if found is None:
            found = _made(database, versions)
            if isinstance(found, str):
                return found  # It may come yet: a rules file is sometimes uploaded afterwards.
            self._books[key] = found
            while len(self._books) > BOOKS_MAX:
                self._books.popitem(last=False)
        return found


def _made(database: Database, versions: Versions) -> RuleBook | str:
    plain = _plain(database, versions.catalogue)
    if isinstance(plain, str):
        return plain
    if versions.rules == versions.catalogue:
        return plain
    file = _file(database, versions.rules)
    return file if isinstance(file, str) else rule_book(file, plain)


def _plain(database: Database, version: str) -> RuleBook | str:
    """Return the plain rules of a version of the catalogue."""
    missing = f"catalogue version {version} is not kept here"
    if not version.isdecimal() or len(version) > len(str(2**53)):
        return missing
    number = int(version)
    known = database.sql.execute(
        "SELECT 1 FROM master_version WHERE name = ? AND version = ?", (CATALOGUE, number)
    ).fetchone()
    if known is None:
        return missing
    rows = database.sql.execute(
        "SELECT kind, body FROM master_row WHERE name = ?1 AND version <= ?2 AND body IS NOT NULL"
        " AND kind IN ('tier', 'category', 'rule')"
        " UNION ALL SELECT kind, body FROM master_old"
        " WHERE name = ?1 AND version <= ?2 AND until_version > ?2 AND body IS NOT NULL"
        " AND kind IN ('tier', 'category', 'rule')",
        (CATALOGUE, number),
    ).fetchall()
    given: dict[str, list[bytes]] = {kind: [] for kind in _OF_RULES}
    for kind, body in rows:
        given[kind].append(bytes(body))
    try:
        shop = ShopFile(
            versions=ShopVersions(catalogue=1, rules=1),
            tiers=master.in_order(master.tiers, given[master.TIER]),
            categories=master.in_order(master.categories, given[master.CATEGORY]),
            rules=master.in_order(master.rules, given[master.RULE]),
        )
        plain = shop_rules(shop)
    except (UnknownRuleError, master.UnreadableRowError) as error:
        return f"catalogue version {version} cannot be read: {error}"
    return RuleBook(version, version, plain.price_rules, plain.earn)


def _file(database: Database, version: str) -> RulesFile | str:
    """Return the rules file of a version."""
    row = database.sql.execute(
        "SELECT form, packed FROM rules_version WHERE version = ?", (version,)
    ).fetchone()
    if row is None:
        return f"rules version {version} is not kept here"
    form, packed = row
    try:
        text = zstandard.ZstdDecompressor().decompress(
            bytes(packed), max_output_size=TEXT_BYTES_MAX
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"rules.{form}"
            path.write_bytes(text)
            return load_rules(path)
    except (ConfigError, OSError, zstandard.ZstdError) as error:
        return f"rules version {version} cannot be read: {error}"
