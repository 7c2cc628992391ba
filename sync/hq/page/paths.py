"""Where each page and each deed lies, and the right it needs: what a new page adds its lines to.

A page is a line here, a question in ``questions.py``, a template under its name and, where the rail leads to
it, a line in ``drawing.SCREENS``. A deed is a way in :data:`WAYS` and a function in a table of deeds.
"""

from dataclasses import dataclass

from sync.hq.page.deeds import PEOPLE_WAYS, Way
from sync.hq.page.desk import DESK_WAYS
from sync.hq.page.enrolling import ENROL_WAYS
from sync.hq.page.erasing import ERASE_WAYS
from sync.hq.page.ruling import RULES_WAYS
from sync.hq.roles import Right


@dataclass(frozen=True, slots=True)
class Path:
    """A page."""

    name: str
    """Of its question and its template."""
    path: str
    right: Right = Right.SEE


PATHS = (
    Path("overview", "/"),
    Path("tills", "/tills"),
    Path("sales", "/sales"),
    Path("entry", "/entries/{ledger}/{seq}"),
    Path("balances", "/balances"),
    Path("quarantine", "/quarantine"),
    Path("stream", "/tills/{ledger}"),
    Path("members", "/members"),
    Path("member", "/members/{account}"),
    Path("conflicts", "/conflicts"),
    Path("days", "/days"),
    Path("liability", "/liability"),
    Path("anomalies", "/anomalies"),
    Path("checks", "/checks"),
    Path("exposure", "/exposure"),
    Path("purses", "/purses"),
    Path("waiting", "/quarantine/{kind}/{id}"),
    Path("rules", "/rules"),
    Path("rules-text", "/rules/{version}"),
    Path("enrolment", "/enrolment", Right.ENROL),
    Path("people", "/people", Right.PEOPLE),
    Path("audit", "/audit", Right.AUDIT),
)

WAYS: tuple[Way, ...] = (*PEOPLE_WAYS, *DESK_WAYS, *RULES_WAYS, *ENROL_WAYS, *ERASE_WAYS)
