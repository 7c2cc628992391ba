"""How much one sale may be: amounts that every database holds, and a bill that fits into one record.

Asked at each change of the basket, so that the cashier hears of it at the article that is too much and
not when the customer has paid.
"""

from terminal.core.pricing.quote import Quote, QuoteLine
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.units import MONEY_MAX

BILL_BYTES_MAX = 40_000
"""A record holds 48,000 bytes; twenty tenders with references, facts and postings take the rest."""
_LINES_ALWAYS_FIT = 40
"""So many lines fit with the longest names and two discounts each, about 900 bytes a line."""
_LINE_BYTES = 68
"""The numbers of a line, each at its longest."""
_DISCOUNT_BYTES = 18


def too_much(quote: Quote) -> Refusal | None:
    """Return why ``quote`` is too much for one sale; None when it is not."""
    if quote.gross > MONEY_MAX:
        return refuse(Key.AMOUNT_RANGE)
    if len(quote.lines) <= _LINES_ALWAYS_FIT:
        return None
    if sum(_bytes(line) for line in quote.lines) > BILL_BYTES_MAX:
        return refuse(Key.BASKET_FULL, lines=len(quote.lines) - 1)
    return None


def _bytes(line: QuoteLine) -> int:
    texts = [line.code, line.name, line.category]
    for taken in line.discounts:
        texts += (taken.rule, taken.version, taken.why)
    numbers = _LINE_BYTES + _DISCOUNT_BYTES * len(line.discounts)
    return numbers + sum(len(text.encode()) for text in texts)
