"""``tallypoint hq people`` and ``hq key``: the first administrator, a forgotten password, programs' keys.

The head office may be running meanwhile. What is made here is shown once and stands in its audit log.
"""

import argparse
import getpass
import os
import secrets
import sys
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load_hq
from sync.hq import passwords, people, programs
from sync.hq.audit import Act
from sync.hq.clock import now_ms
from sync.hq.database import Database, StoreError
from sync.hq.opening import SQLITE, address_of, open_database
from sync.hq.passwords import SALT_BYTES, hashed
from sync.hq.people import DeniedError
from sync.hq.roles import Role

_BAD_SETTINGS = 78
_DENIED = {
    "bad-name": "a name has up to 40 letters and digits",
    "name-taken": "this name is taken",
    "too-many": "there are too many already",
    "no-such-person": "nobody is called that",
    "no-such-key": "no key in use is called that",
}


def run_hq(asked: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    try:
        office = load_hq(Path(asked.config)).hq
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return _BAD_SETTINGS
    if asked.what != "list" and not asked.name:
        print("a name is missing", file=sys.stderr)
        return 1
    try:
        data = address_of(office)
        if data.startswith(SQLITE):
            become_owner(Path(data.removeprefix(SQLITE)))
        database = open_database(data)
    except (OSError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        (_people if asked.action == "people" else _keys)(database, asked)
    except DeniedError as error:
        print(f"{asked.name}: {_DENIED.get(error.key, error.key)}", file=sys.stderr)
        return 1
    finally:
        database.close()
    return 0


def become_owner(path: Path) -> None:
    """Go on as the head office's own user, where root asks: a file of root's would lock it out."""
    if os.geteuid() == 0:
        owner = (path if path.exists() else path.parent).stat()
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)


def _people(database: Database, asked: argparse.Namespace) -> None:
    if asked.what == "list":
        for person in people.everybody(database.sql.execute):
            print(person.name, person.role, "" if person.active else "closed", sep="\t")
        return
    password = passwords.one_time(secrets.token_bytes)
    verifier = hashed(password, secrets.token_bytes(SALT_BYTES))
    if asked.what == "add":
        people.add(database, _act(), asked.name, Role(asked.role), verifier)
    else:
        people.reset(database, _act(), asked.name, verifier)
    print(password)
    print("Shown this once; another one is chosen at the first sign-in.", file=sys.stderr)


def _keys(database: Database, asked: argparse.Namespace) -> None:
    match asked.what:
        case "list":
            for key in programs.listed(database.sql.execute):
                print(key.name, key.role, "taken back" if key.revoked_ms else "", sep="\t")
        case "revoke":
            programs.revoke(database, _act(), asked.name)
        case _:
            role = Role(asked.role)
            print(programs.new(database, _act(), asked.name, role, secrets.token_bytes))
            print("Shown this once. Send it as: Authorization: Bearer KEY", file=sys.stderr)


def _act() -> Act:
    return Act(f"command:{getpass.getuser()}"[:40], "", now_ms())
