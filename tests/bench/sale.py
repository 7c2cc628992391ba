"""A sale in the running daemon beside the floor of the machine, in turn.

    python -m tests.bench.sale [--rounds 5] [--sales 100] [--existing 0] [--dir DIR] [--sync-us 400]

The daemon is the real one: API and page up with three pages open, uplink, broker and head office alive,
50,000 members, a printer on a pseudo-terminal in another process. A sale is eight lines scanned; then the
clock starts with the card's data in hand and the cash on the counter, and stops when the first byte of the
receipt reaches the printer. The floor runs in turn with it (A B A B) and medians are compared: once in a
tight loop, and once at the pace of the sales measured here, with the processor's caches as cold as theirs.
With ``--sync-us`` both run on a disk whose every sync takes so much longer, as a memory card's does.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

from config.load import load
from drivers.api import CardArrived, CardImage, Scanned
from sync.protocol.keys import load_or_make
from terminal.app import attend, clock, wire
from terminal.app import main as till_main
from terminal.app.feed import Asked
from terminal.core.sale import Idle
from terminal.core.till import Operator
from terminal.counter.desk import Call, Done, SignIn, TakeTender
from terminal.store.ledger import Ledger
from terminal.store.schema import Identity
from tests.bench.ledger import fill
from tests.bench.shop import MEMBERS, build
from tests.kit.broker import Broker

PACE_MS = 10
LIMITS = {"total_p50": 1.8, "total_p99": 3.0, "cpu_p50": 1.5, "bytes_per_sale": 1.3}


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


def written():
    with Path("/proc/self/io").open() as io:
        return next(int(line.split()[1]) for line in io if line.startswith("write_bytes"))


class Daemon:
    """The till of the bench, in this process; its printer, broker, head office and pages in others."""

    def __init__(self, stack: ExitStack, folder: Path, existing: int) -> None:
        sys.setswitchinterval(till_main.SWITCH_S)
        broker = stack.enter_context(Broker(folder))
        self.paper = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.paper"], stdout=subprocess.PIPE, text=True
        )
        stack.callback(self.paper.kill)
        tty = self.paper.stdout.readline().strip()
        settings = build(folder, tty, broker.port)
        if existing:
            lay_in(folder / "till", existing)
        hq = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "terminal.app.cli",
                "hq",
                "run",
                "--config",
                str(folder / "hq.toml"),
            ]
        )
        stack.callback(hq.wait)
        stack.callback(hq.terminate)
        self.cpu = []
        self._spent = 0.0
        take = attend.Attendant.take

        # What the loop's thread spends on the card and on the tender: from lookup to handing over.
        def timed(attendant, event):
            start = time.thread_time()
            take(attendant, event)
            self._spent += time.thread_time() - start

        attend.Attendant.take = timed
        self.parts = wire.assemble(load(settings))
        ready = threading.Event()
        threads = [
            threading.Thread(target=self.parts.serve, args=(lambda: None,), daemon=True),
            threading.Thread(target=self.parts.serve_page, args=(ready.set,), daemon=True),
        ]
        for thread in threads:
            thread.start()
        stack.callback(threads[0].join, 10)
        stack.callback(self.parts.stop)
        ready.wait(20)
        self.calls = 0
        self.operator = Operator("1001", "bench", "cashier")
        self.call(SignIn(self.operator))
        port = json.loads((folder / "ports.json").read_text())["till"]
        for _ in range(3):
            page = subprocess.Popen(
                ["curl", "-sN", f"http://127.0.0.1:{port}/api/v1/events"], stdout=subprocess.DEVNULL
            )
            stack.callback(page.kill)
        self.until(lambda view: all(light.state == "up" for light in view.devices))
        self.until(lambda view: view.sync.connected)
        self.until(lambda view: view.sync.acknowledged == view.sync.head)

    def until(self, wanted):
        """Wait for a view that is as wanted."""
        woken = threading.Event()
        stop = self.parts.feed.watch(woken.set)
        while not wanted(self.parts.feed.view()):
            woken.wait(1)
            woken.clear()
        stop()

    def call(self, action):
        return self.asked(action).answer.result(10)

    def asked(self, action):
        self.calls += 1
        asked = Asked(
            Call(f"bench-{self.calls}", self.calls.to_bytes(32, "big"), self.operator, action),
            Future(),
        )
        self.parts.inbox.put(asked)
        return asked

    def sale(self, n):
        """Make one sale; return microseconds from the card's data in hand to the printer's first byte."""
        for line in range(8):
            self.parts.inbox.put(Scanned("gun", f"G{(n * 8 + line) % 200:05d}"))
        self.until_lines(8)
        member = (n * 7919) % MEMBERS
        time.sleep(0.005)  # The customer holds the card out; the pages have drawn the basket.
        self._spent = 0.0
        start = time.monotonic_ns()
        self.parts.inbox.put(
            CardArrived("reader", CardImage("uid", bytes.fromhex(f"04{member:012x}"), b"", b""))
        )
        done = self.asked(TakeTender("cash", 1_000_000, "")).answer
        first = int(self.paper.stdout.readline())
        result = done.result(10)
        assert isinstance(result, Done), result
        self.cpu.append(self._spent * 1e6)
        self.until(lambda view: not view.doubts)
        return (first - start) / 1000

    def until_lines(self, count):
        self.until(
            lambda v: not isinstance(v.till.sale, Idle) and len(v.till.sale.sale.lines) == count
        )


def floor(sales, folder, existing, pause_ms=0):
    out = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.bench.floor",
            "--sales",
            str(sales),
            "--dir",
            str(folder),
            "--pause-ms",
            str(pause_ms),
            "--existing",
            str(existing),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(out.stdout)


def lay_in(data, count):
    """Put ``count`` sales into the till's ledger before it starts."""
    data.mkdir()
    identity = Identity("be9c4f0000000001", load_or_make(data / "till.key").public.raw)
    ledger = Ledger.open(data / "ledger.db", identity, clock.boot_id())
    fill(ledger, count)
    ledger.close()


def slowly(sync_us):
    """Begin again with a slow disk."""
    here = Path(__file__).parent
    library = Path(tempfile.mkdtemp()) / "slow_sync.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O2", "-o", library, here / "slow_sync.c", "-ldl"], check=True
    )
    os.environ.update(LD_PRELOAD=str(library), SYNC_US=str(sync_us))
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench.sale", *sys.argv[1:]])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--sales", type=int, default=100)
    arguments.add_argument("--existing", type=int, default=0)
    arguments.add_argument("--dir", default=".")
    arguments.add_argument("--sync-us", type=int, default=0)
    wanted = arguments.parse_args()
    if wanted.sync_us and "SYNC_US" not in os.environ:
        slowly(wanted.sync_us)
    ours, floors, paced = [], [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=wanted.dir)))
        daemon = Daemon(stack, folder, wanted.existing)
        for n in range(20):
            daemon.sale(n)
        n, io_bytes = 20, 0
        daemon.cpu.clear()
        for _ in range(wanted.rounds):
            floors.append(floor(wanted.sales, folder, wanted.existing))
            paced.append(floor(wanted.sales, folder, wanted.existing, PACE_MS))
            before = written()
            for _ in range(wanted.sales):
                ours.append(daemon.sale(n))
                n += 1
            io_bytes += written() - before

    mine = {
        "total_p50": quantile(ours, 50),
        "total_p99": quantile(ours, 99),
        "cpu_p50": quantile(daemon.cpu, 50),
        "bytes_per_sale": io_bytes / len(ours),
    }
    print(f"{'':16} {'ours':>9} {'floor':>9} ratio  {'paced':>9} ratio  limit")
    for name, value in mine.items():
        hot, cold = (
            quantile([each[name] for each in each_floor], 50) for each_floor in (floors, paced)
        )
        print(
            f"{name:16} {value:9.1f} {hot:9.1f} {value / hot:5.2f}  {cold:9.1f} {value / cold:5.2f}"
            f"  {LIMITS[name]}"
        )


if __name__ == "__main__":
    main()
