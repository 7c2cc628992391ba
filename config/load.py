"""Reads a settings file: the checked structs, or every fault of it at once."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert

from config.faults import ConfigError, Fault, Problem
from config.relations import of_head_office, of_shop, of_terminal
from config.schema import ENROLLED, FIRST, Counter, HeadOffice, Terminal
from config.shop import ShopFile
from config.source import Source, parse, read
from config.words import Listen

SETTINGS_SIZE_MAX = 1_000_000
SHOP_SIZE_MAX = 50_000_000

TERMINAL_PATHS = (
    "terminal.data_dir",
    "readers.power",
    "readers.purses",
    "scanners.port",
    "printers.path",
    "sync.ca",
    "sync.certificate",
    "sync.key",
    "sync.password_file",
    "sync.trust_hq",
    "shop.data",
    "shop.rules",
    "keys.till_key",
    "keys.pepper",
    "cards.keys",
    "cards.sam_key",
    "coupons.issuers",
    "coupons.key",
)
HQ_PATHS = (
    "hq.ca",
    "hq.certificate",
    "hq.key",
    "hq.password_file",
    "hq.data_password_file",
    "hq.signing_key",
    "hq.trust_tills",
    "hq.pki",
    "hq.shop",
)
_SQLITE = "sqlite:///"

_Schema = TypeVar("_Schema", Terminal, HeadOffice, ShopFile)


class Kind(Struct, frozen=True):
    """A kind of file: how large it may be, what it must look like, what must fit together."""

    size_max: int
    schema: type[Terminal] | type[HeadOffice] | type[ShopFile]
    relations: Callable[[Mapping[str, Any]], Iterator[Problem]]
    paths: tuple[str, ...]


TERMINAL = Kind(SETTINGS_SIZE_MAX, Terminal, of_terminal, TERMINAL_PATHS)
HEAD_OFFICE = Kind(SETTINGS_SIZE_MAX, HeadOffice, of_head_office, HQ_PATHS)
SHOP = Kind(SHOP_SIZE_MAX, ShopFile, of_shop, ())


def load(path: Path | str) -> Terminal:
    """The terminal's settings.

    Raises:
        ConfigError: with all faults, if there is any.
    """
    return _load(path, TERMINAL, Terminal)


def listen_of(path: Path | str) -> str:
    """Where the terminal's page would listen, for settings that :func:`load` refused.

    The default when the file does not even say that.
    """
    try:
        with Path(path).open("rb") as file:
            tables = tomllib.loads(file.read(SETTINGS_SIZE_MAX).decode())
        return convert(tables["counter"]["listen"], Listen)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, ValidationError):
        return Counter().listen


def load_hq(path: Path | str) -> HeadOffice:
    """The head office's settings.

    Raises:
        ConfigError: with all faults, if there is any.
    """
    return _load(path, HEAD_OFFICE, HeadOffice)


def load_shop(path: Path | str) -> ShopFile:
    """The shop file.

    Raises:
        ConfigError: with all faults, if there is any.
    """
    return _load(path, SHOP, ShopFile)


def faults_of(source: Source, kind: Kind) -> list[Fault]:
    """Every fault of a file's text, in its order."""
    tables, syntax = parse(source)
    return _faults(source, tables, syntax, kind)


def _load(path: Path | str, kind: Kind, schema: type[_Schema]) -> _Schema:
    source = read(Path(path), kind.size_max)
    if isinstance(source, Fault):
        raise ConfigError([source])
    tables, syntax = parse(source)
    faults = _faults(source, tables, syntax, kind)
    if faults:
        raise ConfigError(faults)
    _resolve(tables, kind.paths, Path(path).absolute().parent)
    return convert(tables, schema)


def _faults(
    source: Source, tables: dict[str, Any], syntax: tuple[Fault, ...], kind: Kind
) -> list[Fault]:
    problems = [] if syntax else list(kind.relations(tables))
    if not syntax and not problems and _is_as_described(tables, kind):
        return []
    # Only a faulty file pays for the parser that knows positions (12 ms of a till's start).
    from config.explain import explained  # noqa: PLC0415

    return [*syntax, *explained(source, tables, kind.schema, problems, partial=bool(syntax))]


def _is_as_described(tables: dict[str, Any], kind: Kind) -> bool:
    try:
        convert(tables, kind.schema)
    except ValidationError:
        return False
    return True


def _resolve(tables: dict[str, Any], keys: tuple[str, ...], folder: Path) -> None:
    """Makes the relative paths of the settings absolute, counted from the file's folder."""
    for table, _, key in (name.partition(".") for name in keys):
        sections = tables.get(table, [])
        for section in sections if isinstance(sections, list) else [sections]:
            if key in section and section[key] not in {FIRST, ENROLLED}:
                section[key] = str(folder / section[key])
    database = tables.get("hq", {}).get("data", "")
    if database.startswith(_SQLITE):
        tables["hq"]["data"] = _SQLITE + str(folder / database.removeprefix(_SQLITE))
