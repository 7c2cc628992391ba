"""Reads a rules file, TOML or JSON: the checked structs, or every fault of it at once.

A file whose name ends in `.json` is JSON. Its rules are the same, key for key.
"""

import json
from pathlib import Path
from typing import Any, NoReturn

from msgspec import ValidationError, convert
from msgspec import json as fast_json

from config.faults import ConfigError, Fault, Problem
from config.pointchecks import of_points
from config.rulechecks import NOTHING_KNOWN, Known, of_rules
from config.rulefile import RulesFile
from config.shop import ShopFile
from config.source import Source, parse, read

RULES_SIZE_MAX = 50_000_000


def load_rules(path: Path | str, known: Known = NOTHING_KNOWN) -> RulesFile:
    """The rules of a file.

    Raises:
        ConfigError: with all faults, if there is any.
    """
    source = read(Path(path), RULES_SIZE_MAX)
    if isinstance(source, Fault):
        raise ConfigError([source])
    tables, syntax = _parsed(source)
    faults = _faults(source, tables, syntax, known)
    if faults:
        raise ConfigError(faults)
    return convert(tables, RulesFile)


def check_rules(path: Path | str, known: Known = NOTHING_KNOWN) -> list[Fault]:
    """Every fault of a rules file, in its order."""
    try:
        load_rules(path, known)
    except ConfigError as error:
        return list(error.faults)
    return []


def known_of(shop: ShopFile) -> Known:
    """What rules may name in this shop."""
    return Known(
        frozenset(good.code for good in shop.goods),
        frozenset(category.id for category in shop.categories),
        frozenset(good.brand for good in shop.goods if good.brand),
        frozenset(tier.id for tier in shop.tiers),
    )


def _parsed(source: Source) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    if not source.file.endswith(".json"):
        return parse(source)
    try:
        tables = json.loads(source.text, parse_constant=_no_number, object_pairs_hook=_table_of)
        fast_json.decode(source.text)  # Refuses what json lets pass, such as lone surrogates.
    except json.JSONDecodeError as error:
        return {}, (source.fault(error.lineno, error.colno, f"this is no JSON: {error.msg}"),)
    except _TwiceError:
        return {}, (_twin(source),)
    except (ValueError, RecursionError) as error:
        return {}, (source.fault(0, 0, f"this is no JSON: {error}"),)
    if not isinstance(tables, dict):
        return {}, (source.fault(1, 1, "must be a table: { … }"),)
    return tables, ()


class _TwiceError(ValueError):
    """A table has a key twice."""


def _table_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise _TwiceError
    return table


def _twin(source: Source) -> Fault:
    from config.json_places import twice  # noqa: PLC0415 - only a faulty file pays for it

    try:
        offset = twice(source.text) or 0
    except ValueError:
        offset = 0
    line, column = source.place(offset)
    return source.fault(line, column, "this key was given before", "keep one of them")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _faults(
    source: Source, tables: dict[str, Any], syntax: tuple[Fault, ...], known: Known
) -> list[Fault]:
    problems: list[Problem] = (
        [] if syntax else [*of_rules(tables, known), *of_points(tables, known)]
    )
    if not syntax and not problems and _is_as_described(tables):
        return []
    # Only a faulty file pays for the parser that knows positions.
    from config.explain import explained  # noqa: PLC0415

    return [*syntax, *explained(source, tables, RulesFile, problems, partial=bool(syntax))]


def _is_as_described(tables: dict[str, Any]) -> bool:
    try:
        convert(tables, RulesFile)
    except ValidationError:
        return False
    return True
