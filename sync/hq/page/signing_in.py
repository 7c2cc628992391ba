"""Signing in, choosing a password, signing out: the only deeds that need no right."""

import secrets
from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sync.hq import audit, people
from sync.hq.audit import Act
from sync.hq.database import Database
from sync.hq.page.around import LOOPBACK, Around
from sync.hq.page.door import Caller, address_of
from sync.hq.page.sessions import COOKIE, WHOLE_MS, Sessions
from sync.hq.passwords import SALT_BYTES
from sync.hq.reader import HqReader

NAME_CHARS_MAX = 40


class SigningIn:
    """Over the people in the database and the sessions in memory."""

    def __init__(self, reader: HqReader, around: Around, sessions: Sessions) -> None:
        self._reader = reader
        self._around = around
        self._sessions = sessions

    def is_nobody_there(self) -> bool:
        """Return whether nobody was ever let in, so that the page can say how."""
        with self._reader.reading() as ask:
            return ask("SELECT 1 FROM person LIMIT 1").fetchone() is None

    def sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        """Sign somebody in and lead them where they wanted.

        Raises:
            DeniedError: ``wrong-sign-in`` or ``wait``.
        """
        name = form.get("name", "").strip()[:NAME_CHARS_MAX]
        act = Act(name, address_of(request), self._around.now_ms())
        password = form.get("password", "")
        person = self._around.clerk.do(lambda db: people.sign_in(db, act, password))
        to = "/password" if person.must_change else _safe(form.get("next", "/"))
        return self._with_session(request, RedirectResponse(to, 303), person)

    def choose(self, request: Request, form: Mapping[str, str], caller: Caller) -> Response:
        """Change one's own password; other browsers of theirs are signed out.

        Raises:
            DeniedError: ``wrong-password``, ``weak-password`` or ``not-the-same``.
        """
        new = form.get("new", "")
        if new != form.get("again", ""):
            raise people.DeniedError("not-the-same")
        act = caller.act(self._around.now_ms())
        salt = secrets.token_bytes(SALT_BYTES)
        old = form.get("old", "")
        self._around.clerk.do(lambda db: people.choose(db, act, old, new, salt))
        self._sessions.end_all_of(caller.name)
        with self._reader.reading() as ask:
            person = people.current(ask, caller.name)
        assert person is not None
        return self._with_session(request, RedirectResponse("/", 303), person)

    def sign_out(self, request: Request, caller: Caller) -> Response:
        """Sign this browser out."""
        self._sessions.end(request.cookies.get(COOKIE))
        act = caller.act(self._around.now_ms())
        self._around.clerk.do(partial(_note_sign_out, act=act))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    def _with_session(self, request: Request, answer: Response, person: people.Person) -> Response:
        token = self._sessions.start(person, self._around.now_ms())
        # Another name than this machine's own is a proxy's, and that speaks TLS.
        is_near = (request.url.hostname or "") in {name.strip("[]") for name in LOOPBACK}
        answer.set_cookie(
            COOKIE, token, max_age=WHOLE_MS // 1000, path="/", httponly=True, samesite="strict",
            secure=not is_near,
        )  # fmt: skip
        return answer


def _note_sign_out(database: Database, act: Act) -> None:
    with database.transaction():
        audit.note(database, act, "signed-out", act.who)


def _safe(path: str) -> str:
    """Return a path of our own.

    >>> _safe("/sales?member=1"), _safe("//evil.example"), _safe("https://evil.example")
    ('/sales?member=1', '/', '/')
    """
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours else "/"
