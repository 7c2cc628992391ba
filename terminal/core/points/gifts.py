"""Gifts for points (积分兑换): goods with stock, points plus money, virtual goods, coupons, upgrades.

The stock and what a member has had are projections that the caller reads; here it is decided whether an
exchange can be and what it costs.
"""

from dataclasses import dataclass
from enum import StrEnum

from terminal.core.points.conditions import When, Whom
from terminal.core.points.occasion import Occasion, is_in_force, serves
from terminal.core.points.refused import Reason, Refused, refused
from terminal.core.units import Minor, Points

PIECES_MAX = 1_000
"""Of one gift in one exchange."""


class What(StrEnum):
    """What a gift is, and so what its posting leads to."""

    GOODS = "goods"
    """An article that leaves the stock; ``grants`` is its code."""
    VIRTUAL = "virtual"
    """A code, a voucher of a partner, an activity."""
    PRIVILEGE = "privilege"
    """A right for some days, such as the lounge."""
    COUPON = "coupon"
    """A coupon of our own; ``grants`` is its template."""
    UPGRADE = "upgrade"
    """A tier; ``grants`` is its name."""


@dataclass(frozen=True, slots=True)
class Gift:
    """One thing to be had for points, or for points and money."""

    id: str
    version: str
    name: str
    what: What
    grants: str
    days: int
    """How long a privilege, coupon or upgrade holds; 0: for ever, or does not matter."""
    points: Points
    """For one piece."""
    money: Minor
    """On top, for one piece; paid with tenders like goods."""
    stocked: bool
    """False: there is always more of it."""
    member_max: int
    """Pieces for one member in all; 0: no limit."""
    whom: Whom
    when: When

    def __post_init__(self) -> None:
        assert self.points > 0
        assert self.money >= 0
        assert self.member_max >= 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange that can be."""

    gift: Gift
    pieces: int
    points: Points
    money: Minor
    stock_taken: int


def exchange(
    gift: Gift, pieces: int, occasion: Occasion, available: Points, standing: tuple[int, int]
) -> Exchange | Refused:
    """Return what ``pieces`` of ``gift`` cost, or why not.

    ``standing`` is the stock left and the pieces that this member has had.
    """
    stock, had = standing
    if not 1 <= pieces <= PIECES_MAX:
        return refused(Reason.AMOUNT_RANGE, pieces_max=PIECES_MAX)
    if not occasion.account or not serves(gift.whom, occasion):
        return refused(Reason.NOT_FOR_MEMBER, rule=gift.id)
    if not is_in_force(gift.when, occasion):
        return refused(Reason.NOT_IN_FORCE, rule=gift.id)
    if gift.stocked and pieces > stock:
        return refused(Reason.OUT_OF_STOCK, stock=stock)
    if gift.member_max and had + pieces > gift.member_max:
        return refused(Reason.MEMBER_LIMIT, left=max(0, gift.member_max - had))
    points = gift.points * pieces
    if points > available:
        return refused(Reason.NOT_ENOUGH, available=max(available, 0), asked=points)
    return Exchange(gift, pieces, points, gift.money * pieces, pieces if gift.stocked else 0)
