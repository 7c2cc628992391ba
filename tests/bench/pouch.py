"""Our way of a till's entries to the head office and PouchDB's, in turn, on the same sales.

Run by hand, where ``npm install pouchdb@9.0.0 express-pouchdb@4.2.0 express`` has been done in FOLDER:
``.venv/bin/python -m tests.bench.pouch FOLDER [--entries 3000] [--rounds 5]``.
Ours: till, mosquitto, head office on SQLite with books, signed acknowledgements, commits on disk. Theirs:
PouchDB on disk to express-pouchdb on disk, a process each, documents of the same sales as JSON, 500 at once.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import msgspec

from terminal.codec.entry import decode
from tests.bench import sync

SCRIPT = Path(__file__).with_suffix(".js")
BATCH = 500


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
    words.add_argument("--entries", type=int, default=3_000)
    words.add_argument("--rounds", type=int, default=5)
    asked = words.parse_args()
    sync._folder = tempfile.gettempdir()
    bodies = [row[1] for row in sync.ledger(asked.entries).rows]
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
            ours, _ = sync.stream(asked.entries, BATCH)
            other = theirs(asked.modules, Path(file.name), asked.entries)
            times.append(ours / other)
            print(f"  ours {ours:,.0f}/s, theirs {other:,.0f}/s, {ours / other:.1f} x", flush=True)
        print(f"median {statistics.median(times):.1f} x")


if __name__ == "__main__":
    main()
