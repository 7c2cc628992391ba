"""Which ledger is in use, how the next one is begun, and who carries them all to the head office."""

import logging
import os
import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from config.schema import Terminal
from sync.protocol.keys import PublicKey, SecretKey
from sync.uplink.api import UplinkEvent
from terminal.app import clock
from terminal.codec.entry import decode
from terminal.core.journal import Body, Entry, Versions
from terminal.store.ledger import Ledger
from terminal.store.older import Head
from terminal.store.people import FILE, People
from terminal.store.reader import Reader
from terminal.store.schema import Identity
from terminal.store.succession import (
    LIVE,
    ORDINAL_FILE,
    Succession,
    first_ordinal,
    follow,
    write_small,
)

log = logging.getLogger(__name__)


def open_ledger(folder: Path, key: SecretKey) -> Ledger:
    """Open the ledger in use, or begin a till's first on this machine.

    Raises:
        LedgerError: As for :meth:`terminal.store.ledger.Ledger.open`.
    """
    identity = Identity(os.urandom(8).hex(), key.public.raw, first_ordinal(folder))
    ledger = Ledger.open(folder / LIVE, identity, clock.boot_id())
    (folder / ORDINAL_FILE).unlink(missing_ok=True)
    if (folder / FILE).exists():
        with closing(People(folder / FILE)) as people:
            people.drop_unposted(folder / LIVE, ledger.ledger_id)
    return ledger


def begin_next(settings: Terminal, key: SecretKey, succession: Succession) -> None:
    """Close the till's ledger, which nobody uses now, and put the next one in its place.

    Raises:
        LedgerError: It could not be done; the old one is in its place.
    """
    folder = Path(settings.terminal.data_dir)
    identity = Identity(os.urandom(8).hex(), key.public.raw)
    make = _maker(settings, _last_wall_ms(folder / LIVE))
    kept = follow(folder, succession, identity, clock.boot_id(), make, secrets.randbelow)
    if succession.why == "behind":
        write_small(kept.with_suffix(".drained"), "0")  # The head office has just said so.
    log.warning("a new ledger is begun (%s); the one before is kept as %s", succession.why, kept)


def carrier_of(
    settings: Terminal,
    key: SecretKey,
    trusted: PublicKey | None,
    ledger: Ledger,
    mirror: Any,
    emit: Callable[[UplinkEvent], None],
) -> Any:
    """Return who carries the till's ledgers to the head office; ``None`` where there is none."""
    if settings.sync is None:
        return None
    # paho only where there is a head office.
    from terminal.app.carrier import Carrier, Party  # noqa: PLC0415

    party = Party(settings.sync, settings.terminal.id, key, trusted)
    folder = Path(settings.terminal.data_dir)
    live = Head(
        folder / LIVE, ledger.ledger_id, ledger.public_key, ledger.ordinal,
        ledger.head_seq, ledger.acked.proof,
    )  # fmt: skip
    return Carrier(party, folder, live, mirror, emit)


def _maker(settings: Terminal, wall_ms: int) -> Callable[[Body, tuple[str, int] | None], Entry]:
    till, now = settings.terminal, clock.Clock(wall_ms)
    days = clock.shop_time(till.timezone, till.business_day_starts)

    def make(body: Body, corrects: tuple[str, int] | None) -> Entry:
        stamp = now.stamp()
        date = days.business_date(stamp.wall_ms)
        return Entry(
            stamp, date, till.store, till.id, "", "", Versions("", ""), (), body, (), corrects
        )  # fmt: skip

    return make


def _last_wall_ms(path: Path) -> int:
    with closing(Reader.open(path)) as reader:
        rows = reader.records(reader.head()[1], 1)
    return decode(rows[0][1]).stamp.wall_ms if rows else 0
