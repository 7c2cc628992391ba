"""Erasing a member's personal data, and members who registered twice."""

from dataclasses import dataclass

from sync.hq import profiles
from sync.hq.master import MasterStore
from sync.hq.page import asking
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError
from sync.hq.page.deeds import Act, Deed, Moved, Outcome, Way
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, Question
from sync.hq.profiles import Conflict
from sync.hq.reader import HqReader
from sync.hq.roles import Right

CONFLICTS_SHOWN = 500
ERASE_WAYS = (
    Way("member-erase", "/members/{account}/erase", Right.ERASE,
        "Forget a member's personal data, here and at every till", ("confirm",)),
    Way("conflict-settle", "/conflicts/{account}/settle", Right.SETTLE,
        "Say that a person has decided about a member who registered twice"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConflictsAnswer:
    """Members with one phone number, newest first, of whom nobody decided yet."""

    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Erasing:
    """The question and the deeds."""

    reader: HqReader
    around: Around

    def questions(self) -> dict[str, Question]:
        """Return the question by name."""
        return {"conflicts": self.conflicts}

    def deeds(self) -> dict[str, Act]:
        """Return the deeds by the name of their way."""
        return {"member-erase": self.erase, "conflict-settle": self.settle}

    def conflicts(self, _path: Given, _query: Given, _language: Language) -> ConflictsAnswer:
        """Return members who may be one person."""
        with self.reader.reading() as ask:
            return ConflictsAnswer(profiles.conflicts(ask, CONFLICTS_SHOWN))

    def erase(self, deed: Deed) -> Outcome:
        """Forget a member; whoever asks types the account number, since nothing brings them back."""
        account = asking.text(deed.path, "account")
        if asking.text(deed.form, "confirm") != account:
            raise BadParameterError("confirm", "must be the account number")
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: profiles.erase(db, MasterStore(db), act, account))
        self.around.known.names.pop(account, None)
        return Moved("/members")

    def settle(self, deed: Deed) -> Outcome:
        """Note that somebody decided."""
        account = asking.text(deed.path, "account")
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: profiles.settle(db, act, account))
        return Moved("/conflicts")
