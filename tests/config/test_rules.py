"""Rules files: good ones, bad ones with every fault at its line, TOML and JSON alike."""

import json
import tomllib
from pathlib import Path

import pytest

from config.check import json_schema_of
from config.faults import ConfigError
from config.rulechecks import Known
from config.rules import RULES_SIZE_MAX, check_rules, load_rules
from terminal.app.cli import BAD_SETTINGS, main

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "rules.toml"
GOOD = """\
version = 7

[[groups]]
id = "item"

[[groups]]
id = "full"
after = ["item"]

[round_down]
name = "抹零"
unit = 10

[[promotions]]
id = "tea"
kind = "percent"
name = "茶叶九折"
group = "item"
percent = 90
on.products = ["T1"]
when.since = "2026-11-01"
when.until = "2026-11-30"
when.hours = ["22:00-02:00"]

[[promotions]]
id = "full-100"
kind = "threshold"
name = "满百减十"
group = "full"
steps = [{ start = 10000, amount = 1000 }, { start = 20000, amount = 3000 }]
"""
KNOWN = Known(frozenset({"T1"}), frozenset({"tea"}), None, frozenset({"gold"}))


def written(tmp_path: Path, text: str, name: str = "rules.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def faults(tmp_path: Path, text: str, name: str = "rules.toml"):
    return [
        (fault.line, fault.key, fault.message)
        for fault in check_rules(written(tmp_path, text, name), KNOWN)
    ]


def test_a_good_file_is_read(tmp_path):
    rules = load_rules(written(tmp_path, GOOD), KNOWN)
    assert (rules.version, [each.id for each in rules.promotions]) == (7, ["tea", "full-100"])


def test_json_says_the_same_key_for_key(tmp_path):
    as_json = json.dumps(tomllib.loads(GOOD), ensure_ascii=False, indent=1)
    assert load_rules(written(tmp_path, as_json, "rules.json")) == load_rules(
        written(tmp_path, GOOD)
    )


def test_all_faults_are_told_at_once_each_at_its_line(tmp_path):
    bad = (
        GOOD.replace('after = ["item"]', 'after = ["item"]\nexcludes = ["itme"]')
        .replace("percent = 90", "percnt = 90")
        .replace('["T1"]', '["T2"]')
        .replace("2026-11-30", "2026-02-30")
        .replace("start = 20000", "start = 5000")
        .replace('group = "full"', 'group = "fulll"')
    )
    assert faults(tmp_path, bad) == [
        (9, "groups[2].excludes[1]", 'there is no "itme" in [[groups]]'),
        (15, "promotions[1].percent", "is missing; it is a percentage to pay, 0 to 100"),
        (20, "promotions[1].percnt", "is not a setting"),
        (21, "promotions[1].on.products[1]", 'there is no "T2" among the goods'),
        (23, "promotions[1].when.until", 'there is no day "2026-02-30"'),
        (30, "promotions[2].group", 'there is no "fulll" in [[groups]]'),
        (31, "promotions[2].steps[2].start", "must be more than the step before it"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ('id = "item"\n', 'id = "item"\nafter = ["full"]\n', 5, "goes round in a circle: item → full → item"),
        ('"2026-11-30"', '"2026-10-30"', 22, "is before `since`, so it never holds"),
        ('"22:00-02:00"', '"22:00-22:00"', 23, "begins when it ends, so it never holds"),
        ('["T1"]', '["T1"]\non.not_products = ["T1"]', 21, '"T1" is both named and left out'),
        ('products = ["T1"]', "price_min = 9\non.price_max = 5", 21, "is less than `price_min`"),
        ('on.products = ["T1"]', 'on.categories = ["toys"]', 20, 'there is no "toys" among the categories'),
        ('on.products = ["T1"]', 'when.tiers = ["glod"]', 20, 'there is no "glod" among the tiers'),
        ('id = "full-100"', 'id = "tea"', 26, '"tea" is taken'),
        ("amount = 3000", "amount = 30000", 30, "is more than is spent"),
        ('kind = "percent"', 'kind = "precent"', 16, 'must be one of "amount", "bundle"'),
        ("percent = 90", 'percent = "90"', 19, "must be a percentage to pay, 0 to 100"),
        ("percent = 90", "percent = 101", 19, "must be a percentage to pay, 0 to 100"),
        ("unit = 10", "unit = 7", 12, "must be one of 10, 100"),
        ("version = 7", "version =", 1, "this is no TOML value"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(tmp_path, before, after, line, message):
    assert before in GOOD
    found = faults(tmp_path, GOOD.replace(before, after))
    assert any(at == line and told.startswith(message) for at, _, told in found), found


def test_weekdays_that_no_day_of_the_span_has_are_a_contradiction(tmp_path):
    # 2026-11-21 and 22 are a Saturday and a Sunday.
    text = GOOD.replace("2026-11-01", "2026-11-21").replace("2026-11-30", "2026-11-22")
    text = text.replace("when.hours", "when.weekdays = [1, 2]\nwhen.hours")
    assert faults(tmp_path, text)[0][1:] == (
        "promotions[1].when.weekdays", "none of these weekdays lies between `since` and `until`"
    )  # fmt: skip


def test_a_fault_in_json_has_its_line_too(tmp_path):
    text = json.dumps(tomllib.loads(GOOD), indent=1).replace('"percent": 90', '"percent": 190')
    ((line, key, message),) = faults(tmp_path, text, "rules.json")
    assert text.split("\n")[line - 1].strip() == '"percent": 190,'
    assert (key, message) == (
        "promotions[1].percent",
        "must be a percentage to pay, 0 to 100, not 190",
    )


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"version": 1,\n "version": 2}', 2, "this key was given before"),
        ('{"version": NaN}', 0, "this is no JSON: NaN is no number"),
        ('{"version": 1,\n}', 2, "this is no JSON: "),
        ("[1]", 1, "must be a table: { … }"),
        ("[" * 100_000, 0, "this is no JSON: "),
    ],
)
def test_what_is_no_json_is_told_so(tmp_path, text, line, message):
    ((at, _, told),) = faults(tmp_path, text, "rules.json")
    assert (at, told[: len(message)]) == (line, message)


def test_a_file_of_more_than_fifty_megabytes_is_not_parsed(tmp_path):
    path = tmp_path / "rules.toml"
    with path.open("wb") as file:
        file.truncate(RULES_SIZE_MAX + 1)
    (fault,) = check_rules(path)
    assert fault.message == "is larger than 50 MB"


def test_load_tells_what_check_tells(tmp_path):
    with pytest.raises(ConfigError) as error:
        load_rules(written(tmp_path, GOOD.replace("percent = 90", "percent = 900")))
    assert [fault.line for fault in error.value.faults] == [19]


def test_the_command_tells_all_faults_with_lines(tmp_path, capsys):
    path = written(tmp_path, GOOD)
    assert main(["rules", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: good, version 7, 2 promotions\n"
    path.write_text(GOOD.replace("percent = 90", "percent = 900").replace("unit = 10", "unit = 9"))
    assert main(["rules", "check", str(path)]) == BAD_SETTINGS
    told = capsys.readouterr().err
    assert f"{path}:19:11: promotions[1].percent:" in told
    assert "2 faults" in told


def test_the_command_knows_the_goods_of_a_shop_file(tmp_path, capsys):
    shop = written(
        tmp_path,
        '[versions]\ncatalogue = 1\nrules = 1\n[[categories]]\nid = "tea"\nname = "茶"\n'
        '[[goods]]\ncode = "T1"\nname = "茶叶"\nprice = 5000\ncategory = "tea"\n',
        "shop.toml",
    )
    path = written(tmp_path, GOOD)
    assert main(["rules", "check", str(path), "--shop", str(shop)]) == 0
    path.write_text(GOOD.replace('["T1"]', '["T9"]'))
    assert main(["rules", "check", str(path), "--shop", str(shop)]) == BAD_SETTINGS
    assert 'there is no "T9" among the goods (known: T1)' in capsys.readouterr().err


def test_the_example_is_good():
    rules = load_rules(EXAMPLE)
    assert {each.id for each in rules.promotions} >= {"second-half", "full-100"}


def test_the_schema_for_editors_explains_every_key():
    described = json_schema_of("rules")
    assert "RulesFile" in described["$defs"]
    for name, definition in described["$defs"].items():
        for key, field in definition["properties"].items():
            assert key == "kind" or field.get("description"), f"{name}.{key}"
