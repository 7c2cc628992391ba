"""The technician's commands: what they print and how they end."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from config.check import json_schema
from terminal.app.explain import as_text, compared
from terminal.core.again import Verdict
from terminal.store.reader import Reader
from tests.kit.till import COLA, WATER, TillProcess, rows, tallypoint

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A till that sold three times and was stopped."""
    with TillProcess(tmp_path_factory.mktemp("till")) as till:
        till.api.sign_in()
        till.tap("04A1B2C3D4E5F6")
        till.until(lambda state: state["sale"]["member"], "the member")
        till.api.add(WATER)
        till.api.pay(1000)
        till.api.sell(COLA)
        till.api.sell(COLA, WATER)
        assert till.stop() == 0
        yield till


def ledger(till, *words):
    return tallypoint("ledger", *words, "--config", str(till.settings))


def test_verify_says_that_all_is_whole(stopped):
    said = ledger(stopped, "verify")

    assert (said.returncode, said.stderr) == (0, "")
    assert f"{len(stopped.records())} records, whole" in said.stdout


def test_verify_by_path_needs_no_settings(stopped):
    assert tallypoint("ledger", "verify", "--ledger", str(stopped.ledger_path)).returncode == 0


def test_verify_finds_a_changed_record_and_ends_with_1(stopped, tmp_path):
    copy = tmp_path / "ledger.db"
    shutil.copy(stopped.ledger_path, copy)
    body = stopped.records()[-1][1]
    data = copy.read_bytes()
    assert data.count(body) == 1
    copy.write_bytes(data.replace(body, body[:-1] + bytes((body[-1] ^ 1,))))

    said = tallypoint("ledger", "verify", "--ledger", str(copy))

    assert said.returncode == 1
    assert f"record {len(stopped.records())}" in said.stdout
    assert "Traceback" not in said.stderr


def test_show_prints_one_entry_with_postings_and_why(stopped):
    said = ledger(stopped, "show", "2")

    entry = json.loads(said.stdout)
    assert said.returncode == 0
    assert entry["kind"] == "sale_posted"
    assert entry["body"]["receipt"] == "S01-T1-1-000001"
    assert sum(each["amount"] for each in entry["postings"] if each["unit"] == "money") == 0


def test_explain_works_a_sale_out_again(stopped):
    said = ledger(stopped, "explain", "2")

    assert said.stdout == "2: equal, every line, reason and point\n"
    assert said.returncode == 0


def test_explain_says_where_a_sale_comes_out_otherwise_and_what_it_would_take(stopped):
    reader = Reader.open(stopped.ledger_path)
    packed = reader.book_at(2)
    entry = reader.entry(2)
    bill = entry.body.bill
    totals = replace(bill.totals, earned=bill.totals.earned + 5)
    [line, *rest] = bill.lines
    forged = replace(bill, totals=totals, lines=(replace(line, net=line.net - 1), *rest))

    found = compared(replace(entry, body=replace(entry.body, bill=forged)), packed)

    assert {(each.line, each.what) for each in found.differences} == {
        (0, "earned"),
        (line.n, "net"),
    }
    assert "different" in as_text(2, found)
    assert f"line {line.n}, price after discounts: recorded {line.net - 1}" in as_text(2, found)
    gone = compared(entry, None)
    assert "rules version" in as_text(2, gone)
    assert "are kept no more" in as_text(2, gone)
    assert gone.verdict is Verdict.NOT_COMPARABLE


def test_show_of_a_record_that_is_not_there_ends_with_1(stopped):
    said = ledger(stopped, "show", "999")

    assert said.returncode == 1
    assert "no record 999" in said.stderr


def test_export_writes_every_entry_as_a_line_of_json(stopped):
    said = ledger(stopped, "export")

    entries = [json.loads(line) for line in said.stdout.splitlines()]
    assert said.returncode == 0
    assert len(entries) == len(stopped.records())


def test_rebuild_makes_the_same_books_from_the_records(stopped):
    before = stopped.balances()

    said = ledger(stopped, "rebuild")

    assert said.returncode == 0, said.stderr
    assert stopped.balances() == before
    assert rows(stopped.ledger_path, "SELECT receipts FROM state") == [(3,)]
    stopped.assert_whole()


def test_rebuild_of_a_ledger_in_use_is_refused(tmp_path):
    with TillProcess(tmp_path) as till:
        said = ledger(till, "rebuild")

    assert said.returncode == 1
    assert "in use" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("action", ["verify", "export", "rebuild"])
def test_a_ledger_that_is_missing_is_named(tmp_path, action):
    said = tallypoint("ledger", action, "--ledger", str(tmp_path / "none.db"))

    assert said.returncode == 1
    assert "none.db" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("words", [["verify"], ["export"], ["rebuild"], ["show", "1"]])
@pytest.mark.parametrize("data", [b"", b"noise" * 5000], ids=["empty", "noise"])
def test_a_file_that_is_no_ledger_is_said_so(tmp_path, words, data):
    (tmp_path / "ledger.db").write_bytes(data)

    said = tallypoint("ledger", *words, "--ledger", str(tmp_path / "ledger.db"))

    assert said.returncode == 1
    assert "ledger.db" in said.stderr + said.stdout
    assert "Traceback" not in said.stderr
    assert (tmp_path / "ledger.db").read_bytes() == data


@pytest.mark.parametrize("name", ["terminal-virtual.toml", "hq.toml", "shop.toml"])
def test_the_examples_are_good_settings(name):
    said = tallypoint("config", "check", str(EXAMPLES / name))

    assert (said.returncode, said.stderr) == (0, "")


def test_bad_settings_are_told_all_at_once_and_end_with_78(tmp_path):
    bad = tmp_path / "terminal.toml"
    text = (EXAMPLES / "terminal-virtual.toml").read_text()
    bad.write_text(text.replace("currency", "curency").replace('"virtual"', '"virtuall"', 1))

    said = tallypoint("config", "check", str(bad))

    assert said.returncode == 78
    assert f"{bad}:" in said.stderr
    assert "currency" in said.stderr
    assert 'did you mean "virtual"' in said.stderr


def test_settings_that_are_missing_end_with_78(tmp_path):
    for words in (("config", "check"), ("hq", "run", "--config"), ("key", "new", "x", "--config"),
                  ("ledger", "verify", "--config")):  # fmt: skip
        said = tallypoint(*words, "none")

        assert said.returncode == 78, words
        assert "none" in said.stderr


def test_the_schema_is_the_one_of_the_settings():
    assert json.loads(tallypoint("config", "schema").stdout) == json_schema()


def test_a_key_is_shown_once_kept_as_a_hash_and_works(tmp_path):
    with TillProcess(tmp_path) as till:
        made = tallypoint("key", "new", "pos", "--config", str(till.settings))
        key = made.stdout.strip()

        assert key not in (till.data / "keys.json").read_text()
        assert till.client(key).sell()["receipt"]
        again = tallypoint("key", "new", "pos", "--config", str(till.settings))
    assert again.returncode == 1
    assert "exists" in again.stderr


def test_a_command_that_is_none_is_explained():
    said = tallypoint("sell")

    assert said.returncode == 2
    assert "usage:" in said.stderr
