import msgspec.inspect
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import ValidationError, convert

from config import schema, shop
from config.load import HEAD_OFFICE, HQ_PATHS, TERMINAL, TERMINAL_PATHS
from config.reference import docstrings
from config.schema import Terminal
from config.shop import ShopFile
from config.walk import differences

WORDS = st.sampled_from(
    [
        "id",
        "S01",
        "virtual",
        "pcsc",
        "file",
        "/dev/x",
        "04:00",
        "CNY",
        "\x1b",
        "",
        "mqtt://h",
        "127.0.0.1:1",
        "节",
    ]
)
LEAVES = WORDS | st.integers(-1, 70_000) | st.booleans() | st.floats(0, 10) | st.text(max_size=3)
KEYS = st.sampled_from(
    [
        "id",
        "store",
        "currency",
        "name",
        "driver",
        "path",
        "port",
        "baud",
        "columns",
        "listen",
        "broker",
        "trust_hq",
        "data",
        "lines",
        "qr",
        "percent",
        "kind",
        "category",
        "price",
        "uid",
        "number",
        "cards",
        "barcodes",
        "amount",
        "pin",
        "x",
    ]
)
TABLES = st.dictionaries(KEYS, LEAVES | st.lists(LEAVES, max_size=2), max_size=5)
TOPS = st.sampled_from(
    [
        "terminal",
        "receipt",
        "readers",
        "scanners",
        "printers",
        "counter",
        "sync",
        "shop",
        "keys",
        "versions",
        "tiers",
        "goods",
        "members",
        "rules",
        "operators",
        "categories",
    ]
)
FILES = st.dictionaries(TOPS, TABLES | st.lists(TABLES, max_size=2) | LEAVES, max_size=5)
TILL = {"id": "a", "store": "b", "currency": "CNY"}


def agree(tables, schema):
    try:
        convert(tables, schema)
        fits = True
    except ValidationError:
        fits = False
    assert fits == (not list(differences(tables, schema)))


@settings(max_examples=400, deadline=None)
@given(FILES)
def test_why_not_and_whether_are_the_same_verdict_on_a_terminal(tables):
    agree({"terminal": TILL, **tables}, Terminal)


@settings(max_examples=400, deadline=None)
@given(FILES)
def test_why_not_and_whether_are_the_same_verdict_on_a_shop(tables):
    agree({"versions": {"catalogue": 1, "rules": 1}, **tables}, ShopFile)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["readers", "printers", "scanners", "counter", "receipt"]), TABLES)
def test_why_not_and_whether_agree_on_one_device(name, table):
    value = (
        table if name in ("counter", "receipt") else [{"name": "n", "driver": "virtual", **table}]
    )
    agree({"terminal": TILL, name: value}, Terminal)


def test_every_path_of_the_schema_is_made_absolute():
    """A path setting that `load` forgets would depend on the folder the program starts in."""

    def paths(kind, at=""):
        match kind:
            case msgspec.inspect.StructType(fields=fields):
                return {x for f in fields for x in paths(f.type, f"{at}.{f.encode_name}")}
            case msgspec.inspect.VarTupleType(item_type=item):
                return paths(item, at)
            case msgspec.inspect.UnionType(types=types):
                return {x for one in types for x in paths(one, at)}
            case msgspec.inspect.Metadata(extra_json_schema=extra, type=inner):
                is_path = (extra or {}).get("description", "").startswith("a path")
                return {at.removeprefix(".")} if is_path else paths(inner, at)
            case _:
                return set()

    assert paths(msgspec.inspect.type_info(TERMINAL.schema)) == set(TERMINAL_PATHS)
    assert paths(msgspec.inspect.type_info(HEAD_OFFICE.schema)) == set(HQ_PATHS)


def test_every_setting_says_what_it_means():
    for module in (schema, shop):
        for struct in vars(module).values():
            if isinstance(struct, type) and struct.__module__ == module.__name__:
                if struct.__name__ in ("Terminal", "HeadOffice", "ShopFile"):
                    continue
                fields = {f.encode_name for f in msgspec.inspect.type_info(struct).fields}
                assert fields == set(docstrings(struct)), struct
