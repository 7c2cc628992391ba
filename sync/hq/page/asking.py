"""What a request may ask: every parameter with its limits, refused by name when it is out of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.protocol.record import LEDGER_ID

QUERY_BYTES_MAX = 1_000
ROWS = 50
"""Rows of a page where nothing else is asked for."""
ROWS_MAX = 200
SEARCH_LENGTH_MAX = 60
NUMBER_MAX = 2**63 - 2
"""One below the largest integer of SQLite, so that a neighbour is still one."""
_DIGITS_MAX = 19
Given = Mapping[str, str]


class BadParameterError(Exception):
    """A parameter is malformed or out of its limits; ``field`` names it."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}: {wanted}")
        self.field = field
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class RecordName:
    """Which record: ledger, number and branch."""

    ledger_id: str
    seq: int
    branch: int


def whole(given: Mapping[str, str], field: str, least: int, most: int) -> int | None:
    """Return parameter ``field`` as a whole number, ``None`` where it is not given.

    Raises:
        BadParameterError: It is no number from ``least`` to ``most``.
    """
    text = given.get(field)
    if text is None:
        return None
    if len(text) <= _DIGITS_MAX and text.isascii() and text.isdigit():
        number = int(text)
        if least <= number <= most:
            return number
    raise BadParameterError(field, f"must be a whole number from {least} to {most}")


def text(given: Mapping[str, str], field: str) -> str:
    """Return parameter ``field`` trimmed, empty where it is not given.

    Raises:
        BadParameterError: It is too long or not printable.
    """
    found = given.get(field, "").strip()
    if len(found) > SEARCH_LENGTH_MAX or not found.isprintable():
        raise BadParameterError(
            field, f"must be printable text of at most {SEARCH_LENGTH_MAX} characters"
        )
    return found


def rows(given: Mapping[str, str]) -> int:
    """Return how many rows are wanted.

    Raises:
        BadParameterError: As for :func:`whole`.
    """
    return whole(given, "limit", 1, ROWS_MAX) or ROWS


def record(path: Mapping[str, str], query: Mapping[str, str]) -> RecordName:
    """Return which record ``path`` and ``query`` name.

    Raises:
        BadParameterError: The ledger's id, the number or the branch cannot be one.
    """
    ledger_id = path["ledger"]
    if not LEDGER_ID.fullmatch(ledger_id):
        raise BadParameterError("ledger", "must be a ledger's id")
    seq = whole(path, "seq", 1, NUMBER_MAX)
    assert seq is not None
    return RecordName(ledger_id, seq, whole(query, "branch", 0, NUMBER_MAX) or 0)


def last_account(given: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the account and unit after which a page of balances begins.

    Raises:
        BadParameterError: Only one of the two is given, or one is malformed.
    """
    account, unit = text(given, "after"), text(given, "unit")
    if bool(account) != bool(unit):
        raise BadParameterError("unit" if account else "after", "after and unit go together")
    return (account, unit) if account else None
