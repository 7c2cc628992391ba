"""Runs inside the booted machine: a sale from tap to head office through the units. Prints one JSON line.

Broker, head office and till were started by the boot alone; nothing here is tried twice that must work at
READY.
"""

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from tests.systemd.inside import Page, kill, send, show, until, until_active

TILL, HQ = "tallypoint", "tallypoint-hq"
LEDGER = Path("/var/lib/tallypoint/ledger.db")
BOOKS = Path("/var/lib/tallypoint-hq/hq.db")
SILENCE_S = 8
"""How long a program may be silent in this machine, instead of 120 s; it speaks every second."""
FIRST_PIN, PIN = "246810", "739152"


def main() -> None:
    said: dict[str, Any] = {}
    till, office = Page(8080), Page(8090)
    until_active(TILL)
    said["till_at_ready"] = till.get("/")[0]
    said["devices_at_ready"] = until(partial(devices, till), "every device has said how it is")
    until_active(HQ)
    said["hq_at_ready"] = office.get("/")[0]
    said["ready_ms"] = {unit: ready_ms(unit) for unit in (TILL, HQ)}

    till.call("/session/pin", operator="1001", pin=FIRST_PIN, new_pin=PIN)
    first = sell(till)
    said["first"] = {"receipt": first["receipt"], "text": text(till, first)}
    acknowledged(till, first)
    made = ("/opt/tallypoint/.venv/bin/tallypoint", "hq", "key", "new", "visitor")
    office.key = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
    said["hq_sales"] = [each["receipt"] for each in office.read("/sales")["sales"]]

    for unit in (TILL, HQ):
        be_impatient(unit)
        kill(unit)
    for unit in (TILL, HQ):
        until_active(unit, restarts=1)
    second = sell(till)
    said["text_after_kill"] = text(till, first)
    said["second"] = second["receipt"]

    for unit in (TILL, HQ):
        freeze(unit)
    said["fell_silent"] = {
        unit: until(partial(ending, unit), f"{unit} is ended") for unit in (TILL, HQ)
    }
    for unit in (TILL, HQ):
        until_active(unit, restarts=2)
    third = sell(till)
    acknowledged(till, third)
    said["equal"] = records(LEDGER, "record") == records(BOOKS, "records")
    said["records"] = len(records(LEDGER, "record"))

    said["stopped"] = {unit: stopped(unit) for unit in (TILL, HQ)}
    said["damaged"] = damaged()
    print(json.dumps(said))


def ready_ms(unit: str) -> int:
    """Return the time from the program's start to its READY."""
    began, ready = (
        int(show(unit, f"{key}TimestampMonotonic")) for key in ("ExecMainStart", "ActiveEnter")
    )
    return (ready - began) // 1000


def sell(till: Page) -> Any:
    """Sign in, tap, scan three times and pay in cash."""
    till.call("/session", operator="1001", pin=PIN)
    till.call("/virtual/counter", card="04A1B2C3D4E5F6")
    till.call("/virtual/counter", remove=True)
    until(lambda: till.read("/till")["sale"]["member"], "the member of the card")
    for code in ("6921168509201", "6928476800013", "6903324610013"):
        till.call("/virtual/gun", text=code)
    until(
        lambda: len(till.read("/till")["sale"]["quote"]["lines"]) == 3, "three lines in the basket"
    )
    return till.call("/sale/tenders", type="cash", amount=5000)


def devices(till: Page) -> list[str]:
    """Return the state of each device; nothing while one has not said any.

    Their threads run at READY, and what they say first is on its way.
    """
    lights = till.read("/till")["devices"]
    return [] if any(each["key"] == "starting" for each in lights) else [e["state"] for e in lights]


def text(till: Page, sale: Any) -> str:
    """Return the receipt as text."""
    return till.get(f"/api/v1/receipts/{sale['receipt']}.txt")[1].decode()


def acknowledged(till: Page, sale: Any) -> None:
    """Wait for the head office's word on the sale."""
    until(
        lambda: till.read("/till")["sync"]["acknowledged"] >= sale["seq"],
        "the head office acknowledges",
    )


def be_impatient(unit: str) -> None:
    """Have systemd wait ``SILENCE_S`` for the unit's word, from its next start on."""
    folder = Path(f"/run/systemd/system/{unit}.service.d")
    folder.mkdir(parents=True)
    (folder / "soon.conf").write_text(f"[Service]\nWatchdogSec={SILENCE_S}\n")
    subprocess.run(["systemctl", "daemon-reload"], check=True)


def freeze(unit: str) -> None:
    """Make the program fall silent as over a hung disk, once it was seen to speak."""
    fed = show(unit, "WatchdogTimestampMonotonic")
    until(lambda: show(unit, "WatchdogTimestampMonotonic") != fed, f"{unit} feeds the watchdog")
    send(unit, signal.SIGSTOP)


def ending(unit: str) -> str:
    """Return why the unit ended, or nothing while it has not."""
    ended = show(unit, "Result")
    return "" if ended == "success" else ended


def records(database: Path, table: str) -> list[Any]:
    """Return number, body and digest of all records."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return opened.execute(f"SELECT seq, body, digest FROM {table} ORDER BY seq").fetchall()


def stopped(unit: str) -> list[str]:
    """Ask the unit to end and return how it did."""
    subprocess.run(["systemctl", "stop", unit], check=True)
    return [show(unit, key) for key in ("ActiveState", "Result", "ExecMainStatus")]


def damaged() -> list[str]:
    """Spoil the newest record of the ledger; return how a start of the till then ends."""
    seq, body, _ = records(LEDGER, "record")[-1]
    with closing(sqlite3.connect(LEDGER)) as opened, opened:
        opened.execute("DROP TRIGGER record_is_never_changed")
        opened.execute("UPDATE record SET body = ? WHERE seq = ?", (body + b"\0", seq))
    began = subprocess.run(["systemctl", "start", TILL], check=False, capture_output=True)
    seen = [show(TILL, "ExecMainStatus"), "READY" if began.returncode == 0 else "not ready"]
    subprocess.run(["systemctl", "stop", TILL], check=True)
    return seen


if __name__ == "__main__":
    main()
