"""A real PostgreSQL of our own: unix socket only, commits on disk as in production."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Self

import psycopg

from tests.kit.waiting import until

USER = "postgres"
_OPTIONS = ("-c", "listen_addresses=", "-c", "max_connections=40")


def programs() -> Path:
    """Return the folder of the newest server that is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    assert found, "postgresql is not installed"
    return found[-1]


class Postgres:
    """Starts when entered and ends when left; may be killed and started again in between."""

    def __init__(self, *options: str) -> None:
        """Prepare; ``options`` are further words of the server's command line."""
        # Not in a test's own folder: the server's user may not look into it, and a socket's path is short.
        self.folder = Path(tempfile.mkdtemp(prefix="tp-pg-", dir="/tmp"))
        self._options = (*_OPTIONS, *options)
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._who = pwd.getpwnam(USER) if os.getuid() == 0 else pwd.getpwuid(os.getuid())

    def __enter__(self) -> Self:
        os.chown(self.folder, self._who.pw_uid, self._who.pw_gid)
        subprocess.run(
            [programs() / "initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, **self._as_user(),
        )  # fmt: skip
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start and wait until it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self._data, "-k", self.folder, *self._options],
                stdout=log, stderr=log, **self._as_user(),
            )  # fmt: skip
        until(self._answers, "PostgreSQL takes connections")

    def kill(self) -> None:
        """End it with all its processes, as ``kill -9`` does."""
        assert self._process is not None
        pid = self._process.pid
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for each in (pid, *map(int, children)):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            until(lambda: not any(map(_is_running, children)), "the server's processes end")
        self._process.wait()

    def database(self) -> str:
        """Return an address with nothing in it yet: a schema, which is made faster than a database."""
        name = f"hq{next(self._names)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.address()}&options=-csearch_path%3D{name}"

    def address(self) -> str:
        """Return the address of the one database."""
        return f"postgresql:///{USER}?host={self.folder}&user={USER}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            psycopg.connect(self.address(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _as_user(self) -> dict:
        """A server refuses to be root."""
        who = {"user": self._who.pw_uid, "group": self._who.pw_gid, "extra_groups": []}
        return {**(who if os.getuid() == 0 else {}), "cwd": "/tmp"}


def _is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
