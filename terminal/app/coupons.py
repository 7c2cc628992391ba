"""Verifies and signs coupons: the one place where a coupon meets a key."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from terminal.core.pricing.coupons import SIGNED_AS, Coupon, parse
from terminal.core.refusal import Key, Refusal, refuse


def verified(code: str, issuers: Mapping[str, Ed25519PublicKey]) -> Coupon | Refusal:
    """Return the coupon of ``code``, signed by one of ``issuers``; whether it may be used is not judged."""
    found = parse(code)
    if isinstance(found, Refusal):
        return found
    coupon, signature = found
    key = issuers.get(coupon.issuer)
    if key is None:
        return refuse(Key.COUPON_FOREIGN)
    try:
        key.verify(urlsafe_b64decode(signature + "=="), coupon.signed)
    except InvalidSignature:
        return refuse(Key.COUPON_FORGED)
    return coupon


def signed(coupon: Coupon, key: Ed25519PrivateKey) -> str:
    """Return the code of ``coupon``."""
    signature = urlsafe_b64encode(key.sign(coupon.signed)).decode().rstrip("=")
    return f"{coupon.signed.removeprefix(SIGNED_AS).decode()}.{signature}"
