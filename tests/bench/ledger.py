"""The ledger against the floor, in turn (A B A B …): time, CPU and bytes written for each sale of 8 lines.

A sale here: find a member among 50,000 by card with what they hold, make and encode the entry, post it,
mark the print as started, encode the same 40 lines and write them, mark the print as done.

    python -m tests.bench.ledger [--rounds 5] [--sales 400] [--dir .]
    python -m tests.bench.ledger --flat 1000000      the same with that many entries already there
"""

import argparse
import os
import random
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from sync.protocol.record import seal
from terminal.codec.entry import encode
from terminal.core import accounts
from terminal.store.calls import CallKey, hash_of
from terminal.store.ledger import Ledger
from terminal.store.members import MemberRow, Members, MemberTables, Statement, build_members
from tests.bench.floor import MEMBERS, RECEIPT, Floor, Printer, measure
from tests.store.entries import BOOT, IDENTITY, entry, sale

LINES = 8


class Till:
    """The ledger and the members, used as the till uses them."""

    def __init__(self, folder: Path, existing: int) -> None:
        self._ledger = Ledger.open(folder / "ledger.db", IDENTITY, BOOT)
        if existing:
            fill(self._ledger, existing)
            self._ledger.close()
            self._ledger = Ledger.open(folder / "ledger.db", IDENTITY, BOOT)
        members = (
            MemberRow(
                str(n),
                f"会员{n}",
                "gold",
                f"138{n:08d}",
                "",
                (f"uid:{n:014x}",),
                (Statement("points", n),),
            )
            for n in range(MEMBERS)
        )
        build_members(folder / "members.db", MemberTables((("gold", "金卡"),), members))
        self._members = Members.open(folder / "members.db", self._ledger.holdings)
        self._draw, self._printer = random.Random(7), Printer()
        prepare(self._ledger)

    def sell(self) -> tuple[float, float, float]:
        """Return the seconds of the lookup, of the commit, and of encoding and writing the receipt."""
        ledger, begun = self._ledger, perf_counter()
        member = self._members.by_medium(f"uid:{self._draw.randrange(MEMBERS):014x}")
        found = perf_counter()
        number = ledger.next_receipt()
        body, ahead = sale(number, 950, member.account, (), LINES)
        made = entry(body, f"call-{number}", ahead)
        posting = perf_counter()
        ledger.post(made, encode(made), CallKey(made.call_id, b"asked of the till"))
        ledger.print_started(number)
        committed = perf_counter()
        receipt = b"\x1b@\x1c&" + RECEIPT.encode("gb18030") + b"\x1c.\x1dV\x42\x00"
        os.write(self._printer.port, receipt[:1024])
        written = perf_counter()
        ledger.print_done(number)
        ledger.acknowledge(ledger.head_seq, ledger.head_digest, bytes(160))
        return found - begun, committed - posting, written - committed

    def checkpoint(self) -> None:
        """Do what the till does when idle."""
        self._ledger.checkpoint()

    def close(self) -> None:
        """Let go of the files."""
        self._ledger.close()
        self._members.close()


def prepare(ledger: Ledger) -> None:
    """Give every member a balance, as the floor does."""
    with ledger._disk.commit():
        ledger._disk.connection.executemany(
            "INSERT INTO balance VALUES (?, 'points', 0) ON CONFLICT DO NOTHING",
            ((accounts.member(str(n)),) for n in range(MEMBERS)),
        )
    ledger._disk.checkpoint()


def fill(ledger: Ledger, count: int) -> None:
    """Put ``count`` records of one sale into the file, sealed and indexed, without posting each."""
    body, ahead = sale(1, 950, "100001", (), LINES)
    data, digest = encode(entry(body, "call-1", ahead)), ledger.head_digest
    with ledger._disk.commit():
        run = ledger._run
        for seq in range(1, count + 1):
            digest = seal(digest, data)
            row = (seq, data, digest, seq, hash_of(f"old-{seq}"), b"asked of the till")
            run("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", row)
        run("INSERT INTO receipt SELECT number, seq FROM record")
        run("INSERT INTO call SELECT call, seq FROM record ORDER BY call")
        run("INSERT INTO print_job VALUES (?, 2)", (count,))
        run("UPDATE state SET outbox = ?1, receipts = ?1, found = ?1", (count,))


def compare(folder: Path, rounds: int, sales: int, existing: int) -> None:
    """Print the medians of both in turn, and their ratios."""
    (folder / "floor").mkdir()
    (folder / "till").mkdir()
    each = Floor(folder / "floor", existing), Till(folder / "till", existing)
    results: tuple[list[dict[str, float]], ...] = ([], [])
    for _ in range(rounds):
        for till, into in zip(each, results, strict=True):
            into.append(measure(till.sell, till.checkpoint, sales))
    print(f"{existing} entries there, {rounds} rounds of {sales} sales; medians, µs and bytes")
    for name in results[0][0]:
        floor, ours = (statistics.median(row[name] for row in rows) for rows in results)
        print(f"  {name:16} floor {floor:9.1f}   ledger {ours:9.1f}   ratio {ours / floor:5.2f}")
    for till in each:
        till.close()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--sales", type=int, default=400)
    arguments.add_argument("--flat", type=int, default=0)
    arguments.add_argument("--dir", default=".")
    wanted = arguments.parse_args()
    for existing in (0, wanted.flat) if wanted.flat else (0,):
        with tempfile.TemporaryDirectory(dir=wanted.dir) as folder:
            compare(Path(folder), wanted.rounds, wanted.sales, existing)


if __name__ == "__main__":
    main()
