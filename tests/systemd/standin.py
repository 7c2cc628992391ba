"""Stands in for the till in its unit: says READY, tells what it may do, ends as it is asked to.

Shows what the sandbox lets a program do that uses the till's libraries, before any domain code.
"""

import ctypes
import json
import os
import signal
import socket
import sqlite3
import sys
from pathlib import Path

import msgspec
import paho.mqtt.client
import peewee
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def notify(text):
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        channel.send(text.encode())


def may(action):
    try:
        action()
    except OSError as error:
        return error.strerror
    return "yes"


def facts():
    state = Path(os.environ["STATE_DIRECTORY"])
    ledger = sqlite3.connect(f"file:{state}/ledger.db?psow=0", uri=True)
    ledger.execute("PRAGMA journal_mode=WAL")
    ledger.execute("CREATE TABLE IF NOT EXISTS entry (n INTEGER)")
    with ledger:
        ledger.execute("INSERT INTO entry VALUES (1)")
    callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 8080))
    return {
        "user": os.getuid() != 0,
        "starts": ledger.execute("SELECT count(*) FROM entry").fetchone()[0],
        "boot_id": len(Path("/proc/sys/kernel/random/boot_id").read_text().strip()),
        "signature": len(Ed25519PrivateKey.generate().sign(b"x")),
        "libraries": [m.__name__ for m in (msgspec, paho.mqtt.client, peewee, uvicorn)],
        "callback": callback(),
        "netlink": may(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
        "packet": may(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
        "write_etc": may(lambda: Path("/etc/tallypoint/x").write_text("x")),
        "write_program": may(lambda: Path("/opt/tallypoint/x").write_text("x")),
        "read_settings": may(lambda: Path("/etc/tallypoint/terminal.toml").read_text()),
        "read_shadow": may(lambda: Path("/etc/shadow").read_text()),
        "see_others": len([x for x in Path("/proc").iterdir() if x.name.isdigit()]),
        "state_mode": oct(state.stat().st_mode & 0o777),
    }


def main():
    wrong = "wrong" in Path("/etc/tallypoint/terminal.toml").read_text()
    if wrong and Path(os.environ["STATE_DIRECTORY"], "restarts").exists():
        sys.exit(78)
    Path(os.environ["RUNTIME_DIRECTORY"], "facts").write_text(json.dumps(facts()))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    notify("READY=1")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
