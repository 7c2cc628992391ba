"""What sales used up that rules count: limits, coupons, and who has bought before.

A projection of posted sales: made again from the records it comes out the same.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from terminal.codec.entry import decode
from terminal.core.journal import Entry, SalePosted
from terminal.core.pricing.facts import Used

DERIVED = ("rule_use", "coupon_use", "shopper")
_ADD = (
    "INSERT INTO rule_use VALUES (?, ?, ?)"
    " ON CONFLICT (rule, scope) DO UPDATE SET units = units + excluded.units"
)
_EVER = ""


def apply(connection: sqlite3.Connection, seq: int, entry: Entry) -> None:
    """Count what the sale in ``entry``, record ``seq``, used; anything else uses nothing.

    A coupon that two sales name keeps the first: a later one is the head office's to find.
    """
    if not isinstance(entry.body, SalePosted):
        return
    bill = entry.body.bill
    if bill.buyer is not None:
        _note(connection, bill.buyer.account, seq)
    drawn = bill.drawn
    if drawn.uses:
        scopes = [_EVER, _day(entry.business_date)]
        if bill.buyer is not None:
            scopes.append(_member(bill.buyer.account))
        connection.executemany(
            _ADD, [(rule, scope, units) for rule, units in drawn.uses for scope in scopes]
        )
    if drawn.coupons:
        connection.executemany(
            "INSERT INTO coupon_use VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(coupon, seq) for coupon in drawn.coupons],
        )


def fill(connection: sqlite3.Connection) -> None:
    """Note who has bought, from the sales of a ledger that was made before anybody noted it."""
    query = "SELECT seq, body FROM record WHERE number IS NOT NULL ORDER BY seq"
    for seq, body in connection.execute(query):
        sale = decode(body).body
        if isinstance(sale, SalePosted) and sale.bill.buyer is not None:
            _note(connection, sale.bill.buyer.account, seq)


def _note(connection: sqlite3.Connection, account: str, seq: int) -> None:
    # Nothing is written for whoever is there already: a sale dirties no page more than it must.
    connection.execute("INSERT INTO shopper VALUES (?, ?) ON CONFLICT DO NOTHING", (account, seq))


def _day(date: int) -> str:
    return f"d{date}"


def _member(account: str) -> str:
    return f"m{account}"


@dataclass(frozen=True, slots=True)
class LedgerHistory:
    """The till's past as :class:`terminal.core.history.History` asks for it; read at each question."""

    connection: sqlite3.Connection
    counted: Sequence[str]
    """Rules whose uses count."""
    date: int
    """Business date now."""

    def used(self, account: str) -> tuple[Used, ...]:
        """Return how often each limited rule was used; one that never was is left out."""
        found = (self._used(rule, account) for rule in self.counted)
        return tuple(each for each in found if each is not None)

    def has_bought(self, account: str) -> bool:
        """Return whether the member has a sale in this ledger."""
        query = "SELECT 1 FROM shopper WHERE account = ?"
        return self.connection.execute(query, (account,)).fetchone() is not None

    def is_redeemed(self, coupon: str) -> bool:
        """Return whether the coupon with this id was redeemed here."""
        query = "SELECT 1 FROM coupon_use WHERE coupon = ?"
        return self.connection.execute(query, (coupon,)).fetchone() is not None

    def _used(self, rule: str, account: str) -> Used | None:
        scopes = (_EVER, _day(self.date), _member(account))
        query = "SELECT scope, units FROM rule_use WHERE rule = ? AND scope IN (?, ?, ?)"
        units = dict(self.connection.execute(query, (rule, *scopes)).fetchall())
        if not units:
            return None
        ever, today, by_member = (units.get(scope, 0) for scope in scopes)
        return Used(rule, by_member if account else 0, today, ever)
