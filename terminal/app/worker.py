"""The worker process: pictures and whatever else would keep a CPU busy.

It reads one errand per line from standard input, ``[task, argument]``, and answers with one line
``{"bytes": n, "error": ""}`` and n bytes. It reads the till's files and writes none of them.
"""

import json
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path

from config.load import load
from config.schema import Terminal

IDLE_S = 15.0
"""Without an errand for so long, the worker ends."""
LINE_MAX = 10_000


def main(settings_path: str) -> int:
    """Serve errands until standard input closes or nobody wants anything."""
    settings = load(Path(settings_path))
    os.nice(5)
    while select.select([sys.stdin.buffer], [], [], IDLE_S)[0]:
        line = sys.stdin.buffer.readline(LINE_MAX)
        if not line:
            return 0
        task, argument = json.loads(line)
        try:
            answer, error = TASKS[task](settings, argument), ""
        except (LookupError, OSError, ValueError) as failed:
            answer, error = b"", f"{type(failed).__name__}: {failed}"
        head = json.dumps({"bytes": len(answer), "error": error[:500]})
        sys.stdout.buffer.write(head.encode() + b"\n" + answer)
        sys.stdout.buffer.flush()
    return 0


def receipt_png(settings: Terminal, number: str) -> bytes:
    """Return the picture of receipt ``number`` (its count within the ledger)."""
    from drivers.printers.pictures import to_png  # noqa: PLC0415 - Pillow only when it is needed
    from terminal.app.office import Office  # noqa: PLC0415

    office = Office.open(settings)
    sale = office.reader.receipt(int(number))
    if sale is None:
        raise LookupError(f"no receipt {number}")
    slip = office.slip(sale.entry)
    return to_png(slip.slip(office.columns), office.columns)


TASKS: dict[str, Callable[[Terminal, str], bytes]] = {"receipt_png": receipt_png}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
