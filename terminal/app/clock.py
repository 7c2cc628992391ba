"""The only place that reads the clock.

A machine without a clock chip wakes up in the past, so wall time is information with a trust flag; order
comes from the ledger. Wall time never runs behind the last record. Business days are counted in the
shop's time zone from the shop's cut-over hour.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from terminal.core.journal import Stamp

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_MS = 1000


def wall_ms() -> int:
    """Return milliseconds since 1970 UTC, as this machine believes."""
    return time.time_ns() // 1_000_000


def since_boot_ms() -> int:
    """Return milliseconds since this boot; never jumps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def boot_id() -> str:
    """Return the kernel's name for this boot, shortened."""
    return _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")[:12]


def is_trusted() -> bool:
    """Return whether the wall clock was synchronised since boot, as far as systemd says."""
    return _SYNCHRONISED.exists()


@dataclass(frozen=True, slots=True)
class ShopTime:
    """How the shop counts days."""

    zone: ZoneInfo
    day_starts: timedelta
    """How long after midnight a business day begins."""

    def business_date(self, wall: int) -> int:
        """Return the business date of ``wall`` (ms since 1970 UTC) as one number, 20261121."""
        day = datetime.fromtimestamp(wall / _MS, self.zone) - self.day_starts
        return day.year * 10_000 + day.month * 100 + day.day

    def weekday(self, wall: int) -> int:
        """Return the weekday of the business day of ``wall``: Monday is 1, Sunday 7."""
        return (datetime.fromtimestamp(wall / _MS, self.zone) - self.day_starts).isoweekday()

    def minute(self, wall: int) -> int:
        """Return the minute of the day by the shop's wall clock, 0 to 1439."""
        now = datetime.fromtimestamp(wall / _MS, self.zone)
        return now.hour * 60 + now.minute

    def written(self, wall: int) -> str:
        """Return ``wall`` as the shop writes date and time."""
        return datetime.fromtimestamp(wall / _MS, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def on_cards(self, wall: int) -> str:
        """Return ``wall`` as cards keep it: ``YYYYMMDDhhmmss`` by the shop's clock."""
        return datetime.fromtimestamp(wall / _MS, self.zone).strftime("%Y%m%d%H%M%S")


def shop_time(zone: str, day_starts: str) -> ShopTime:
    """Return the shop's time from its settings, for example ``Asia/Shanghai`` and ``04:00``."""
    hours, minutes = (int(part) for part in day_starts.split(":"))
    return ShopTime(ZoneInfo(zone), timedelta(hours=hours, minutes=minutes))


def iso(wall: int) -> str:
    """Return ``wall`` as ISO 8601 UTC.

    >>> iso(0)
    '1970-01-01T00:00:00.000Z'
    """
    moment = datetime.fromtimestamp(wall / _MS, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock:
    """Stamps events. One per program, used by the loop's thread."""

    def __init__(self, not_before: int, read_wall: Callable[[], int] = wall_ms) -> None:
        """Begin with ``not_before``, the wall time of the ledger's last record."""
        self._last = not_before
        self._read_wall = read_wall
        self._boot = boot_id()
        self._trusted = is_trusted()

    def stamp(self) -> Stamp:
        """Return now; never behind an earlier stamp."""
        self._last = max(self._last, self._read_wall())
        return Stamp(self._last, self._boot, since_boot_ms(), self._trusted)

    def look_again(self) -> None:
        """Ask anew whether the clock is synchronised; called when there is nothing else to do."""
        self._trusted = self._trusted or is_trusted()
