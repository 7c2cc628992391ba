"""What pricing may know of the world, and the one recorder through which it is read.

Everything here was made a plain value at the edge: a lunar birthday is a word, the time is a minute of the
business day, a coupon's signature was verified. A fact that is not known satisfies no condition.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from terminal.core.pricing.basket import Member


@dataclass(frozen=True, slots=True)
class Used:
    """How often a limited rule was used before this sale, in units."""

    rule: str
    by_member: int
    today: int
    ever: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The world at the moment of a quote."""

    store: str = ""
    card_type: str = ""
    level: str = ""
    """Price level of the customer, such as ``wholesale``; empty is retail."""
    tags: frozenset[str] = frozenset()
    """Tags of the member."""
    segments: frozenset[str] = frozenset()
    date: int = 0
    """Business date as one number: 20261121; 0 is not known."""
    weekday: int = 0
    """Monday is 1, Sunday 7; 0 is not known."""
    minute: int = -1
    """Minute of the day by the wall, 0 to 1439; -1 is not known."""
    birthday: frozenset[str] = frozenset()
    """Which of ``day``, ``week`` and ``month`` of the member's birthday it is."""
    first_purchase: bool = False
    coupons: frozenset[str] = frozenset()
    """Campaigns of the verified coupons that lie on the counter."""
    chosen: frozenset[str] = frozenset()
    """Rules that cost the member something and were asked for, such as points plus money."""
    tender: str = ""
    """How the sale is to be paid as a whole, such as ``cash``; empty is not known."""
    used: tuple[Used, ...] = ()
    """Counts of the limited rules; a rule that is not named was never used."""


NO_FACTS = Facts()
"""Nothing is known but basket and member."""
NAMES = frozenset(field.name for field in fields(Facts)) | {"tier", "points"}


class Recorder:
    """Hands out facts by name and remembers which were asked for."""

    def __init__(self, member: Member | None, facts: Facts) -> None:
        self._member = member
        self._facts = facts
        self.names: set[str] = {"tier"} if member else set()
        self.counted: set[str] = set()
        """Rules whose counts were asked for."""
        self.is_member = member is not None

    def __call__(self, name: str) -> Any:
        """Return the fact ``name``; an empty value when it is not known."""
        self.names.add(name)
        return self.peek(name)

    def peek(self, name: str) -> Any:
        """Return the fact without a note of it."""
        if name == "tier":
            return self._member.tier if self._member else ""
        if name == "points":
            return self._member.points - self._member.pending if self._member else 0
        return getattr(self._facts, name)

    def fresh(self) -> "Recorder":
        """Return a recorder of the same world that has noted nothing yet."""
        other = Recorder(self._member, self._facts)
        other.names.clear()
        return other

    def used(self, rule: str) -> Used:
        """Return how often ``rule`` was used before."""
        self.names.add("used")
        self.counted.add(rule)
        found = (each for each in self._facts.used if each.rule == rule)
        return next(found, Used(rule, 0, 0, 0))

    def read(self) -> tuple[tuple[str, str], ...]:
        """Return all that was read, as the entry keeps it; the tier of a member always stands first."""
        rest = sorted(self.names - {"tier"})
        names = ("tier", *rest) if "tier" in self.names else rest
        return tuple((name, self._text(name)) for name in names)

    def _text(self, name: str) -> str:
        if name != "used":
            return _text(self.peek(name))
        return _text(tuple(each for each in self._facts.used if each.rule in self.counted))


def facts_of(read: tuple[tuple[str, str], ...]) -> Facts:
    """Return the facts that an entry kept, so that its price can be worked out again.

    What was not read then is not known now and changes nothing.

    Raises:
        ValueError: They are not as :meth:`Recorder.read` writes them.

    >>> facts_of((("tier", "gold"), ("date", "20261121"), ("tags", "a,b"))).date
    20261121
    """
    values: dict[str, Any] = {}
    for name, text in read:
        kind = _KINDS.get(name)
        if kind is not None:
            values[name] = kind(text)
    return Facts(**values)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace(",", "%2C")


def _set_of(text: str) -> frozenset[str]:
    parts = text.split(",") if text else ()
    return frozenset(part.replace("%2C", ",").replace("%25", "%") for part in parts)


def _used_of(text: str) -> tuple[Used, ...]:
    found = []
    for part in text.split():
        rule, _, counts = part.rpartition(":")
        by_member, today, ever = map(int, counts.split("/"))
        found.append(Used(rule, by_member, today, ever))
    return tuple(found)


_KINDS: dict[str, Callable[[str], Any]] = {
    "store": str, "card_type": str, "level": str, "tender": str,
    "date": int, "weekday": int, "minute": int,
    "tags": _set_of, "segments": _set_of, "birthday": _set_of, "coupons": _set_of,
    "chosen": _set_of, "first_purchase": "yes".__eq__, "used": _used_of,
}  # fmt: skip
"""How each fact is read back from its text; tier and points are the buyer's."""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ",".join(sorted(map(_escaped, value)))
    if isinstance(value, tuple):
        return " ".join(f"{u.rule}:{u.by_member}/{u.today}/{u.ever}" for u in value)
    return str(value)
