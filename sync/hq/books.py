"""What a batch of records does to the books, summed, and which records the books cannot take.

A record that its till chained and signed is kept whatever it holds. One that cannot be decoded, does not
balance or is out of all proportion goes to quarantine and the rest of the batch into the books, so that no
record ever stops a till.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from terminal.codec.entry import BookLines, UndecodableError, decode_books
from terminal.core.books import Deltas, total
from terminal.core.journal import Body, Posting, UnbalancedError
from terminal.core.officebook import OFFICE_KINDS
from terminal.core.points.entries import LotPart
from terminal.core.points.lotbook import lot_changes

AMOUNT_MAX = 10**12
"""Of one posting. Ten thousand million yuan is a fault, and a sum of such could leave 64 bits."""
ACCOUNT_CHARS_MAX = 80
FAULT_CHARS_MAX = 200
_WALL_MS_END = 2**53
_DATE_END = 100_000_000


@dataclass(slots=True)
class Sums:
    """What a run of records adds up to. Positions count from 0 within the run."""

    deltas: Deltas = field(default_factory=dict)
    sales: list[tuple[int, str]] = field(default_factory=list)
    """Positions of paid sales and their buyers' account numbers, empty without."""
    sales_amount: int = 0
    days: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    """Business date to number of sales, amount, discount and points."""
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Positions of records for quarantine, and why."""
    lots: list[tuple[int, Body]] = field(default_factory=list)
    """Positions of entries that may move dated lots of points, and what they say."""
    last_wall_ms: int = 0
    """The till's clock in the last record that could be read, 0 unknown."""


class _SenselessError(Exception):
    """An entry that can be decoded but means nothing the books could hold."""


def sum_up(bodies: Sequence[bytes], *, is_office: bool = False) -> Sums:
    """Return what ``bodies`` add up to; some kinds of entries only the head office writes."""
    sums = Sums()
    deltas = sums.deltas
    for position, body in enumerate(bodies):
        try:
            lines = decode_books(body)
            change = _change(lines, is_office=is_office)
        except (UndecodableError, UnbalancedError, _SenselessError) as error:
            why = str(error).replace("\x00", "")[:FAULT_CHARS_MAX] or type(error).__name__
            sums.faults.append((position, why))
            continue
        for key, amount in change.items():
            deltas[key] = deltas.get(key, 0) + amount
        if lines.sale is not None:
            sums.sales.append((position, lines.member))
            _add_sale(sums, lines.business_date, lines.sale)
        if lines.body is not None:
            sums.lots.append((position, lines.body))
        sums.last_wall_ms = lines.wall_ms
    return sums


def _add_sale(sums: Sums, day: int, totals: tuple[int, int, int, int, int]) -> None:
    _, discount, _, total_amount, earned = totals
    count, amount, off, points = sums.days.get(day, (0, 0, 0, 0))
    sums.days[day] = (count + 1, amount + total_amount, off + discount, points + earned)
    sums.sales_amount += total_amount


def _is_lot(lot: LotPart) -> bool:
    days = 0 <= lot.usable_on < _DATE_END and 0 <= lot.lapses_on < _DATE_END
    named = 0 <= lot.seq <= AMOUNT_MAX and 0 <= lot.part <= AMOUNT_MAX
    return days and named and -AMOUNT_MAX <= lot.points <= AMOUNT_MAX


def _change(lines: BookLines, *, is_office: bool) -> Deltas:
    if isinstance(lines.body, OFFICE_KINDS) and not is_office:
        raise _SenselessError("only the head office writes such an entry")
    for account, _, amount in lines.postings:
        is_odd = (
            len(account) > ACCOUNT_CHARS_MAX or "\x00" in account
        )  # No database text holds a zero.
        if is_odd or not -AMOUNT_MAX <= amount <= AMOUNT_MAX:
            raise _SenselessError("a posting's amount or account is out of all proportion")
    if lines.sale is not None and max(map(abs, lines.sale)) > AMOUNT_MAX:
        raise _SenselessError("a sale's total is out of all proportion")
    if len(lines.member) > ACCOUNT_CHARS_MAX or "\x00" in lines.member:
        raise _SenselessError("a buyer's account is out of all proportion")
    if not 0 <= lines.wall_ms < _WALL_MS_END or not 0 <= lines.business_date < _DATE_END:
        raise _SenselessError("the clock is out of all proportion")
    for account, lot in lot_changes(0, lines.body):
        is_odd = max(len(account), len(lot.ledger)) > ACCOUNT_CHARS_MAX
        if is_odd or "\x00" in account + lot.ledger or not _is_lot(lot):
            raise _SenselessError("a lot of points is out of all proportion")
    return total([Posting(*posting) for posting in lines.postings])
