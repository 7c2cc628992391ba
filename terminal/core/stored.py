"""Stored value: topping up, paying with it, and what the law allows.

Principal is what the member paid in, bonus what the shop added; they are separate lots of separate units,
named alike. Paying uses the oldest top-up first and within it principal and bonus in proportion to what is
left of each, shared by largest remainder (or the bonus first, or the principal first, where the shop says
so). Principal is a tender; bonus used is a discount. A top-up is no sale: it has its own receipt and total,
and it is an allowance at its till.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from terminal.core import accounts
from terminal.core.allowance import (
    Allowance,
    Cause,
    LotShare,
    Spent,
    Wallet,
    Why,
    oldest,
)
from terminal.core.points.dates import BusinessDate
from terminal.core.pricing.basket import Member
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.rounding import share
from terminal.core.units import Minor

STORED_VALUE = "stored_value"
"""The tender."""
UNITS = (accounts.PRINCIPAL, accounts.BONUS)
BANDS_MAX = 20
DIGITS = 4
"""So many last digits of the phone number confirm a payment."""


class Order(StrEnum):
    """What is used first of one top-up."""

    TOGETHER = "together"
    BONUS_FIRST = "bonus-first"
    PRINCIPAL_FIRST = "principal-first"


@dataclass(frozen=True, slots=True)
class Band:
    """Who pays in at least ``at_least`` gets ``bonus`` on top, or ``percent`` of what is paid in."""

    at_least: Minor
    bonus: Minor = 0
    percent: int = 0


@dataclass(frozen=True, slots=True)
class TopUpRule:
    """The ladder of bonuses: the highest band that is reached counts."""

    id: str
    version: str
    name: str
    bands: tuple[Band, ...]

    def bonus(self, amount: Minor) -> Minor:
        """Return what the shop adds to ``amount``.

        >>> TopUpRule("t", "1", "", (Band(10000, 500), Band(50000, 0, 10))).bonus(60000)
        6000
        """
        reached = [band for band in self.bands if band.at_least <= amount]
        if not reached:
            return 0
        best = max(reached, key=lambda band: band.at_least)
        return best.bonus + amount * best.percent // 100


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the law and the shop allow, in minor units; 0: no limit.

    Source: the rules for single-purpose prepaid cards in China: named 5,000 yuan, anonymous 1,000; no cash
    from 50,000 yuan at once. A shop's counsel confirms.
    """

    named: Minor = 500_000
    """The most that a named member may have stored."""
    anonymous: Minor = 100_000
    """The most that an account without a name may have stored."""
    cash_from: Minor = 5_000_000
    """From this much on nothing is taken in cash."""
    at_least: Minor = 1
    """The least that may be paid in."""


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """Entry: a member paid in. Principal and bonus are lots called ``lot``, and an allowance here."""

    receipt: str
    lot: str
    account: str
    medium: str
    paid: tuple[tuple[str, Minor, str], ...]
    """How it was paid: tender, amount, reference."""
    principal: Minor
    bonus: Minor
    rule: str
    """The ladder that gave the bonus, and its version; empty without."""
    version: str
    before: tuple[Minor, Minor]
    """Principal and bonus before, as far as this till knew."""
    business_date: BusinessDate
    opened_ms: int
    expires_ms: int
    """When this till stops spending from it; 0: never."""
    is_allowance: bool = True
    """False where the till is the authority over its own books and needs none."""

    def value_lots(self) -> tuple[tuple[str, LotShare], ...]:
        """Return the lots that it makes, each with its unit."""
        parts = zip(UNITS, (self.principal, self.bonus), strict=True)
        return tuple(
            (unit, LotShare(self.lot, amount, self.business_date))
            for unit, amount in parts
            if amount
        )

    def allowances(self) -> tuple[Allowance, ...]:
        """Return the allowances that this top-up is."""
        if not self.is_allowance:
            return ()
        return tuple(
            Allowance(
                f"{self.lot}-{unit}", self.account, unit, (lot,), Cause.TOPUP, 0,
                self.opened_ms, self.expires_ms,
            )
            for unit, lot in self.value_lots()
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """What of a member's stored value may be spent at this till now."""

    principal: Minor
    bonus: Minor
    why: Why
    """Why not more."""

    @property
    def amount(self) -> Minor:
        """Both together."""
        return self.principal + self.bonus


@dataclass(frozen=True, slots=True)
class Purse:
    """A member's wallet at one moment, with the limits in force: what :func:`pay` needs."""

    wallet: Wallet
    now_ms: int
    date: BusinessDate
    order: Order = Order.TOGETHER
    most: Minor | None = None
    """The most per sale by the policy on age of what is known; None: no limit."""
    connected: bool = False
    """Whether asking the head office for more makes sense now."""
    pay_by: frozenset[str] = frozenset(("card", "uid", "phone", "number"))
    """Which media prove enough to pay from the account: the part before the colon."""
    confirm_from: Minor = 0
    """From this much on the last digits of the phone number are asked for; 0: never."""
    known: Minor = 0
    """What the member has in all, as far as is known here."""

    def less(self, spent: Iterable[Spent]) -> "Purse":
        """Return it after ``spent``."""
        return replace(self, wallet=self.wallet.less(spent))

    def may(self) -> Stored:
        """Return what may be spent."""
        of = [self.wallet.spendable(unit, self.now_ms, self.date, oldest) for unit in UNITS]
        whys = [each.why for each in of]
        why = whys[0] if whys[0] is not Why.NONE_HERE else whys[1]
        if why is Why.ALL and sum(each.amount for each in of) < self.known:
            why = Why.ELSEWHERE
        return Stored(of[0].amount, of[1].amount, why)


def unproven(purse: Purse, member: Member, amount: Minor, digits: str) -> Refusal | None:
    """Return why this member cannot pay ``amount`` from the account as they were named, or None."""
    if member.medium.partition(":")[0] not in purse.pay_by:
        return refuse(Key.VALUE_UNPROVEN)
    if purse.confirm_from and amount >= purse.confirm_from and member.phone:
        wanted = member.phone[-DIGITS:]
        return None if digits == wanted else refuse(Key.VALUE_CONFIRM, digits=DIGITS)
    return None


def pay(purse: Purse, amount: Minor) -> tuple[Spent, ...] | Refusal:
    """Return which lots pay ``amount``, or why they cannot and what still can be done."""
    if purse.most is not None and amount > purse.most:
        return refuse(Key.VALUE_TOO_OLD, possible=min(purse.most, purse.may().amount))
    groups = _by_top_up(purse)
    possible = sum(share.amount for group in groups for _, _, share in group)
    if amount > possible:
        return _used_up(purse, possible)
    parts: list[Spent] = []
    for group in groups:
        taken = min(amount, sum(share.amount for _, _, share in group))
        parts += _from_group(group, taken, purse.order)
        amount -= taken
    return tuple(parts)


def _used_up(purse: Purse, possible: Minor) -> Refusal:
    why = purse.may().why
    if why is Why.ALL:
        return refuse(Key.VALUE_SHORT, possible=possible)
    if purse.connected:
        return refuse(Key.VALUE_ASK_AGAIN, possible=possible)
    return refuse(Key.VALUE_USED_UP, possible=possible)


_Lot = tuple[str, str, LotShare]
"""Unit, allowance, what is left."""


def _by_top_up(purse: Purse) -> list[list[_Lot]]:
    """Return the spendable lots by top-up, the oldest first; principal before bonus."""
    found: list[_Lot] = [
        (unit, allowance, share)
        for unit in UNITS
        for allowance, share in purse.wallet.spendable(unit, purse.now_ms, purse.date, oldest).lots
    ]
    found.sort(key=lambda lot: (lot[2].since, lot[2].lot, UNITS.index(lot[0])))
    return [list(group) for _, group in groupby(found, key=lambda lot: (lot[2].since, lot[2].lot))]


def _from_group(group: Sequence[_Lot], amount: Minor, order: Order) -> list[Spent]:
    if order is Order.TOGETHER:
        shares = share(amount, [each.amount for _, _, each in group])
    else:
        first = accounts.BONUS if order is Order.BONUS_FIRST else accounts.PRINCIPAL
        shares = _in_turn(group, amount, first)
    return [
        Spent(allowance, unit, each.lot, part)
        for (unit, allowance, each), part in zip(group, shares, strict=True)
        if part
    ]


def _in_turn(group: Sequence[_Lot], amount: Minor, first: str) -> tuple[Minor, ...]:
    taken = [0] * len(group)
    for place in sorted(range(len(group)), key=lambda n: group[n][0] != first):
        taken[place] = min(amount, group[place][2].amount)
        amount -= taken[place]
    return tuple(taken)


def split(parts: Iterable[Spent]) -> tuple[Minor, Minor]:
    """Return how much of ``parts`` is principal and how much bonus."""
    sums = dict.fromkeys(UNITS, 0)
    for part in parts:
        if part.unit in sums:
            sums[part.unit] += part.amount
    return sums[accounts.PRINCIPAL], sums[accounts.BONUS]


@dataclass(frozen=True, slots=True)
class TopUp:
    """A top-up that is asked for."""

    amount: Minor
    tender: str
    """``cash`` or ``external``."""
    reference: str = ""


def objection(
    asked: TopUp, before: tuple[Minor, Minor], bonus: Minor, *, is_named: bool, limits: Ceilings
) -> Refusal | None:
    """Return why a top-up may not be, naming the rule, or None."""
    if asked.amount < limits.at_least:
        return refuse(Key.TOPUP_TOO_SMALL, least=limits.at_least)
    if asked.tender == "cash" and limits.cash_from and asked.amount >= limits.cash_from:
        return refuse(Key.TOPUP_CASH, limit=limits.cash_from)
    limit = limits.named if is_named else limits.anonymous
    after = sum(before) + asked.amount + bonus
    if limit and after > limit:
        key = Key.TOPUP_NAMED if is_named else Key.TOPUP_ANONYMOUS
        return refuse(key, limit=limit, possible=max(0, limit - sum(before)))
    return None
