"""The page running on a free port, over any books."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from config.schema import Hq
from sync.hq import people, programs
from sync.hq.audit import Act
from sync.hq.clerk import Clerk
from sync.hq.database import Database
from sync.hq.names import Known
from sync.hq.opening import open_database
from sync.hq.page.around import Around
from sync.hq.page.server import serve
from sync.hq.passwords import hashed
from sync.hq.queries import SqlReader
from sync.hq.roles import Role
from tests.kit.ports import free_port
from tests.kit.waiting import PATIENCE_S
from tests.sync.page.shop import NAMES, START_MS

NOW_MS = START_MS + 47_000_000
NAME, PASSWORD = "admin", "a few good words"
NAMED = Known(names=dict(NAMES))


class Address(str):
    """Where the page is, and who may ask it: one administrator, and one program with the same rights."""

    __slots__ = ("key",)

    def client(self) -> httpx.Client:
        """Return a program's client."""
        return httpx.Client(
            base_url=str(self), headers={"authorization": f"Bearer {self.key}"}, timeout=PATIENCE_S
        )

    def person(self, name: str = NAME, password: str = PASSWORD) -> httpx.Client:
        """Return a signed-in person's browser, without its pictures and scripts."""
        apart = httpx.Limits(max_keepalive_connections=0)  # Nothing stays open that must be closed.
        client = httpx.Client(
            base_url=str(self), headers={"origin": str(self)}, limits=apart, timeout=PATIENCE_S
        )
        answer = client.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        return client

    def cookies(self, locale: str = "") -> list[dict]:
        """Return what a browser of a signed-in person holds."""
        client = self.person()
        held = [{"name": name, "value": value} for name, value in client.cookies.items()]
        client.close()
        chosen = [{"name": "hq_language", "value": locale}] if locale else []
        return [{**each, "url": str(self)} for each in (*held, *chosen)]


def clerk_of(reader: SqlReader) -> Clerk:
    """Return a clerk over the reader's own database."""
    return Clerk(lambda: open_database(reader.data))


def enter(clerk: Clerk) -> str:
    """Let the administrator in, where nobody is yet; return the key of a program."""
    act = Act("command", "", NOW_MS)

    def made(database: Database) -> str:
        if not database.one("SELECT count(*) FROM person")[0]:
            people.add(database, act, NAME, Role.ADMINISTRATOR, hashed("once", bytes(16)))
            me = Act(NAME, "", NOW_MS)
            people.choose(database, me, "once", PASSWORD, bytes(16))
        count = database.one("SELECT count(*) FROM program_key")[0]
        return programs.new(
            database, act, f"test{count}", Role.ADMINISTRATOR, lambda n: bytes([count]) * n
        )

    return clerk.do(made)


@contextmanager
def running(
    reader: SqlReader, language: str = "en", known: Known = NAMED, office: Hq | None = None
) -> Iterator[Address]:
    """Serve ``reader`` while inside; yield the page's address."""
    stop, ready = threading.Event(), threading.Event()
    listen = f"127.0.0.1:{free_port()}"
    clerk = clerk_of(reader)
    around = Around(lambda: NOW_MS, clerk, known=known, office=office)
    arguments = (listen, reader, language, stop, ready.set, around)
    thread = threading.Thread(target=serve, args=arguments, name="page")
    thread.start()
    try:
        assert ready.wait(PATIENCE_S), "the page did not start"
        address = Address(f"http://{listen}")
        address.key = enter(clerk)
        yield address
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        clerk.close()
        assert not thread.is_alive(), "the page did not stop"
