"""What the laboratory cuts the power of: a till that opens its ledger, sells, prints, and tidies up.

    python -m tests.lab.workload FOLDER SALES BOOT [FAULT]

``paper`` is the printer: what is written there is outside and stays. ``mark`` tells the laboratory what the
till has said to the world: ``posted N`` after a commit returned.
"""

import os
import sys
from pathlib import Path

from terminal.codec.entry import encode
from terminal.core.journal import PaymentTaken, Tender
from terminal.store import calls, commit, schema
from terminal.store import ledger as ledger_module
from terminal.store.calls import CallKey
from terminal.store.ledger import Ledger
from tests.store.entries import IDENTITY, bill, entry, sale

CHECKPOINT_EVERY = 6
"""Often, so that the cuts fall into many of them."""


def bodies(count: int, boot: str = "boot-1", start: int = 0, receipts: int = 0):
    """Yield the entries of a day: sales, and now and then a payment taken ahead of its sale."""
    number = receipts
    for place in range(start, start + count):
        total, account = 500 + 37 * place, str(100_000 + place % 7)
        if place % 5 == 3:
            tender = Tender("external", 100, f"QR {place}")
            yield entry(
                PaymentTaken(bill(f"due-{place}", total), tender), f"call-{place}", (), boot
            )
            continue
        number += 1
        body, ahead = sale(number, total, account, (), 1 + place % 6)
        yield entry(body, f"call-{place}", ahead, boot)


def main() -> None:
    folder, count, boot = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    fault = sys.argv[4] if len(sys.argv) > 4 else ""
    plant(fault)
    mark = os.open(folder / "mark", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    paper = os.open(folder / "paper", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ledger_module.CHECKPOINT_EVERY = CHECKPOINT_EVERY
    ledger_module.INDEX_EVERY = 7
    calls.MERGE_AT = 12
    ledger = Ledger.open(folder / "ledger.db", IDENTITY, boot)
    os.write(mark, b"opened\n")
    for made in bodies(count, boot, ledger.head_seq, ledger.receipts):
        number = ledger.next_receipt()
        is_sale = not isinstance(made.body, PaymentTaken)
        if fault == "print before post" and is_sale:
            os.write(paper, f"{number}\n".encode())
        seq = ledger.post(made, encode(made), CallKey(made.call_id, b"asked"))
        os.write(mark, f"posted {seq}\n".encode())
        if is_sale and fault != "print before post":
            ledger.print_started(number)
            os.write(paper, f"{number}\n".encode())
            if number % 4:
                ledger.print_done(number)
        if seq % 4 == 0:
            ledger.acknowledge(seq, ledger.head_digest, b"proof" * 20)
        ledger.checkpoint()
    ledger.close()


def plant(fault: str) -> None:
    """Plant one of the mistakes that the laboratory must find."""
    if fault == "synchronous normal":
        schema._PRAGMAS["synchronous"] = "normal"
        commit._DURABLE = "PRAGMA synchronous = NORMAL"
    elif fault == "psow on":
        uri = schema._uri
        schema._uri = lambda path, options: uri(path, options.replace("psow=0", "psow=1"))
    elif fault == "outbox outside":
        post, advance = Ledger.post, Ledger._advance

        def outside(self: Ledger, *arguments: object) -> int:
            Ledger._advance = lambda *_: None
            seq = post(self, *arguments)
            with self._disk.commit():
                advance(self, seq, self.receipts)
            return seq

        Ledger.post = outside
    else:
        assert fault in {"", "print before post"}, fault


if __name__ == "__main__":
    main()
