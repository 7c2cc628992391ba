"""The why of a price on the page: each rule with its version, amount and a sentence, down to what is paid."""

import pytest
from playwright.sync_api import Page, expect

from tests.kit.browser import chromium, page
from tests.kit.counter import Counter, counter
from tests.kit.desk import SUPERVISOR_PIN
from tests.kit.looks import sign_in

MILK, NOODLES, CIGARETTES = "6907992100012", "6902083881405", "6900000000014"
GOLD, SILVER = "100001", "100002"
ENGLISH = (
    # Milk at 3.80: 10 % off for dairy leaves 3.42; 12 % of that, 0.4104, is the gold price.
    ("Shelf price", "3.80", "1 × 3.80", ""),
    ("乳品九折", "−0.38", "90 % of 3.80 is paid: 0.38 off.", "Rule dairy, version 1"),
    ("金卡价", "−0.41", "88 % of 3.42 is paid: 0.41 off.", "Rule tier-gold, version 3"),
    ("To pay", "3.01", "", ""),
    # A point for each yuan of 3.01, doubled for gold: 6.02, floored once.
    ("每元 1 分", "+6", "200 % of the plain points, for the whole basket; this line's share is 6.",
     "Rule points, version 2"),
)  # fmt: skip
CHINESE = (
    ("标价", "3.80", "1 × 3.80", ""),
    ("乳品九折", "−0.38", "按 3.80 的 90% 计价，优惠 0.38。", "规则 dairy，版本 1"),
    ("金卡价", "−0.41", "按 3.42 的 88% 计价，优惠 0.41。", "规则 tier-gold，版本 3"),
    ("应付", "3.01", "", ""),
    ("每元 1 分", "+6", "整单按基本积分的 200% 计，本行得 6 分。", "规则 points，版本 2"),
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture
def english():
    with counter("en") as running:
        running.sign_in("9001", SUPERVISOR_PIN)
        yield running


def reasons(tab: Page) -> list[tuple[str, ...]]:
    """Return name, amount, sentence and rule of each reason, from the top."""
    rows = tab.locator("dialog.why .reasons li").all()
    return [
        tuple(
            "".join(row.locator(part).all_inner_texts()).strip()
            for part in ("b", "em", "p", "small")
        )
        for row in rows
    ]


@pytest.mark.parametrize(("locale", "expected"), [("en", ENGLISH), ("zh-CN", CHINESE)])
def test_each_discount_says_its_rule_its_amount_and_why(browser, locale, expected):
    with counter(locale) as till, page(browser, till.address) as tab:
        till.sign_in("9001", SUPERVISOR_PIN)
        sign_in(tab)
        till.call("POST", "/sale/member", member=GOLD)
        till.call("POST", "/sale/scan", text=MILK)
        expect(tab.locator(".line .off")).to_have_count(2)
        tab.locator(".linetools button").nth(4).click()
        shown = reasons(tab)

    assert tuple(shown) == expected


def test_what_the_page_explains_is_what_the_quote_says(browser, english: Counter):
    english.call("POST", "/sale/member", member=SILVER)
    english.call("POST", "/sale/lines", code=MILK, quantity=7000)
    english.call("POST", "/sale/scan", text=NOODLES)
    quote = english.get("/till").json()["sale"]["quote"]
    with page(browser, english.address) as tab:
        sign_in(tab)
        for line in quote["lines"]:
            tab.locator(f".line[data-n='{line['n']}'] .row").click()
            tab.locator(".line.chosen .linetools button").nth(4).click()
            shown = reasons(tab)
            taken = [f"−{each['amount'] / 100:.2f}" for each in line["discounts"]]
            assert [each[1] for each in shown[1 : 1 + len(taken)]] == taken
            assert shown[0][1] == f"{line['gross'] / 100:.2f}"
            assert shown[1 + len(taken)][1] == f"{line['net'] / 100:.2f}"
            tab.keyboard.press("Escape")
            expect(tab.locator("dialog[open]")).to_have_count(0)


def test_a_line_without_a_discount_says_so_and_a_changed_price_is_told(browser, english: Counter):
    english.call("POST", "/sale/scan", text=CIGARETTES)
    english.call("PATCH", "/sale/lines/1", unit_price=6000)
    with page(browser, english.address) as tab:
        sign_in(tab)
        tab.locator(".linetools button").nth(4).click()

        expect(tab.locator("dialog.why .hint")).to_have_text(
            "No rule takes anything off this line."
        )
        assert reasons(tab)[0] == ("Shelf price", "60.00", "1 × 60.00", "Price changed from 65.00")


def test_the_why_is_reached_by_one_key_and_left_by_another(browser, english: Counter):
    english.call("POST", "/sale/scan", text=MILK)
    with page(browser, english.address) as tab:
        sign_in(tab)
        expect(tab.locator(".line.chosen")).to_be_visible()
        tab.keyboard.press("/")
        expect(tab.locator("dialog.why")).to_contain_text("乳品九折")
        tab.keyboard.press("Escape")
        expect(tab.locator("dialog[open]")).to_have_count(0)
        tab.keyboard.press("?")
        expect(tab.locator("dialog.help")).to_contain_text("Why this price")
