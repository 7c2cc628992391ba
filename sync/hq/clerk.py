"""The page's own writing connection: one thread that carries out what people decide, one thing at a time.

What tills send is written by the loop; what people do here, by the clerk. Each has a connection of its own
and short transactions, so that neither waits long for the other.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sync.hq.database import CommitUnknownError, Database

_T = TypeVar("_T")


class Clerk:
    """Hands work to the thread that owns the connection."""

    def __init__(self, open_database: Callable[[], Database]) -> None:
        self._open = open_database
        self._thread = ThreadPoolExecutor(1, "clerk")
        self._database: Database | None = None

    def do(self, work: Callable[[Database], _T]) -> _T:
        """Return what ``work`` returns, done on the clerk's thread.

        Raises:
            StoreError: Nothing was changed.
            CommitUnknownError: Whether it was done is unknown; look before doing it again.
        """
        return self._thread.submit(self._do, work).result()

    def close(self) -> None:
        """Let go of the database; nothing is asked of it any more."""
        self._thread.submit(self._let_go).result()
        self._thread.shutdown()

    def _do(self, work: Callable[[Database], _T]) -> _T:
        if self._database is None:
            self._database = self._open()
        try:
            return work(self._database)
        except CommitUnknownError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
