"""Once an hour, in the head office's own ledger: expiry, and what came late for merged accounts.

Lots whose day has passed are booked as gone. What tills still sent for an account that became one with
another follows it.
"""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from sync.hq import merging
from sync.hq.database import StoreError
from sync.hq.ownledger import NotTakenError, OwnLedger
from sync.hq.store import Store
from sync.protocol.keys import SecretKey

EVERY_MS = 3_600_000
_log = logging.getLogger(__name__)


class Lapsing:
    """Books expiry when it is due; the loop's."""

    def __init__(self, store: Store, key: SecretKey, timezone: str) -> None:
        """Prepare; days are those of ``timezone``."""
        self._own = OwnLedger(store, key)
        self._zone = ZoneInfo(timezone)
        self._due_ms = 0

    def run(self, now_ms: int) -> int:
        """Return how many lots lapsed and how many entries moved what came late.

        0 as well when it is not time yet.

        Raises:
            CommitUnknownError: End the process.
        """
        if now_ms < self._due_ms:
            return 0
        self._due_ms = now_ms + EVERY_MS
        today = datetime.fromtimestamp(now_ms / 1_000, self._zone)
        date = today.year * 10_000 + today.month * 100 + today.day
        try:
            moved = merging.follow(self._own, date, now_ms)
            return moved + self._own.lapse(date, now_ms)
        except (StoreError, NotTakenError) as error:
            _log.error("expiry and merges are not booked now: %s", error)
            return 0
