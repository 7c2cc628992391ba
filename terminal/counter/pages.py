"""The pages: the cashier's, the customer's display, and what they are made of.

Each page is drawn once per language and kept; it holds nothing of the till, which comes by events.
"""

import json
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from terminal.counter.counter import Counter
from terminal.counter.language import LOCALES, Language, language

FOLDER = Path(__file__).with_name("page")
_WORD = re.compile(r'\bt\("((?:[^"\\]|\\.)*)"')
_COMMENT = re.compile(r"//.*|/\*(?:(?!\*/).)*\*/")
"""A line that is a comment and nothing else."""
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
ASSETS = (
    "base.js",
    "till.js",
    "over.js",
    "value.js",
    "points.js",
    "joining.js",
    "purse.js",
    "tray.js",
    "undo.js",
    "sound.js",
    "display.js",
    "brought.js",
    "rules.js",
    "till.css",
    "rules.css",
    "icon.svg",
)
OWN = {"rules": ("base.js", "rules.js"), "display": ("base.js", "display.js")}
"""Scripts of pages that have few; the cashier's has all the others."""


def routes(counter: Counter) -> list[Route]:
    """Return the routes of the pages and of their parts."""

    def page(name: str) -> Route:
        async def endpoint(request: Request) -> Response:
            asked = request.query_params.get("lang", "")
            locale = asked if asked in LOCALES else counter.services.locale
            text = drawn(name, locale)
            return Response(text, headers={"cache-control": "no-cache"}, media_type="text/html")

        return Route("/" if name == "till" else f"/{name}", endpoint, methods=["GET"])

    def asset(name: str) -> Route:
        async def endpoint(_: Request) -> Response:
            kind = _KINDS[Path(name).suffix]
            return Response(read(name), headers={"cache-control": "no-cache"}, media_type=kind)

        return Route(f"/page/{name}", endpoint, methods=["GET"])

    return [page("till"), page("display"), page("rules"), *(asset(name) for name in ASSETS)]


@cache
def drawn(name: str, locale: str) -> str:
    """Return page ``name`` in the language of ``locale``."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    spoken = language(locale)
    template = environment.get_template(f"{name}.html")
    return template.render(t=spoken.word, locale=locale, words=_script_words(spoken, name))


@cache
def read(name: str) -> str:
    """Return a part of the pages as it is sent: scripts and sheets without indents and comment lines."""
    text = (FOLDER / name).read_text("utf-8")
    if Path(name).suffix not in {".js", ".css"}:
        return text
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not _COMMENT.fullmatch(line)) + "\n"


def words_in(text: str) -> frozenset[str]:
    """Return the words that ``text`` (a script or a template) speaks: every ``t("…")`` in it.

    >>> sorted(words_in('t("Cash") + t("Find")'))
    ['Cash', 'Find']
    """
    return frozenset(_WORD.findall(text))


def _script_words(spoken: Language, page: str) -> str:
    """Return the words of a page's scripts as JSON that may stand inside it."""
    scripts = OWN.get(page) or [each for each in ASSETS if each not in OWN["rules"][1:]]
    found = {word for name in scripts if name.endswith(".js") for word in words_in(read(name))}
    table = {word: spoken.word(word) for word in sorted(found) if spoken.word(word) != word}
    return json.dumps(table, ensure_ascii=False).replace("<", "\\u003c")
