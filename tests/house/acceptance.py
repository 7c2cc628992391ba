"""Reads tests/acceptance.toml: what was asked for, and what shows it."""

import re
import tomllib
from dataclasses import dataclass

from tests.house.tree import PROJECT

STATES = ("done", "part", "missing")
FILE = PROJECT / "tests" / "acceptance.toml"
COMMANDS = ("./run", "./test", ".ci/run", "tallypoint")


@dataclass(frozen=True, slots=True)
class Row:
    """One claim of an issue."""

    id: str
    requirement: str
    capabilities: tuple[str, ...]
    state: str
    show: tuple[str, ...]
    figure: str


@dataclass(frozen=True, slots=True)
class Capability:
    """Something the product can do, in both languages, and what of it later issues bring."""

    id: str
    en: str
    zh: str
    later_en: str = ""
    later_zh: str = ""


def read() -> tuple[tuple[Capability, ...], tuple[Row, ...]]:
    """Return the capabilities and rows of the file; TypeError or KeyError where it is malformed."""
    whole = tomllib.loads(FILE.read_text("utf-8"))
    rows = tuple(
        Row(**{**row, "capabilities": tuple(row["capabilities"]), "show": tuple(row["show"])})
        for row in whole["row"]
    )
    return tuple(Capability(**each) for each in whole["capability"]), rows


def fault(shown: str) -> str | None:
    """Return what is wrong with one entry of ``show``; None when what it names is there."""
    word = shown.split(maxsplit=1)[0]
    if word in COMMANDS:
        is_there = word == "tallypoint" or (PROJECT / word).is_file()
        return None if is_there else f"no command {word}"
    name, _, function = shown.partition("::")
    path = PROJECT / name
    if not path.exists():
        return f"no file {name}"
    text = path.read_text("utf-8") if function else ""
    if function and not re.search(rf"^ *(async )?def {re.escape(function)}\(", text, re.MULTILINE):
        return f"no test {function} in {name}"
    return None
