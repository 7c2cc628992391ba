"""Erasing a member's personal data, and members who registered twice: deciding, and making one of both."""

from dataclasses import dataclass
from urllib.parse import quote

from sync.hq import audit, merging, profiles
from sync.hq.database import Database, StoreError
from sync.hq.master import MasterStore
from sync.hq.merging import Merge
from sync.hq.ownledger import NotTakenError
from sync.hq.page import asking
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError
from sync.hq.page.deeds import Act, Deed, Moved, Outcome, Way
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, Question
from sync.hq.people import DeniedError
from sync.hq.profiles import Conflict
from sync.hq.reader import HqReader
from sync.hq.roles import Right

CONFLICTS_SHOWN = 500
ERASE_WAYS = (
    Way("member-erase", "/members/{account}/erase", Right.ERASE,
        "Forget a member's personal data, here and at every till", ("confirm",)),
    Way("conflict-settle", "/conflicts/{account}/settle", Right.SETTLE,
        "Say that a person has decided about a member who registered twice"),
    Way("member-merge", "/members/{account}/merge", Right.ADJUST,
        "Move all that a member holds, cards and phone included, to another account of theirs",
        ("into", "reason")),
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
        return {
            "member-erase": self.erase,
            "conflict-settle": self.settle,
            "member-merge": self.merge,
        }

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
        self.around.clerk.do(lambda db: profiles.settle(db, act, account, self.around.judge(db)))
        return Moved("/conflicts")

    def merge(self, deed: Deed) -> Outcome:
        """Make one of two accounts; tills hear of it with the members' table."""
        reason = asking.text(deed.form, "reason").strip()
        if not reason.isprintable():
            raise BadParameterError("reason", "must be printable text")
        account, into = asking.text(deed.path, "account"), asking.text(deed.form, "into").strip()
        act = deed.caller.act(self.around.now_ms())
        asked = Merge(account, into, reason)
        self.around.clerk.do(lambda db: self._merge(db, act, asked))
        self.around.known.names.pop(account, None)
        return Moved(f"/members/{quote(into, safe='')}")

    def _merge(self, database: Database, act: audit.Act, asked: Merge) -> None:
        own = self.around.ledger(database)
        if own is None:
            raise DeniedError("no-ledger")
        try:
            merging.merge(own, act, asked, self.around.today())
        except NotTakenError as error:
            raise StoreError(str(error)) from error
