"""What surrounds the page and is not in the books: names, opening balances, hosts, the clock and its zone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from config.schema import Hq
from sync.hq.clerk import Clerk
from sync.hq.database import Database, StoreError
from sync.hq.names import Known
from sync.hq.ownledger import OwnLedger
from sync.hq.page.language import Language
from sync.hq.settle import Judge
from sync.hq.store import Store
from sync.protocol.keys import BadKeyError, load_secret
from terminal.core import accounts
from terminal.core.points.dates import BusinessDate

_MEMBER = accounts.member("")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Around:
    """Given by the head office's program when it starts the page."""

    now_ms: Callable[[], int]
    """The wall clock, milliseconds since 1970 UTC."""
    clerk: Clerk
    """Carries out what people decide."""
    timezone: str = "Asia/Shanghai"
    """IANA name of the zone that times are shown in."""
    hosts: tuple[str, ...] = ()
    """Names under which the page may be asked for, besides this machine's loopback."""
    known: Known = field(default_factory=Known)
    """Names, and what members held at the opening of the books."""

    office: Hq | None = None
    """The settings, where the page is the head office's own."""

    def today(self) -> BusinessDate:
        """Return the day it is in the shops."""
        now = datetime.fromtimestamp(self.now_ms() / 1_000, ZoneInfo(self.timezone))
        return now.year * 10_000 + now.month * 100 + now.day

    def ledger(self, database: Database) -> OwnLedger | None:
        """Return the head office's own ledger, where the page is its own; on the clerk's thread.

        Raises:
            StoreError: Its key cannot be read.
        """
        if self.office is None:
            return None
        try:
            key = load_secret(Path(self.office.signing_key))
        except (BadKeyError, OSError) as error:
            raise StoreError(f"the head office's key: {error}") from error
        return OwnLedger(Store(database), key)

    def judge(self, database: Database) -> Judge | None:
        """Return who writes verdicts into the ledger, as :meth:`ledger`."""
        own = self.ledger(database)
        return None if own is None else Judge(own, self.today())

    def name_of(self, number: str) -> str:
        """Return a member's name by account number, empty where it is not known here."""
        return self.known.names.get(number, "")

    def tier_of(self, tier: str) -> str:
        """Return a tier's name by its id, or the id where no name is known here."""
        return self.known.tiers.get(tier, tier)

    def opening(self, account: str, unit: str) -> int:
        """Return what an account in the books held before their first entry."""
        return self.known.opening.get((account, unit), 0)

    def opening_of_all(self, unit: str) -> int:
        """Return what all members held together before the first entry."""
        return sum(held for (_, kind), held in self.known.opening.items() if kind == unit)

    def called(self, account: str) -> str:
        """Return the name of the member whose account in the books is ``account``, or nothing."""
        number = account.removeprefix(_MEMBER)
        return "" if number == account else self.name_of(number)


@dataclass(frozen=True, slots=True)
class Languages:
    """All languages, loaded once; ``first`` is the one of the settings."""

    first: str
    by_locale: dict[str, Language] = field(default_factory=dict)

    def pick(self, wanted: str | None) -> Language:
        """Return the language ``wanted``, or the first one where it is none of ours."""
        return self.by_locale.get(wanted or self.first, self.by_locale[self.first])
