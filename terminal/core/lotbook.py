"""What an entry does to lots: the one function that the till's projections and the head office share.

Every unit of value a member holds lies in lots. An entry makes lots (a top-up, an adjustment) and takes
from lots (whatever spends names them). Balances by lots are the fold of these moves; what a member held
when the books were opened is the lot :data:`~terminal.core.allowance.OPENING`, which only the authority's
opening figures fill, so that its moves here add up to less than nothing.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from terminal.core import accounts
from terminal.core.allowance import LotShare, Spent
from terminal.core.journal import Body, SalePosted
from terminal.core.officebook import AccountsMerged


@runtime_checkable
class Spends(Protocol):
    """A body that spends a member's value."""

    @property
    def account(self) -> str:
        """Account number of the member."""

    @property
    def value_spent(self) -> tuple[Spent, ...]:
        """What is spent, and against which allowances."""


@runtime_checkable
class Makes(Protocol):
    """A body that makes lots of a member's value."""

    @property
    def account(self) -> str:
        """Account number of the member."""

    def value_lots(self) -> tuple[tuple[str, LotShare], ...]:
        """Return the lots it makes, each with its unit."""


@dataclass(frozen=True, slots=True)
class Move:
    """A lot gets so much more, or less where ``share.amount`` is negative."""

    account: str
    unit: str
    share: LotShare


NOTHING: tuple[str, tuple[Spent, ...]] = ("", ())


def spent_in(body: Body) -> tuple[str, tuple[Spent, ...]]:
    """Return whose value ``body`` spends, and what of it."""
    if isinstance(body, SalePosted):
        parts = tuple(part for tender in body.tenders for part in tender.spent)
        parts += body.bill.points.cost_spent if body.bill.points else ()
        return (body.bill.buyer.account, parts) if parts and body.bill.buyer else NOTHING
    if isinstance(body, Spends):
        return body.account, body.value_spent
    return NOTHING


def moves_of(body: Body) -> tuple[Move, ...]:
    """Return what ``body`` does to lots, those it makes first."""
    made: tuple[Move, ...] = ()
    if isinstance(body, AccountsMerged):
        return tuple(Move(*move) for move in body.value_moves())
    if isinstance(body, Makes):
        made = tuple(Move(body.account, unit, share) for unit, share in body.value_lots())
    account, parts = spent_in(body)
    return made + tuple(
        Move(account, part.unit, LotShare(part.lot, -part.amount))
        for part in parts
        if part.unit != accounts.POINTS  # Their lots are kept by terminal.core.points.lotbook.
    )
