"""What visits use inside the booted machine: systemd's word on a unit, and calls to the till's page.

Runs on the machine's own Python, with nothing but the standard library.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PATIENCE_S = 120.0
_LOOK_EVERY_S = 0.05


def show(unit: str, key: str) -> str:
    """Return what systemd says of a unit."""
    command = ["systemctl", "show", unit, f"--property={key}", "--value"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def until(condition: Callable[[], Any], what: str) -> Any:
    """Return what ``condition`` says once it says anything; end the visit when it does not in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"gave up: {what}")
        time.sleep(_LOOK_EVERY_S)
    return found


def until_active(unit: str, restarts: int = 0) -> None:
    """Return once the unit has said READY, after so many restarts."""
    until(
        lambda: show(unit, "NRestarts") == str(restarts) and show(unit, "ActiveState") == "active",
        f"{unit} active after {restarts} restarts; it is {show(unit, 'ActiveState')}",
    )


def send(unit: str, number: int) -> None:
    """Send a signal to the unit's program."""
    os.kill(int(show(unit, "MainPID")), number)


def kill(unit: str) -> None:
    """End the unit's program as a crash would."""
    send(unit, signal.SIGKILL)


class Page:
    """The page of a program on this machine, asked once and never again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookie = ""
        self._calls = 0
        self.key = ""
        """Of a program that the head office knows."""

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body."""
        status, _, body = self._ask("GET", path, None)
        return status, body

    def read(self, path: str) -> Any:
        """Return the JSON of the API at ``path``."""
        status, body = self.get(f"/api/v1{path}")
        if status != 200:
            sys.exit(f"GET {path}: {status} {body.decode()}")
        return json.loads(body)

    def call(self, path: str, **fields: Any) -> Any:
        """Make a changing call with an id of its own and return its JSON."""
        self._calls += 1
        body = {"id": f"visit-{time.monotonic_ns()}-{self._calls}", **fields}
        status, cookie, answer = self._ask("POST", f"/api/v1{path}", json.dumps(body).encode())
        if status != 200:
            sys.exit(f"POST {path}: {status} {answer.decode()}")
        self._cookie = cookie.partition(";")[0] or self._cookie
        return json.loads(answer) if answer else None

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, str, bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            headers = {"Cookie": self._cookie} if self._cookie else {}
            if self.key:
                headers["Authorization"] = f"Bearer {self.key}"
            if body is not None:
                headers["Content-Type"] = "application/json"
            link.request(method, path, body, headers)
            answer = link.getresponse()
            return answer.status, answer.getheader("Set-Cookie", ""), answer.read()
        finally:
            link.close()
