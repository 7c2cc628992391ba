"""What the loop answers from what it holds, without changing anything."""

from terminal.app import translate
from terminal.app.edges import Edges
from terminal.core import till as tills
from terminal.core.journal import Entry
from terminal.core.refusal import Key, Refusal, refuse
from terminal.counter import desk
from terminal.counter.desk import Answer, Done


def quoted(asked: desk.QuoteOnly, edges: Edges) -> Answer:
    """Return the quote of a whole basket."""
    whole = desk.SellWhole(asked.lines, asked.member, (), None, asked.coupons, asked.chosen)
    event = translate.whole(whole, edges.look)
    if isinstance(event, Refusal):
        return event
    sale = tills.whole(event, edges.turn(""), asked.tender)
    return sale if isinstance(sale, Refusal) else Done({"quote": sale.quote})


def printable(number: str, edges: Edges) -> tuple[int | None, Entry] | Refusal:
    """Return count and entry of the receipt called ``number``, or why no copy can be printed.

    The count is None for a receipt of an earlier ledger of this till.
    """
    ordinal = edges.receipt_ordinal(number)
    entry = None if ordinal is None else edges.receipt_entry(ordinal)
    if ordinal is None:
        entry = edges.older_receipt(number)
    if entry is None:
        return refuse(Key.NO_SUCH_RECEIPT, number=number)
    if edges.printing.printer is None:
        return refuse(Key.NO_PRINTER)
    if ordinal in edges.printing.waiting or ordinal in edges.printing.at_work:
        return refuse(Key.STILL_PRINTING, number=number)
    return ordinal, entry
