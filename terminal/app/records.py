"""The ledger's records as the uplink reads them, on the uplink's own thread and connection."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from terminal.store.people import FILE, People
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

    def beside(self, first: int, last: int) -> Sequence[tuple[int, bytes]]:
        """Return what goes beside the records from one number to another: members registered here."""
        path = self.path.with_name(FILE)
        if not path.exists():
            return ()
        if self._reader is None:
            self._reader = Reader.open(self.path)
        with closing(People(path)) as people:
            return people.beside(self._reader.head()[0], first, last)

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
