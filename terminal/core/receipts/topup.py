"""The receipt of a top-up: what was paid in, what the shop added, and what the member has now."""

from terminal.core.journal import Entry
from terminal.core.receipts.layout import money, spread, wrap
from terminal.core.receipts.sale import TENDER_WORDS, Head, heading, mask
from terminal.core.receipts.words import Words
from terminal.core.slip import Part, TextLine
from terminal.core.stored import ToppedUp


def top_up(entry: Entry, when: str, head: Head, words: Words, columns: int) -> list[Part]:
    """Return the parts of the receipt of ``entry``, whose body is a top-up; ``when`` is written out."""
    body = entry.body
    assert isinstance(body, ToppedUp)
    parts = heading(entry, body.receipt, when, head, words, columns)
    half = columns // 2
    parts.append(TextLine(spread(words["Top-up"], f"¥{money(body.principal)}", half), big=True))
    text = []
    if body.bonus:
        text.append(spread(words["Bonus"], f"+{money(body.bonus)}", columns))
    for kind, amount, reference in body.paid:
        text.append(spread(words[TENDER_WORDS[kind]], money(amount), columns))
        text += wrap(f"  {reference}", columns) if reference else []
    principal, bonus = body.before
    now = (principal + body.principal, bonus + body.bonus)
    text += [
        "-" * columns,
        spread(words["Member"], mask(body.account), columns),
        spread(words["Stored value before"], money(sum(body.before)), columns),
        spread(words["Stored value now"], money(sum(now)), columns),
    ]
    if now[1]:
        text.append(spread(f"  {words['of it bonus']}", money(now[1]), columns))
    parts += [TextLine(each) for each in text]
    parts += [TextLine(line, centred=True) for each in head.footer for line in wrap(each, columns)]
    return parts
