"""The head office's program: its loop, the broker's thread and the page's, and on PostgreSQL its workers.

A thread that ends by an error ends the program, and so does an error of the database's COMMIT; systemd starts
it again.
"""

import logging
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from config.faults import ConfigError
from config.schema import HeadOffice
from sync import notify
from sync.hq import follow, recheck
from sync.hq.clerk import Clerk
from sync.hq.clock import now_ms
from sync.hq.crew import Crew
from sync.hq.database import StoreError
from sync.hq.loop import OFFICE, WHOLE, Loop
from sync.hq.names import Known
from sync.hq.opening import SQLITE, address_of, open_database, open_readings
from sync.hq.page.around import Around
from sync.hq.page.server import PageNotServedError, serve
from sync.hq.pki import PkiError
from sync.hq.queries import SqlReader
from sync.hq.shop import digest_of, read_tables
from sync.hq.store import Store
from sync.hq.watch import watch
from sync.mqtt import TURN_S_MAX
from sync.protocol.keys import BadKeyError, load_or_make

JOIN_S = 10.0
SWITCH_S = 0.000_5
"""A thread that computes lets others go on after this time: an acknowledgement shall not wait for a page."""
_log = logging.getLogger(__name__)


def run(settings: HeadOffice, ready: Callable[[], None], stop: threading.Event) -> int:
    """Run the head office until ``stop``; return the exit code.

    ``ready`` is called once, when the page answers and the loop takes messages.
    """
    office = settings.hq
    sys.setswitchinterval(SWITCH_S)
    try:
        key = load_or_make(Path(office.signing_key))
        data = address_of(office)
        store = Store(data)
        shop = None if office.shop is None else Path(office.shop)
        known = _learn(store, shop)
        crew = None if data.startswith(SQLITE) else Crew(settings, stop)
        loop = Loop(office, store, key, WHOLE if crew is None else OFFICE, stop)
    except (BadKeyError, ConfigError, OSError, PkiError, StoreError):
        _log.exception("the head office cannot start")
        return 1
    loop.known = known
    readings = open_readings(data)
    reader = SqlReader(readings, key.public.key_id.hex(), partial(_trouble, loop, crew))
    clerk = Clerk(lambda: open_database(data))
    around = Around(now_ms, clerk, office.timezone, office.hosts, known, office)
    up = threading.Event()
    page = partial(serve, office.listen, reader, office.locale, stop, up.set, around)
    bodies: dict[str, Callable[[], None]] = {"page": page, "broker": loop.serve_broker}
    bodies["follow"] = partial(follow.serve, clerk, now_ms, stop)
    bodies["recheck"] = partial(recheck.serve, clerk, stop)
    if shop is not None:
        bodies["shop"] = partial(watch, shop, store.master.digest, loop.put, stop)
    if crew is not None:
        bodies |= crew.bodies()
        loop.is_served = crew.is_up
    threads = [
        threading.Thread(target=_guarded(body, stop, loop.failed), name=name, daemon=True)
        for name, body in bodies.items()
    ]
    for thread in threads:
        thread.start()
    while not up.wait(TURN_S_MAX) and not stop.is_set():
        notify.watchdog()
    if not stop.is_set():
        ready()
    code = loop.run()
    for thread in threads:
        thread.join(JOIN_S)
    clerk.close()
    readings.close()
    return code


def _trouble(loop: Loop, crew: Crew | None) -> str:
    """What is wrong with the way to the tills, for the page; empty when nothing is."""
    return loop.link.trouble or ("" if crew is None else crew.trouble)


def _learn(store: Store, shop: Path | None) -> Known:
    """Bring the master data up to the shop file, and return what the page knows from it.

    Raises:
        ConfigError, OSError: The shop file has faults, or cannot be read.
        StoreError: It could not be stored.
    """
    master = store.master
    if shop is not None and (digest := digest_of(shop)) != master.digest:
        master.apply(read_tables(shop), digest, now_ms())
    known = Known()
    known.learn(master)
    return known


def _guarded(
    body: Callable[[], None], stop: threading.Event, failed: threading.Event
) -> Callable[[], None]:
    """A thread that ends by an error ends the program; nothing works half."""

    def whole() -> None:
        try:
            body()
        except PageNotServedError as error:
            _log.error("%s", error)
        finally:
            if not stop.is_set():
                failed.set()
                stop.set()

    return whole
