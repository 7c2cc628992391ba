"""What people and programs may do here: each deed with its path, the right it needs, and its outcome.

A deed is a POST of a form by a signed-in person, or of a JSON object by a program; both come in here. What is
done is written together with its line in the audit log.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sync.hq import passwords, people, programs
from sync.hq.page.around import Around
from sync.hq.page.asking import BadParameterError, text
from sync.hq.page.door import FORM_BYTES_MAX, Caller
from sync.hq.page.language import Language
from sync.hq.passwords import SALT_BYTES, hashed
from sync.hq.reader import HqReader
from sync.hq.roles import Right, Role


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody asks to be done."""

    path: Mapping[str, str]
    form: Mapping[str, str]
    caller: Caller
    language: Language


@dataclass(frozen=True, slots=True)
class Moved:
    """Done; the page to look at now."""

    to: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Done, or not, and said on the page ``name``; what programs get is ``answer``."""

    name: str
    answer: object
    status: int = 200


Outcome = Moved | Shown
Act = Callable[[Deed], Outcome]


@dataclass(frozen=True, slots=True)
class Way:
    """How a deed is asked for."""

    name: str
    path: str
    """Below the root for people, below the API's root for programs."""
    right: Right
    summary: str
    fields: tuple[str, ...] = ()
    bytes_max: int = FORM_BYTES_MAX


PEOPLE_WAYS = (
    Way("person-add", "/people/add", Right.PEOPLE, "Let somebody in", ("name", "role")),
    Way("person-change", "/people/{name}/change", Right.PEOPLE, "Change a role, close or open",
        ("role", "active")),
    Way("person-reset", "/people/{name}/reset", Right.PEOPLE, "Another one-time password"),
    Way("key-new", "/keys/new", Right.PEOPLE, "Make a program key", ("name", "role")),
    Way("key-revoke", "/keys/{name}/revoke", Right.PEOPLE, "Take a program key back"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that is shown this once."""

    kind: str
    """``password`` or ``key``."""
    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class PeopleDeeds:
    """Making people and program keys, and taking them away."""

    reader: HqReader
    around: Around

    def by_name(self) -> dict[str, Act]:
        """Return every deed by the name of its way."""
        return {
            "person-add": self.add,
            "person-change": self.change,
            "person-reset": self.reset,
            "key-new": self.new_key,
            "key-revoke": self.revoke_key,
        }

    def add(self, deed: Deed) -> Outcome:
        """Let somebody in; their one-time password is shown once."""
        name, role = text(deed.form, "name"), role_of(deed)
        password, verifier = drawn_password()
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: people.add(db, act, name, role, verifier))
        return Shown("secret", Secret("password", name, password))

    def change(self, deed: Deed) -> Outcome:
        """Give somebody another role, close or open their account."""
        name, role = text(deed.path, "name"), role_of(deed)
        active = text(deed.form, "active") != "no"
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: people.change(db, act, name, role, active=active))
        return Moved("/people")

    def reset(self, deed: Deed) -> Outcome:
        """Give somebody another one-time password."""
        name = text(deed.path, "name")
        password, verifier = drawn_password()
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: people.reset(db, act, name, verifier))
        return Shown("secret", Secret("password", name, password))

    def new_key(self, deed: Deed) -> Outcome:
        """Make a key for a program; it is shown once."""
        name, role = text(deed.form, "name"), role_of(deed)
        act = deed.caller.act(self.around.now_ms())
        make = partial(
            programs.new, act=act, name=name, role=role, random_bytes=secrets.token_bytes
        )
        return Shown("secret", Secret("key", name, self.around.clerk.do(make)))

    def revoke_key(self, deed: Deed) -> Outcome:
        """Take a program's key back."""
        name = text(deed.path, "name")
        act = deed.caller.act(self.around.now_ms())
        self.around.clerk.do(lambda db: programs.revoke(db, act, name))
        return Moved("/people")


def drawn_password() -> tuple[str, str]:
    """Return a one-time password and its verifier."""
    password = passwords.one_time(secrets.token_bytes)
    return password, hashed(password, secrets.token_bytes(SALT_BYTES))


def role_of(deed: Deed) -> Role:
    """Return the role that a form names.

    Raises:
        BadParameterError: It names none.
    """
    try:
        return Role(text(deed.form, "role"))
    except ValueError as error:
        raise BadParameterError("role", "must be a role") from error
