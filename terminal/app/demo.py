"""``./run``: a broker, the head office and a till with virtual devices, on one machine.

All three are the real programs with settings written for the occasion into a folder of their own. Each is
started again when it ends by itself. Ctrl-C stops all of them and removes the folder.
"""

import argparse
import contextlib
import http.client
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

START_LIMIT_S = 60.0
_LOOK_EVERY_S = 0.05
_STOP_LIMIT_S = 8.0
ADMINISTRATOR = "admin"
_PORTS = (8080, 8090, 1883)
_EXAMPLES = Path(__file__).resolve().parents[2] / "config" / "examples"
_TOP = Path(__file__).resolve().parents[2]
_MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"

_BROKER = """listener {broker} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
"""
_HQ = """[hq]
data = "sqlite:///hq.db"
listen = "127.0.0.1:{hq}"
broker = "mqtt://127.0.0.1:{broker}"
signing_key = "hq.key"
trust_tills = "first"
shop = "shop.toml"
locale = "{locale}"
"""
_TILL = """[terminal]
id = "S01-T1"
store = "S01"
currency = "CNY"
locale = "{locale}"
data_dir = "till"

[receipt]
title = "好邻居便利店"
lines = ["上海市黄浦区南京东路 100 号", "021-5555 0100"]
footer = ["谢谢惠顾，欢迎再来"]

[[readers]]
name = "counter"
driver = "virtual"
purses = "cards.json"

[cards]
purses = true

[[scanners]]
name = "gun"
driver = "virtual"

[[printers]]
name = "receipt"
driver = "virtual"
drawer = true

[counter]
listen = "127.0.0.1:{till}"

[sync]
broker = "mqtt://127.0.0.1:{broker}"
trust_hq = "first"

[shop]
data = "shop.toml"
"""


@dataclass(slots=True)
class Program:
    """One of the three, kept running."""

    name: str
    command: list[str]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; what it says goes to a file of its own."""
        with (self.folder / f"{self.name}.log").open("ab") as said:
            self.process = subprocess.Popen(
                self.command, cwd=_TOP, stdout=said, stderr=said, stdin=subprocess.DEVNULL
            )

    def kill(self) -> None:
        """End it as a power cut would, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end; insist after a while."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(slots=True)
class Demo:
    """The running shop."""

    folder: Path
    ports: tuple[int, int, int]
    """Till, head office, broker."""
    programs: dict[str, Program]
    stopping: threading.Event = field(default_factory=threading.Event)

    def keep(self) -> None:
        """Start again whatever ends by itself, until told to stop."""
        while not self.stopping.wait(_LOOK_EVERY_S):
            for program in self.programs.values():
                if program.process is not None and program.process.poll() is not None:
                    program.start()


def main(words: list[str] | None = None) -> int:
    """Run the demonstration, or the tour, and return the exit code."""
    parser = argparse.ArgumentParser(prog="./run", description=__doc__)
    parser.add_argument("--tour", action="store_true", help="a whole sale without a person")
    parser.add_argument("--seed", type=int, help="the tour's seed; drawn and printed otherwise")
    parser.add_argument("--locale", choices=("zh-CN", "en"), default="zh-CN")
    asked = parser.parse_args(words)
    for ending in (signal.SIGINT, signal.SIGTERM):  # A shell's background job ignores SIGINT.
        signal.signal(ending, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), _shop(asked.locale) as demo:
        if asked.tour:
            from terminal.app.tour import tour

            seed = asked.seed if asked.seed is not None else secrets.randbelow(10**6)
            return tour(demo, seed)
        _tell(demo)
        threading.Event().wait()
    return 0


@contextlib.contextmanager
def _shop(locale: str) -> Iterator[Demo]:
    folder = Path(tempfile.mkdtemp(prefix="tallypoint-"))
    ports = _free_ports()
    names = dict(zip(("till", "hq", "broker"), ports, strict=True), locale=locale)
    for name, text in (("broker.conf", _BROKER), ("hq.toml", _HQ), ("terminal.toml", _TILL)):
        (folder / name).write_text(text.format(**names), encoding="utf-8")
    shutil.copy(_EXAMPLES / "shop.toml", folder / "shop.toml")
    ours = [sys.executable, "-m", "terminal.app.cli"]
    programs = [
        Program("broker", [_MOSQUITTO, "-c", str(folder / "broker.conf")], folder),
        Program("hq", [*ours, "hq", "run", "--config", str(folder / "hq.toml")], folder),
        Program("till", [*ours, "run", "--config", str(folder / "terminal.toml")], folder),
    ]
    demo = Demo(folder, ports, {program.name: program for program in programs})
    keeper = threading.Thread(target=demo.keep, name="keeper")
    try:
        for program in programs:
            program.start()
        keeper.start()
        wait_for(demo, 0, "/api/v1/till")
        wait_for(demo, 1, "/api/v1/overview")
        yield demo
    finally:
        demo.stopping.set()
        if keeper.ident:
            keeper.join()
        for program in reversed(programs):
            program.stop()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(demo: Demo, which: int, path: str) -> None:
    """Return once the page on port ``which`` answers.

    Raises:
        SystemExit: It does not within a minute; its log is shown.
    """
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            link = http.client.HTTPConnection("127.0.0.1", demo.ports[which], timeout=5)
            link.request("GET", path)
            if link.getresponse().status < 500:
                return
        time.sleep(_LOOK_EVERY_S)
    for log in sorted(demo.folder.glob("*.log")):
        print(f"--- {log.name}", log.read_text(errors="replace")[-3000:], sep="\n", file=sys.stderr)
    raise SystemExit(f"port {demo.ports[which]} did not answer within {START_LIMIT_S:.0f} s")


def first_pins(shop: Path) -> list[tuple[str, str, str, str]]:
    """Return number, name, role and first PIN of the operators in a shop file."""
    from config.load import load_shop

    operators = load_shop(shop).operators
    return [(each.id, each.name, each.role, each.pin or "") for each in operators]


def _tell(demo: Demo) -> None:
    till, hq, broker = demo.ports
    say = print
    for usual, taken in zip(_PORTS, demo.ports, strict=True):
        if usual != taken:
            say(f"Port {usual} is taken; using {taken}.")
    say(f"Till         http://127.0.0.1:{till}/")
    say(f"Display      http://127.0.0.1:{till}/display")
    say(f"Head office  http://127.0.0.1:{hq}/")
    password = _first_administrator(demo)
    if password:
        say(f"  sign in as  {ADMINISTRATOR}  one-time password {password}")
    say(f"Broker       mqtt://127.0.0.1:{broker}")
    say("Operators, with first PINs that are changed at the first sign-in:")
    for number, name, role, pin in first_pins(demo.folder / "shop.toml"):
        say(f"  {number}  PIN {pin}  {name} ({role})")
    say("Ctrl-C stops everything.")
    sys.stdout.flush()


def _first_administrator(demo: Demo) -> str:
    """Let somebody in at the head office and return their one-time password, as a technician would."""
    command = [
        sys.executable, "-m", "terminal.app.cli", "hq", "people", "add", ADMINISTRATOR,
        "--role", "administrator", "--config", str(demo.folder / "hq.toml"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=_TOP, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _free_ports() -> tuple[int, int, int]:
    till, hq, broker = (_free(port) for port in _PORTS)
    return till, hq, broker


def _free(port: int) -> int:
    """Return ``port`` when nobody listens there, otherwise one that is free."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise SystemExit("no free port on this machine")


def ask(
    port: int, method: str, path: str, body: dict[str, object] | None, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of one HTTP call to this machine."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data is not None else {}
        link.request(method, path, data, {**kind, **headers})
        answer = link.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        link.close()


if __name__ == "__main__":
    sys.exit(main())
