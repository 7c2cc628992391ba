"""What of this till's ledger a statement of the head office already contains.

A statement says "contains your ledger up to N, except these". What it contains of an account is the
account's balance now less what the records after N, and those excepted, did to it.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sync.protocol.master import Part
from terminal.codec.entry import decode_books
from terminal.core import accounts
from terminal.core.points.entries import LotPart
from terminal.core.points.lotbook import lot_changes
from terminal.store.members import UNITS
from terminal.store.people import FILE, People
from terminal.store.reader import Reader

LotKey = tuple[str, int, int]
"""Ledger, record and part of a lot; this ledger by its own name."""


@dataclass(frozen=True, slots=True)
class Bases:
    """What a statement contains of this till's ledger, by account number, where that is anything."""

    units: dict[str, tuple[int, int, int]]
    """Signed, of each of :data:`~terminal.store.members.UNITS`."""
    standing: dict[str, int]
    """Signed, of the standing points."""
    lots: dict[str, dict[LotKey, int]]
    """Of dated lots."""


class OwnLedger:
    """The till's ledger as the mirror asks it, on the mirror's thread."""

    def __init__(self, path: Path) -> None:
        """Prepare; the file is opened by the first question."""
        self._path = path
        self._reader: Reader | None = None
        self._ledger_id = ""

    def pins(self) -> dict[str, str]:
        """Return the PINs chosen at this till, by operator."""
        return self._open().pins()

    def erase(self, accounts: Sequence[str]) -> None:
        """Forget members whom the head office erased.

        Raises:
            LedgerError: It could not be done.
        """
        path = self._path.with_name(FILE)
        if path.exists():
            with closing(People(path)) as people:
                people.erase(accounts)

    def bases(self, part: Part, wanted: Sequence[str]) -> Bases:
        """Return what ``part`` contains of this till's ledger, by account, where that is anything.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        reader = self._open()
        names = {accounts.member(account): account for account in wanted}
        with reader.at_once():
            sums = {name: reader.holdings(name) for name in names}
            lots = {account: self._lots(reader, account) for account in wanted}
            for seq, body in reader.bodies(part.seq, part.quarantined):
                lines = decode_books(body)
                for account, unit, amount in lines.postings:
                    if account in sums:
                        sums[account][unit] = sums[account].get(unit, 0) - amount
                for account, lot in lot_changes(seq, lines.body):
                    if account in lots:
                        key = self._key(lot)
                        lots[account][key] = lots[account].get(key, 0) - lot.points
        units = {
            names[name]: (held.get(UNITS[0], 0), held.get(UNITS[1], 0), held.get(UNITS[2], 0))
            for name, held in sums.items()
            if held
        }
        standing = {names[name]: held.get(accounts.STANDING, 0) for name, held in sums.items()}
        return Bases(units, standing, lots)

    def _lots(self, reader: Reader, account: str) -> dict[LotKey, int]:
        return {self._key(lot): lot.points for lot in reader.lots(account)}

    def _key(self, lot: LotPart) -> LotKey:
        return lot.ledger or self._ledger_id, lot.seq, lot.part

    def _open(self) -> Reader:
        if self._reader is None:
            self._reader = Reader.open(self._path)
            self._ledger_id, _ = self._reader.head()
        return self._reader
