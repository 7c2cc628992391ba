"""What surrounds the page and is not in the books: names, opening balances, hosts, the clock and its zone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from config.schema import Hq
from sync.hq.clerk import Clerk
from sync.hq.names import Known
from sync.hq.page.language import Language
from terminal.core import accounts

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
