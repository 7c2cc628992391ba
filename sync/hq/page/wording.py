"""How amounts, times and reasons are written for people."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sync.hq.page.language import Language
from terminal.core import accounts
from terminal.core.pricing.quote import Discount, PointsReason

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
SKEW_MS_MAX = 60_000
"""A till's clock further off than this is pointed out."""
_TIME_MS_MAX = 253_402_300_799_000
"""The last second of the year 9999; a till's clock may say anything."""


def money(amount: int) -> str:
    """Return minor units with two decimals and thousands apart.

    >>> money(123456), money(-5)
    ('1,234.56', '−0.05')
    """
    whole, part = divmod(abs(amount), 100)
    return f"{'−' if amount < 0 else ''}{whole:,}.{part:02d}"


def count(number: int) -> str:
    """Return a whole number with thousands apart.

    >>> count(1286), count(-3)
    ('1,286', '−3')
    """
    return f"{'−' if number < 0 else ''}{abs(number):,}"


def moment(ms: int, zone: ZoneInfo) -> str:
    """Return the local date and time of ``ms``.

    >>> moment(1_795_271_445_000, ZoneInfo("Asia/Shanghai"))
    '2026-11-21 22:30:45'
    """
    if not 0 < ms <= _TIME_MS_MAX:
        return "–"
    return datetime.fromtimestamp(ms // 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def iso(ms: int) -> str:
    """Return ``ms`` as ISO 8601 UTC, empty for a time that is none.

    >>> iso(1_795_271_445_000)
    '2026-11-21T14:30:45Z'
    """
    if not 0 < ms <= _TIME_MS_MAX:
        return ""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(ms: int, now_ms: int, language: Language) -> str:
    """Return how long ago ``ms`` was, in words.

    >>> ago(1_000, 95_000, Language("en")), ago(0, 5, Language("en"))
    ('1 min ago', 'never')
    """
    if ms <= 0:
        return language("never")
    seconds = max(0, now_ms - ms) // 1000
    if seconds < MINUTE_S:
        return language("{n} s ago", n=seconds) if seconds else language("just now")
    if seconds < HOUR_S:
        return language("{n} min ago", n=seconds // MINUTE_S)
    if seconds < 2 * DAY_S:
        return language("{n} h ago", n=seconds // HOUR_S)
    return language("{n} days ago", n=seconds // DAY_S)


def skew(ms: int, language: Language) -> str:
    """Return how far a till's clock is off, empty while it is near enough.

    >>> skew(180_000, Language("en")), skew(500, Language("en"))
    ('clock 3 min fast', '')
    """
    if abs(ms) <= SKEW_MS_MAX:
        return ""
    minutes = abs(ms) // 60_000
    if ms > 0:
        return language("clock {n} min fast", n=minutes)
    return language("clock {n} min slow", n=minutes)


def day(business_date: int) -> str:
    """Return a business date as people write it.

    >>> day(20261121)
    '2026-11-21'
    """
    year, rest = divmod(business_date, 10_000)
    return f"{year:04d}-{rest // 100:02d}-{rest % 100:02d}"


def month(number: int) -> str:
    """Return a month as people write it.

    >>> month(202611)
    '2026-11'
    """
    return f"{number // 100:04d}-{number % 100:02d}"


def is_counted(unit: str) -> bool:
    """Return whether a unit is of whole numbers, and not money."""
    return unit in (accounts.POINTS, accounts.STANDING)


def amount_of(number: int, unit: str) -> str:
    """Return an amount as its unit is written.

    >>> amount_of(1286, "points"), amount_of(1286, "principal")
    ('1,286', '12.86')
    """
    return count(number) if is_counted(unit) else money(number)


REASONS = (
    "too-large", "too-short", "version", "other-key", "signature", "malformed", "chain", "terminal",
    "unknown-key", "unknown-ledger", "branches", "not-enrolled", "other-ledger", "replaced", "revoked",
    "token-unknown", "token-forged", "token-used", "token-expired", "token-foreign", "key-ended",
    "key-foreign",
)  # fmt: skip
"""Why a message was not taken, as the receiver names it."""


def fault(reason: str, language: Language) -> str:
    """Return why something was not taken, as one sentence; what has no sentence of its own keeps its words.

    >>> fault("signature", Language("en"))
    'Its signature is not that of the till'
    """
    key = reason.partition(":")[0]
    if key in REASONS:
        return language(f"reason {key}")
    return language("The books could not take this record")


def oddity(kind: str, value: int, language: Language) -> str:
    """Return what is odd, as one sentence."""
    match kind:
        case "two-tills":
            return language("The same member at two tills within {n} s", n=value)
        case "many-sales":
            return language("{n} sales to one member in quick succession", n=value)
        case "much-points":
            return language("{n} points by one entry", n=count(value))
        case "many-voids":
            return language("{n} sales called off by one operator on one day", n=value)
        case "many-returns":
            return language("{n} payments returned by one operator on one day", n=value)
        case "forked":
            return language("A till's card was copied")
        case _:
            return language("A till's clock is off")


def discount_sentence(part: Discount, language: Language) -> str:
    """Return why a discount was given, as one sentence.

    >>> discount_sentence(Discount("gold", "1", 40, "Gold price", 95), Language("en"))
    'Gold price: 95 % of the price is paid, 0.40 off (rule gold, version 1).'
    """
    facts = {
        "why": part.why, "percent": part.percent, "amount": money(part.amount),
        "rule": part.rule, "version": part.version,
    }  # fmt: skip
    if part.percent:
        return language(
            "{why}: {percent} % of the price is paid, {amount} off (rule {rule}, version {version}).",
            **facts,
        )
    return language("{why}: {amount} off (rule {rule}, version {version}).", **facts)


def points_sentence(part: PointsReason, language: Language) -> str:
    """Return why points were given, as one sentence."""
    return language(
        "{why}: {points} points at {percent} % (rule {rule}, version {version}).",
        why=part.why,
        points=count(part.points),
        percent=part.percent,
        rule=part.rule,
        version=part.version,
    )
