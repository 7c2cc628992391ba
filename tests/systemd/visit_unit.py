"""Runs inside the booted machine: what systemd does with the unit. Prints one JSON line."""

import json
from pathlib import Path

from tests.systemd.inside import kill, show, until, until_active

RUNTIME, STATE = Path("/run/tallypoint"), Path("/var/lib/tallypoint")
TILL = "tallypoint"


def main() -> None:
    until_active(TILL)
    said = {"first": json.loads((RUNTIME / "facts").read_text())}
    kill(TILL)
    until_active(TILL, restarts=1)
    said["second"] = json.loads((RUNTIME / "facts").read_text())
    (STATE / "restarts").touch()
    Path("/etc/tallypoint/terminal.toml").write_text("wrong")
    kill(TILL)
    until(lambda: show(TILL, "ActiveState") == "failed", "the unit gives up")
    said["after_78"] = [show(TILL, key) for key in ("Result", "ExecMainStatus", "NRestarts")]
    print(json.dumps(said))


if __name__ == "__main__":
    main()
