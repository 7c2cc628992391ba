"""Slips of points: what a member got for them, a gift or a draw, to hand out or to show."""

from terminal.core.journal import Entry
from terminal.core.points.entries import GiftGiven, LotteryDrawn
from terminal.core.receipts.layout import money, spread, wrap
from terminal.core.receipts.sale import Head, business_date, mask
from terminal.core.receipts.words import Words
from terminal.core.slip import Part, QrCode, Slip, TextLine


def gift_slip(entry: Entry, seq: int, when: str, head: Head, words: Words, columns: int) -> Slip:
    """Return the slip of ``entry``, record ``seq``, whose body is a gift given or a lottery's draw."""
    body = entry.body
    assert isinstance(body, GiftGiven | LotteryDrawn)
    is_gift = isinstance(body, GiftGiven)
    title = words["Gift slip"] if is_gift else words["Lottery slip"]
    parts: list[Part] = [
        TextLine(line, big=True, centred=True) for line in wrap(head.title, columns // 2)
    ]
    parts.append(TextLine(title, bold=True, centred=True))
    text = [
        spread(
            f"{words['Till']} {entry.terminal}", f"{words['Operator']} {entry.operator}", columns
        ),
        spread(words["No."], f"#{seq}", columns),
        *wrap(f"{words['Date']} {when}", columns),
        spread(words["Member"], mask(body.account), columns),
        "-" * columns,
    ]
    parts += [TextLine(line) for line in (*text, *_what(body, words, columns))]
    if body.points:
        parts.append(TextLine(spread(words["Points used"], f"-{body.points}", columns)))
    if isinstance(body, GiftGiven):
        parts += _gift_end(body, words, columns)
    else:
        parts += [
            TextLine(line) for line in wrap(f"{words['Proof']} {body.revealed.hex()}", columns)
        ]
    parts += [TextLine(text, centred=True) for line in head.footer for text in wrap(line, columns)]
    return tuple(parts)


def _what(body: GiftGiven | LotteryDrawn, words: Words, columns: int) -> list[str]:
    if isinstance(body, GiftGiven):
        return [spread(body.name, f"× {body.pieces}", columns)]
    won = body.name or words["No prize this time"]
    return [spread(f"{words['Draw']} {body.n}", str(body.roll), columns), *wrap(won, columns)]


def _gift_end(body: GiftGiven, words: Words, columns: int) -> list[Part]:
    parts: list[Part] = []
    if body.money:
        word = words["Cash"] if body.tender == "cash" else words["Card / QR"]
        parts.append(TextLine(spread(word, money(body.money), columns)))
    if body.until:
        parts.append(TextLine(spread(words["Valid through"], business_date(body.until), columns)))
    if body.code:
        parts += [TextLine(body.code, big=True, centred=True), QrCode(body.code)]
    return parts
