"""The head office as a process of its own, so that it can be killed, and its database looked into."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Self

import psycopg

from tests.kit.broker import answers
from tests.kit.ports import free_port
from tests.kit.waiting import PATIENCE_S, until

_PROGRAM = """
import logging, signal, sys, threading
from pathlib import Path
from config.load import load_hq
from sync.hq.app import run
logging.basicConfig(level=logging.INFO)
stop = threading.Event()
code = []
def body():
    code.append(run(load_hq(sys.argv[1]), lambda: print("READY", flush=True), stop))
thread = threading.Thread(target=body)
signal.signal(signal.SIGTERM, lambda *_: stop.set())
thread.start()
while thread.is_alive():
    thread.join(0.1)
sys.exit(code[0] if code else 70)
"""


class Office:
    """Starts when entered and ends when left; may be killed and started again in between."""

    def __init__(self, folder: Path, broker: str, settings: str = "", data: str = "") -> None:
        """Prepare in ``folder``; ``broker`` is an address, ``settings`` are further lines of ``[hq]``.

        Without ``data``, the address of a server, the database is a file in ``folder``.
        """
        self.port = free_port()
        self.page = f"http://127.0.0.1:{self.port}"
        self.database = folder / "hq.db"
        self._data = data or f"sqlite:///{self.database}"
        self._settings = folder / "hq.toml"
        self._log = folder / "hq.log"
        self._settings.write_text(
            f'[hq]\ndata = "{self._data}"\nlisten = "127.0.0.1:{self.port}"\n'
            f'broker = "{broker}"\nsigning_key = "{folder}/hq.key"\ntrust_tills = "first"\n{settings}\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self.stop(signal.SIGKILL)

    def start(self) -> None:
        """Start and wait until the page answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(self._settings)],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            )
        until(
            lambda: answers(self.port) or self._process.poll() is not None,
            "the head office's page",
        )
        assert self._process.poll() is None, self.log()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        code = self._process.wait(PATIENCE_S)
        self._process = None
        return code

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        return self._log.read_text()

    def ask(self, sql: str, *values: object) -> list[tuple]:
        """Return what the database answers."""
        if self._data.startswith("postgresql:"):
            with psycopg.connect(self._data) as server:
                return server.execute(sql.replace("?", "%s").encode(), values).fetchall()
        uri = f"file:{self.database}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as connection:
            return connection.execute(sql, values).fetchall()

    @property
    def workers(self) -> list[int]:
        """The processes that the head office has started, on a server its workers."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task").glob("*/children")
        return sorted(int(word) for each in children for word in each.read_text().split())

    def records(self, ledger_id: str, branch: int = 0) -> list[tuple[int, bytes, bytes]]:
        """Return number, body and digest of all records of a stream."""
        return self.ask(
            "SELECT seq, body, digest FROM records WHERE ledger_id = ? AND branch = ? ORDER BY seq",
            ledger_id,
            branch,
        )
