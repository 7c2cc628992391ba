"""The staff's page of rules at a running till, in Chromium: rules in words, faults, a draft tried."""

import re

import pytest

from tests.app.test_backtest import DRAFT
from tests.kit.browser import chromium, page
from tests.kit.rules import with_rules
from tests.kit.till import COLA, SUPERVISOR, TillProcess

RULES = """
version = 12

[[groups]]
id = "set"

[round_down]
name = "抹零"
unit = 10

[[promotions]]
id = "happy-hour"
kind = "percent"
name = "晚间饮料九折"
group = "set"
percent = 90
on.categories = ["drink"]
when.weekdays = [6, 7]
when.hours = ["18:00-21:00"]
limit.per_member = 2

[[promotions]]
id = "wish"
kind = "amount"
name = "店长直降"
group = "set"
amount = 100
when.chosen = true

[[promotions]]
id = "spring"
kind = "threshold"
name = "满减"
group = "set"
when.coupon = "SPRING"
steps = [{ start = 5000, amount = 500 }]
"""


@pytest.fixture
def till(tmp_path):
    with with_rules(TillProcess(tmp_path), RULES) as running:
        running.api.sign_in(SUPERVISOR)
        for _ in range(3):
            running.api.sell(COLA, COLA)
        yield running


def signed_in(till):
    """Return the cookies of the supervisor's session, as the browser takes them."""
    held = till.api.client.cookies.items()
    return [{"name": name, "value": value, "url": till.address} for name, value in held]


def test_staff_read_the_rules_in_force_in_both_languages_and_what_is_wrong_with_a_newer_file(till):
    (till.folder / "rules.toml").write_text(RULES.replace("percent = 90", "percent = 900"))
    till.restart()
    till.api.sign_in(SUPERVISOR)
    english = till.api.client.get("/api/v1/rules", headers={"accept-language": "en"}).json()
    chinese = till.api.client.get("/api/v1/rules", headers={"accept-language": "zh-CN"}).json()

    def words(found, rule):
        return next(each["words"] for each in found["rules"] if each["rule"] == rule)

    assert english["version"] == "12"
    assert english["since"]
    assert "rules.toml:" in english["faults"][0]
    assert words(english, "happy-hour") == (
        "90 % of the price; on categories drink; on Saturday, Sunday; 18:00 to 21:00;"
        " at most 2 for a member"
    )
    assert words(chinese, "happy-hour") == (
        "按原价 90% 计；品类：drink；周六、周日；18:00 至 21:00；每位会员最多 2"
    )
    assert words(english, "spring") == "from 50.00 5.00 off; with a coupon SPRING"
    assert words(english, "round-down") == "the total goes down to full 0.10; paid in cash"
    with chromium() as browser, page(browser, "about:blank") as shown:
        shown.context.add_cookies(signed_in(till))
        shown.goto(f"{till.address}/rules?lang=zh-CN")
        shown.get_by_text("晚间饮料九折").wait_for()
        shown.get_by_role("alert").wait_for()
        assert "rules.toml" in shown.get_by_role("alert").inner_text()


def test_a_supervisor_tries_a_draft_and_a_cashier_chooses_a_rule(till, tmp_path):
    (tmp_path / "draft.toml").write_text(DRAFT)
    with chromium() as browser, page(browser, "about:blank") as shown:
        shown.context.add_cookies(signed_in(till))
        shown.goto(f"{till.address}/rules?lang=en")
        shown.locator("#file").set_input_files(tmp_path / "draft.toml")
        shown.locator("#until").fill("2099-12-31")
        shown.locator("#since").fill("2020-01-01")
        shown.locator("#start").click()
        shown.get_by_text("3 sales were priced again.").wait_for()
        assert "21.00" in shown.locator("#outcome").inner_text()
        assert shown.locator("svg.chart rect").count() == 2
        with shown.expect_download() as download:
            shown.get_by_text("As a table (CSV)").click()
        assert "second-half" in download.value.path().read_text("utf-8")

        till.api.add(COLA)
        shown.goto(f"{till.address}/?lang=en")
        shown.locator(".brought .chip").click()
        shown.locator(".brought .chip.on").wait_for()
        shown.get_by_text(re.compile(r"^2\.50$")).first.wait_for()
