"""How a fleet that was away comes back: simulated tills, mosquitto, head office, and its page meanwhile.

Run by hand: ``.venv/bin/python -m tests.bench.fleet [--terminals N] [--sales N] [--workers N] [--sqlite]``.
An entry counts when the head office's books contain it in the acknowledged commit; the sales have eight lines
with their reasons. PostgreSQL runs with its own settings, commits on disk.
"""

import argparse
import resource
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from sync.fleet.run import Plan, percentile, simulate
from tests.kit.broker import Broker
from tests.kit.hq import key_for
from tests.kit.office import Office
from tests.kit.postgres import Postgres
from tests.kit.waiting import until

PAGES = ("/api/v1/overview", "/api/v1/tills", "/api/v1/sales")
FILES = 8_000
LOOK_S = 0.2


def watch(page: str, key: str, stop: threading.Event, times: list[float]) -> None:
    """Ask pages as a person would who clicks five times a second."""
    with httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        turn = 0
        while not stop.wait(LOOK_S):
            began = time.perf_counter()
            answer = client.get(page + PAGES[turn % len(PAGES)])
            assert answer.status_code == 200, answer.text[:300]
            times.append((time.perf_counter() - began) * 1_000)
            turn += 1


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--terminals", type=int, default=1_000)
    words.add_argument("--sales", type=int, default=75)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--sqlite", action="store_true")
    asked = words.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        data, settings = "", ""
        if not asked.sqlite:
            data = stack.enter_context(Postgres()).address()
            settings = f"workers = {asked.workers}"
        broker = stack.enter_context(Broker(folder, "max_queued_messages 0"))
        office = stack.enter_context(Office(folder, broker.url, settings, data))
        if not asked.sqlite:
            until(lambda: office.log().count("connected to the broker") > asked.workers, "workers")
        key = key_for(data or office.database)
        stop, times = threading.Event(), []
        watcher = threading.Thread(target=watch, args=(office.page, key, stop, times))
        plan = Plan("127.0.0.1", broker.port, asked.terminals, asked.sales)

        def say(line: str) -> None:
            if not line.startswith("prepared") and watcher.ident is None:
                watcher.start()
            print(f"  {line}")

        outcome = simulate(plan, say)
        stop.set()
        watcher.join()
        print(*outcome.lines(plan), sep="\n")
        held = office.ask("SELECT sum(sales), sum(last_seq) FROM stream")[0]
        assert tuple(map(int, held)) == (outcome.entries, outcome.entries), held
        assert outcome.through == asked.terminals
        print(
            f"pages meanwhile, {len(times)} of them: p50 {statistics.median(times):.0f} ms,"
            f" p99 {percentile(times, 99):.0f} ms, worst {max(times):.0f} ms"
        )
        print(office.log()[-400:] if "Error" in office.log() else "")


if __name__ == "__main__":
    main()
