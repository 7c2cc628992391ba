"""How many sales a second a head office's worker takes in on PostgreSQL, and how many two do.

Run by hand: ``.venv/bin/python -m tests.bench.postgres [--entries 20000] [--batch 200] [--sqlite]``.
From the message to the signed acknowledgement, without network and tills: signature, chain, decoding, books,
COMMIT on disk with the server's own settings. Sales have eight lines with their reasons; each worker is a
process.
"""

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

from sync import topics
from sync.fleet.sales import Sales
from sync.hq.opening import open_database
from sync.hq.receive import Receiver
from sync.hq.store import Store
from sync.hq.trust import Trust
from sync.mqtt import Message
from sync.protocol.ack import Status, read_ack
from sync.protocol.batch import Batch, pack
from sync.protocol.hello import Hello, write_hello
from sync.protocol.keys import SecretKey
from tests.kit.ledger import MemoryLedger, till
from tests.kit.postgres import Postgres

HQ = SecretKey.of_seed(b"h" * 32)
TILLS = 8
"""Of each worker, so that batches of several tills are committed together."""
NOW = 1_795_300_000_000


def messages(worker: int, entries: int, size: int) -> list[list[Message]]:
    """Return the hellos of a worker's tills, then rounds of one batch of each."""
    rounds: list[list[Message]] = [[]]
    ledgers = []
    for number in range(TILLS):
        sales = Sales(f"W{worker}-{number}", 1)
        ledger = MemoryLedger(till(f"W{worker}-{number}", 1 + worker * TILLS + number))
        ledger.extend(sales.next() for _ in range(entries // TILLS))
        who = ledger.identity
        hello = Hello(who.terminal, who.ledger_id, 0, who.key.public.raw, b"12345678",
                      ledger.head, ledger.digest)  # fmt: skip
        where = topics.topic(who.terminal, topics.REQUEST)
        rounds[0].append(Message(where, write_hello(hello, who.key)))
        ledgers.append(ledger)
    firsts = range(1, entries // TILLS + 1, size)
    return rounds + [[message(ledger, first, size) for ledger in ledgers] for first in firsts]


def message(ledger: MemoryLedger, first: int, size: int) -> Message:
    who, rows = ledger.identity, ledger.read(first, size)
    before = ledger.rows[first - 2][2] if first > 1 else who.genesis
    bodies = tuple(row[1] for row in rows)
    batch = Batch(who.terminal, who.ledger_id, 0, first, before, rows[-1][2], bodies, ledger.head)
    data = pack(batch, who.key)
    assert data is not None
    return Message(topics.topic(who.terminal, topics.UP), data)


def work(worker: int, data: str | Path, asked, ready, go, took) -> None:
    """Be a worker: say hello, wait for the others, take everything in."""
    hellos, *rounds = messages(worker, asked.entries, asked.batch)
    store = Store(open_database(data, worker))
    receiver = Receiver(store, HQ, Trust(None))
    for hello in hellos:
        receiver.take(hello, NOW)
    ready.release()
    go.wait()
    began = time.perf_counter()
    for each in rounds:
        answers = receiver.take_batches(each, NOW)
        assert all(read_ack(a.payload, HQ.public).status is Status.OK for a in answers)
    took.put(time.perf_counter() - began)
    store.close()


def measure(data: str | Path, workers: int, asked) -> float:
    """Return sales a second of all workers together."""
    make = multiprocessing.get_context("fork")
    ready, go, took = make.Semaphore(0), make.Event(), make.Queue()
    numbers = range(1, workers + 1)
    processes = [make.Process(target=work, args=(n, data, asked, ready, go, took)) for n in numbers]
    for process in processes:
        process.start()
    for _ in processes:
        ready.acquire()
    go.set()
    slowest = max(took.get() for _ in processes)
    for process in processes:
        process.join()
    return workers * (asked.entries // TILLS * TILLS) / slowest


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--entries", type=int, default=20_000, help="of each worker")
    words.add_argument("--batch", type=int, default=200)
    words.add_argument("--sqlite", action="store_true")
    asked = words.parse_args()
    if asked.sqlite:
        with tempfile.TemporaryDirectory() as folder:
            rate = measure(Path(folder) / "hq.db", 1, asked)
            print(f"SQLite, {asked.batch} per batch: {rate:,.0f} sales/s")
        return
    for workers in (1, 2):
        with Postgres() as server:
            rate = measure(server.address(), workers, asked)
            print(f"{workers} workers, {asked.batch} per batch: {rate:,.0f} sales/s", flush=True)


if __name__ == "__main__":
    main()
