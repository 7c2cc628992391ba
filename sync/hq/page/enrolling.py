"""The enrolment page: which tills have which keys, which tokens are open, and letting tills in and out."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from config.schema import Hq
from sync.hq import enrolment, pki
from sync.hq.audit import Act as Doing
from sync.hq.database import Database
from sync.hq.enrolment import OpenToken, Reached, TillKey
from sync.hq.page import asking
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError
from sync.hq.page.deeds import Act, Deed, Moved, Outcome, Secret, Shown, Way
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, Question
from sync.hq.people import DeniedError
from sync.hq.pki import PkiError, load_pki
from sync.hq.reader import HqReader
from sync.hq.roles import Right

KEYS_SHOWN = 500
HOURS = 24
_TILL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_TOKEN = re.compile(r"([0-9a-f]{2}){1,32}")
_NOT_TILLS = {"hq", "md", "enrol"}

ENROL_WAYS = (
    Way("token-make", "/enrolment/tokens", Right.ENROL, "Make a one-time token for a till",
        ("terminal", "hours")),
    Way("token-cancel", "/enrolment/tokens/{id}/cancel", Right.ENROL, "Make a token useless"),
    Way("till-revoke", "/enrolment/tills/{terminal}/revoke", Right.ENROL,
        "End a till's key and certificates", ("reason",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """Keys of all tills, those in use first, and tokens that were not used yet."""

    keys: tuple[TillKey, ...]
    tokens: tuple[OpenToken, ...]
    can_enrol: bool
    """Whether the settings say where certificates lie and how tills reach us."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where certificates lie and how tills reach us, by the settings."""

    folder: Path
    reached: Reached

    @classmethod
    def of(cls, office: Hq) -> "Certificates | None":
        """Return what the settings say, ``None`` where they say nothing of it."""
        if office.pki is None or office.reached_as is None:
            return None
        reached = Reached(office.reached_as, office.till_port, office.enrol_port)
        return cls(Path(office.pki), reached)

    def token(self, database: Database, act: Doing, terminal: str, hours: int) -> str:
        """Return a new token.

        Raises:
            DeniedError: ``no-certificates``, or as for making one.
        """
        try:
            made = load_pki(self.folder)
        except PkiError as error:
            raise DeniedError("no-certificates") from error
        token = enrolment.make_token(
            database, act, terminal, hours, self.reached, made, secrets.token_bytes
        )
        return token.text

    def tell_the_broker(self, database: Database, now_ms: int) -> None:
        """Write the list of ended certificates anew, for the broker to read."""
        revoked = enrolment.revoked_certificates(database.sql.execute)
        lines = load_pki(self.folder).revocations(revoked, now_ms)
        pki.keep(self.folder / pki.REVOKED, lines, 0o644)


@dataclass(frozen=True, slots=True)
class Enrolling:
    """The page's question and deeds."""

    reader: HqReader
    around: Around
    certificates: Certificates | None

    def questions(self) -> dict[str, Question]:
        """Return the question by name."""
        return {"enrolment": self.enrolment}

    def deeds(self) -> dict[str, Act]:
        """Return the deeds by the name of their way."""
        return {"token-make": self.make, "token-cancel": self.cancel, "till-revoke": self.revoke}

    def enrolment(self, _path: Given, _query: Given, _language: Language) -> EnrolmentAnswer:
        """Return keys and open tokens."""
        with self.reader.reading() as ask:
            return EnrolmentAnswer(
                enrolment.keys(ask, KEYS_SHOWN),
                enrolment.open_tokens(ask, self.around.now_ms()),
                self.certificates is not None,
            )

    def make(self, deed: Deed) -> Outcome:
        """Make a token; it is shown once."""
        terminal = asking.text(deed.form, "terminal")
        if not _TILL.fullmatch(terminal) or terminal.lower() in _NOT_TILLS:
            raise BadParameterError("terminal", "must be the name of a till")
        hours = asking.whole(deed.form, "hours", 1, enrolment.HOURS_MAX) or HOURS
        certificates = self.certificates
        if certificates is None:
            raise DeniedError("no-certificates")
        act = deed.caller.act(self.around.now_ms())
        token = self.around.clerk.do(lambda db: certificates.token(db, act, terminal, hours))
        return Shown("secret", Secret("token", terminal, token))

    def cancel(self, deed: Deed) -> Outcome:
        """Make a token useless before it was used."""
        token = asking.text(deed.path, "id")
        if not _TOKEN.fullmatch(token):
            raise BadParameterError("id", "must be a token's id")
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: enrolment.cancel_token(db, act, token))
        return Moved("/enrolment")

    def revoke(self, deed: Deed) -> Outcome:
        """End a till's key and certificates."""
        terminal = asking.text(deed.path, "terminal")
        reason = asking.text(deed.form, "reason")
        if not reason:
            raise DeniedError("reason-wanted")
        act, certificates = deed.caller.act(self.around.now_ms()), self.certificates

        def ended(database: Database) -> None:
            enrolment.revoke(database, act, terminal, reason)
            if certificates is not None:
                certificates.tell_the_broker(database, act.now_ms)

        try:
            self.around.clerk.do(ended)
        except PkiError as error:
            raise DeniedError("no-certificates") from error
        return Moved("/enrolment")
