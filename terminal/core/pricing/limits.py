"""How much one sale may be: amounts that every database holds, and a bill that fits into one record.

Asked at each change of the basket, so that the cashier hears of it at the article that is too much and
not when the customer has paid.
"""

from terminal.core.pricing.quote import Quote, QuoteLine
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.units import MONEY_MAX

BILL_BYTES_MAX = 40_000
"""A record holds 48,000 bytes; twenty tenders with references, facts and postings take the rest."""
_LINES_ALWAYS_FIT = 20
"""So many lines fit with the longest names, five price levels and two discounts each, 1,400 bytes a line."""
_LINE_BYTES = 68
"""The numbers of a line, each at its longest."""
_GIVEN_BYTES = 26
"""Cost, minimum price and unit, of an article that has any of them."""
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
    texts = [line.code, line.name, line.category, line.brand]
    texts += [level for level, _ in line.levels]
    for taken in line.discounts:
        texts += (taken.rule, taken.version, taken.why)
    is_more_known = line.cost is not None or line.price_min or line.brand or line.levels
    numbers = (
        _LINE_BYTES
        + (_GIVEN_BYTES if is_more_known else len(line.unit))
        + _DISCOUNT_BYTES * (len(line.discounts) + len(line.levels))
    )
    return numbers + sum(len(text.encode()) for text in texts)
