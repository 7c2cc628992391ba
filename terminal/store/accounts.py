"""What the ledger's own thread asks of members' accounts: balances, lots, allowances, tallies."""

from terminal.core.allowance import Held, LotShare, Wallet
from terminal.core.points.entries import LotPart
from terminal.core.points.tallies import Tally
from terminal.store import allowances, lots, tallies
from terminal.store.commit import Disk


class Accounts:
    """The part of a ledger that answers for accounts; it reads only."""

    _disk: Disk

    def balance(self, account: str, unit: str) -> int:
        """Return the signed balance of an account; what is owed to a member is negative."""
        row = self._disk.run(
            "SELECT amount FROM balance WHERE account = ? AND unit = ?", (account, unit)
        ).fetchone()
        return row[0] if row else 0

    def holdings(self, account: str) -> dict[str, int]:
        """Return the signed balances of an account by unit."""
        return dict(
            self._disk.run(
                "SELECT unit, amount FROM balance WHERE account = ?", (account,)
            ).fetchall()
        )

    def lots(self, account: str) -> tuple[LotPart, ...]:
        """Return what this ledger did to the dated lots of the member with this account number."""
        return lots.lots_of(self._disk.connection, account)

    def wallet(self, account: str) -> Wallet:
        """Return the open allowances of a member and what is left of them."""
        return allowances.wallet(self._disk.connection, account)

    def open_allowances(self) -> tuple[Held, ...]:
        """Return every open allowance and what is left of it."""
        return allowances.open_allowances(self._disk.connection)

    def value_lots(self, account: str) -> tuple[tuple[str, LotShare], ...]:
        """Return what this ledger did to a member's lots, each with its unit."""
        return allowances.lots(self._disk.connection, account)

    def tally(self, name: str) -> Tally:
        """Return what was given before under a name of :mod:`terminal.core.points.tallies`."""
        return tallies.tally_of(self._disk.connection, name)
