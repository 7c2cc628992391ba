"""A worker: a process that stores what tills send and answers them, in turn with its fellows.

Started by :mod:`sync.hq.crew` as ``python -m sync.hq.worker NUMBER`` with the settings as one line of JSON on
standard input. When that input ends, so does the worker: its head office is gone or stops. On standard output
it says ``up`` or ``down`` about the broker, a word a line, at least every :data:`BEAT_S`.
"""

import logging
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec

from config.schema import HeadOffice
from sync.hq.database import StoreError
from sync.hq.loop import WORKER, Loop
from sync.hq.opening import address_of, open_database
from sync.hq.pki import PkiError
from sync.hq.store import Store
from sync.protocol.keys import BadKeyError, load_or_make

UP, DOWN = "up", "down"
BEAT_S = 2.0
SETTINGS_BYTES_MAX = 1_000_000
_log = logging.getLogger(__name__)


class _Voice:
    """Says how the worker is, when that changes and now and then."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._said = DOWN
        self._due = 0.0

    def beat(self) -> None:
        """Called whenever the loop turns."""
        word = DOWN if self._loop.link.trouble else UP
        now = time.monotonic()
        if word != self._said or now >= self._due:
            self._said, self._due = word, now + BEAT_S
            print(word, flush=True)  # noqa: T201 - heard by the crew


def main() -> int:
    """Work until standard input ends; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Meant for the office, which then closes our input.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    told = sys.stdin.buffer.readline(SETTINGS_BYTES_MAX)
    office = msgspec.json.decode(told, type=HeadOffice).hq
    try:
        key = load_or_make(Path(office.signing_key))
        store = Store(open_database(address_of(office), int(sys.argv[1])))
        loop = Loop(office, store, key, WORKER, stop)
    except (BadKeyError, OSError, PkiError, StoreError) as error:
        _log.error("worker %s cannot start: %s", sys.argv[1], error)
        return 1
    loop.beat = _Voice(loop).beat
    threading.Thread(target=_hold_on, args=(stop,), daemon=True).start()
    broker = threading.Thread(target=loop.serve_broker, daemon=True)
    broker.start()
    code = loop.run()
    broker.join(BEAT_S)
    return code


def _hold_on(stop: threading.Event) -> None:
    while sys.stdin.buffer.read(1):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
