"""How fast one till's ledger gets into the head office's books: till, mosquitto, head office on SQLite.

Run by hand: ``.venv/bin/python -m tests.bench.sync [--entries 40000] [--folder DIR]``. An entry counts when
the head office's books and page contain it, in the commit that was acknowledged. The entries are sales of
eight lines with their reasons; goods, members, quantities and prices are drawn from a seed, so that they
do not compress better than a shop's.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import sync.uplink.machine
from sync.protocol.batch import Batch, fitting, pack
from sync.protocol.record import genesis
from terminal.codec.entry import encode
from terminal.core import accounts
from terminal.core.journal import SalePosted
from tests.kit.broker import Broker
from tests.kit.ledger import REFERENCE, MemoryLedger, till
from tests.kit.office import Office
from tests.kit.uplink import RunningTill

GOODS = 5_000
MEMBERS = 50_000
SINGLES = 300


def varied(number: int, dice: random.Random) -> bytes:
    """Return a sale like the reference sale, but of other goods to another member."""
    body = REFERENCE.body
    assert isinstance(body, SalePosted)
    bill = body.bill
    assert bill.buyer is not None
    member = str(100_000 + dice.randrange(MEMBERS))
    lines = []
    for line in bill.lines:
        goods = dice.randrange(GOODS)
        lines.append(
            replace(
                line,
                code=f"69{goods * 7919 % 10**11:011d}",
                name=f"商品{goods}号 {goods % 97}g",
                gross=line.gross + dice.randrange(2_000),
                quantity=1000 * dice.randint(1, 4),
            )
        )
    bill = replace(
        bill,
        sale_id=f"{dice.getrandbits(64):016x}",
        buyer=replace(bill.buyer, account=member, medium=f"uid:04{dice.getrandbits(48):012x}"),
        lines=tuple(lines),
    )
    own = accounts.member(bill.buyer.account)
    postings = tuple(
        replace(posting, account=own) if posting.account.startswith("member:") else posting
        for posting in REFERENCE.postings
    )
    stamp = replace(
        REFERENCE.stamp,
        wall_ms=REFERENCE.stamp.wall_ms + number * 41_017 + dice.randrange(9_000),
        since_boot_ms=number * 41_017,
    )
    body = replace(body, bill=bill, receipt=f"S01-T1-1-{number:06d}")
    call = f"{dice.getrandbits(64):016x}"
    return encode(replace(REFERENCE, stamp=stamp, call_id=call, body=body, postings=postings))


def ledger(entries: int) -> MemoryLedger:
    dice = random.Random(1)
    made = MemoryLedger(till())
    made.extend(varied(number, dice) for number in range(1, entries + 1))
    return made


def wire_bytes(sold: MemoryLedger, count: int) -> float:
    """Return bytes per entry of one batch of ``count``."""
    who = sold.identity
    rows = sold.rows[:count]
    bodies = [row[1] for row in rows][: fitting([row[1] for row in rows])]
    start = genesis(who.ledger_id, who.key.public.raw)
    batch = Batch("S01-T1", who.ledger_id, 0, 1, start, rows[-1][2], tuple(bodies), count)
    data = pack(batch, who.key)
    return len(data) / count if data else float("nan")


def stream(entries: int, window: int) -> tuple[float, float]:
    """Return entries a second and the median milliseconds of a single entry's acknowledgement."""
    sync.uplink.machine.RECORDS_MAX = window
    sold = ledger(entries)
    with (
        tempfile.TemporaryDirectory(dir=_folder) as name,
        Broker(Path(name)) as broker,
        Office(Path(name), broker.url) as office,
        RunningTill(sold, broker.url) as running,
    ):
        began = time.perf_counter()
        running.wait_acked(600)
        took = time.perf_counter() - began
        held = office.ask("SELECT count(*) FROM sale")[0][0]
        assert held == entries, held
        return entries / took, single(running)


def single(running: RunningTill) -> float:
    dice = random.Random(2)
    heard = threading.Event()
    emit = running._emit

    def listen(event: object) -> None:
        emit(event)
        heard.set()

    running.uplink._emit = listen
    times = []
    for _ in range(SINGLES):
        body = varied(running.ledger.head + 1, dice)
        heard.clear()
        began = time.perf_counter()
        seq = running.post(body)
        while running.position != seq:
            assert heard.wait(10)
            heard.clear()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    print(
        f"    single ack ms: p50 {statistics.median(times):.2f}, p99 {times[int(SINGLES * 0.99)]:.2f}"
    )
    return statistics.median(times)


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--entries", type=int, default=40_000)
    arguments.add_argument("--folder", default=".")
    wanted = arguments.parse_args()
    global _folder  # noqa: PLW0603 - a script's argument
    _folder = str(Path(wanted.folder).resolve())
    sold = ledger(600)
    print(f"an entry has {statistics.mean(len(row[1]) for row in sold.rows):.0f} bytes")
    for count in (1, 50, 200, 300):
        print(f"  on the wire at {count} per batch: {wire_bytes(sold, count):.0f} bytes each")
    for window in (50, 200, 500):
        rate, _ = stream(wanted.entries, window)
        print(f"  at most {window} per batch: {rate:,.0f} entries/s, with all of HQ")


_folder = "."

if __name__ == "__main__":
    main()
