"""The page's words: complete in both languages, compiled from what is read, the same places for facts."""

import ast
import re
import string
from pathlib import Path

import polib
import pytest
from jinja2 import Environment, nodes

from sync.hq import page
from sync.hq.audit import WHATS
from sync.hq.page.drawing import TEMPLATES, TITLES
from sync.hq.page.export import COLUMNS as TABLES
from sync.hq.page.language import LANGUAGES, Language, catalogue
from sync.hq.page.opened import _NAMES, DETAILS, KINDS
from sync.hq.page.wording import REASONS
from sync.hq.roles import Right, Role
from terminal.core import accounts
from terminal.core.purse.words import Move

TENDERS = ("cash", "external", "points")
PAPER = ("ok", "low", "out", "unknown")
CLOCKS = ("synchronised", "alone")
DENIALS = (
    "same-member", "merge-open", "merge-too-many", "no-ledger",
    "no-such-member", "no-certificates", "no-such-till", "bad-hours", "still-unreadable",
    "reason-wanted", "not-there", "version-taken", "too-large", "no-such-version",
    "bad-name", "last-administrator", "name-taken", "no-such-key", "no-such-person", "not-the-same",
    "too-many", "wait", "weak-password", "wrong-password", "wrong-sign-in",
)  # fmt: skip
DIFFERING = (
    "gross", "discount", "rounding", "total", "earned", "net", "points", "reasons", "points-why",
    "standing", "drawn",
)  # fmt: skip
PUT_TOGETHER = {
    *TITLES.values(),
    *KINDS.values(),
    *accounts.UNITS,
    *(f"unit {unit}" for unit in {*accounts.UNITS.values(), *accounts.MEMBER_UNITS}),
    *(f"tender {kind}" for kind in TENDERS),
    *(f"detail {_NAMES.get(name, name)}" for names in DETAILS.values() for name in names),
    *(f"reason {reason}" for reason in REASONS),
    "key replaced",
    "key revoked",
    *(f"paper {word}" for word in PAPER),
    *(f"clock {word}" for word in CLOCKS),
    *(column for table in TABLES.values() for column in table),
    *(f"denied {key}" for key in DENIALS),
    *(f"did {what}" for what in WHATS),
    *(f"move {move.value}" for move in Move),
    *(f"role {role}" for role in Role),
    *(f"right {right}" for right in Right),
    *(f"differs {what}" for what in DIFFERING),
}


def in_templates() -> set[str]:
    found = set()
    for path in TEMPLATES.glob("*.html"):
        tree = Environment(autoescape=True).parse(path.read_text())
        for call in tree.find_all(nodes.Call):
            named = isinstance(call.node, nodes.Name) and call.node.name == "_"
            if named and isinstance(call.args[0], nodes.Const):
                found.add(call.args[0].value)
    return found


def in_code() -> set[str]:
    found = set()
    for path in Path(str(page.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "language" and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return found


def read(locale: str) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(catalogue(locale, "po")))}


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_sentence_is_there_and_none_is_left_over(locale: str):
    assert set(read(locale)) == in_templates() | in_code() | PUT_TOGETHER


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_sentence_is_said_with_the_same_facts(locale: str):
    for english, said in read(locale).items():
        assert said, english
        assert places(said) == places(english), english


@pytest.mark.parametrize("locale", LANGUAGES)
def test_what_is_compiled_is_what_is_written(locale: str):
    compiled = {entry.msgid: entry.msgstr for entry in polib.mofile(str(catalogue(locale, "mo")))}

    assert compiled == read(locale)


def test_chinese_is_chinese():
    latin = [said for said in read("zh-CN").values() if not re.search(r"[\u4e00-\u9fff]", said)]

    assert latin == []


def test_braces_in_a_fact_are_only_text():
    said = Language("en")("Read: {fact}", fact="{n} {0.__class__}")

    assert said == "Read: {n} {0.__class__}"
