"""What `tallypoint config check` and `config schema` stand on."""

import re
from pathlib import Path
from typing import Any

import msgspec

from config import pointsfile, rulefile, schema, shop
from config.explain import guess, located
from config.faults import ConfigError, Fault, Problem, plain
from config.load import HEAD_OFFICE, SHOP, TERMINAL, Kind, faults_of, load, load_hq, load_shop
from config.reference import docstrings
from config.schema import ENROLLED, FIRST, HeadOffice, Terminal
from config.shop import ShopFile
from config.source import Source, parse, read

_TABLES = {
    "hq": HEAD_OFFICE,
    "terminal": TERMINAL,
    "versions": SHOP,
    "goods": SHOP,
    "members": SHOP,
    "operators": SHOP,
    "tiers": SHOP,
    "rules": SHOP,
    "categories": SHOP,
}
"""The tables that give a kind of file away, in the order in which they are looked for."""
_LINK_FILES = ("ca", "certificate", "key", "password_file")
_SHOP_KEYS = (("shop", "data"), ("hq", "shop"))
_SCHEMAS = {"terminal": Terminal, "hq": HeadOffice, "shop": ShopFile, "rules": rulefile.RulesFile}


def check(path: Path | str) -> list[Fault]:
    """Every fault of a terminal's, head office's or shop file; files it names must exist.

    The shop file that a good settings file names is checked with it: the program would not start.
    """
    source = read(Path(path), SHOP.size_max)
    if isinstance(source, Fault):
        return [source]
    kind = kind_of(source)
    if isinstance(kind, Fault):
        return [kind]
    if len(source.text) > kind.size_max:
        return [source.fault(0, 0, f"is larger than {kind.size_max // 1_000_000} MB")]
    return faults_of(source, kind) or _absent_files(source, kind) or _faults_of_shop(source, kind)


def kind_of(source: Source) -> Kind | Fault:
    """What kind of file this is, by its tables."""
    tables, syntax = parse(source)
    for name, kind in _TABLES.items():
        # A broken file still shows its table heads.
        if name in tables or re.search(rf"(?m)^[ \t]*\[+[ \t]*{name}\b", source.text):
            return kind
    if syntax:
        return syntax[0]
    near = guess(next(iter(tables), ""), tuple(_TABLES))
    return source.fault(0, 0, "has no [terminal], no [hq] and no goods or members", near)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the terminal's file, for editors."""
    return json_schema_of("terminal")


def json_schema_of(name: str) -> dict[str, Any]:
    r"""JSON Schema of the `terminal`, `hq`, `shop` or `rules` file.

    Patterns end in `$` there: ECMA regular expressions have no `\Z`.
    """
    generated = msgspec.json.schema(_SCHEMAS[name])
    as_text = msgspec.json.encode(generated).decode().replace(r"\\Z", "$")
    described: dict[str, Any] = msgspec.json.decode(as_text)
    for struct, definition in described["$defs"].items():
        homes = (rulefile, pointsfile) if name == "rules" else (schema, shop)
        texts = docstrings(next(getattr(home, struct) for home in homes if hasattr(home, struct)))
        for key, field in definition["properties"].items():
            if key in texts:
                field["description"] = f"{texts[key]} {field.get('description', '')}".rstrip()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _absent_files(source: Source, kind: Kind) -> list[Fault]:
    """Files that the settings name, that nobody makes by himself, and that are not there."""
    absent = [
        Problem(key, f"there is no file {plain(path)}")
        for key, path in _files(source, kind)
        if path and path not in {FIRST, ENROLLED} and not Path(path).exists()
    ]
    return located(source, absent)


def _faults_of_shop(source: Source, kind: Kind) -> list[Fault]:
    faults: list[Fault] = []
    for key, path in _files(source, kind):
        if key in _SHOP_KEYS and path:
            try:
                load_shop(path)
            except ConfigError as error:
                faults += error.faults
    return faults


def _files(source: Source, kind: Kind) -> list[tuple[tuple[str, str], str | None]]:
    if kind is HEAD_OFFICE:
        hq = load_hq(source.file).hq
        names = (*_LINK_FILES, "trust_tills", "pki", "shop")
        return [(("hq", name), getattr(hq, name)) for name in names]
    if kind is SHOP:
        return []
    settings = load(source.file)
    files: list[tuple[tuple[str, str], str | None]] = []
    if settings.shop:
        files += [(("shop", name), getattr(settings.shop, name)) for name in ("data", "rules")]
    if settings.sync:
        of_sync = (*_LINK_FILES, "trust_hq")
        files += [(("sync", name), getattr(settings.sync, name)) for name in of_sync]
    return files
