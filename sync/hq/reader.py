"""What the head office's page reads: whole results over read-only connections of its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sync.hq.views import (
    Balance,
    Day,
    Overview,
    Quarantined,
    RecordView,
    RefusedEnvelope,
    SaleRow,
    Till,
)

ROWS_MAX = 500
"""No query returns more; ``limit`` is cut to it."""


Ask = Callable[..., Any]
"""Runs a statement with ``?`` for each value of a sequence; what it returns has fetchone and fetchall."""


class HqReader(Protocol):
    """Read-only questions. May be called from any thread; every answer is one consistent snapshot."""

    def reading(self) -> AbstractContextManager[Ask]:
        """Return a way to ask in SQL, all within one snapshot, for as long as it is entered."""
        ...

    def overview(self) -> Overview:
        """Return the head office at a glance."""
        ...

    def tills(self) -> tuple[Till, ...]:
        """Return all streams, by terminal."""
        ...

    def newest_sales(
        self, limit: int, before: int | None = None, *, terminal: str = "", member: str = ""
    ) -> tuple[SaleRow, ...]:
        """Return paid sales, newest first; ``before`` is the id of the last row of the page above.

        ``terminal`` and ``member`` (an account number), where not empty, keep only that till's or member's.
        """
        ...

    def days(self, limit: int) -> tuple[Day, ...]:
        """Return what was sold by business day, newest first; kept per batch, never summed when asked."""
        ...

    def entry(self, ledger_id: str, seq: int, branch: int = 0) -> RecordView | None:
        """Return one record whole, or ``None``."""
        ...

    def balances(
        self, search: str, limit: int, after: tuple[str, str] | None = None
    ) -> tuple[Balance, ...]:
        """Return accounts whose name holds ``search``, by name; ``after`` is the last (account, unit)."""
        ...

    def quarantine(self, limit: int) -> tuple[Quarantined, ...]:
        """Return records that the books could not take, newest first."""
        ...

    def refused(self, limit: int) -> tuple[RefusedEnvelope, ...]:
        """Return messages that were not taken, newest first."""
        ...

    def version(self) -> int:
        """Return a number that changes whenever an answer could; cheap, for the page's event stream."""
        ...
