"""Business dates: whole days of the shop, written as one number (20261121).

A business date is decided at the edge, in the shop's time zone with its cut-over hour; here it is only
counted. Birthdays are solar ``MM-DD``: a lunar birthday is converted at the edge to the solar day it falls
on this year.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import TypeAlias

BusinessDate: TypeAlias = int
"""Year, month and day as one number: 20261121. Zero stands for "none"."""

NEVER: BusinessDate = 0
_LEAP_DAY, _DAY_BEFORE_IT = "02-29", "02-28"


def to_date(business_date: BusinessDate) -> date:
    """Return the calendar day of ``business_date``.

    >>> to_date(20261121)
    datetime.date(2026, 11, 21)
    """
    return date(business_date // 10000, business_date // 100 % 100, business_date % 100)


def is_date(business_date: int) -> bool:
    """Return whether there is such a day.

    >>> is_date(20260228), is_date(20260230), is_date(0)
    (True, False, False)
    """
    try:
        to_date(business_date)
    except ValueError:
        return False
    return True


def from_date(day: date) -> BusinessDate:
    """Return ``day`` as one number."""
    return day.year * 10000 + day.month * 100 + day.day


def after_days(business_date: BusinessDate, days: int) -> BusinessDate:
    """Return the date ``days`` later, or earlier when negative.

    >>> after_days(20261231, 1), after_days(20270301, -1)
    (20270101, 20270228)
    """
    return from_date(to_date(business_date) + timedelta(days=days))


def after_months(business_date: BusinessDate, months: int) -> BusinessDate:
    """Return the same day ``months`` later; a day that the month lacks becomes its last.

    >>> after_months(20260131, 1), after_months(20261121, 12)
    (20260228, 20271121)
    """
    day = to_date(business_date)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return year * 10000 + (month + 1) * 100 + min(day.day, monthrange(year, month + 1)[1])


def weekday(business_date: BusinessDate) -> int:
    """Return 1 for Monday to 7 for Sunday.

    >>> weekday(20261121)
    6
    """
    return to_date(business_date).isoweekday()


def month_day(text: str) -> tuple[int, int] | None:
    """Return month and day of ``MM-DD``, or None when there is no such day in any year.

    >>> month_day("02-29"), month_day("02-30"), month_day(""), month_day("2-9")
    ((2, 29), None, None, None)
    """
    if len(text) != len(_LEAP_DAY) or text[2] != "-" or not text.isascii():
        return None
    month, day = text[:2], text[3:]
    if not (month.isdigit() and day.isdigit()):
        return None
    numbers = int(month), int(day)
    if 1 <= numbers[0] <= 12 and 1 <= numbers[1] <= monthrange(2024, numbers[0])[1]:  # noqa: PLR2004
        return numbers
    return None


def birthday_in(year: int, birthday: str) -> date | None:
    """Return the day a birthday is kept in ``year``: 29 February on the 28th of other years.

    >>> birthday_in(2027, "02-29"), birthday_in(2028, "02-29")
    (datetime.date(2027, 2, 28), datetime.date(2028, 2, 29))
    """
    found = month_day(birthday)
    if found is None:
        return None
    month, day = found
    return date(year, month, min(day, monthrange(year, month)[1]))
