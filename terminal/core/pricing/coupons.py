"""Coupons: single-use codes that any till can judge without asking anybody.

A code is ``TPC1.issuer.campaign.serial.until.holder.place.signature``. The signature (Ed25519 over everything
before its dot, verified at the edge) makes it the issuer's; campaign and day are in it, so nothing is looked
up. What a campaign gives is a rule of prices that asks for it. That a serial was used is known from this
till's ledger. That it is used once over all tills follows from its place, the one till that may redeem it
without asking anybody; a coupon without a place is asked for at the head office where there is one.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from terminal.core.refusal import Key, Refusal, refuse

MARK = "TPC1"
CODE_MAX = 256
ISSUED_MAX = 500
"""Coupons given out at once: their serials fit into one entry."""
SIGNED_AS = b"tallypoint coupon 1\n"
"""Stands before what is signed, so that no other signature of the same key can pass for a coupon's."""
_CODE = re.compile(
    r"(?P<signed>TPC1"
    r"\.(?P<issuer>[A-Za-z0-9][A-Za-z0-9-]{0,30})"
    r"\.(?P<campaign>[A-Za-z0-9][A-Za-z0-9-]{0,30})"
    r"\.(?P<serial>[A-Z0-9]{6,24})"
    r"\.(?P<until>20[0-9]{6})"
    r"\.(?P<holder>[A-Za-z0-9-]{0,31})"
    r"\.(?P<place>[A-Za-z0-9-]{0,31}))"
    r"\.(?P<signature>[A-Za-z0-9_-]{86})\Z"
)


@dataclass(frozen=True, slots=True)
class Coupon:
    """What a coupon says of itself."""

    issuer: str
    campaign: str
    serial: str
    """Unique for its issuer."""
    until: int
    """Last business date: 20261231."""
    holder: str
    """Account it was given to; empty is whoever brings it."""
    place: str = ""
    """The till that may redeem it offline; empty is any that asks first."""

    @property
    def id(self) -> str:
        """What names it among all coupons."""
        return f"{self.issuer}.{self.serial}"

    @property
    def signed(self) -> bytes:
        """What the issuer signs."""
        names = (self.issuer, self.campaign, self.serial, str(self.until), self.holder, self.place)
        return SIGNED_AS + ".".join((MARK, *names)).encode()


@dataclass(frozen=True, slots=True)
class CouponsIssued:
    """Coupons were given out; their codes follow from this and the issuer's key."""

    issuer: str
    campaign: str
    until: int
    """Last business date."""
    holder: str
    place: str
    serials: tuple[str, ...]

    @property
    def coupons(self) -> tuple[Coupon, ...]:
        """The coupons themselves."""
        named = (self.until, self.holder, self.place)
        return tuple(Coupon(self.issuer, self.campaign, serial, *named) for serial in self.serials)


def is_code(text: str) -> bool:
    """Return whether ``text`` claims to be a coupon."""
    return text.startswith(MARK + ".")


def parse(code: str) -> tuple[Coupon, str] | Refusal:
    """Return the coupon that ``code`` claims to be and its signature, neither believed yet."""
    found = _CODE.match(code) if len(code) <= CODE_MAX else None
    if found is None:
        return refuse(Key.UNREADABLE_CODE)
    coupon = Coupon(
        found["issuer"], found["campaign"], found["serial"], int(found["until"]), found["holder"],
        found["place"],
    )  # fmt: skip
    return coupon, found["signature"]


def judge(coupon: Coupon, today: int, account: str, used: Container[str]) -> Refusal | None:
    """Return why a coupon with a good signature is not taken; None when it is.

    ``today`` is the business date, ``account`` the member at the till or empty, ``used`` the serials of the
    issuer that were redeemed.
    """
    if coupon.until < today:
        return refuse(Key.COUPON_EXPIRED, until=coupon.until)
    if coupon.holder and coupon.holder != account:
        return refuse(Key.COUPON_FOREIGN)
    if coupon.serial in used:
        return refuse(Key.COUPON_USED)
    return None
