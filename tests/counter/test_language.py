"""The catalogues: complete in both languages, compiled from what lies beside, safe with hostile facts."""

import re
from pathlib import Path
from string import Formatter

import polib
import pytest

from terminal.core.receipts.words import WORDS
from terminal.core.refusal import Key
from terminal.counter import counter, pages, rulewords
from terminal.counter.language import (
    DOMAIN,
    FOLDER,
    LIGHTS,
    LOCALES,
    NOTICES,
    TENDERS,
    TROUBLES,
    Language,
    choose,
)

KEYS = [
    *(f"refusal:{key.value}" for key in Key),
    *(f"notice:{key}" for key in NOTICES),
    *(f"device:{key}" for key in LIGHTS),
    *(f"sync:{key}" for key in TROUBLES),
    *(f"tender:{key}" for key in TENDERS),
]
_WORD = re.compile(r"""\bt\((?:"((?:[^"\\]|\\.)*)"|'([^']*)')""")


def catalogue(locale: str) -> polib.POFile:
    return polib.pofile(str(path(locale)))


def path(locale: str):
    return FOLDER / locale.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"


def page_words() -> set[str]:
    texts = [
        *(each.read_text("utf-8") for each in pages.FOLDER.glob("*.js")),
        *(each.read_text("utf-8") for each in pages.FOLDER.glob("*.html")),
    ]
    server = (counter.__file__, counter.__file__.replace("counter.py", "signing.py"))
    spoken = {first or second for text in texts for first, second in _WORD.findall(text)}
    for name in server:
        text = Path(name).read_text("utf-8")
        spoken |= set(re.findall(r'\.word\(\s*"([^"]*)"', text))
    said = Path(rulewords.__file__).read_text("utf-8")
    spoken |= set(re.findall(r'(?:say|\.word)\(\s*"([^"]*)"', said)) | set(rulewords.WEEKDAYS)
    return spoken


@pytest.mark.parametrize("locale", LOCALES)
def test_every_key_has_a_sentence_in_every_language(locale: str):
    written = {entry.msgid for entry in catalogue(locale) if entry.msgstr}

    assert [key for key in KEYS if key not in written] == []


def test_every_word_of_page_and_receipt_is_in_chinese_and_none_is_left_over():
    written = {entry.msgid for entry in catalogue("zh-CN") if entry.msgstr} - set(KEYS)

    assert page_words() | set(WORDS) == written


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalogue_is_that_of_the_source_beside_it(locale: str):
    source = {entry.msgid: entry.msgstr for entry in catalogue(locale)}
    compiled = {
        entry.msgid: entry.msgstr for entry in polib.mofile(str(path(locale).with_suffix(".mo")))
    }

    assert source == compiled, "compile it: msgfmt -o counter.mo counter.po"


def test_a_translation_names_the_same_facts():
    english = {entry.msgid: entry.msgstr for entry in catalogue("en")}
    for entry in catalogue("zh-CN"):
        expected = english.get(entry.msgid, entry.msgid)
        assert facts(entry.msgstr) == facts(expected), entry.msgid


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sentence_can_be_said_without_its_facts_and_with_hostile_ones(locale: str):
    spoken = Language(locale)

    for key in [*Key, *NOTICES]:
        assert spoken.sentence(str(key), {}) != str(key)
    said = spoken.sentence("unknown-code", {"code": "{code.__class__}{0}"})
    assert "{code.__class__}{0}" in said


def test_money_and_names_are_written_for_people():
    chinese, english = Language("zh-CN"), Language("en")

    assert "还需收款 43.60" in chinese.sentence("more-due", {"amount": 4360})
    assert english.sentence("welcome", {"name": "张伟", "tier": "金卡"}).startswith("Member 张*")
    assert "储值" in chinese.sentence("tender-not-here", {"type": "stored_value"})


def test_a_key_nobody_knows_is_shown_as_it_is():
    assert Language("en").sentence("from-the-future", {}) == "from-the-future"
    assert Language("en").trouble("from-the-future") == Language("en").trouble("other")


def test_the_language_asked_for_is_found():
    assert choose("en-GB,zh;q=0.5", "zh-CN").locale == "en"
    assert choose("fr", "zh-CN").locale == "zh-CN"
    assert choose("x" * 100_000, "en").locale == "en"
    assert set(Language("zh-CN").words()) == set(WORDS)
