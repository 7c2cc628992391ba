"""Coupons on paper: one after the other, each with its code to scan."""

from collections.abc import Sequence

from terminal.core.pricing.coupons import Coupon
from terminal.core.receipts.layout import spread, wrap
from terminal.core.receipts.sale import Head, business_date, mask
from terminal.core.receipts.words import Words
from terminal.core.slip import Part, QrCode, Slip, TextLine


def coupon_slip(
    coupons: Sequence[tuple[Coupon, str]], head: Head, words: Words, columns: int
) -> Slip:
    """Return a slip of coupons, each given with its code."""
    parts: list[Part] = []
    for coupon, code in coupons:
        parts += [TextLine(line, big=True, centred=True) for line in wrap(head.title, columns // 2)]
        parts.append(TextLine(f"{words['Coupon']} {coupon.campaign}", bold=True, centred=True))
        text = [spread(words["Valid through"], business_date(coupon.until), columns)]
        if coupon.holder:
            text.append(spread(words["Member"], mask(coupon.holder), columns))
        if coupon.place:
            text.append(spread(words["Till"], coupon.place, columns))
        text += [spread(words["No."], coupon.serial, columns)]
        parts += [TextLine(line) for line in text]
        parts += [QrCode(code), TextLine("-" * columns)]
    return tuple(parts)
