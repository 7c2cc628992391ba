"""What no single key can get wrong: duplicates, references into the void, pairs, check digits.

Works on the tables as parsed, skipping what has the wrong type, so that these faults are told
together with all the others.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from config.faults import Problem, key_name

_Found = tuple[tuple[str | int, ...], str]

_NO_DAYS = ("02-30", "02-31", "04-31", "06-31", "09-31", "11-31")
"""What the pattern of a birthday lets pass and no calendar has."""
_RANDOM_UID = re.compile(r"08[0-9A-F]{6}\Z")
"""A single-size UID that the card draws anew at every tap. Source: ISO/IEC 14443-3, 6.5.4."""
_PASSWORD = re.compile(r"://[^@/?]*:[^@/?]*@|[?&]password=")
PORT_MAX = 65535
HEAD_OFFICE_NAME = "hq"
"""Where the head office speaks of itself (`tp/1/hq/state`); a till of this name would speak for it."""


def of_terminal(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """What does not fit together in a terminal's file."""
    yield from _unique(tables, "readers.*.name", "scanners.*.name", "printers.*.name")
    yield from _unique(tables, "readers.*.match")
    yield from _unique(tables, "scanners.*.port")
    yield from _not_the_head_office(tables)
    yield from _known_zone(tables, "terminal.timezone")
    yield from _port(tables, "counter.listen")
    yield from _port(tables, "sync.broker")
    yield from _pair(tables, "sync", "certificate", "key")
    yield from _pair(tables, "sync", "username", "password_file")


def of_head_office(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """What does not fit together in the head office's file."""
    yield from _known_zone(tables, "hq.timezone")
    yield from _port(tables, "hq.listen")
    yield from _port(tables, "hq.broker")
    yield from _pair(tables, "hq", "certificate", "key")
    yield from _pair(tables, "hq", "username", "password_file")
    yield from _one_writer(tables)


def of_shop(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """What does not fit together in a shop file."""
    for keys in ("tiers.*.id", "categories.*.id", "goods.*.code", "members.*.id", "rules.*.id"):
        yield from _unique(tables, keys)
    for keys in ("members.*.phone", "members.*.cards.*.uid"):
        yield from _unique(tables, keys)
    # A card's number is one number in small and capital letters.
    yield from _unique(tables, "members.*.cards.*.number", form=str.upper)
    yield from _unique(tables, "operators.*.id")
    yield from _unique(tables, "goods.*.barcodes.*", form=_gtin14)
    yield from _refers(tables, "goods.*.category", "categories.*.id")
    yield from _refers(tables, "rules.*.category", "categories.*.id")
    yield from _refers(tables, "members.*.tier", "tiers.*.id")
    yield from _check_digits(tables)
    yield from _birthdays(tables)
    yield from _cards(tables)
    yield from _first_pins(tables)
    yield from _earn_rules(tables)
    yield from _top_up_rules(tables)


def check_digit(digits: str) -> int:
    """The GS1 check digit of a code without it.

    Source: GS1 General Specifications, 7.9 (weights 3 and 1 from the right).

    >>> check_digit("690123456789")
    2
    """
    weighted = (int(digit) * (3, 1)[n % 2] for n, digit in enumerate(reversed(digits)))
    return -sum(weighted) % 10


def found(tables: Mapping[str, Any], keys: str) -> Iterator[_Found]:
    """Every text at `keys`, `*` meaning each entry of a list, with the path that leads there."""
    return _below((), tables, tuple(keys.split(".")))


def _below(path: tuple[str | int, ...], node: Any, keys: tuple[str, ...]) -> Iterator[_Found]:
    if not keys:
        if isinstance(node, str):
            yield path, node
    elif keys[0] == "*":
        for index, item in enumerate(node if isinstance(node, list) else ()):
            yield from _below((*path, index), item, keys[1:])
    elif isinstance(node, dict) and keys[0] in node:
        yield from _below((*path, keys[0]), node[keys[0]], keys[1:])


def _rows(tables: Mapping[str, Any], keys: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every table of a list of tables, with its path."""
    name, *rest = keys.split(".")
    rows = tables.get(name)
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            if rest:
                yield from (((name, index, *p), r) for p, r in _rows(row, ".".join(rest)))
            else:
                yield (name, index), row


def _unique(
    tables: Mapping[str, Any], *keys: str, form: Callable[[str], str] = str
) -> Iterator[Problem]:
    """Values that stand twice, where two are one if their `form` is the same."""
    first: dict[str, tuple[str | int, ...]] = {}
    for path, value in (one for key in keys for one in found(tables, key)):
        formed = form(value)
        if formed in first:
            yield Problem(path, f'"{value}" is taken', f"by {key_name(first[formed])}")
        else:
            first[formed] = path


def _gtin14(code: str) -> str:
    """The code at full width: UPC-A is EAN-13 with a zero in front."""
    return code.zfill(14)


def _refers(tables: Mapping[str, Any], keys: str, target: str) -> Iterator[Problem]:
    known = {value for _, value in found(tables, target)}
    table = target.partition(".")[0]
    for path, value in found(tables, keys):
        if value not in known:
            message = f'there is no "{value}" in [[{table}]]'
            yield Problem(path, message, word=value, choices=tuple(sorted(known)))


def _not_the_head_office(tables: Mapping[str, Any]) -> Iterator[Problem]:
    for path, value in found(tables, "terminal.id"):
        # In any case of letters: people and file systems do not tell HQ from hq.
        if value.lower() == HEAD_OFFICE_NAME:
            message = f'"{value}" is the name of the head office itself'
            yield Problem(path, message, 'give the till a name of its own, such as "S01-T1"')


def _known_zone(tables: Mapping[str, Any], keys: str) -> Iterator[Problem]:
    for path, value in found(tables, keys):
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):  # A folder, a path outside, an unknown name.
            choices = tuple(sorted(available_timezones()))
            yield Problem(path, f'"{value}" is no time zone', word=value, choices=choices)


def _one_writer(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """SQLite has one writer and no password; PostgreSQL's is in a file, never in the settings."""
    office = tables.get("hq")
    for path, value in found(tables, "hq.data"):
        assert isinstance(office, dict)
        is_file = value.startswith("sqlite:")
        workers = office.get("workers", 1)
        if is_file and isinstance(workers, int) and workers > 1:
            hint = 'leave it out, or give `data = "postgresql://…"`'
            yield Problem(("hq", "workers"), "SQLite has one writer", hint)
        if is_file and "data_password_file" in office:
            place = ("hq", "data_password_file")
            yield Problem(place, "an SQLite file has no password", "leave it out", on_key=True)
        if not is_file and _PASSWORD.search(value):
            yield Problem(path, "holds a password", "put it into a `data_password_file`")


def _port(tables: Mapping[str, Any], keys: str) -> Iterator[Problem]:
    for path, value in found(tables, keys):
        port = value.rpartition(":")[2]
        if port.isascii() and port.isdigit() and not 1 <= int(port[:6]) <= PORT_MAX:
            yield Problem(path, f"{port} is no port number", f"1 to {PORT_MAX}")


def _pair(tables: Mapping[str, Any], table: str, one: str, other: str) -> Iterator[Problem]:
    section = tables.get(table)
    if isinstance(section, dict) and (one in section) != (other in section):
        there, absent = (one, other) if one in section else (other, one)
        yield Problem((table, there), f"needs `{absent}` beside it", on_key=True)


def _check_digits(tables: Mapping[str, Any]) -> Iterator[Problem]:
    for path, value in found(tables, "goods.*.barcodes.*"):
        if value.isascii() and value.isdigit() and len(value) in (8, 12, 13, 14):
            right = check_digit(value[:-1])
            if right != int(value[-1]):
                hint = f"its digits before it call for {right}"
                yield Problem(path, f'"{value}" has a wrong check digit', hint)


def _birthdays(tables: Mapping[str, Any]) -> Iterator[Problem]:
    for path, value in found(tables, "members.*.birthday"):
        if value in _NO_DAYS:
            yield Problem(path, "there is no such day")


def _cards(tables: Mapping[str, Any]) -> Iterator[Problem]:
    for path, card in _rows(tables, "members.cards"):
        if ("uid" in card) == ("number" in card):
            yield Problem(path, "a card has either `uid` or `number`")
        uid = card.get("uid")
        if isinstance(uid, str) and _RANDOM_UID.match(uid):
            yield Problem((*path, "uid"), f'"{uid}" is a random UID', "it changes at every tap")


def _first_pins(tables: Mapping[str, Any]) -> Iterator[Problem]:
    for path, row in _rows(tables, "operators"):
        if ("pin" in row) == ("pin_hash" in row):
            yield Problem(path, "an operator has either `pin` (a first one) or `pin_hash`")
        elif "pin" in row and row.get("must_change") is not True:
            hint = "`must_change = true`"
            yield Problem((*path, "pin"), "a PIN in plain digits must be changed at once", hint)


def _earn_rules(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Points come from one rule for all goods: the till knows how to compute no others."""
    first: tuple[str | int, ...] | None = None
    for path, row in _rows(tables, "rules"):
        if row.get("kind") != "earn":
            continue
        if "category" in row:
            message = "points by category are not known; an earn rule is for all goods"
            yield Problem((*path, "category"), message, "`earns = false` at goods that give none")
        elif first is not None:
            hint = "one earn rule is known; tiers differ by their `points_percent`"
            yield Problem(path, f"is a second earn rule beside {key_name(first)}", hint)
        first = first or path


def _top_up_rules(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """There is one ladder of bonuses: which of two counted would be anybody's guess."""
    first: tuple[str | int, ...] | None = None
    for path, row in _rows(tables, "rules"):
        if row.get("kind") != "topup":
            continue
        if first is not None:
            yield Problem(path, f"is a second top-up rule beside {key_name(first)}")
        first = first or path
