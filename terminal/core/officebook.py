"""What only the head office writes, into a ledger of its own: expiry, merges, losses, verdicts and more.

The ledger is sealed and chained as a till's and changes the books by the same function. A till's ledger that
holds one of these is set aside: nobody gives value to a member but the head office.
"""

from dataclasses import dataclass, replace

from terminal.core.allowance import LotShare
from terminal.core.points.dates import BusinessDate
from terminal.core.points.entries import LotPart


@dataclass(frozen=True, slots=True)
class ValueAdjusted:
    """Entry: a person gave a member value, or took it, for a reason."""

    account: str
    unit: str
    lots: tuple[LotShare, ...]
    """What each lot gets more; less, where negative."""
    reason: str
    by: str

    def value_lots(self) -> tuple[tuple[str, LotShare], ...]:
        """Return the lots that change, each with its unit."""
        return tuple((self.unit, lot) for lot in self.lots)


@dataclass(frozen=True, slots=True)
class ValueLapsed:
    """Entry: lots whose day is past are gone. Tills never say so: to them such a lot is not usable."""

    account: str
    unit: str
    lots: tuple[LotShare, ...]
    """What is gone, positive."""
    date: BusinessDate

    def value_lots(self) -> tuple[tuple[str, LotShare], ...]:
        """Return the lots that change, each with its unit."""
        return tuple(
            (self.unit, LotShare(lot.lot, -lot.amount, lot.since, lot.usable_on, lot.lapses_on))
            for lot in self.lots
        )


@dataclass(frozen=True, slots=True)
class LossDeclared:
    """Entry: a till is lost, a person says so; what was set aside for it is free again."""

    terminal: str
    ids: tuple[str, ...]
    """The allowances."""
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class AccountsMerged:
    """Entry: two accounts are one member's; what ``account`` held moves to ``into``, lot by lot.

    More than one may say so of the same two: what a till earned for the account that went, before it heard
    of it, follows.
    """

    account: str
    """Whose cards and phone name ``into`` from now on."""
    into: str
    units: tuple[tuple[str, int], ...]
    """How much moves of each unit; a debt is negative."""
    lots: tuple[tuple[str, LotShare], ...]
    """Lots of stored value, each with its unit."""
    points: tuple[LotPart, ...]
    """Dated lots of points."""
    reason: str
    by: str

    def value_moves(self) -> tuple[tuple[str, str, LotShare], ...]:
        """Return what happens to lots of stored value: account number, unit and what is added."""
        gone = tuple(
            (self.account, unit, replace(lot, amount=-lot.amount)) for unit, lot in self.lots
        )
        return gone + tuple((self.into, unit, lot) for unit, lot in self.lots)

    def point_moves(self) -> tuple[tuple[str, LotPart], ...]:
        """Return what happens to dated lots of points: account number and what is added."""
        gone = tuple((self.account, replace(lot, points=-lot.points)) for lot in self.points)
        return gone + tuple((self.into, lot) for lot in self.points)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Entry: a person settled something that waited for one; it moves nothing."""

    what: str
    """``record`` in quarantine, ``refused`` message, ``anomaly``, or ``conflict`` of two members."""
    subject: str
    """Which one, such as ``LEDGER/0#17`` of a record or the account number of a conflict."""
    reason: str
    """Empty: it was opened again."""
    by: str


OFFICE_KINDS = (ValueAdjusted, ValueLapsed, LossDeclared, AccountsMerged, Verdict)
