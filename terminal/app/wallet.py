"""What a member holds in points now: the head office's word, what this till did since, and the date."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from terminal.core import accounts
from terminal.core.points import tallies
from terminal.core.points.dates import BusinessDate
from terminal.core.points.entries import LotPart
from terminal.core.points.lotbook import holding_of, next_lapse
from terminal.core.points.lots import Holding
from terminal.core.points.tallies import Tally
from terminal.core.pricing.basket import Member
from terminal.store.lots import merged
from terminal.store.members import Members, shown


class Books(Protocol):
    """This till's ledger, as far as points need it."""

    ledger_id: str

    def holdings(self, account: str) -> dict[str, int]:
        """Return the signed balances of an account by unit."""

    def lots(self, account: str) -> tuple[LotPart, ...]:
        """Return what this ledger did to the dated lots of a member."""

    def tally(self, name: str) -> Tally:
        """Return what was given before under a name."""


@dataclass(frozen=True, slots=True)
class Wallet:
    """Reads points; used by one thread."""

    books: Books
    today: Callable[[], BusinessDate]
    is_authority: bool = True
    """Whether this till has the last word on its members' points: there is no head office."""

    def holding(self, who: Member, members: Members) -> Holding:
        """Return the lots of ``who`` as they are today; ``who.points`` is the whole balance."""
        lots = self._lots(who.account, members)
        return holding_of(who.points, lots, self.today())

    def seen(self, who: Member, members: Members) -> Member:
        """Return ``who``, whose ``points`` are the whole balance, as the counter sees them today."""
        stated, base = members.standing(who.account)
        own = self.books.holdings(accounts.member(who.account)).get(accounts.STANDING, 0)
        standing = shown(stated, base, own)
        raised = self.books.tally(tallies.tier(who.account))
        if raised.text and (not raised.day or self.today() <= raised.day):
            who = replace(who, tier=raised.text, tier_name=members.tier_name(raised.text))
        lots = self._lots(who.account, members)
        if not lots:
            return replace(who, standing=standing) if standing else who
        date = self.today()
        held = holding_of(who.points, lots, date)
        pending = held.pending(date)
        return replace(
            who,
            points=held.available(date) + pending,
            pending=pending,
            lapsing=next_lapse(held),
            standing=standing,
        )

    def _lots(self, account: str, members: Members) -> tuple[LotPart, ...]:
        own = self.books.lots(account)
        stated = members.lots(account, self.books.ledger_id)
        return merged(stated, own) if stated else own
