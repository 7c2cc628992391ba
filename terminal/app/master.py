"""The loop's side of the head office's master data: which of it is in force, and how fresh it is.

The uplink's thread changes the files. The loop reads them as of one moment and goes over to a newer one
between two events, never while a price is fixed and being paid; an open basket is priced anew, so that
what an entry names as its rules is what it was priced with.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from sync.uplink.api import Mastered
from terminal.app.clock import wall_ms
from terminal.app.edges import Edges
from terminal.app.look import Look
from terminal.app.promotions import rolled_out
from terminal.app.wallet import Wallet
from terminal.core.pricing.rules import RuleBook
from terminal.core.purse.work import Free
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.sale import Due, Open, repriced
from terminal.core.till import Till
from terminal.store.catalog import Catalog
from terminal.store.members import Members
from terminal.store.rolled import chosen

WANTED = ("catalogue", "members")
"""Without these the till has nothing to go by."""
_UNKNOWN = frozenset({Key.UNKNOWN_CODE, Key.UNKNOWN_CARD, Key.UNKNOWN_MEMBER})


def open_files(folder: Path, wallet: Wallet) -> tuple[Look, RuleBook]:
    """Return lookups and rules as the files below ``folder`` are now.

    Raises:
        MasterDataError: One cannot be opened.
    """
    catalog = Catalog.open(folder / "catalog.db")
    members = Members.open(folder / "members.db", wallet.books.holdings)
    catalog.pin()
    members.pin()
    return Look(catalog, members, wallet), catalog.rule_book()


@dataclass(slots=True)
class MasterData:
    """What the loop knows of the master data that comes from the head office."""

    folder: Path
    wallet: Wallet
    fresh_ms: dict[str, int] = field(default_factory=dict)
    """When each table was last known to be the newest, in milliseconds since 1970."""
    _held: set[str] = field(default_factory=set)
    _is_stale: bool = False
    _next_ms: int | None = 0
    """When rules that were rolled out are to be looked at again; 0 at the start."""

    @classmethod
    def read(cls, folder: Path, wallet: Wallet) -> "MasterData":
        """Return where an earlier run left it.

        Raises:
            MasterDataError: The files cannot be read.
        """
        from terminal.store.mirrorfiles import versions  # noqa: PLC0415 - a till with a shop file needs none.

        found = versions(folder)
        fresh = {table: at_ms for table, (_, at_ms) in found.items() if at_ms is not None}
        return cls(folder, wallet, fresh, set(found))

    @property
    def is_waiting(self) -> bool:
        """Whether the head office has not sent its first goods and members yet."""
        return not self._held.issuperset(WANTED)

    def note(self, event: Mastered, now_ms: int) -> None:
        """Take note that a table is as the head office has it."""
        self._is_stale |= event.is_changed
        if event.is_word:
            self.fresh_ms[event.table] = now_ms
            self._held.add(event.table)

    def renew(self, edges: Edges, till: Till) -> Till:
        """Go over to what the files say now, if it is time; return the till, priced accordingly."""
        now_ms = wall_ms()
        if not self._is_stale and (self._next_ms is None or now_ms < self._next_ms):
            return till
        if isinstance(till.sale, Due) or not isinstance(till.purse, Free):
            return till
        look, plain = open_files(self.folder, self.wallet)
        found = chosen(self.folder, edges.store, now_ms)
        rules = (promotions := rolled_out(found)).over(plain)
        after = till
        is_other = (rules.version, rules.catalogue) != (edges.rules.version, edges.rules.catalogue)
        if isinstance(till.sale, Open) and is_other:
            sale = repriced(till.sale.sale, replace(edges.turn(""), rules=rules))
            if isinstance(sale, Refusal):
                look.close()
                return till  # Too much for one sale at the new prices: it is ended at the old ones.
            after = replace(till, sale=Open(sale))
        self._is_stale, self._next_ms = False, found.next_ms
        edges.promotions, edges.shop_faults = promotions, len(promotions.faults)
        edges.renew(look, plain)
        return after

    def explain(self, refusal: Refusal) -> Refusal:
        """Return ``refusal``, or that nothing can be known yet."""
        if self.is_waiting and refusal.key in _UNKNOWN:
            return refuse(Key.NO_DATA_YET)
        return refusal
