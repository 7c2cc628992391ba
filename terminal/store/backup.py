"""Copies of the ledger: made while the till sells, checked, the oldest dropped; and put back.

A copy is one file that ``tallypoint ledger verify`` reads. It holds no keys and no pepper: those never leave
the machine, and another machine that takes the ledger over is enrolled with keys of its own.
"""

import errno
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from terminal.store import succession
from terminal.store.commit import Disk
from terminal.store.errors import DamagedError, LedgerError
from terminal.store.schema import open_for_reading
from terminal.store.verify import verify

KEPT_MAX = 7
"""Copies kept in one folder; the oldest are dropped."""
_PATTERN = "ledger-*-*-*.db"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made."""

    path: Path
    records: int


def back_up(ledger: Path, folder: Path, when: str) -> Backup:
    """Copy ``ledger`` into ``folder`` under a name with ``when`` in it, and check the copy whole.

    Raises:
        LedgerError: It could not be read or written; there is no copy.
        DamagedError: What is in the ledger does not hold. The copies made before are left alone.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(open_for_reading(ledger)) as source:
            terminal_ledger, ordinal = source.execute(
                "SELECT ledger_id, ordinal FROM state"
            ).fetchone()
            path = folder / f"ledger-{ordinal}-{terminal_ledger[:8]}-{when}.db"
            succession.copy_whole(source, path, 0o440)
        verdict = verify(path)
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(f"{folder}: {_words(error)}") from error
    if verdict.faults:
        path.unlink()
        raise DamagedError(f"{ledger}: {verdict.faults[0]}")
    for old in backups(folder)[:-KEPT_MAX]:
        old.unlink(missing_ok=True)
    return Backup(path, verdict.records)


def backups(folder: Path) -> list[Path]:
    """Return the copies in ``folder``, the oldest first."""
    return sorted(folder.glob(_PATTERN), key=lambda path: path.stem.rpartition("-")[2])


def restore(copy: Path, folder: Path) -> int:
    """Put ``copy`` in the place of the ledger in ``folder``; return how many records it holds.

    A ledger that is there is kept beside as ``ledger.replaced-N.db``. The till will begin a new ledger after
    this one at its next start, since numbers after the copy's end were given out already.

    Raises:
        LedgerError: It is no whole ledger, the till runs, or it could not be written.
    """
    verdict = verify(copy)
    if verdict.faults:
        raise DamagedError(f"{copy}: {verdict.faults[0]}")
    live = folder / succession.LIVE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if live.exists():
            _keep(live)
        with closing(open_for_reading(copy)) as source:
            beside = folder / "ledger-restored.new"
            succession.copy_whole(source, beside, 0o600)
        succession.mark_restored(folder, verdict.ledger_id)
        for end in ("-wal", "-shm"):
            Path(f"{live}{end}").unlink(missing_ok=True)
        beside.rename(live)
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(f"{folder}: {_words(error)}") from error
    return verdict.records


def _keep(live: Path) -> None:
    """Copy the ledger that is replaced beside; nothing is ever deleted."""
    disk = Disk(live)  # Also says whether the till runs.
    try:
        taken = len(list(live.parent.glob("ledger.replaced-*.db")))
        succession.copy_whole(
            disk.connection, live.parent / f"ledger.replaced-{taken + 1}.db", 0o440
        )
    finally:
        disk.close()


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full"
    return str(error)
