"""``tallypoint ledger explain SEQ``: works a sale out again and says equal, or where not, line by line."""

from dataclasses import asdict

from terminal.codec.keptbook import UnreadableBookError, unpack
from terminal.core.again import Explained, Verdict, compare
from terminal.core.journal import Entry
from terminal.core.pricing.rules import RuleBook
from terminal.store.reader import Reader

WORDS = {
    "gross": "at the prices of the entry",
    "discount": "discounts together",
    "rounding": "rounding of the total",
    "total": "total",
    "earned": "points earned",
    "net": "price after discounts",
    "points": "its share of the points",
    "reasons": "rules that acted",
    "points-why": "rules that gave points",
    "standing": "standing points",
    "drawn": "limits and points that rules used up",
}


def compared(entry: Entry, packed: bytes | None) -> Explained:
    """Return how the sale in ``entry`` compares; ``packed`` are the rules it was priced by, if still kept."""
    return compare(entry, lambda: _book(entry, packed))


def explained(reader: Reader, seq: int) -> Explained | None:
    """Return how record ``seq`` compares; None when there is no such record."""
    entry = reader.entry(seq)
    return None if entry is None else compared(entry, reader.book_at(seq))


def as_json(found: Explained) -> dict[str, object]:
    """Return it as the API says it."""
    return {
        "verdict": found.verdict.value,
        "why": found.why,
        "differences": [asdict(each) for each in found.differences],
    }


def as_text(seq: int, found: Explained) -> str:
    """Return it in words, a line for each difference."""
    if found.verdict is Verdict.EQUAL:
        return f"{seq}: equal, every line, reason and point"
    if found.verdict is Verdict.NOT_COMPARABLE:
        return f"{seq}: not comparable: {found.why}"
    lines = [f"{seq}: different"]
    for each in found.differences:
        where = f"line {each.line}" if each.line else "the sale"
        said = (each.recorded or "nothing", each.computed or "nothing")
        lines.append(f"  {where}, {WORDS[each.what]}: recorded {said[0]}, worked out {said[1]}")
    return "\n".join(lines)


def _book(entry: Entry, packed: bytes | None) -> RuleBook | str:
    versions = entry.versions
    if packed is None:
        return f"rules version {versions.rules} (catalogue {versions.catalogue}) are kept no more"
    try:
        return unpack(packed, versions.rules, versions.catalogue)
    except UnreadableBookError as error:
        return f"rules version {versions.rules} cannot be read: {error}"
