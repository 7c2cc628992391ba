"""``tallypoint backup`` and ``restore``, and the till's own daily backup."""

import argparse
import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import load
from terminal.app import clock
from terminal.store.backup import back_up, backups, restore
from terminal.store.errors import CommitUnknownError, LedgerError
from terminal.store.succession import LIVE

BAD_SETTINGS = 78
EVERY_MS = 24 * 3_600_000
"""A till makes a backup when the newest is so old."""
FIRST_S, LOOK_S = 60.0, 600.0
"""So long after the start, and so often, it is looked whether one is due."""
FOLDER = "backup"

log = logging.getLogger(__name__)


def run_backup(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code."""
    try:
        folder = Path(load(Path(asked.config)).terminal.data_dir)
        if asked.command == "restore":
            records = restore(Path(asked.file), folder)
            print(
                f"{folder / LIVE}: {records} records. At its next start the till begins a new ledger."
            )
            return 0
        made = back_up(folder / LIVE, Path(asked.to) if asked.to else folder / FOLDER, _when())
    except ConfigError as error:
        print(render_all(error.faults), file=sys.stderr)
        return BAD_SETTINGS
    except (LedgerError, CommitUnknownError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{made.path}: {made.records} records, whole")
    return 0


def back_up_daily(folder: Path, stop: threading.Event) -> None:
    """Make a backup whenever the newest is a day old, until ``stop``; a thread's whole work."""
    wait_s = FIRST_S
    while not stop.wait(wait_s):
        wait_s = LOOK_S
        if _is_due(folder / FOLDER):
            try:
                made = back_up(folder / LIVE, folder / FOLDER, _when())
                log.info("backup: %s, %d records", made.path, made.records)
            except (LedgerError, OSError) as error:
                log.warning("no backup: %s", error)


def _is_due(folder: Path) -> bool:
    newest = backups(folder)
    if not newest:
        return True
    age_ms = clock.wall_ms() - newest[-1].stat().st_mtime_ns // 1_000_000
    return not 0 <= age_ms < EVERY_MS


def _when() -> str:
    return datetime.fromtimestamp(clock.wall_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%S")
