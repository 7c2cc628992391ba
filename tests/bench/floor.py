"""The floor under a sale on this machine: what the disk and bare sqlite3 cost for it, and nothing else.

One sale: find a member among 50,000 by card; one transaction (WAL, synchronous FULL, psow=0, 4 kB pages)
that appends a record of 700 bytes with its digests, moves four balances, and notes the receipt's number,
the intent to print it and the outbox's end; encode 40 lines to GB18030; write them to a pseudo-terminal.

    python -m tests.bench.floor [--sales 500] [--existing 0] [--dir .] [--pause-ms 0]

With a pause the processor's caches have cooled between two sales, as they have at a counter.
"""

import argparse
import json
import os
import pty
import random
import sqlite3
import tempfile
import threading
import tty
from hashlib import sha256
from pathlib import Path
from time import perf_counter, sleep, thread_time

MEMBERS = 50_000
WARM_UP = 20
CHECKPOINT_EVERY = 200
RECEIPT = "".join(f"商品名称{n:02d}  ×{n % 3 + 1}  {(n + 1) * 12.5:9.2f}\n" for n in range(40))
TABLES = """
CREATE TABLE record (seq INTEGER PRIMARY KEY, body BLOB, previous BLOB, digest BLOB);
CREATE TABLE member (card BLOB PRIMARY KEY, id INTEGER, tier INTEGER, name TEXT) WITHOUT ROWID;
CREATE TABLE balance (account INTEGER PRIMARY KEY, amount INTEGER);
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE print_job (number INTEGER PRIMARY KEY, seq INTEGER, state INTEGER);
INSERT INTO state VALUES ('receipt', 0), ('outbox', 0);
"""


def written() -> int:
    """Return the bytes this process has caused to be written, as ``/proc/self/io`` counts them."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def percentile(values: list[float], share: int) -> float:
    """Return the ``share`` percentile of ``values`` (seconds) in microseconds."""
    return round(sorted(values)[min(len(values) - 1, len(values) * share // 100)] * 1e6, 1)


class Printer:
    """A pseudo-terminal whose other end is read and dropped."""

    def __init__(self) -> None:
        end, self.port = pty.openpty()
        tty.setraw(self.port)
        threading.Thread(target=self._drain, args=(end,), daemon=True).start()

    @staticmethod
    def _drain(end: int) -> None:
        while os.read(end, 65_536):
            pass


class Floor:
    """A till made of nothing but SQL statements."""

    def __init__(self, folder: Path, existing: int) -> None:
        self._database = sqlite3.connect(
            f"file:{folder}/floor.db?psow=0", uri=True, isolation_level=None, cached_statements=64
        )
        self._run = run = self._database.execute
        for pragma in (
            "page_size=4096",
            "journal_mode=WAL",
            "synchronous=FULL",
            "wal_autocheckpoint=0",
        ):
            run(f"PRAGMA {pragma}").fetchall()
        self._database.executescript(TABLES)
        self._body, self._digest = os.urandom(700), bytes(32)
        many = self._database.executemany
        run("BEGIN")
        many(
            "INSERT INTO member VALUES (?,?,?,?)",
            ((n.to_bytes(7, "big"), n, n % 4, f"会员{n}") for n in range(MEMBERS)),
        )
        many("INSERT INTO balance VALUES (?, 0)", ((n,) for n in range(MEMBERS + 100)))
        row = (self._body, self._digest, self._digest)
        many("INSERT INTO record VALUES (?,?,?,?)", ((n, *row) for n in range(1, existing + 1)))
        run("COMMIT")
        run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._draw, self._printer = random.Random(7), Printer()

    def sell(self) -> tuple[float, float, float]:
        """Return the seconds of the lookup, of the commit, and of encoding and writing the receipt."""
        run, begun = self._run, perf_counter()
        card = self._draw.randrange(MEMBERS).to_bytes(7, "big")
        member = run("SELECT id, tier, name FROM member WHERE card=?", (card,)).fetchone()
        account = 100 + member[0]
        run("SELECT amount FROM balance WHERE account=?", (account,)).fetchone()
        found = perf_counter()
        run("BEGIN IMMEDIATE")
        previous, self._digest = self._digest, sha256(self._digest + self._body).digest()
        row = (self._body, previous, self._digest)
        seq = run("INSERT INTO record (body, previous, digest) VALUES (?,?,?)", row).lastrowid
        moved = ((500, 1), (-500, 2), (5, account), (-5, 3))
        self._database.executemany("UPDATE balance SET amount=amount+? WHERE account=?", moved)
        run("UPDATE state SET value=value+1 WHERE name='receipt'")
        run("UPDATE state SET value=? WHERE name='outbox'", (seq,))
        run("INSERT INTO print_job VALUES (?,?,0)", (seq, seq))
        run("COMMIT")
        committed = perf_counter()
        receipt = b"\x1b@\x1c&" + RECEIPT.encode("gb18030") + b"\x1c.\x1dV\x42\x00"
        os.write(self._printer.port, receipt[:1024])
        return found - begun, committed - found, perf_counter() - committed

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file."""
        self._run("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def measure(sell, checkpoint, sales: int, pause_s: float = 0.0) -> dict[str, float]:
    """Return the percentiles of ``sales`` sales in microseconds, CPU and bytes written for each."""
    parts: list[tuple[float, float, float]] = []
    cpu, before = [], 0
    for sale in range(-WARM_UP, sales):
        if sale == 0:
            before = written()
        if pause_s:
            sleep(pause_s)
        used = thread_time()
        part = sell()
        if sale >= 0:
            cpu.append(thread_time() - used)
            parts.append(part)
        if sale % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1:
            checkpoint()
    columns = dict(
        zip(("lookup", "commit", "print"), map(list, zip(*parts, strict=True)), strict=True)
    )
    columns["total"] = [sum(part) for part in parts]
    result = {
        f"{name}_p{share}": percentile(values, share)
        for name, values in columns.items()
        for share in (50, 99)
    }
    return result | {"cpu_p50": percentile(cpu, 50), "bytes_per_sale": (written() - before) / sales}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--sales", type=int, default=500)
    arguments.add_argument("--existing", type=int, default=0)
    arguments.add_argument("--dir", default=".")
    arguments.add_argument("--pause-ms", type=float, default=0.0)
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.dir) as folder:
        floor = Floor(Path(folder), wanted.existing)
        print(
            json.dumps(measure(floor.sell, floor.checkpoint, wanted.sales, wanted.pause_ms / 1000))
        )
        floor.close()


if __name__ == "__main__":
    main()
