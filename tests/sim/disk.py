"""A till's disk: what a power cut leaves of it, and what a copy of the card holds.

The ledger syncs its write-ahead log with each durable commit; what it wrote later may be lost. So the disk
remembers how long the log was at the last sync, and a cut keeps that much of it, or all.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

NAME = "ledger.db"


@dataclass
class SimDisk:
    """A folder with a ledger, and how much of its log is synced."""

    folder: Path
    synced: int = 0

    @property
    def path(self) -> Path:
        return self.folder / NAME

    @property
    def _log(self) -> Path:
        return self.folder / f"{NAME}-wal"

    def mark(self) -> None:
        """Everything written so far is synced."""
        self.synced = self._log.stat().st_size if self._log.exists() else 0

    def copy(self, folder: Path, *, whole: bool = True) -> "SimDisk":
        """Return the disk as it is now, or as a power cut leaves it, in a new folder."""
        folder.mkdir()
        for path in self.folder.iterdir():
            if path.suffix != ".lock" and not path.name.endswith("-shm"):
                shutil.copyfile(path, folder / path.name)
        if not whole and self._log.exists():
            (folder / self._log.name).write_bytes(self._log.read_bytes()[: self.synced])
        return SimDisk(folder, self.synced)
