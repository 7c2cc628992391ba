"""Questions to the ledgers that this till closed: receipts to look up, and calls that were carried out there.

The files never change; each question opens the one it needs, which is seldom.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from terminal.core.journal import Entry, SalePosted
from terminal.store.calls import Answered, Calls
from terminal.store.errors import LedgerError
from terminal.store.reader import Reader, SaleRow
from terminal.store.schema import open_for_reading
from terminal.store.succession import older, place_of

CALLS_FROM_MAX = 2
"""So many of the newest closed ledgers are asked whether a call was carried out."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a closed ledger ends, and what the head office was known to hold of it."""

    path: Path
    ledger_id: str
    public_key: bytes
    ordinal: int
    seq: int
    proof: bytes


@dataclass(frozen=True, slots=True)
class Older:
    """The closed ledgers in a till's folder."""

    folder: Path

    def sale(self, name: str, count: int) -> SaleRow | None:
        """Return the sale whose receipt, the ``count``-th of its ledger, is called exactly ``name``.

        Raises:
            LedgerError: A file cannot be read.
        """
        ordinal = name.rpartition("-")[0].rpartition("-")[2]
        for path in older(self.folder):
            place = place_of(path)
            if place and str(place[0]) == ordinal:
                reader = Reader.open(path)
                with closing(reader):
                    row = reader.receipt(count)
                if (
                    row
                    and isinstance(row.entry.body, SalePosted)
                    and row.entry.body.receipt == name
                ):
                    return row
        return None

    def answered(self, call_id: str) -> tuple[Answered, Entry] | None:
        """Return what the call with this id did in a closed ledger, None when nothing."""
        for path in reversed(older(self.folder)[-CALLS_FROM_MAX:]):
            try:
                connection = open_for_reading(path)
            except LedgerError:
                continue  # A file that is gone must not stop selling.
            with closing(connection):
                found = Calls(connection).answered(call_id)
                entry = Reader(connection).entry(found.seq) if found else None
            if found and entry:
                return found, entry
        return None

    def heads(self) -> list[Head]:
        """Return where each closed ledger ends, the oldest first.

        Raises:
            LedgerError: A file cannot be read.
        """
        return [head_of(path) for path in older(self.folder)]


def head_of(path: Path) -> Head:
    """Return where the ledger at ``path`` ends.

    Raises:
        LedgerError: It cannot be read.
    """
    with closing(open_for_reading(path)) as connection:
        row = connection.execute(
            "SELECT ledger_id, public_key, ordinal, outbox, proof FROM state"
        ).fetchone()
    return Head(path, *row)
