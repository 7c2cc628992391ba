"""Draft rules tried on the sales of a till: by command and by the page's calls."""

import csv
import io

import pytest

from terminal.app.backtest import Asked, DraftError, Playing
from terminal.app.clock import shop_time, wall_ms
from tests.kit.process import tallypoint
from tests.kit.till import CASHIER, COLA, SUPERVISOR, WATER, TillProcess
from tests.kit.waiting import until

DRAFT = """
version = 8

[[groups]]
id = "set"

[[promotions]]
id = "second-half"
kind = "nth"
name = "第二件半价"
group = "set"
percents = [100, 50]
on.categories = ["drink"]
limit.total = 2
"""
SHOP_TIME = shop_time("Asia/Shanghai", "04:00")


@pytest.fixture
def till(tmp_path):
    with TillProcess(tmp_path) as running:
        running.api.sign_in(SUPERVISOR)
        for _ in range(3):
            running.api.sell(COLA, COLA)  # 7.00; under the draft 5.25, for the first only.
        running.api.sell(WATER)
        yield running


def today() -> int:
    return SHOP_TIME.business_date(wall_ms())


def days() -> dict[str, int]:
    return {"since": today() - 10_000, "until": today() + 10_000}


def ended(till, name: str):
    """Return the back-test once it does not run any more."""
    path = f"/backtests/{name}"
    until(lambda: till.api.json("GET", path)["state"] != "running", "the back-test has ended")
    return till.api.json("GET", path)


def test_a_draft_is_tried_on_past_sales_and_nothing_changes(till):
    before = till.records()
    started = till.api.json("POST", "/backtests", {"rules": DRAFT, **days()})

    found = ended(till, started["name"])

    assert found["state"] == "done", found
    whole = found["report"]["whole"]
    assert (whole["sales"], whole["total_before"], whole["total_after"]) == (4, 2300, 2125)
    [rule] = [row for row in found["report"]["rules"] if row["rule"] == "second-half"]
    assert (rule["sales_before"], rule["sales_after"], rule["discount_after"]) == (0, 1, 175)
    assert [row["segment"] for row in found["report"]["segments"]] == [""]
    table = till.api.get(f"/backtests/{started['name']}.csv").text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["what"] for row in rows} == {"all", "segment", "rule"}
    assert till.records() == before
    assert not (till.data / "draft.toml").exists()
    till.assert_whole()


def test_a_faulty_draft_says_what_is_wrong_with_its_lines(till):
    faulty = DRAFT.replace("percents", "percent")
    started = till.api.json("POST", "/backtests", {"rules": faulty, **days()})

    found = ended(till, started["name"])

    assert found["state"] == "failed"
    assert "draft.toml:" in found["error"]
    assert "percent" in found["error"]


def test_only_a_supervisor_tries_rules(till):
    till.api.sign_in(CASHIER)

    assert till.api.refused("POST", "/backtests", {"rules": DRAFT, **days()}) == "supervisor-only"
    assert till.api.refused("GET", "/backtests/any") == "supervisor-only"


def test_the_command_prints_the_table_and_writes_it(till, tmp_path):
    (tmp_path / "draft.toml").write_text(DRAFT)
    asked = ("rules", "try", str(tmp_path / "draft.toml"), "--config", str(till.settings))
    span = ("--from", "2020-01-01", "--to", "2099-12-31")

    said = tallypoint(*asked, *span, "--csv", str(tmp_path / "out.csv"))

    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("4 sales, 0 not comparable")
    assert "second-half" in said.stdout
    assert "21.25" in said.stdout
    assert "second-half" in (tmp_path / "out.csv").read_text("utf-8-sig")
    empty = tallypoint(*asked, "--from", "2020-01-01", "--to", "2020-01-02")
    assert empty.stdout.startswith("0 sales")
    (tmp_path / "draft.toml").write_text("version = 1\n[[promotion]]\n")
    bad = tallypoint(*asked, *span)
    assert bad.returncode == 78
    assert "draft.toml:2" in bad.stderr


def test_a_back_test_that_is_stopped_ends_and_leaves_nothing(till, tmp_path):
    (tmp_path / "draft.toml").write_text(DRAFT)
    playing = Playing(Asked(till.data, tmp_path / "draft.toml", 0, 99_999_999), SHOP_TIME)
    done, of = playing.done
    playing.go_on()

    assert (done, playing.is_through) == (0, True)
    assert playing.done == (of, of)
    playing.close()
    started = till.api.json("POST", "/backtests", {"rules": DRAFT, **days()})
    till.api.ok("DELETE", f"/backtests/{started['name']}")
    assert ended(till, started["name"])["state"] in {"cancelled", "done"}
    (tmp_path / "draft.toml").write_text("version = 0")
    with pytest.raises(DraftError):
        Playing(Asked(till.data, tmp_path / "draft.toml", 0, 1), SHOP_TIME)
