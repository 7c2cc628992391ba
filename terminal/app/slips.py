"""Receipts as things a printer can lay out on its own thread.

The signature on the receipt is made there too: it costs the loop nothing, and the printer has long begun
to move its paper.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from terminal.app.clock import ShopTime
from terminal.core.journal import Entry, SalePosted
from terminal.core.pricing.coupons import Coupon
from terminal.core.receipts.coupon import coupon_slip
from terminal.core.receipts.moved import is_moved, moved_slip
from terminal.core.receipts.points import gift_slip
from terminal.core.receipts.sale import Head, claim, copy_of, lay_out
from terminal.core.receipts.topup import top_up
from terminal.core.receipts.words import Words
from terminal.core.slip import QrCode, Slip
from terminal.core.stored import ToppedUp

Sign = Callable[[bytes], bytes]

_CLAIM_DOMAIN = b"tallypoint receipt 1\0"


@dataclass(frozen=True, slots=True)
class Stationery:
    """What all receipts of a till have in common."""

    head: Head
    words: Words
    time: ShopTime
    sign: Sign | None
    """Signs the code on the receipt; None where the shop wants no code."""


@dataclass(frozen=True, slots=True)
class SaleSlip:
    """The receipt of ``entry``; ``copy`` is 0 for the original."""

    entry: Entry
    stationery: Stationery
    copy: int = 0

    def slip(self, columns: int) -> Slip:
        """Return the receipt laid out for ``columns``."""
        look = self.stationery
        when = look.time.written(self.entry.stamp.wall_ms)
        if isinstance(self.entry.body, ToppedUp):
            slip = tuple(top_up(self.entry, when, look.head, look.words, columns))
            return copy_of(slip, look.words) if self.copy else slip
        parts = lay_out(self.entry, when, look.head, look.words, columns)
        if look.sign is not None:
            claim(parts, claim_code(self.entry, look.sign), look.words, columns)
        return copy_of(tuple(parts), look.words) if self.copy else tuple(parts)


@dataclass(frozen=True, slots=True)
class EntrySlip:
    """The slip of a gift, a draw or money moved, record ``seq``; ``again`` when it is a copy."""

    entry: Entry
    seq: int
    stationery: Stationery
    code: str = ""
    """Of a coupon that the gift is: kept nowhere, worked out again by who signs."""
    again: bool = False

    def slip(self, columns: int) -> Slip:
        """Return the slip laid out for ``columns``."""
        look = self.stationery
        when = look.time.written(self.entry.stamp.wall_ms)
        draw = moved_slip if is_moved(self.entry.body) else gift_slip
        parts = draw(self.entry, self.seq, when, look.head, look.words, columns)
        parts = (*parts, QrCode(self.code)) if self.code else parts
        return copy_of(parts, look.words) if self.again else parts


@dataclass(frozen=True, slots=True)
class CouponSlip:
    """Coupons on paper, each with its code."""

    coupons: tuple[tuple[Coupon, str], ...]
    stationery: Stationery

    def slip(self, columns: int) -> Slip:
        """Return the slip laid out for ``columns``."""
        return coupon_slip(self.coupons, self.stationery.head, self.stationery.words, columns)


def claim_code(entry: Entry, sign: Sign) -> str:
    """Return the text in a receipt's code: number, total, and the till's signature over both."""
    sale = entry.body
    assert isinstance(sale, SalePosted)
    said = f"{entry.terminal}:{sale.receipt}:{sale.bill.totals.total}"
    signature = base64.urlsafe_b64encode(sign(_CLAIM_DOMAIN + said.encode())).decode().rstrip("=")
    return f"TPR1:{said}:{signature}"


def as_text(slip: Slip) -> str:
    """Return ``slip`` as plain text, for the API and the tour."""
    lines = [getattr(part, "text", "") or f"[{getattr(part, 'data', '')}]" for part in slip]
    return "\n".join(lines) + "\n"
