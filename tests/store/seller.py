"""A till in a process of its own that sells until the disk stops it, and says what it knows.

    python -m tests.store.seller FOLDER COUNT [RESERVE]

With a size in ``TP_TMPFS`` a file system of that size is mounted on FOLDER first, and when the disk is full
a filler is removed and selling goes on.
"""

import os
import subprocess
import sys
from pathlib import Path

from terminal.store import commit
from terminal.store.calls import CallKey
from terminal.store.errors import CommitUnknownError, LedgerError
from terminal.store.ledger import Ledger
from terminal.store.verify import verify
from tests.store.entries import BOOT, IDENTITY, sale_entry


def sell(ledger: Ledger, count: int) -> str:
    """Sell ``count`` times, or until it cannot be done, and return why it ended."""
    for _ in range(count):
        number = ledger.next_receipt()
        made, data = sale_entry(number, lines=9)
        try:
            ledger.post(made, data, CallKey(made.call_id, b"asked"))
            ledger.print_started(number)
            ledger.print_done(number)
        except LedgerError as error:
            return f"refused: {error}"
        except CommitUnknownError as error:
            return f"unknown: {error}"
    return "sold all"


def sell_anew(folder: Path) -> str:
    """Start again on the full disk and sell once; without the reserve there may be no room even to start."""
    try:
        ledger = Ledger.open(folder / "ledger.db", IDENTITY, "another boot")
    except CommitUnknownError as error:
        if commit.DISK_RESERVE_BYTES:
            raise
        return f"unknown: {error}"
    said = sell(ledger, 1)
    ledger._disk.close()
    return said


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    if len(sys.argv) > 3:
        commit.DISK_RESERVE_BYTES = int(sys.argv[3])
    if size := os.environ.get("TP_TMPFS"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        (folder / "filler").write_bytes(bytes(1 << 20))
    ledger = Ledger.open(folder / "ledger.db", IDENTITY, BOOT)
    print(sell(ledger, count))
    print("head", ledger.head_seq)
    if not size:
        sys.stdout.flush()
        os._exit(1)  # As the till does: whatever is open is left to the next start.
    print("still", sell(ledger, 1))
    ledger._disk.close()
    print("started", sell_anew(folder))
    (folder / "filler").unlink()
    print("faults", verify(folder / "ledger.db").faults)
    ledger = Ledger.open(folder / "ledger.db", IDENTITY, BOOT)
    print("kept", ledger.head_seq)
    print(sell(ledger, 5))
    ledger._disk.close()
    print("faults", verify(folder / "ledger.db").faults)


if __name__ == "__main__":
    main()
