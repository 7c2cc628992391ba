"""Slips of money that was put on a card, or paid out instead: what moved, before and after."""

from terminal.core.journal import Body, Entry, PurseRepaid, PurseSettled
from terminal.core.purse.words import Move, Outcome, tail
from terminal.core.receipts.layout import money, spread, wrap
from terminal.core.receipts.sale import TENDER_WORDS, Head, heading
from terminal.core.receipts.words import Words
from terminal.core.slip import Slip, TextLine

Moved = PurseSettled | PurseRepaid


def is_moved(body: Body) -> bool:
    """Return whether ``body`` has a slip: money went to the customer, and not by another till's doing."""
    if isinstance(body, PurseSettled):
        is_paid = body.outcome == Outcome.PAID and not body.is_witness
        return is_paid and body.move != Move.DEBIT
    return isinstance(body, PurseRepaid)


def moved_slip(entry: Entry, seq: int, when: str, head: Head, words: Words, columns: int) -> Slip:
    """Return the slip of ``entry``, record ``seq``, of which :func:`is_moved` says that it has one."""
    body = entry.body
    assert isinstance(body, PurseSettled | PurseRepaid)
    parts = heading(entry, f"#{seq}", when, head, words, columns)
    parts.append(TextLine(words[_title(body)], bold=True, centred=True))
    half = columns // 2
    parts.append(TextLine(spread(words["Total"], f"¥{money(body.amount)}", half), big=True))
    parts += [TextLine(line) for line in _lines(body, words, columns)]
    parts += [TextLine(line, centred=True) for each in head.footer for line in wrap(each, columns)]
    return tuple(parts)


def _title(body: Moved) -> str:
    if isinstance(body, PurseRepaid):
        return "Paid out in cash"
    return "Card top-up" if body.move == Move.TOP_UP else "Put back on the card"


def _lines(body: Moved, words: Words, columns: int) -> list[str]:
    lines = ["-" * columns, spread(words["Card purse"], f"··{tail(body.purse)}", columns)]
    if isinstance(body, PurseRepaid):
        return lines
    lines += [
        spread(words["On the card before"], money(body.balance - body.amount), columns),
        spread(words["On the card now"], money(body.balance), columns),
    ]
    if body.tender is not None:
        lines.append(spread(words[TENDER_WORDS[body.tender.type]], money(body.amount), columns))
        lines += wrap(f"  {body.tender.reference}", columns) if body.tender.reference else []
    return lines
