"""What surrounds the page and does not come from the books: names, hosts, the clock and its zone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sync.hq.page.language import Language
from terminal.core import accounts

_MEMBER = accounts.member("")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def _nobody(_account: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Around:
    """Given by the head office's program when it starts the page."""

    now_ms: Callable[[], int]
    """The wall clock, milliseconds since 1970 UTC."""
    timezone: str = "Asia/Shanghai"
    """IANA name of the zone that times are shown in."""
    hosts: tuple[str, ...] = ()
    """Names under which the page may be asked for, besides this machine's loopback."""
    name_of: Callable[[str], str] = _nobody
    """A member's name by account number, empty where it is not known here."""

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
