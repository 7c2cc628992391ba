import re
import tomllib

import pytest
from jsonschema import Draft202012Validator

from config.check import check, json_schema, json_schema_of
from config.reference import README, current
from tests.config.files import EXAMPLES, HQ, SHOP, TILL


def write(folder, text):
    path = folder / "some.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", [TILL, HQ, SHOP])
def test_the_kind_of_a_file_is_seen_by_its_tables(tmp_path, text):
    assert check(write(tmp_path, text)) == []


@pytest.mark.parametrize("name", ["terminal-virtual.toml", "hq.toml", "shop.toml"])
def test_the_examples_pass(name):
    assert check(EXAMPLES / name) == []


def test_files_that_the_settings_name_must_be_there(tmp_path):
    text = TILL + '[shop]\ndata = "nowhere.toml"\n'
    (fault,) = check(write(tmp_path, text))
    assert (fault.line, fault.column, fault.key) == (6, 8, "shop.data")
    assert "nowhere.toml" in fault.message


@pytest.mark.parametrize("text", [TILL + "[shop]\ndata", HQ + "shop"])
def test_the_shop_file_that_good_settings_name_is_checked_with_them(tmp_path, text):
    rule = '[[rules]]\nkind = "earn"\nid = "e"\nname = "x"\namount = 1\ncategory = "food"\n'
    (tmp_path / "shop.toml").write_text(SHOP + rule)
    (fault,) = check(write(tmp_path, text + ' = "shop.toml"\n'))
    assert (fault.file, fault.key) == (str(tmp_path / "shop.toml"), "rules[1].category")

    (tmp_path / "shop.toml").write_text(SHOP)
    assert check(write(tmp_path, text + ' = "shop.toml"\n')) == []


def test_settings_that_name_themselves_as_the_shop_are_no_shop(tmp_path):
    found = check(write(tmp_path, TILL + '[shop]\ndata = "some.toml"\n'))
    assert "terminal" in [fault.key for fault in found]


def test_a_file_of_another_kind_is_told_so(tmp_path):
    (fault,) = check(write(tmp_path, "[termnal]\nid = 1\n"))
    assert fault.hint == 'did you mean "terminal"?'
    (fault,) = check(write(tmp_path, ""))
    assert fault.line == 0


def test_a_broken_file_is_still_recognised(tmp_path):
    (fault,) = check(write(tmp_path, TILL.replace('"CNY"', "CNY")))
    assert fault.line == 4


def test_the_json_schema_judges_as_the_loader_does():
    for name, file in [
        ("terminal", "terminal.toml"),
        ("terminal", "terminal-virtual.toml"),
        ("hq", "hq.toml"),
        ("shop", "shop.toml"),
    ]:
        schema = json_schema_of(name)
        Draft202012Validator.check_schema(schema)
        tables = tomllib.loads((EXAMPLES / file).read_text())
        assert not list(Draft202012Validator(schema).iter_errors(tables))
        assert list(Draft202012Validator(schema).iter_errors({**tables, "colour": 1}))


def test_the_json_schema_carries_meanings_and_no_python_patterns():
    till = json_schema()["$defs"]["Till"]["properties"]
    assert till["id"]["description"].startswith("Name of this till")
    assert "\\Z" not in str(json_schema())


def test_the_table_of_settings_in_the_readme_is_current():
    text = README.read_text(encoding="utf-8")
    assert current(text) == text, "run: python -m config.reference"
    assert len(re.findall(r"(?m)^\| `", text)) > 80
