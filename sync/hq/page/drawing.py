"""Draws answers as HTML: the templates, and how they write amounts, times and words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sync.hq.page import wording
from sync.hq.page.answers import Reason
from sync.hq.page.around import Around
from sync.hq.page.language import LANGUAGES, Language
from sync.hq.roles import RIGHTS, Right, Role
from terminal.core.receipts.layout import quantity

TEMPLATES = Path(__file__).parent / "templates"
_FULL_BAR = 100


@dataclass(frozen=True, slots=True)
class Screen:
    """One entry of the rail."""

    name: str
    path: str
    title: str
    right: Right = Right.SEE


SCREENS = (
    Screen("overview", "/", "Overview"),
    Screen("tills", "/tills", "Tills"),
    Screen("sales", "/sales", "Sales"),
    Screen("days", "/days", "Days and stores"),
    Screen("members", "/members", "Members"),
    Screen("liability", "/liability", "What we owe"),
    Screen("balances", "/balances", "Balances"),
    Screen("exposure", "/exposure", "Set aside for tills"),
    Screen("purses", "/purses", "Cards with money"),
    Screen("rules", "/rules", "Rules"),
    Screen("anomalies", "/anomalies", "Anomalies"),
    Screen("checks", "/checks", "Worked out again"),
    Screen("quarantine", "/quarantine", "Quarantine"),
    Screen("enrolment", "/enrolment", "Enrolment", Right.ENROL),
    Screen("people", "/people", "People", Right.PEOPLE),
    Screen("audit", "/audit", "Audit log", Right.AUDIT),
)
TITLES = {screen.name: screen.title for screen in SCREENS} | {
    "entry": "Record", "fault": "Fault", "sign-in": "Sign in", "password": "Password",
    "secret": "Shown once", "stream": "Records of a till", "conflicts": "Registered twice",
    "member": "Member", "waiting": "Opened",
    "rules-text": "Rules",
}  # fmt: skip


class Drawing:
    """The templates, compiled once and shared by all threads."""

    def __init__(self, around: Around) -> None:
        self._around = around
        zone = ZoneInfo(around.timezone)
        self._jinja = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters.update(
            money=wording.money, count=wording.count, quantity=quantity, day=wording.day,
            iso=wording.iso, moment=partial(wording.moment, zone=zone), share=share, by_why=by_why,
            amount=wording.amount_of, month=wording.month,
        )  # fmt: skip
        self._jinja.globals.update(
            screens=SCREENS, languages=LANGUAGES, name_of=around.called, tier_of=around.tier_of,
            roles=tuple(Role), right=tuple(Right), rights=RIGHTS,
        )  # fmt: skip

    def page(self, name: str, language: Language, **facts: object) -> str:
        """Return the page ``name``, whole."""
        now_ms = self._around.now_ms()
        here: dict[str, Callable[..., str]] = {
            "_": language,
            "ago": lambda ms: wording.ago(ms, now_ms, language),
            "fault": lambda reason: wording.fault(reason, language),
            "odd": lambda row: wording.oddity(row.kind, row.value, language),
            "skew": lambda ms: wording.skew(ms, language),
        }
        template = self._jinja.get_template(f"{name}.html")
        return template.render(
            **here,
            name=name,
            title=TITLES[name],
            locale=language.locale,
            now_ms=now_ms,
            **facts,
        )


def by_why(reasons: Iterable[Reason]) -> list[tuple[str, int]]:
    """Return what each rule took off a sale, by its name, in the order the rules took part."""
    taken: dict[str, int] = {}
    for reason in reasons:
        taken[reason.why] = taken.get(reason.why, 0) + reason.amount
    return list(taken.items())


def share(part: int, whole: int) -> int:
    """Return ``part`` as whole percent of ``whole``, at least 1 for anything that is not nothing.

    >>> share(50, 200), share(1, 1000), share(0, 0)
    (25, 1, 0)
    """
    if whole <= 0 or part <= 0:
        return 0
    return max(1, part * _FULL_BAR // whole)
