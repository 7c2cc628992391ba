"""What the first records of a ledger say that follows another ledger of the same till.

A till whose ledger came from a backup must not go on with it: numbers after the backup's end were given out
before, and the head office may hold other records under them. The old file is closed and a new ledger
begins, whose records name the old one and say what was taken over from it. Nothing of that moves the books:
the head office has the old ledger's records and counts them once.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LedgerOpened:
    """This ledger goes on from record ``seq`` of the one before."""

    previous: str
    """Id of the ledger before."""
    seq: int
    digest: str
    """Of that record, hexadecimal."""
    ordinal: int
    """Which ledger of its till this is; receipt numbers carry it, so none repeats."""
    why: str
    """``restored`` from a backup, ``behind`` what the head office holds."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows of a table that follows from the old records, taken over so that this ledger stands by itself.

    Balances among them: they are what the old ledger's own records came to. The head office ignores them.
    """

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Whole numbers are written as text."""
