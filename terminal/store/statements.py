"""What of this till's ledger a statement of the head office already contains.

A statement says "contains your ledger up to N, except these". What it contains of an account is the
account's balance now less what the records after N, and those excepted, did to it.
"""

from collections.abc import Sequence
from pathlib import Path

from sync.protocol.master import Part
from terminal.codec.entry import decode_books
from terminal.core import accounts
from terminal.store.members import UNITS
from terminal.store.reader import Reader

Bases = dict[str, tuple[int, int, int]]
"""By account number, of each of :data:`~terminal.store.members.UNITS`."""


class OwnLedger:
    """The till's ledger as the mirror asks it, on the mirror's thread."""

    def __init__(self, path: Path) -> None:
        """Prepare; the file is opened by the first question."""
        self._path = path
        self._reader: Reader | None = None

    def pins(self) -> dict[str, str]:
        """Return the PINs chosen at this till, by operator."""
        return self._open().pins()

    def bases(self, part: Part, wanted: Sequence[str]) -> Bases:
        """Return what ``part`` contains of this till's ledger, by account, where that is anything.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        reader = self._open()
        names = {accounts.member(account): account for account in wanted}
        with reader.at_once():
            sums = {name: reader.holdings(name) for name in names}
            for body in reader.bodies(part.seq, part.quarantined):
                for account, unit, amount in decode_books(body).postings:
                    if account in sums:
                        sums[account][unit] = sums[account].get(unit, 0) - amount
        return {
            names[name]: (held.get(UNITS[0], 0), held.get(UNITS[1], 0), held.get(UNITS[2], 0))
            for name, held in sums.items()
            if held
        }

    def _open(self) -> Reader:
        if self._reader is None:
            self._reader = Reader.open(self._path)
        return self._reader
