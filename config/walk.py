"""Compares a file's tables with the schema and names every difference, not only the first.

msgspec decides whether a file is good; this says why not. A test holds both to the same verdict.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from re import search
from typing import Any

from msgspec import NODEFAULT, inspect

from config.faults import SECRET, Problem, key_name, plain

VALUE_SHOWN_MAX = 40
_Path = tuple[str | int, ...]


def differences(tables: Mapping[str, Any], schema: type) -> Iterator[Problem]:
    """Every key that is unknown, missing, or holds what it must not."""
    described = inspect.type_info(schema)
    assert isinstance(described, inspect.StructType)
    return _struct((), tables, described)


def _struct(path: _Path, value: Any, kind: inspect.StructType) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong(path, value, f"must be a table `[{key_name(path)}]`")
        return
    known = [field.encode_name for field in kind.fields]
    tag = {kind.tag_field} if kind.tag_field else set()
    for key in value:
        if key not in known and key not in tag:
            choices = tuple(sorted({*known, *tag}))
            at = (*path, key)
            yield Problem(at, "is not a setting", on_key=True, word=key, choices=choices)
    for field in kind.fields:
        at = (*path, field.encode_name)
        if field.encode_name in value:
            yield from _value(at, value[field.encode_name], field.type)
        elif field.required:
            yield Problem(at, _missing(field), is_absence=True)


def _value(path: _Path, value: Any, kind: inspect.Type, words: str = "") -> Iterator[Problem]:
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            yield from _value(path, value, inner, str((extra or {}).get("description", words)))
        case inspect.StructType():
            yield from _struct(path, value, kind)
        case inspect.VarTupleType():
            yield from _list(path, value, kind)
        case inspect.UnionType(types=types):
            yield from _union(path, value, types, words)
        case inspect.LiteralType(values=values):
            yield from _choice(path, value, sorted(values, key=lambda x: (str(type(x)), x)))
        case _:
            if not _fits(value, kind):
                yield _wrong(path, value, f"must be {words or _plain_words(kind)}")


def _list(path: _Path, value: Any, kind: inspect.VarTupleType) -> Iterator[Problem]:
    if not isinstance(value, list):
        is_table = isinstance(kind.item_type, inspect.StructType | inspect.UnionType)
        how = f"a table in double brackets: `[[{key_name(path)}]]`" if is_table else "a list: […]"
        yield _wrong(path, value, f"must be {how}")
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        yield Problem(path, f"must have at most {kind.max_length} entries, not {len(value)}")
    for index, item in enumerate(value):
        yield from _value((*path, index), item, kind.item_type)


def _union(
    path: _Path, value: Any, types: tuple[inspect.Type, ...], words: str
) -> Iterator[Problem]:
    kinds = [kind for kind in types if not isinstance(kind, inspect.NoneType)]
    if len(kinds) == 1:
        yield from _value(path, value, kinds[0], words)
        return
    tagged = {str(kind.tag): kind for kind in kinds if isinstance(kind, inspect.StructType)}
    tag_field = str(next(iter(tagged.values())).tag_field)
    if not isinstance(value, dict):
        yield _wrong(path, value, "must be a table")
    elif tag_field not in value:
        message = f"is missing; it is one of {_quoted(sorted(tagged))}"
        yield Problem((*path, tag_field), message, is_absence=True)
    elif (tag := value[tag_field]) in tuple(tagged):
        yield from _struct(path, value, tagged[tag])
    else:
        yield from _choice((*path, tag_field), tag, sorted(tagged))


def _choice(path: _Path, value: Any, values: list[Any]) -> Iterator[Problem]:
    if any(type(value) is type(one) and value == one for one in values):
        return
    near = get_close_matches(str(value).lower(), [str(one) for one in values], n=1)
    hint = (
        f"did you mean {_quoted([one for one in values if str(one) == near[0]])}?" if near else ""
    )
    yield _wrong(path, value, f"must be one of {_quoted(values)}", hint)


def _fits(value: Any, kind: inspect.Type) -> bool:
    match kind:
        case inspect.IntType(ge=low, le=high):
            return type(value) is int and _between(value, low, high)
        case inspect.StrType(pattern=pattern, min_length=low, max_length=high):
            is_text = isinstance(value, str) and _between(len(value), low, high)
            return is_text and (pattern is None or search(pattern, value) is not None)
        case inspect.BoolType():
            return isinstance(value, bool)
        case _:
            raise AssertionError(kind)  # The schema uses no other types.


def _between(number: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


def _missing(field: inspect.Field) -> str:
    assert field.default is NODEFAULT
    match field.type:
        case inspect.Metadata(extra_json_schema=dict(extra)) if "description" in extra:
            return f"is missing; it is {extra['description']}"
        case inspect.StructType():
            return "this table is missing"
        case _:
            return "is missing"


def _wrong(path: _Path, value: Any, message: str, hint: str = "") -> Problem:
    shown = "" if any(isinstance(k, str) and SECRET.search(k) for k in path) else _shown(value)
    return Problem(path, message + shown, hint)


def _shown(value: Any) -> str:
    match value:
        case bool():
            return f", not {str(value).lower()}"
        case str():
            cut = value[:VALUE_SHOWN_MAX] + ("…" if len(value) > VALUE_SHOWN_MAX else "")
            return f', not "{plain(cut)}"'
        case dict():
            return ", not a table"
        case list():
            return ", not a list"
        case _:
            return f", not {str(value)[:VALUE_SHOWN_MAX]}"


def _plain_words(kind: inspect.Type) -> str:
    return {inspect.BoolType: "true or false", inspect.IntType: "a whole number"}.get(
        type(kind), "text in quotes"
    )


def _quoted(values: list[Any]) -> str:
    return ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in values)
