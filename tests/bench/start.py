"""How long the till takes from exec to READY, as systemd counts it, and what it weighs after a day's start.

    python -m tests.bench.start [--times 5]

Each start is a fresh process with 50,000 members, told READY over a notify socket like systemd's. The weight
is the resident memory of all processes of the till together after 200 sales, three open pages, a PIN and a
picture; the limit is 90 MB, the limit of a start 1.0 s.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench.shop import build

START_MAX_S, WEIGHT_MAX_MB = 1.0, 90
_SALES = 200


def start(settings: Path, folder: Path):
    """Start the till; return the process and the seconds until it said READY."""
    name = folder / "notify"
    name.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(name))
        began = time.monotonic()
        till = subprocess.Popen(
            [sys.executable, "-m", "terminal.app.cli", "run", "--config", str(settings)],
            env={**os.environ, "NOTIFY_SOCKET": str(name)},
            stderr=subprocess.DEVNULL,
        )
        while b"READY=1" not in ear.recv(1000):
            pass
        return till, time.monotonic() - began


def ask(port, path, body=None, cookie=""):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1{path}",
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "Cookie": cookie},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers.get("Set-Cookie", ""), answer.read()


def weigh(pid):
    """Resident kilobytes of a process and its children."""
    total = 0
    with Path(f"/proc/{pid}/status").open() as status:
        total += next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += weigh(int(child))
    for task in Path(f"/proc/{pid}/task").iterdir():
        if task.name != str(pid):
            for child in (task / "children").read_text().split():
                total += weigh(int(child))
    return total


def day(port):
    """Three pages, a PIN, two hundred sales, a picture."""
    pages = [
        subprocess.Popen(
            ["curl", "-sN", f"http://127.0.0.1:{port}/api/v1/events"], stdout=subprocess.DEVNULL
        )
        for _ in range(3)
    ]
    ask(
        port, "/session/pin", {"id": "p1", "operator": "1001", "pin": "246810", "new_pin": "739152"}
    )
    cookie, _ = ask(port, "/session", {"id": "p2", "operator": "1001", "pin": "739152"})
    cookie = cookie.partition(";")[0]
    for n in range(_SALES):
        lines = [{"code": f"G{(n + line) % 200:05d}", "quantity": 1000} for line in range(8)]
        sale = {
            "id": f"s{n}",
            "lines": lines,
            "member": {"member": f"{100_000 + n * 7}"},
            "tenders": [{"type": "cash", "amount": 1_000_000}],
        }
        _, done = ask(port, "/sales", sale, cookie)
    number = json.loads(done)["receipt"]
    _, picture = ask(port, f"/receipts/{number}.png", None, cookie)
    assert picture.startswith(b"\x89PNG")
    return pages


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--times", type=int, default=5)
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = build(folder, str(folder / "paper.bin"), 1)
        port = json.loads((folder / "ports.json").read_text())["till"]
        took = []
        till, first = start(settings, folder)
        till.terminate()
        till.wait()
        print(
            f"READY after {first:.2f} s the first time, with a shop file of 50,000 members to take over"
        )
        for n in range(wanted.times):
            till, seconds = start(settings, folder)
            took.append(seconds)
            if n == wanted.times - 1:
                pages = day(port)
                print(f"weight {weigh(till.pid) / 1024:.1f} MB, limit {WEIGHT_MAX_MB}")
                for page in pages:
                    page.kill()
            till.terminate()
            till.wait()
        print(
            "READY after",
            " ".join(f"{each:.2f}" for each in sorted(took)),
            f"s, limit {START_MAX_S}",
        )


if __name__ == "__main__":
    main()
