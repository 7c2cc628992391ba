"""Where a problem stands and what was probably meant; asked only once there is a problem."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any

from spanned_toml import TOMLDecodeError, loads

from config.faults import FAULTS_MAX, Fault, Problem, key_name
from config.json_places import tree as json_tree
from config.source import Source
from config.walk import differences

CHOICES_SHOWN_MAX = 20


def explained(
    source: Source,
    tables: dict[str, Any],
    schema: type,
    related: list[Problem],
    *,
    partial: bool,
) -> list[Fault]:
    """All differences from the schema and the problems of what must fit together, as faults.

    `partial`: lines with broken syntax are left out of `tables`; what is missing may stand there.
    """
    differing = (p for p in differences(tables, schema) if not (partial and p.is_absence))
    faults = located(source, islice(chain(differing, related), FAULTS_MAX))
    if not faults and not partial:
        # Better a fault without a place than settings that one of two judges refused.
        return [source.fault(0, 0, "does not fit the schema")]
    return faults


def guess(word: str, known: tuple[str, ...]) -> str:
    """`did you mean "…"?`, or what there is to choose from.

    >>> guess("colums", ("columns", "host"))
    'did you mean "columns"?'
    """
    by_lower = {name.lower(): name for name in known}
    if close := get_close_matches(word.lower(), by_lower, n=1):
        return f'did you mean "{by_lower[close[0]]}"?'
    return "known: " + ", ".join(known) if len(known) <= CHOICES_SHOWN_MAX else ""


def located(source: Source, problems: Iterable[Problem]) -> list[Fault]:
    """The problems as faults with line and column, in the order of the file."""
    try:
        tree = json_tree(source.text) if source.file.endswith(".json") else loads(source.text)
    except (TOMLDecodeError, ValueError, RecursionError):
        tree = None  # The syntax faults say where; the rest is named by key alone.
    faults = [_fault(source, tree, problem) for problem in problems]
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def _fault(source: Source, tree: Any, problem: Problem) -> Fault:
    offset = None if tree is None else _offset(source, tree, problem)
    line, column = (0, 0) if offset is None else source.place(offset)
    return Fault(
        source.file,
        line,
        column,
        key_name(problem.path),
        problem.message,
        problem.hint or (guess(problem.word, problem.choices) if problem.choices else ""),
        source.line(line),
    )


def _offset(source: Source, tree: Any, problem: Problem) -> int | None:
    """Offset of the problem's key or value, else of the nearest table above; None at the top."""
    node, best = tree, None
    for depth, part in enumerate(problem.path):
        step = _child(node, part)
        if step is None:
            return best
        key_start, node = step
        value_start = _value_start(node)
        is_last = depth == len(problem.path) - 1
        if is_last and problem.on_key and key_start is not None:
            return key_start
        header = _header(source, problem.path[: depth + 1])
        best = next((x for x in (value_start, header, key_start) if x is not None), best)
    return best


def _child(node: Any, part: str | int) -> tuple[int | None, Any] | None:
    """Start of the key and the value behind it, or None if there is none."""
    inner = node.inner()
    if isinstance(part, int):
        return (None, inner[part]) if isinstance(inner, list) and part < len(inner) else None
    if not isinstance(inner, dict):
        return None
    for key, value in inner.items():
        if key.inner() == part:
            return key.span().start, value
    return None


def _value_start(node: Any) -> int | None:
    """Start of a value; None for a table, which the parser gives no span."""
    span = node.span()
    return span.start if span.stop else None


def _header(source: Source, path: tuple[str | int, ...]) -> int | None:
    """Start of a `[table]` line or of the n-th `[[table]]` line; None if the path is neither."""
    match path:
        case (str(name),):
            nth, brackets = 0, r"\[{1,2}"
        case (str(name), int(nth)):
            brackets = r"\[\["
        case _:
            return None
    headers = re.finditer(rf"(?m)^[ \t]*{brackets}[ \t]*[\"']?{re.escape(name)}\b", source.text)
    return next((found.start() for n, found in enumerate(headers) if n == nth), None)
