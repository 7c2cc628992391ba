"""The ledger's records as the uplink reads them, on the uplink's own thread and connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from terminal.store.reader import Reader


@dataclass(slots=True)
class LedgerRecords:
    """See :class:`sync.uplink.api.Records`. The connection is opened by the first thread that reads."""

    path: Path
    _reader: Reader | None = None

    def read(self, first: int, count: int) -> Sequence[tuple[int, bytes, bytes]]:
        """Return up to ``count`` records from number ``first`` on: number, body, digest."""
        if self._reader is None:
            self._reader = Reader.open(self.path)
        return self._reader.records(first, count)

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
