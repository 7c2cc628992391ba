"""Where each key and value of a JSON text stood; the same shape as the TOML parser with positions gives.

Asked only once there is a fault.
"""

import re
from json import JSONDecodeError, JSONDecoder

from msgspec import Struct

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"[^\s,\]}]+")
_TEXT = JSONDecoder()
DEPTH_MAX = 40


class Span(Struct, frozen=True):
    """Offsets of a piece of text."""

    start: int
    stop: int


class Node:
    """A key or a value with its place."""

    def __init__(self, held: object, span: Span) -> None:
        self._held = held
        self._span = span

    def inner(self) -> object:
        """What is held: for a table a dict of nodes, for a list a list of them, else the text."""
        return self._held

    def span(self) -> Span:
        """Where it stood."""
        return self._span


def tree(text: str) -> Node:
    """The text as nodes; the first of equal keys stands, as the second is the fault.

    Raises:
        ValueError: It is no JSON, or nested more than :data:`DEPTH_MAX` deep.
    """
    return _value(text, _skip(text, 0), 0)[0]


def twice(text: str) -> int | None:
    """Offset of the first key that its table has already; None if there is none.

    Raises:
        ValueError: As for :func:`tree`.
    """
    found: list[int] = []
    _value(text, _skip(text, 0), 0, found)
    return min(found, default=None)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int, depth: int, twins: list[int] | None = None) -> tuple[Node, int]:
    if depth > DEPTH_MAX:
        raise JSONDecodeError("nested too deeply", text, at)
    first = text[at : at + 1]
    if first == "{":
        return _table(text, at, depth, twins)
    if first == "[":
        return _list(text, at, depth, twins)
    if first == '"':
        held, end = _TEXT.raw_decode(text, at)
        return Node(held, Span(at, end)), end
    match = _PLAIN.match(text, at)
    if match is None:
        raise JSONDecodeError("a value is missing", text, at)
    return Node(match.group(), Span(at, match.end())), match.end()


def _table(text: str, start: int, depth: int, twins: list[int] | None) -> tuple[Node, int]:
    held: dict[Node, Node] = {}
    names: set[str] = set()
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        key, end = _TEXT.raw_decode(text, at)
        place = at
        at = _expect(text, _skip(text, end), ":")
        value, at = _value(text, at, depth + 1, twins)
        if key not in names:
            names.add(key)
            held[Node(key, Span(place, end))] = value
        elif twins is not None:
            twins.append(place)
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    end = _expect(text, at, "}", skip=False)
    return Node(held, Span(start, end)), end


def _list(text: str, start: int, depth: int, twins: list[int] | None) -> tuple[Node, int]:
    held: list[Node] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        value, at = _value(text, at, depth + 1, twins)
        held.append(value)
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    end = _expect(text, at, "]", skip=False)
    return Node(held, Span(start, end)), end


def _expect(text: str, at: int, wanted: str, *, skip: bool = True) -> int:
    if text[at : at + 1] != wanted:
        raise JSONDecodeError(f"`{wanted}` is missing", text, at)
    return _skip(text, at + 1) if skip else at + 1
