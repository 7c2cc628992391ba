"""Verifies, places and signs coupons: the one place where a coupon meets a key."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.schema import Coupons
from sync.protocol.keys import BadKeyError, PublicKey, SecretKey, load_public, load_secret
from terminal.core.pricing.coupons import SIGNED_AS, Coupon, CouponsIssued, parse
from terminal.core.refusal import Key, Refusal, refuse

ISSUERS_MAX = 100
SERIAL_CHARS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without what people mistake for something else: 0 and O, 1 and I."""
SERIAL_LENGTH = 16
"""80 bits: nobody guesses one, and two are never alike."""


@dataclass(frozen=True, slots=True)
class CouponDesk:
    """What a till knows of coupons: whose it takes, where they may be redeemed, and its own key."""

    terminal: str
    is_alone: bool
    """Whether there is no head office that would have to be asked."""
    issuers: Mapping[str, PublicKey] = field(default_factory=dict)
    issuer: str = ""
    key: SecretKey | None = None
    """What this till signs coupons with, as ``issuer``; None: it issues none."""

    def read(self, code: str) -> Coupon | Refusal:
        """Return the coupon of ``code`` if its signature is good and this till may redeem it."""
        coupon = verified(code, self.issuers)
        if isinstance(coupon, Refusal):
            return coupon
        if coupon.place not in ("", self.terminal):
            return refuse(Key.COUPON_ELSEWHERE, place=coupon.place)
        if not coupon.place and not self.is_alone:
            return refuse(Key.COUPON_ASK)
        return coupon

    def issue(
        self, campaign: str, until: int, holder: str, place: str, count: int
    ) -> CouponsIssued | Refusal:
        """Return the entry that issues ``count`` new coupons."""
        if self.key is None:
            return refuse(Key.COUPON_KEY)
        serials = tuple(new_serial() for _ in range(count))
        return CouponsIssued(self.issuer, campaign, until, holder, place, serials)

    def codes(self, issued: CouponsIssued) -> tuple[str, ...]:
        """Return the codes of coupons that were issued; empty at a till without their key.

        A signature is the same each time, so the codes themselves are kept nowhere.
        """
        if self.key is None or issued.issuer != self.issuer:
            return ()
        return tuple(signed(coupon, self.key) for coupon in issued.coupons)


def desk_of(settings: Coupons, terminal: str, *, is_alone: bool) -> CouponDesk:
    """Return the desk that ``settings`` describe.

    Raises:
        BadKeyError, OSError: A key cannot be read.
    """
    issuers: dict[str, PublicKey] = {}
    if settings.issuers is not None:
        paths = sorted(Path(settings.issuers).glob("*.pub"))
        if len(paths) > ISSUERS_MAX:
            raise BadKeyError(f"{settings.issuers}: more than {ISSUERS_MAX} issuers")
        issuers = {path.stem: load_public(path) for path in paths}
    key = None
    if settings.key is not None:
        key = load_secret(Path(settings.key))
        issuers[settings.issuer] = key.public
    return CouponDesk(terminal, is_alone, issuers, settings.issuer, key)


def verified(code: str, issuers: Mapping[str, PublicKey]) -> Coupon | Refusal:
    """Return the coupon of ``code``, signed by one of ``issuers``; whether it may be used is not judged."""
    found = parse(code)
    if isinstance(found, Refusal):
        return found
    coupon, signature = found
    key = issuers.get(coupon.issuer)
    if key is None:
        return refuse(Key.COUPON_FOREIGN)
    if not key.is_signature(urlsafe_b64decode(signature + "=="), coupon.signed):
        return refuse(Key.COUPON_FORGED)
    return coupon


def signed(coupon: Coupon, key: SecretKey) -> str:
    """Return the code of ``coupon``."""
    signature = urlsafe_b64encode(key.sign(coupon.signed)).decode().rstrip("=")
    return f"{coupon.signed.removeprefix(SIGNED_AS).decode()}.{signature}"


def new_serial() -> str:
    """Return a serial that nobody can guess."""
    return "".join(secrets.choice(SERIAL_CHARS) for _ in range(SERIAL_LENGTH))
