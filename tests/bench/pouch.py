"""Our way of a till's entries to the head office and PouchDB's, in turn, on the same sales.

Run by hand, where ``npm install pouchdb@9.0.0 express-pouchdb@4.2.0 express`` has been done in FOLDER:
``.venv/bin/python -m tests.bench.pouch FOLDER [--entries 6000] [--rounds 5]``.
Ours: till, mosquitto, head office on SQLite with books, signed acknowledgements, commits on disk. Theirs:
PouchDB on disk to express-pouchdb on disk, a process each, documents of the same sales as JSON, 500 at once.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from sync.uplink.api import Acked
from terminal.codec.entry import decode
from tests.bench import sync
from tests.kit.broker import Broker
from tests.kit.ledger import MemoryLedger
from tests.kit.office import Office
from tests.kit.uplink import RunningTill

SCRIPT = Path(__file__).with_suffix(".js")


class Timed(RunningTill):
    """A till that notes when it was welcomed, and when everything was acknowledged."""

    welcomed = through = 0.0

    def _emit(self, event) -> None:
        if isinstance(event, Acked):
            self.through = time.perf_counter()
            self.welcomed = self.welcomed or self.through
        super()._emit(event)


def ours(ledger: MemoryLedger) -> float:
    """Return entries a second, from the welcome to the last acknowledgement."""
    with (
        tempfile.TemporaryDirectory() as name,
        Broker(Path(name)) as broker,
        Office(Path(name), broker.url) as office,
        Timed(ledger, broker.url) as till,
    ):
        till.wait_acked(300)
        assert office.ask("SELECT count(*) FROM sale") == [(ledger.head,)]
        return ledger.head / (till.through - till.welcomed)


def theirs(modules: Path, docs: Path, entries: int) -> float:
    """Return documents a second."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["node", SCRIPT, folder, docs],
            cwd=modules, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return entries / float(done.stdout) * 1_000


def main() -> None:
    """Print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("modules", type=Path)
    words.add_argument("--entries", type=int, default=6_000)
    words.add_argument("--rounds", type=int, default=5)
    asked = words.parse_args()
    ledger = sync.ledger(asked.entries)
    bodies = [row[1] for row in ledger.rows]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        documents = [
            {"_id": f"{n:08d}", **msgspec.to_builtins(decode(body))}
            for n, body in enumerate(bodies, 1)
        ]
        json.dump(documents, file, ensure_ascii=False)
        file.flush()
        print(f"a document has {len(json.dumps(documents[0], ensure_ascii=False).encode())} bytes")
        times = []
        for _ in range(asked.rounds):
            rate, other = ours(ledger), theirs(asked.modules, Path(file.name), asked.entries)
            times.append(rate / other)
            print(f"  ours {rate:,.0f}/s, theirs {other:,.0f}/s, {rate / other:.1f} x", flush=True)
        print(f"median {statistics.median(times):.1f} x")


if __name__ == "__main__":
    main()
