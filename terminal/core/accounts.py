"""The chart of accounts: where amounts lie, and in which units.

House accounts are the shop's; a member's accounts are named by the member's account number. Amounts are
signed, debits positive: what the shop owes a member is a negative amount here and is shown positive.
Points and coupons used are discounts and no revenue; principal is a tender.
"""

MONEY = "money"
POINTS = "points"
STANDING = "standing"
"""Points that only grow and decide tiers: a unit of its own, never burned, never lapsing."""
PRINCIPAL = "principal"
BONUS = "bonus"

CASH = "house:cash"
"""Asset: the drawer."""
EXTERNAL = "house:external"
"""Asset: what card terminals and QR payments owe the shop."""
DUE = "house:due"
"""Liability: paid ahead for a sale that is not posted yet."""
SALES = "house:sales"
"""Revenue at shelf prices."""
DISCOUNTS = "house:discounts"
"""Revenue given up, by rules that name themselves in the entry."""
ROUNDING = "house:rounding"
"""Revenue given up by rounding the total (抹零)."""
PURSES = "house:purses"
"""Liability: the money on cards, which the shop owes whoever holds them."""
POINTS_ISSUED = "house:points"
"""The other side of every point a member holds."""
STANDING_ISSUED = "house:standing"
"""The other side of every standing point."""
POINTS_USED = "house:points-used"
"""Revenue given up for points used as cash."""
GIFTS = "house:gifts"
"""Revenue of what members pay on top of points for gifts."""
STORED = "house:stored"
"""Liability: what members paid in and have not spent yet, in money."""
ADJUSTED = "house:adjusted"
"""What the head office gave or took of what members paid in, in money."""
PRINCIPAL_ISSUED = "house:principal"
"""The other side of every principal a member holds."""
BONUS_ISSUED = "house:bonus"
"""The other side of every bonus a member holds."""

UNITS = {
    CASH: MONEY,
    EXTERNAL: MONEY,
    DUE: MONEY,
    SALES: MONEY,
    DISCOUNTS: MONEY,
    ROUNDING: MONEY,
    PURSES: MONEY,
    POINTS_ISSUED: POINTS,
    STANDING_ISSUED: STANDING,
    POINTS_USED: MONEY,
    GIFTS: MONEY,
    STORED: MONEY,
    ADJUSTED: MONEY,
    PRINCIPAL_ISSUED: PRINCIPAL,
    BONUS_ISSUED: BONUS,
}
"""Every house account and the one unit it is kept in."""

MEMBER_UNITS = frozenset({POINTS, STANDING, PRINCIPAL, BONUS})
_MEMBER = "member:"


def member(account: str) -> str:
    """Return the account in the books of the member with this account number.

    >>> member("100001")
    'member:100001'
    """
    return _MEMBER + account


def is_known(account: str, unit: str) -> bool:
    """Return whether ``account`` exists in the chart and may hold ``unit``.

    >>> is_known(CASH, MONEY), is_known(CASH, POINTS), is_known("member:1", POINTS)
    (True, False, True)
    """
    if account.startswith(_MEMBER):
        return unit in MEMBER_UNITS and len(account) > len(_MEMBER)
    return UNITS.get(account) == unit
