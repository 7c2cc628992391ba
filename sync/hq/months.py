"""Calendar months in UTC, by which records are kept in partitions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a year."""

    year: int
    month: int

    @property
    def next(self) -> "Month":
        """The month after it.

        >>> Month(2026, 12).next
        Month(year=2027, month=1)
        """
        years, before = divmod(self.month, _MONTHS)
        return Month(self.year + years, before + 1)

    @property
    def begins_ms(self) -> int:
        """When it begins, in milliseconds since 1970 UTC.

        >>> Month(1970, 2).begins_ms == 31 * 86_400_000
        True
        """
        return (datetime(self.year, self.month, 1, tzinfo=UTC) - _EPOCH) // timedelta(
            milliseconds=1
        )

    @property
    def name(self) -> str:
        """How its partition is called.

        >>> Month(2026, 3).name
        'record_2026_03'
        """
        return f"record_{self.year:04d}_{self.month:02d}"


def month_of(now_ms: int) -> Month:
    """Return the month of a moment.

    >>> month_of(0)
    Month(year=1970, month=1)
    """
    moment = _EPOCH + timedelta(milliseconds=now_ms)
    return Month(moment.year, moment.month)
