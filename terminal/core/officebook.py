"""What only the head office writes, into a ledger of its own: adjustments, expiry, merges, declared losses.

The ledger is sealed and chained as a till's and changes the books by the same function. A till's ledger that
holds one of these is set aside: nobody gives value to a member but the head office.
"""

from dataclasses import dataclass

from terminal.core.allowance import LotShare
from terminal.core.points.dates import BusinessDate


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


OFFICE_KINDS = (ValueAdjusted, ValueLapsed, LossDeclared)
