"""The rules page: every version that was uploaded, what is rolled out, and which till runs which."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config.faults import Fault
from sync.hq import rules
from sync.hq.page import asking
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError
from sync.hq.page.deeds import Act, Deed, Moved, Outcome, Shown, Way
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, NotFoundError, Question
from sync.hq.reader import Ask, HqReader
from sync.hq.roles import Right
from sync.hq.rules import BadRulesError, Rollout, RulesVersion
from sync.hq.settle import REASON_MAX

ROLLOUTS_SHOWN = 100
FAULTS_SHOWN = 200
_FORM_BYTES_MAX = 3 * rules.TEXT_BYTES_MAX + 10_000
"""A form writes a Chinese letter in nine bytes."""

RULES_WAYS = (
    Way("rules-upload", "/rules/upload", Right.RULES, "Check a rules file and keep it",
        ("text", "form", "note"), _FORM_BYTES_MAX),
    Way("rules-roll-out", "/rules/{version}/roll-out", Right.RULES,
        "Have a version in force from a time on, everywhere or in one store", ("store", "from")),
    Way("rules-take-back", "/rollouts/{id}/take-back", Right.RULES,
        "Have the version before in force again"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TillRules:
    """How many tills run a version."""

    version: str
    tills: int
    faulty: int
    """Of these, how many could not take a newer one."""


@dataclass(frozen=True, slots=True)
class RulesAnswer:
    """Versions and rollouts, newest first, and what the tills run."""

    versions: tuple[RulesVersion, ...]
    rollouts: tuple[Rollout, ...]
    counting: tuple[int, ...]
    """Numbers of the rollouts that tills are sent."""
    tills: tuple[TillRules, ...]
    faults: tuple[Fault, ...] = ()
    """Of a file that was just refused."""
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RulesTextAnswer:
    """One version whole."""

    version: str
    form: str
    text: str


@dataclass(frozen=True, slots=True)
class RulesKept:
    """A file was kept under this version."""

    version: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """The page's questions and deeds."""

    reader: HqReader
    around: Around

    def questions(self) -> dict[str, Question]:
        """Return the questions by name."""
        return {"rules": self.rules, "rules-text": self.text}

    def deeds(self) -> dict[str, Act]:
        """Return the deeds by the name of their way."""
        return {
            "rules-upload": self.upload,
            "rules-roll-out": self.roll_out,
            "rules-take-back": self.take_back,
        }

    def rules(self, _path: Given, _query: Given, _language: Language) -> RulesAnswer:
        """Return versions, rollouts and what the tills run."""
        with self.reader.reading() as ask:
            return self._answer(ask)

    def _answer(
        self, ask: Ask, faults: tuple[Fault, ...] = (), text: str = "", note: str = ""
    ) -> RulesAnswer:
        found = rules.rollouts(ask, ROLLOUTS_SHOWN)
        tills = ask(
            "SELECT rules, count(*), count(CASE WHEN rules_fault <> '' THEN 1 END) FROM till_health"
            " GROUP BY rules ORDER BY rules DESC"
        ).fetchall()
        count = rules.counting(found, self.around.now_ms())
        return RulesAnswer(
            rules.versions(ask), found, tuple(each.id for each in count),
            tuple(TillRules(*tuple(row)) for row in tills), faults[:FAULTS_SHOWN], text, note,
        )  # fmt: skip

    def text(self, path: Given, _query: Given, _language: Language) -> RulesTextAnswer:
        """Return one version whole."""
        version = asking.text(path, "version")
        with self.reader.reading() as ask:
            found = rules.rules_text(ask, version)
        if found is None:
            raise NotFoundError(f"no rules of version {version}")
        return RulesTextAnswer(version, *found)

    def upload(self, deed: Deed) -> Outcome:
        """Check a file and keep it; one with faults is shown again with all of them."""
        text = deed.form.get("text", "").replace("\r\n", "\n")
        form = deed.form.get("form", "") or ("json" if text.lstrip().startswith("{") else "toml")
        if form not in rules.FORMS:
            raise BadParameterError("form", "must be toml or json")
        note = asking.text(deed.form, "note")
        act = deed.caller.act(self.around.now_ms())
        try:
            version = self.around.clerk.do(lambda db: rules.upload(db, act, text, form, note))
        except BadRulesError as error:
            with self.reader.reading() as ask:
                return Shown("rules", self._answer(ask, error.faults, text, note), 422)
        if deed.caller.is_program:
            return Shown("rules", RulesKept(version))
        return Moved("/rules")

    def roll_out(self, deed: Deed) -> Outcome:
        """Have a version in force from a time on."""
        version, store = asking.text(deed.path, "version"), asking.text(deed.form, "store")
        if len(store) > REASON_MAX or not store.isascii():
            raise BadParameterError("store", "must be the id of a store, or empty for all")
        from_ms = self._moment(asking.text(deed.form, "from"))
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: rules.roll_out(db, act, version, store, from_ms))
        return Moved("/rules")

    def take_back(self, deed: Deed) -> Outcome:
        """Have the version before in force again."""
        number = asking.whole(deed.path, "id", 1, asking.NUMBER_MAX)
        assert number is not None
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: rules.take_back(db, act, number))
        return Moved("/rules")

    def _moment(self, text: str) -> int:
        """Return a local time such as 2026-11-22T08:00 in milliseconds since 1970; 0 (at once) for none.

        Raises:
            BadParameterError: It is none.
        """
        if not text:
            return 0
        try:
            local = datetime.fromisoformat(text)
        except ValueError as error:
            raise BadParameterError("from", "must be a time such as 2026-11-22T08:00") from error
        if local.tzinfo is None:
            local = local.replace(tzinfo=ZoneInfo(self.around.timezone))
        return max(0, int(local.timestamp()) * 1000)
