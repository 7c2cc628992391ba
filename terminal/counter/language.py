"""The sentences people read, in Chinese and English, from the compiled catalogues in ``locale/``.

Refusals, notices and lights are looked up by their key (``refusal:``, ``notice:``, ``device:`` and
``sync:`` before it), the words of page and receipt by what they are in English. A fact that a
sentence names is written as a person writes it: money with two decimals, a member's name masked.
"""

import gettext
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from terminal.core.receipts.layout import money
from terminal.core.receipts.words import WORDS
from terminal.core.refusal import Key

LOCALES = ("zh-CN", "en")
FOLDER = Path(__file__).with_name("locale")
DOMAIN = "counter"

NOTICES = (
    "hello",
    "welcome",
    "coupon",
    "more-due",
    "give-back",
    "voided",
    "voided-return",
    "paid",
    "sold",
    "topped-up",
    "held",
    "copy-printing",
    "copy-not-printed",
    "print-waiting",
    "print-unknown",
    "scan-refused",
    "bye",
    "new-ledger",
    "points-given",
    "points-taken",
    "gift-given",
    "draw-won",
    "draw-lost",
    "slip-not-printed",
    "period-posted",
    "purse-tap",
    "purse-again",
    "purse-dropped",
    "purse-left",
    "purse-doubt",
    "purse-void",
    "purse-owed",
    "purse-open",
    "purse-unknown",
    "purse-unproven",
    "purse-witnessed",
    "purse-loaded",
    "purse-not-loaded",
    "purse-given-back",
    "purse-cash",
    "purse-slip-not-printed",
)
"""Everything the till says of its own accord that is no refusal."""
LIGHTS = (
    "ok",
    "starting",
    "lost",
    "silent",
    "offline",
    "paper-low",
    "paper-out",
    "cover-open",
    "card-hung",
)
TROUBLES = (
    "turned-away",
    "batch-refused",
    "head-office-behind",
    "ledger-behind",
    "other-head-office",
    "other-version",
    "no-answer",
    "first-data",
    "master-refused",
    "other",
)
TENDERS = ("cash", "stored_value", "points", "coupon", "count", "credit", "external", "purse")
_MONEY = frozenset(
    {"amount", "total", "change", "missing", "possible", "limit", "least", "balance", "bonus"}
)


class Language:
    """One language of the till."""

    def __init__(self, locale: str) -> None:
        assert locale in LOCALES
        self.locale = locale
        tag = locale.replace("-", "_")
        self._catalogue = gettext.translation(DOMAIN, FOLDER, [tag])

    def word(self, english: str) -> str:
        """Return a word or sentence of the page by what it is in English."""
        return self._catalogue.gettext(english)

    def words(self) -> Mapping[str, str]:
        """Return the words of receipts by what they are in English."""
        return {word: self._catalogue.gettext(word) for word in WORDS}

    def sentence(self, key: str, facts: Mapping[str, str | int]) -> str:
        """Return the sentence of a refusal or notice, with what to do next."""
        kind = "refusal" if key in _REFUSALS else "notice"
        text = self._catalogue.gettext(f"{kind}:{key}")
        if text == f"{kind}:{key}":
            text = key  # A newer part of the till said it: its key is better than nothing.
        return text.format_map(_Facts((name, self._fact(key, name, facts[name])) for name in facts))

    def device(self, kind: str, key: str) -> str:
        """Return the words beside a device's light."""
        found = self._catalogue.gettext(f"device:{kind}:{key}")
        return self._catalogue.gettext(f"device:{key}") if found.startswith("device:") else found

    def trouble(self, key: str) -> str:
        """Return what is wrong with the way to the head office."""
        return self._catalogue.gettext(f"sync:{key if key in TROUBLES else 'other'}")

    def _fact(self, key: str, name: str, value: str | int) -> str:
        if name in _MONEY and isinstance(value, int):
            return money(value)
        if name == "type" and value in TENDERS:
            return self._catalogue.gettext(f"tender:{value}")
        if name == "name" and key == "welcome":
            return mask_name(str(value))
        return str(value)


class _Facts(dict[str, str]):
    """Facts for a sentence; one that nobody gave is left out rather than a fault."""

    def __missing__(self, name: str) -> str:
        return ""


_REFUSALS = frozenset(key.value for key in Key)


@cache
def language(locale: str) -> Language:
    """Return the language of ``locale``, which is one of :data:`LOCALES`."""
    return Language(locale)


def choose(accepted: str, default: str) -> Language:
    """Return the first language of an ``Accept-Language`` header that we speak, or the default's.

    >>> choose("fr, zh-TW;q=0.9", "en").locale, choose("", "en").locale
    ('zh-CN', 'en')
    """
    for part in accepted[:200].split(","):
        primary = part.split(";")[0].strip().lower().split("-")[0]
        if primary in ("zh", "en"):
            return language("zh-CN" if primary == "zh" else "en")
    return language(default)


def mask_name(name: str) -> str:
    """Return a person's name with all but its beginning hidden.

    >>> mask_name("张伟"), mask_name("Ann Lee"), mask_name("")
    ('张*', 'A**', '')
    """
    return name[:1] + "*" * min(2, len(name) - 1) if name else ""
