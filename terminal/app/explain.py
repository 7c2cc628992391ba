"""``tallypoint ledger explain SEQ``: works a sale out again and says equal, or where not, line by line."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from terminal.codec.keptbook import UnreadableBookError, unpack
from terminal.core.again import Difference, UnreadableFactsError, bill_of, differences
from terminal.core.journal import ENGINE_VERSION, Entry
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


class Verdict(StrEnum):
    """How a sale compares with itself, worked out again."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not-comparable"


@dataclass(frozen=True, slots=True)
class Explained:
    """What came out."""

    verdict: Verdict
    why: str
    """Why it cannot be compared; empty when it could."""
    differences: tuple[Difference, ...] = ()


def compared(entry: Entry, packed: bytes | None) -> Explained:
    """Return how the sale in ``entry`` compares; ``packed`` are the rules it was priced by, if still kept."""
    bill = bill_of(entry.body)
    if bill is None:
        return _not("it is no sale: nothing was priced")
    if entry.versions.engine != ENGINE_VERSION:
        return _not(f"it was priced by engine {entry.versions.engine}, this is {ENGINE_VERSION}")
    if not bill.lines:
        return _not("it has no lines")
    book = _book(entry, packed)
    if isinstance(book, Explained):
        return book
    try:
        found = differences(entry, book)
    except UnreadableFactsError as error:
        return _not(f"its facts cannot be read: {error}")
    return Explained(Verdict.DIFFERENT if found else Verdict.EQUAL, "", found)


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


def _book(entry: Entry, packed: bytes | None) -> RuleBook | Explained:
    versions = entry.versions
    if packed is None:
        return _not(
            f"rules version {versions.rules} (catalogue {versions.catalogue}) are kept no more"
        )
    try:
        return unpack(packed, versions.rules, versions.catalogue)
    except UnreadableBookError as error:
        return _not(f"rules version {versions.rules} cannot be read: {error}")


def _not(why: str) -> Explained:
    return Explained(Verdict.NOT_COMPARABLE, why)
