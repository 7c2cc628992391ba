"""Writes the table of all settings in `config/README.md` from the schema and its docstrings.

Run as `python -m config.reference` after a change of the schema; a test holds both together.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec.inspect

from config import pointsfile, rulefile, rulewords, schema, shop
from config.schema import HeadOffice, Terminal
from config.shop import ShopFile

README = Path(__file__).with_name("README.md")
START, END = "<!-- settings -->\n", "<!-- /settings -->\n"
_FILES: tuple[tuple[str, type], ...] = (
    ("terminal.toml", Terminal),
    ("hq.toml", HeadOffice),
    ("shop.toml", ShopFile),
    ("rules.toml", rulefile.RulesFile),
)
_INNER = (
    shop.TopUpBand, rulefile.On, rulefile.When, rulefile.Limit, rulefile.Step, rulefile.Part,
    pointsfile.PointsOn, pointsfile.PointsWhen, pointsfile.Band, pointsfile.FactorRow,
    pointsfile.MultipleRow, pointsfile.UnitCap, pointsfile.Occurrence, pointsfile.Referral,
    pointsfile.CheckIn, pointsfile.TopUp, pointsfile.PrizeRow,
)  # fmt: skip
"""Tables inside promotions, explained once."""
_LATER = get_args(rulefile.Promotion)[1:]
"""Kinds of promotions whose common keys the first has explained."""
_TOLD_ONCE = frozenset(rulefile.PercentOff.__struct_fields__) - {"percent"}
_HOMES = tuple(module.__name__ for module in (schema, shop, rulefile, rulewords, pointsfile))


def table() -> str:
    """Every setting of the four files as Markdown."""
    lines: list[str] = []
    for name, top in _FILES:
        lines += [f"\n## {name}\n"]
        for field in msgspec.inspect.type_info(top).fields:  # type: ignore[attr-defined]  # A struct.
            for heading, struct in _structs(field.encode_name, field.type):
                lines += [*_section(heading, struct)]
    for inner in _INNER:
        lines += _section(_heading(inner).strip("`"), msgspec.inspect.type_info(inner))
    return "\n".join(lines) + "\n"


def current(readme: str) -> str:
    """The README with its table made anew."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return before + START + table() + END + after


def docstrings(struct: type) -> dict[str, str]:
    """What is written under each field of a struct and of those it extends."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base.__module__ not in _HOMES:
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = " ".join(text.split())
                case _:
                    pass
    return found


def _heading(struct: type) -> str:
    """Name of a table inside promotions, as its docstring begins."""
    return "`" + (struct.__doc__ or "").split("`")[1] + "`"


def _structs(name: str, kind: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    match kind:
        case msgspec.inspect.StructType(tag=tag, tag_field=tag_field):
            head = f"[[{name}]]" if depth else f"[{name}]"
            yield head + (f' {tag_field} = "{tag}"' if tag else ""), kind
        case msgspec.inspect.VarTupleType(item_type=item):
            yield from _structs(name, item, 1)
        case msgspec.inspect.UnionType(types=types):
            for one in types:
                yield from _structs(name, one, depth)
        case msgspec.inspect.Metadata(type=inner):
            yield from _structs(name, inner, depth)
        case _:
            return


def _section(heading: str, struct: Any) -> Iterator[str]:
    texts = docstrings(struct.cls)
    words = " ".join((struct.cls.__doc__ or "").split()).rpartition("]`: ")[2]
    words = words[:1].upper() + words[1:]
    yield f"\n### `{heading}`\n\n{words}\n\n| key | value | default | meaning |\n|---|---|---|---|"
    for field in struct.fields:
        if field.name in _TOLD_ONCE and struct.cls in _LATER:
            continue
        value = _words(field.type).replace("|", "\\|")
        yield f"| `{field.encode_name}` | {value} | {_default(field)} | {texts[field.name]} |"


def _words(kind: Any) -> str:
    match kind:
        case msgspec.inspect.Metadata(extra_json_schema=dict(extra)) if "description" in extra:
            return str(extra["description"])
        case msgspec.inspect.Metadata(type=inner):
            return _words(inner)
        case msgspec.inspect.LiteralType(values=values):
            ordered = sorted(values, key=lambda one: (str(type(one)), one))
            return ", ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in ordered)
        case msgspec.inspect.UnionType(types=types):
            kinds = (one for one in types if not isinstance(one, msgspec.inspect.NoneType))
            return " or ".join(_words(one) for one in kinds)
        case msgspec.inspect.VarTupleType(item_type=item):
            return f"a list: {_words(item)}"
        case msgspec.inspect.StructType(cls=cls) if cls in _INNER:
            return f"a table, see {_heading(cls)}"
        case msgspec.inspect.StructType(fields=fields):
            return "{ " + " or ".join(field.encode_name for field in fields) + " }"
        case _:
            return "true or false"


def _default(field: Any) -> str:
    match field.default:
        case msgspec.NODEFAULT:
            return "**required**"
        case None:
            return "none"
        case bool(value):
            return f"`{str(value).lower()}`"
        case str(text):
            return f'`"{text}"`'
        case msgspec.Struct():
            return "`{}`"
        case ():
            return "`[]`"
        case other:
            return f"`{other}`"


if __name__ == "__main__":
    README.write_text(current(README.read_text(encoding="utf-8")), encoding="utf-8")
