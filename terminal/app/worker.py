"""The worker process: pictures, and whatever else would keep a CPU busy.

It reads one errand per line from standard input, ``[task, argument]``, and answers with one line
``{"bytes": n, "error": ""}`` and n bytes. For pictures it is given everything it needs; a back-test reads the
till's files, over connections that cannot write.
"""

import json
import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.printers.pictures import to_png
from terminal.core.slip import Barcode, Part, QrCode, TextLine

if TYPE_CHECKING:
    from terminal.app.backtest import Playing

IDLE_S = 15.0
"""Without an errand for so long, the worker ends."""
LINE_MAX = 1_000_000
SLICE_S = 0.3
"""A back-test lets other errands in after so long."""

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


_playing: "dict[str, Playing]" = {}
"""The back-test on its way, by its name; there is one at most."""


def backtest(argument: dict[str, object]) -> bytes:
    """Play a back-test for :data:`SLICE_S` and return how far it is, or what came out."""
    # Only who tries rules pays for it.
    from terminal.app import backtest as tests  # noqa: PLC0415
    from terminal.app.clock import shop_time  # noqa: PLC0415
    from terminal.store.errors import LedgerError  # noqa: PLC0415
    from terminal.store.swap import MasterDataError  # noqa: PLC0415

    name = str(argument["job"])
    said: dict[str, object] = {"done": 0, "of": 0, "error": "", "report": None}
    try:
        if name not in _playing:
            backtest_end({})
            folder, draft = Path(str(argument["folder"])), Path(str(argument["draft"]))
            days = [int(str(argument[key])) for key in ("since", "until")]
            time_of = shop_time(str(argument["timezone"]), str(argument["starts"]))
            _playing[name] = tests.Playing(tests.Asked(folder, draft, *days), time_of)
        playing = _playing[name]
        end = time.monotonic() + SLICE_S
        while not playing.is_through and time.monotonic() < end:
            playing.go_on()
        said["done"], said["of"] = playing.done
        if playing.is_through:
            said["report"] = playing.report()
            backtest_end({})
    except (tests.DraftError, LedgerError, MasterDataError) as error:
        said["error"] = str(error)
    return json.dumps(said).encode()


def backtest_end(_: dict[str, object]) -> bytes:
    """Forget the back-test on its way."""
    for playing in _playing.values():
        playing.close()
    _playing.clear()
    return b""


def points_period(argument: dict[str, object]) -> bytes:
    """Compute the points of a period; see :func:`terminal.app.periods.errand`."""
    from terminal.app.periods import errand  # noqa: PLC0415 - only who computes pays for it.
    from terminal.store.errors import LedgerError  # noqa: PLC0415

    try:
        return errand(argument)
    except LedgerError as error:
        raise OSError(str(error)) from error


TASKS: dict[str, Callable[[dict[str, object]], bytes]] = {
    "slip_png": slip_png,
    "backtest": backtest,
    "points_period": points_period,
    "backtest_end": backtest_end,
}

if __name__ == "__main__":
    sys.exit(main())
