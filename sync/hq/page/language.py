"""The page's languages: gettext catalogues of the domain ``hq``, compiled and kept beside this module."""

from gettext import GNUTranslations
from pathlib import Path

DOMAIN = "hq"
LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("zh-CN", "en")
"""As settings and the page's ``lang`` attribute write them."""


class Language:
    """One language: its sentences by the sentence they have in English."""

    def __init__(self, locale: str) -> None:
        assert locale in LANGUAGES, locale
        self.locale = locale
        with catalogue(locale, "mo").open("rb") as file:
            self._words = GNUTranslations(file)

    def __call__(self, sentence: str, **facts: object) -> str:
        """Return ``sentence`` in this language with ``facts`` in their places.

        >>> Language("zh-CN")("Tills"), Language("en")("{n} on the way", n=3)
        ('收银机', '3 on the way')
        """
        words = self._words.gettext(sentence)
        return words.format(**facts) if facts else words


def catalogue(locale: str, kind: str) -> Path:
    """Return where the catalogue of ``locale`` lies; ``kind`` is ``po`` or ``mo``."""
    return LOCALE / locale.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.{kind}"
