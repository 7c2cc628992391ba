"""The worker process: pictures, and whatever else would keep a CPU busy.

It reads one errand per line from standard input, ``[task, argument]``, and answers with one line
``{"bytes": n, "error": ""}`` and n bytes. It is given everything it needs and opens none of the till's
files, so it stays small: Pillow and a font.
"""

import json
import os
import select
import sys
from collections.abc import Callable

from drivers.printers.pictures import to_png
from terminal.core.slip import Barcode, Part, QrCode, TextLine

IDLE_S = 15.0
"""Without an errand for so long, the worker ends."""
LINE_MAX = 1_000_000

_PARTS: dict[str, Callable[..., Part]] = {
    kind.__name__: kind for kind in (TextLine, QrCode, Barcode)
}


def main() -> int:
    """Serve errands until standard input closes or nobody wants anything."""
    os.nice(5)
    while select.select([sys.stdin.buffer], [], [], IDLE_S)[0]:
        line = sys.stdin.buffer.readline(LINE_MAX)
        if not line:
            return 0
        task, argument = json.loads(line)
        try:
            answer, error = TASKS[task](argument), ""
        except (LookupError, OSError, ValueError) as failed:
            answer, error = b"", f"{type(failed).__name__}: {failed}"
        head = json.dumps({"bytes": len(answer), "error": error[:500]})
        sys.stdout.buffer.write(head.encode() + b"\n" + answer)
        sys.stdout.buffer.flush()
    return 0


def slip_png(argument: dict[str, object]) -> bytes:
    """Return the picture of a slip, which comes as columns and a list of (kind, fields)."""
    parts, columns = argument["parts"], argument["columns"]
    assert isinstance(parts, list)
    assert isinstance(columns, int)
    return to_png(tuple(_PARTS[kind](**fields) for kind, fields in parts), columns)


TASKS: dict[str, Callable[[dict[str, object]], bytes]] = {"slip_png": slip_png}

if __name__ == "__main__":
    sys.exit(main())
