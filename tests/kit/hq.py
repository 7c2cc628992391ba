"""Lets tests in at a head office: a program's key, and an administrator, made in its database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sync.hq import passwords, people, programs
from sync.hq.audit import Act
from sync.hq.opening import open_database
from sync.hq.roles import Role
from tests.kit.waiting import PATIENCE_S

_ACT = Act("command", "", 1)


def key_for(path: Path | str) -> str:
    """Return a new key of a program that may do everything."""
    database = open_database(path)
    try:
        name = f"test-{secrets.token_hex(4)}"
        return programs.new(database, _ACT, name, Role.ADMINISTRATOR, secrets.token_bytes)
    finally:
        database.close()


def let_in(path: Path | str, name: str) -> str:
    """Let an administrator in and return the one-time password."""
    password = passwords.one_time(secrets.token_bytes)
    database = open_database(path)
    try:
        verifier = passwords.hashed(password, bytes(16))
        people.add(database, _ACT, name, Role.ADMINISTRATOR, verifier)
    finally:
        database.close()
    return password


@contextmanager
def api_of(hq: Any) -> Iterator[httpx.Client]:
    """Return a program's client of a running head office."""
    headers = {"authorization": f"Bearer {hq.key}"}
    with httpx.Client(base_url=hq.address, headers=headers, timeout=PATIENCE_S) as client:
        yield client
