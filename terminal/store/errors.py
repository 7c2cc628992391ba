"""What can go wrong with the till's files."""


class LedgerError(Exception):
    """The ledger could not do it, and nothing was changed: disk full, file unreadable, in use."""


class DamagedError(LedgerError):
    """The ledger's records contradict each other: a chain that does not hold, a number that is missing."""


class NewerSchemaError(LedgerError):
    """The file was written by a later version of this program."""


class CommitUnknownError(Exception):
    """The disk failed at the commit itself: the entry may or may not be there after a restart.

    The process must end. After the restart :meth:`~terminal.store.ledger.Ledger.answered` tells by the
    call's id. Measured: 29 of 29 commits that had "failed" were in the file after the restart.
    """
