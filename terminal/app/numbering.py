"""How a receipt's number is written: till, the ledger's ordinal, count. One receipt, one name."""

_DIGITS = 6
_DIGITS_MAX = 12


def receipt_name(terminal: str, ordinal: int, count: int) -> str:
    """Return the name of a receipt.

    >>> receipt_name("S01-T1", 1, 123)
    'S01-T1-1-000123'
    """
    return f"{terminal}-{ordinal}-{count:0{_DIGITS}d}"


def count_in(name: str) -> int:
    """Return the count at the end of ``name``, 0 when there is none; whose it is, the caller compares.

    >>> count_in("S01-T1-1-000123"), count_in("S01")
    (123, 0)
    """
    tail = name.rpartition("-")[2]
    is_count = tail.isascii() and tail.isdigit() and len(tail) <= _DIGITS_MAX
    return int(tail) if is_count else 0
