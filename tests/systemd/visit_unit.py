"""Runs inside the booted machine: what systemd does with the unit. Prints one JSON line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

RUNTIME, STATE = Path("/run/tallypoint"), Path("/var/lib/tallypoint")
DEADLINE = time.monotonic() + 60


def show(key):
    answer = subprocess.run(
        ["systemctl", "show", "tallypoint", f"--property={key}", "--value"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


def until(condition):
    while not condition():
        if time.monotonic() > DEADLINE:
            sys.exit(f"gave up: {show('ActiveState')} {show('Result')}")
        time.sleep(0.05)


def kill():
    os.kill(int(show("MainPID")), signal.SIGKILL)


def main():
    until(lambda: show("ActiveState") == "active")
    said = {"first": json.loads((RUNTIME / "facts").read_text())}
    kill()
    until(lambda: show("NRestarts") == "1" and show("ActiveState") == "active")
    said["second"] = json.loads((RUNTIME / "facts").read_text())
    (STATE / "restarts").touch()
    Path("/etc/tallypoint/terminal.toml").write_text("wrong")
    kill()
    until(lambda: show("ActiveState") == "failed")
    said["after_78"] = [show("Result"), show("ExecMainStatus"), show("NRestarts")]
    said["pcscd_group"] = Path("/etc/systemd/system/pcscd.socket.d/tallypoint.conf").exists()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
