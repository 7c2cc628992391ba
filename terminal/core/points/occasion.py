"""The occasion of a sale: who, where and when, and whether a rule's conditions hold for it.

Everything the rules of points may ask of the world is a field here, so that an entry which keeps what was
read (:func:`facts_read`) can be computed again to the same points.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from terminal.core.points.conditions import MINUTES_A_DAY, When, Whom
from terminal.core.points.dates import BusinessDate, birthday_in, to_date, weekday
from terminal.core.points.rules import Around, Birthday, Multiple, RuleSet


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who buys, where and when."""

    account: str
    """Empty for a stranger, who earns nothing here and may claim later with the receipt."""
    tier: str
    card_type: str
    store: str
    tags: frozenset[str]
    segments: frozenset[str]
    date: BusinessDate
    minute: int
    """Minutes since midnight on the shop's clock; before the cut-over hour it is still ``date``."""
    birthday: str
    """Solar ``MM-DD`` of this year, or empty."""
    near: frozenset[str] | None = None
    """Which of ``day``, ``week``, ``month`` of the birthday it is, where only that is known: entries keep
    no birthday. None: worked out from ``birthday``."""

    def __post_init__(self) -> None:
        assert 0 <= self.minute < MINUTES_A_DAY


_AROUND = frozenset(each.value for each in Around)


def serves(whom: Whom, occasion: Occasion) -> bool:
    """Return whether the member of ``occasion`` is meant."""
    return (
        (not whom.tiers or occasion.tier in whom.tiers)
        and (not whom.card_types or occasion.card_type in whom.card_types)
        and (not whom.stores or occasion.store in whom.stores)
        and (not whom.tags or not whom.tags.isdisjoint(occasion.tags))
        and (not whom.segments or not whom.segments.isdisjoint(occasion.segments))
    )


def is_in_force(when: When, occasion: Occasion) -> bool:
    """Return whether ``when`` holds at ``occasion``."""
    date, minute = occasion.date, occasion.minute
    if date < when.first or (when.last and date > when.last):
        return False
    if when.days and date % 100 not in when.days:
        return False
    if when.weekdays and weekday(date) not in when.weekdays:
        return False
    if when.from_minute <= when.to_minute:
        return when.from_minute <= minute < when.to_minute
    return minute >= when.from_minute or minute < when.to_minute


def is_birthday(birthday: str, around: Around, date: BusinessDate) -> bool:
    """Return whether ``date`` is near enough to ``birthday``.

    >>> is_birthday("12-31", Around.WEEK, 20270103), is_birthday("02-29", Around.DAY, 20270228)
    (True, True)
    """
    today = to_date(date)
    for year in (today.year - 1, today.year, today.year + 1):
        kept = birthday_in(year, birthday)
        if kept is None:
            return False
        if around is Around.DAY and kept == today:
            return True
        if around is Around.MONTH and (kept.year, kept.month) == (today.year, today.month):
            return True
        monday = kept - timedelta(days=kept.weekday())
        if around is Around.WEEK and monday <= today < monday + timedelta(days=7):
            return True
    return False


def is_kept(multiple: Multiple, occasion: Occasion) -> bool:
    """Return whether a birthday's or festival's multiple counts at ``occasion``."""
    if isinstance(multiple, Birthday):
        if occasion.near is not None:
            return multiple.around.value in occasion.near
        return is_birthday(occasion.birthday, multiple.around, occasion.date)
    return is_in_force(multiple.when, occasion)


def facts_read(sets: Iterable[RuleSet], occasion: Occasion) -> tuple[tuple[str, str], ...]:
    """Return what ``sets`` ask of ``occasion``, by name: what an entry keeps to be computed again.

    Tags and segments are kept only when a rule names them; names hold no comma.
    """
    asked: dict[str, str] = {}
    for each in sets:
        multiples = each.multiples
        for whom in (each.whom, *(part.whom for part in each.coefficients)):
            _ask_whom(whom, occasion, asked)
        whens = [each.when, *(part.when for part in each.coefficients)]
        whens += [part.when for part in multiples if not isinstance(part, Birthday)]
        for when in whens:
            _ask_when(when, occasion, asked)
        if any(isinstance(part, Birthday) for part in multiples):
            asked["birthday"], asked["date"] = occasion.birthday, str(occasion.date)
    return tuple(sorted(asked.items()))


def _ask_whom(whom: Whom, occasion: Occasion, asked: dict[str, str]) -> None:
    for name in ("tier", "card_type", "store"):
        if getattr(whom, name + "s"):
            asked[name] = getattr(occasion, name)
    for name in ("tags", "segments"):
        named = getattr(whom, name)
        if named:
            before = frozenset(asked.get(name, "").split(","))
            both = (named & getattr(occasion, name)) | before
            asked[name] = ",".join(sorted(both - {""}))


def _ask_when(when: When, occasion: Occasion, asked: dict[str, str]) -> None:
    if when.first or when.last or when.days or when.weekdays:
        asked["date"] = str(occasion.date)
    if (when.from_minute, when.to_minute) != (0, MINUTES_A_DAY):
        asked["minute"] = str(occasion.minute)


def occasion_from(account: str, facts: Iterable[tuple[str, str]]) -> Occasion:
    """Return the occasion that an entry kept; what no rule asked for is empty.

    Raises:
        ValueError: A kept number is none.
    """
    kept = dict(facts)
    birthday = kept.get("birthday", "")
    near = frozenset(birthday.split(",")) & _AROUND
    blank = Occasion(account, "", "", "", frozenset(), frozenset(), 20000101, 0, "")
    return replace(
        blank,
        tier=kept.get("tier", ""),
        card_type=kept.get("card_type", ""),
        store=kept.get("store", ""),
        tags=frozenset(kept.get("tags", "").split(",")) - {""},
        segments=frozenset(kept.get("segments", "").split(",")) - {""},
        date=int(kept.get("date", "20000101")),
        minute=int(kept.get("minute", "0")),
        birthday="" if near else birthday,
        near=near if near or not birthday else None,
    )
