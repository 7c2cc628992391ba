"""A refusal: somebody asked for what cannot be, and is told what to do instead.

Refusals are returned, never raised. ``key`` is stable and part of the outer contract; the sentence a
person reads is made from it by the counter's translations.
"""

from dataclasses import dataclass
from enum import StrEnum


class Key(StrEnum):
    """Every reason the till can refuse for. Each has a sentence in every language."""

    SIGN_IN_FIRST = "sign-in-first"
    WRONG_PIN = "wrong-pin"
    LOCKED_OUT = "locked-out"
    PIN_MUST_CHANGE = "pin-must-change"
    PIN_TOO_SIMPLE = "pin-too-simple"
    UNKNOWN_OPERATOR = "unknown-operator"
    UNKNOWN_CODE = "unknown-code"
    CHECK_DIGIT = "check-digit"
    PAYMENT_CODE = "payment-code"
    UNREADABLE_CODE = "unreadable-code"
    UNKNOWN_CARD = "unknown-card"
    UNKNOWN_MEMBER = "unknown-member"
    SEVERAL_MEMBERS = "several-members"
    RANDOM_UID = "random-uid"
    CARD_LOST = "card-lost"
    CARD_MALFORMED = "card-malformed"
    CARD_UNREADABLE = "card-unreadable"
    CARD_OTHER_SHOP = "card-other-shop"
    CARD_KEY_VERSION = "card-key-version"
    CARD_BAD_MAC = "card-bad-mac"
    CARD_CLONED = "card-cloned"
    CARD_REPLAYED = "card-replayed"
    NO_SALE = "no-sale"
    EMPTY_BASKET = "empty-basket"
    BASKET_FULL = "basket-full"
    NO_SUCH_LINE = "no-such-line"
    SALE_DUE = "sale-due"
    SALE_OPEN = "sale-open"
    AMOUNT_RANGE = "amount-range"
    QUANTITY_RANGE = "quantity-range"
    PRICE_RIGHT = "price-right"
    SUPERVISOR_ONLY = "supervisor-only"
    OVERPAID = "overpaid"
    REFERENCE_MISSING = "reference-missing"
    TENDER_NOT_HERE = "tender-not-here"
    PAYMENT_TAKEN = "payment-taken"
    NOTHING_HELD = "nothing-held"
    HOLD_FULL = "hold-full"
    NO_SUCH_RECEIPT = "no-such-receipt"
    ID_REUSED = "id-reused"
    TOTAL_DIFFERS = "total-differs"
    NO_PRINTER = "no-printer"
    STILL_PRINTING = "still-printing"
    NO_SUCH_DEVICE = "no-such-device"
    COUPON_FORGED = "coupon-forged"
    COUPON_EXPIRED = "coupon-expired"
    COUPON_FOREIGN = "coupon-foreign"
    COUPON_USED = "coupon-used"
    COUPON_HERE = "coupon-here"
    COUPON_NO_RULE = "coupon-no-rule"
    COUPON_ONE = "coupon-one"
    COUPON_TOO_MANY = "coupon-too-many"
    COUPON_ELSEWHERE = "coupon-elsewhere"
    COUPON_ASK = "coupon-ask"
    COUPON_KEY = "coupon-key"
    NO_SUCH_CHOICE = "no-such-choice"
    CHOICE_TOO_MANY = "choice-too-many"
    POINTS_NOT_ENOUGH = "points-not-enough"
    POINTS_BELOW_MINIMUM = "points-below-minimum"
    POINTS_NOT_A_STEP = "points-not-a-step"
    POINTS_OVER_MAXIMUM = "points-over-maximum"
    POINTS_NOT_FOR_MEMBER = "points-not-for-member"
    POINTS_NOT_IN_FORCE = "points-not-in-force"
    POINTS_BILL_TOO_SMALL = "points-bill-too-small"
    POINTS_OUT_OF_STOCK = "points-out-of-stock"
    POINTS_MEMBER_LIMIT = "points-member-limit"
    POINTS_AMOUNT_RANGE = "points-amount-range"
    POINTS_REASON_MISSING = "points-reason-missing"
    POINTS_APPROVAL_MISSING = "points-approval-missing"
    POINTS_CHOICE_MISSING = "points-choice-missing"
    POINTS_ALREADY_GIVEN = "points-already-given"
    POINTS_DATE_BEFORE_LAST = "points-date-before-last"
    POINTS_NO_SUCH_LINE = "points-no-such-line"
    POINTS_MORE_THAN_SOLD = "points-more-than-sold"
    POINTS_DRAWS_USED_UP = "points-draws-used-up"
    POINTS_NO_RULE = "points-no-rule"
    POINTS_NO_MEMBER = "points-no-member"
    POINTS_USED_ALREADY = "points-used-already"
    POINTS_RIGHT = "points-right"
    NO_SUCH_RULE = "points-no-such-rule"
    LOTTERY_NOT_OPEN = "points-lottery-not-open"
    NO_DATA_YET = "no-data-yet"
    DISK_FULL = "disk-full"
    VALUE_NO_MEMBER = "value-no-member"
    VALUE_SHORT = "value-short"
    VALUE_USED_UP = "value-used-up"
    VALUE_ASK_AGAIN = "value-ask-again"
    VALUE_TOO_OLD = "value-too-old"
    VALUE_UNPROVEN = "value-unproven"
    VALUE_CONFIRM = "value-confirm"
    TOPUP_RIGHT = "topup-right"
    TOPUP_TOO_SMALL = "topup-too-small"
    TOPUP_CASH = "topup-cash"
    TOPUP_NAMED = "topup-named"
    TOPUP_ANONYMOUS = "topup-anonymous"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done, and the facts its sentence needs."""

    key: Key
    facts: tuple[tuple[str, str | int], ...] = ()


def refuse(key: Key, **facts: str | int) -> Refusal:
    """Return a refusal with ``facts`` for its sentence.

    >>> refuse(Key.UNKNOWN_CODE, code="6901").facts
    (('code', '6901'),)
    """
    return Refusal(key, tuple(facts.items()))
