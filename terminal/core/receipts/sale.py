"""The receipt of a posted sale.

48 columns on 80 mm paper, 32 on 58 mm. Under each line stand the discounts that made its net, each with
the short reason the shop gave the rule. The member is masked. A copy says that it is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from terminal.core.journal import BillPoints, Entry, SalePosted, Tender
from terminal.core.pricing.quote import QuoteLine
from terminal.core.purse.words import PURSE, parse_reference, tail
from terminal.core.receipts.layout import money, quantity, spread, wrap
from terminal.core.receipts.words import Words
from terminal.core.slip import Part, QrCode, Slip, TextLine, width
from terminal.core.stored import STORED_VALUE, split
from terminal.core.units import ONE_PIECE

TENDER_WORDS = {
    "cash": "Cash",
    "external": "Card / QR",
    "points": "Points as cash",
    "stored_value": "Stored value",
    "purse": "Card purse",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What the shop prints on every receipt."""

    title: str
    lines: tuple[str, ...]
    footer: tuple[str, ...]


def lay_out(entry: Entry, when: str, head: Head, words: Words, columns: int) -> list[Part]:
    """Return the parts of the receipt of ``entry``, whose body is a posted sale.

    ``when`` is the local date and time as the shop writes it: turning a stamp into one needs a time
    zone, which is the caller's.
    """
    sale = entry.body
    assert isinstance(sale, SalePosted)
    parts = heading(entry, sale.receipt, when, head, words, columns)
    text: list[str] = []
    for line in sale.bill.lines:
        text += _line(line, words, columns)
    text.append("-" * columns)
    parts += [TextLine(each) for each in text]
    parts += _sums(sale, words, columns)
    parts += [TextLine(each) for each in _member(sale, words, columns)]
    parts += [TextLine(text, centred=True) for line in head.footer for text in wrap(line, columns)]
    return parts


def heading(
    entry: Entry, receipt: str, when: str, head: Head, words: Words, columns: int
) -> list[Part]:
    """Return what every receipt begins with: the shop, the till, the number, the date."""
    title = wrap(head.title, columns // 2)
    parts: list[Part] = [TextLine(line, big=True, centred=True) for line in title]
    parts += [TextLine(text, centred=True) for line in head.lines for text in wrap(line, columns)]
    text = [
        spread(
            f"{words['Till']} {entry.terminal}", f"{words['Operator']} {entry.operator}", columns
        ),
        *wrap(f"{words['No.']} {receipt}", columns),
        *wrap(f"{words['Date']} {when}", columns),
        "-" * columns,
    ]
    return parts + [TextLine(each) for each in text]


def copy_of(parts: Slip, words: Words) -> Slip:
    """Return ``parts`` marked as a copy, so that nobody takes it for the original."""
    mark = TextLine(f"*** {words['COPY']} ***", bold=True, centred=True)
    return (mark, *parts, mark)


def claim(parts: list[Part], qr: str, words: Words, columns: int) -> None:
    """Add the code with which a walk-in claims points and anybody checks the receipt."""
    parts.append(QrCode(qr))
    sentence = wrap(words["Scan to claim points or check this receipt"], columns)
    parts += [TextLine(line, centred=True) for line in sentence]


def _line(line: QuoteLine, words: Words, columns: int) -> list[str]:
    if line.quantity == ONE_PIECE:
        text = [spread(line.name, money(line.gross), columns)]
    else:
        count = f"  {quantity(line.quantity)} × {money(line.unit_price)}"
        text = [*wrap(line.name, columns)[:1], spread(count, money(line.gross), columns)]
    if line.unit_price != line.shelf_price:
        text += wrap(f"  {words['Price changed from']} {money(line.shelf_price)}", columns)
    text += [
        spread(f"  {taken.why}", f"-{money(taken.amount)}", columns) for taken in line.discounts
    ]
    return text


def _sums(sale: SalePosted, words: Words, columns: int) -> list[Part]:
    totals = sale.bill.totals
    parts: list[Part] = []
    if totals.discount:
        parts += [
            TextLine(spread(words["Before discount"], money(totals.gross), columns)),
            TextLine(spread(words["You saved"], f"-{money(totals.discount)}", columns)),
        ]
    if totals.rounding:
        parts.append(TextLine(spread(words["Rounding"], f"-{money(totals.rounding)}", columns)))
    half = columns // 2
    parts.append(TextLine(spread(words["Total"], f"¥{money(totals.total)}", half), big=True))
    for tender in sale.tenders:
        parts += [TextLine(line) for line in _tender(tender, words, columns)]
    if sale.change:
        parts.append(TextLine(spread(words["Change"], money(sale.change), columns)))
    return parts


def _tender(tender: Tender, words: Words, columns: int) -> list[str]:
    word, amount = words[TENDER_WORDS[tender.type]], money(tender.amount)
    named = parse_reference(tender.reference) if tender.type == PURSE else None
    if named is not None:
        purse, _, before, after = named
        return [
            spread(f"{word} ··{tail(purse)}", amount, columns),
            spread(f"  {words['On the card before']}", money(before), columns),
            spread(f"  {words['On the card now']}", money(after), columns),
        ]
    if not tender.reference:
        return [spread(word, amount, columns)]
    label = f"{word} {tender.reference}"
    if width(label) + 1 + width(amount) <= columns:
        return [spread(label, amount, columns)]
    # Whole, for it is what the customer's bank asks for; never cut to make room for the amount.
    return [spread(word, amount, columns), *wrap(f"  {tender.reference}", columns)]


def _member(sale: SalePosted, words: Words, columns: int) -> list[str]:
    buyer, earned, points = sale.bill.buyer, sale.bill.totals.earned, sale.bill.points
    if buyer is None:
        return []
    used = points.used.points if points and points.used else 0
    used += sum(cost for _, cost in sale.bill.drawn.costs)
    lines = [
        "-" * columns,
        spread(words["Member"], mask(buyer.account), columns),
        spread(words["Points before"], str(buyer.points_before), columns),
        spread(words["Points earned"], f"+{earned}", columns),
    ]
    if used:
        lines.append(spread(words["Points used"], f"-{used}", columns))
    lines.append(spread(words["Points now"], str(buyer.points_before + earned - used), columns))
    if points is not None:
        lines += _days(points, words, columns)
    return [*lines, *_stored(sale.tenders, words, columns)]


def _days(points: BillPoints, words: Words, columns: int) -> list[str]:
    """Return when the points of this sale may be used and when they lapse, and the standing ones."""
    lines = []
    waiting = [lot for lot in points.lots if lot.usable_on]
    for lot in waiting:
        label = f"{words['Points pending until']} {business_date(lot.usable_on)}"
        lines.append(spread(label, str(lot.points), columns))
    lapsing = [(lot.lapses_on, lot.points) for lot in points.lots if lot.lapses_on]
    if points.lapsing[1]:
        lapsing.append((points.lapsing[1], points.lapsing[0]))
    if lapsing:
        day = min(lapsing)[0]
        label = f"{words['Points lapse on']} {business_date(day)}"
        lines.append(spread(label, str(sum(n for on, n in lapsing if on == day)), columns))
    if points.standing:
        lines.append(spread(words["Standing points"], f"+{points.standing}", columns))
    return lines


def business_date(date: int) -> str:
    """Return a business date as people read it.

    >>> business_date(20261231)
    '2026-12-31'
    """
    return f"{date // 10000}-{date // 100 % 100:02d}-{date % 100:02d}"


def _stored(tenders: Sequence[Tender], words: Words, columns: int) -> list[str]:
    """Return what is left of stored value after it was paid with."""
    used = [tender for tender in tenders if tender.type == STORED_VALUE]
    if not used:
        return []
    _, bonus = split(part for tender in used for part in tender.spent)
    of_bonus = [spread(f"  {words['of it bonus']}", money(bonus), columns)] if bonus else []
    return [*of_bonus, spread(words["Stored value now"], money(used[-1].left), columns)]


def mask(account: str) -> str:
    """Return ``account`` with its middle hidden.

    >>> mask("100001"), mask("12")
    ('10**01', '**')
    """
    shown = 2
    if len(account) <= 2 * shown:
        return "*" * len(account)
    return account[:shown] + "*" * (len(account) - 2 * shown) + account[-shown:]
