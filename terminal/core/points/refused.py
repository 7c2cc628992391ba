"""Why something about points cannot be: returned, never raised.

The counter joins these to its own refusals with a sentence in each language where it offers the act.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Every reason the points have."""

    NOT_ENOUGH = "points-not-enough"
    BELOW_MINIMUM = "points-below-minimum"
    NOT_A_STEP = "points-not-a-step"
    OVER_MAXIMUM = "points-over-maximum"
    NOT_FOR_MEMBER = "points-not-for-member"
    NOT_IN_FORCE = "points-not-in-force"
    BILL_TOO_SMALL = "points-bill-too-small"
    OUT_OF_STOCK = "points-out-of-stock"
    MEMBER_LIMIT = "points-member-limit"
    AMOUNT_RANGE = "points-amount-range"
    REASON_MISSING = "points-reason-missing"
    APPROVAL_MISSING = "points-approval-missing"
    CHOICE_MISSING = "points-choice-missing"
    ALREADY_GIVEN = "points-already-given"
    DATE_BEFORE_LAST = "points-date-before-last"
    NO_SUCH_LINE = "points-no-such-line"
    MORE_THAN_SOLD = "points-more-than-sold"
    DRAWS_USED_UP = "points-draws-used-up"
    NO_RULE = "points-no-rule"
    NO_MEMBER = "points-no-member"
    USED_ALREADY = "points-used-already"


@dataclass(frozen=True, slots=True)
class Refused:
    """What was asked for cannot be, and the numbers a sentence about it needs."""

    reason: Reason
    facts: tuple[tuple[str, int | str], ...] = ()


def refused(reason: Reason, **facts: int | str) -> Refused:
    """Return a refusal with ``facts`` for its sentence."""
    return Refused(reason, tuple(facts.items()))
