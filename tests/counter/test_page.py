"""The page in a real browser: a whole sale by hand and by keys, and what it says when something is wrong."""

from dataclasses import replace

import pytest
from playwright.sync_api import Response, expect

from tests.kit.browser import chromium, page, until_drawn
from tests.kit.counter import Counter, counter
from tests.kit.desk import CASHIER_PIN, DOUBT, FIRST_PIN
from tests.kit.looks import CODES, fill, sign_in

PAGE_BYTES_MAX = 100_000


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(params=["zh-CN", "en"], scope="module")
def till(request):
    with counter(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def english():
    with counter("en") as running:
        yield running


def test_a_visitor_signs_in_taps_scans_pays_and_sees_the_receipt(browser, till: Counter):
    with page(browser, till.address) as tab:
        sign_in(tab, "1001", CASHIER_PIN)
        tab.locator("#tray .code").nth(0).click()
        tab.locator("#tray .code").nth(4).click()
        tab.locator("#tray .mini").nth(0).click()
        expect(tab.locator("#member")).to_contain_text("张*")
        expect(tab.locator("#total .now")).to_have_text("4.77")
        expect(tab.locator("#said")).to_contain_text("张* · 金卡")
        tab.locator(".line.chosen .linetools button").nth(4).click()
        expect(tab.locator("dialog.why")).to_contain_text("乳品九折")
        tab.keyboard.press("Escape")
        tab.locator("#cash").click()
        tab.locator("dialog.cash .keys button", has_text="9").click()
        expect(tab.locator("dialog.cash output .now")).to_have_text("4.23")
        tab.locator("dialog.cash button.main").click()
        picture = tab.locator("dialog.done img")
        expect(picture).to_be_visible()
        until_drawn(picture)
        expect(tab.locator("dialog.done .given b").first).to_have_text("4.23")
        tab.locator("dialog.done button.main").click()
        expect(tab.locator("#empty")).to_be_visible()
        expect(tab.locator("#undo")).to_be_disabled()


def test_a_sale_by_keys_alone(browser, english: Counter):
    with page(browser, english.address) as tab:
        sign_in(tab)
        tab.keyboard.type("3*6901234567892")
        tab.keyboard.press("Enter")
        expect(tab.locator(".line .per")).to_have_text("3 × 2.00")
        tab.keyboard.press("+")
        expect(tab.locator(".line .per")).to_have_text("4 × 2.00")
        tab.keyboard.press("Control+z")
        expect(tab.locator(".line .per")).to_have_text("3 × 2.00")
        tab.keyboard.press("F7")
        tab.keyboard.type("1.5")
        tab.keyboard.press("Enter")
        expect(tab.locator("#total .now")).to_have_text("4.50")
        tab.keyboard.press("F2")
        tab.keyboard.type("乐事")
        expect(tab.locator(".found li[aria-selected=true]")).to_contain_text("乐事")
        tab.keyboard.press("Enter")
        expect(tab.locator("#total .now")).to_have_text("12.40")
        tab.keyboard.press("Delete")
        expect(tab.locator("#total .now")).to_have_text("4.50")
        tab.keyboard.type("13800000002")
        tab.keyboard.press("Enter")
        expect(tab.locator("#member")).to_contain_text("王*")
        tab.keyboard.press("F6")
        expect(tab.locator("#empty")).to_be_visible()
        tab.keyboard.press("F6")
        expect(tab.locator(".line")).to_have_count(1)
        tab.keyboard.press("F10")
        tab.keyboard.type("slip 77")
        tab.keyboard.press("Enter")
        expect(tab.locator("dialog.done")).to_be_visible()
        tab.keyboard.press("Escape")
        tab.keyboard.press("?")
        expect(tab.locator("dialog.help")).to_be_visible()


def test_a_refusal_is_red_and_says_what_to_do(browser, english: Counter):
    with page(browser, english.address) as tab:
        sign_in(tab)
        tab.keyboard.type("134567890123456789")
        tab.keyboard.press("Enter")
        expect(tab.locator("#result")).to_have_attribute("data-level", "bad")
        expect(tab.locator("#said")).to_contain_text("press Card / QR (F10)")


def test_calling_off_is_undone_for_ten_seconds(browser, english: Counter):
    with page(browser, english.address) as tab:
        sign_in(tab)
        for code in CODES[:2]:
            tab.keyboard.type(code)
            tab.keyboard.press("Enter")
        expect(tab.locator("#total .now")).to_have_text("6.50")
        tab.locator("#void").click()
        expect(tab.locator("#empty")).to_be_visible()
        tab.locator("#undo").click()
        expect(tab.locator("#total .now")).to_have_text("6.50")
        expect(tab.locator("#said")).to_have_text("Undone.")
        tab.locator("#void").click()


def test_a_first_pin_is_changed_at_the_first_sign_in(browser):
    with counter("en") as till, page(browser, till.address) as tab:
        expect(tab.locator("dialog.signin input").first).to_be_focused()
        tab.keyboard.type("1002")
        tab.keyboard.press("Enter")
        tab.keyboard.type(FIRST_PIN)
        tab.keyboard.press("Enter")
        expect(tab.locator("dialog h2")).to_have_text("Choose your own PIN")
        for _ in range(2):
            tab.keyboard.type("7294")
            tab.keyboard.press("Enter")
        expect(tab.locator("dialog[open]")).to_have_count(0)
        assert "1002" in till.desk.pins


def test_lights_doubts_and_the_offline_state_have_words(browser):
    with counter("en") as till, page(browser, till.address) as tab:
        sign_in(tab)
        tab.locator("#tray .odd", has_text="Paper out").click()
        expect(tab.locator(".light[data-state=down]")).to_contain_text("out of paper")
        expect(tab.locator("#said")).to_contain_text("out of paper: put a roll in")
        tab.locator("#tray .odd", has_text="New paper").click()
        expect(tab.locator("#said")).to_contain_text("ready")
        till.desk.show(
            doubts=(DOUBT,),
            last_receipt=DOUBT.receipt,
            sync=replace(till.desk.view().sync, connected=False),
        )
        expect(tab.locator(".light[data-state=calm]")).to_contain_text("offline")
        expect(tab.locator(".strip")).to_contain_text("Was receipt 000001 printed?")
        tab.locator(".strip button").click()
        expect(tab.locator(".strip")).to_have_count(0)


def test_a_page_that_has_lost_its_till_says_so(browser):
    with counter("en") as till:
        tab = browser.new_page()
        tab.goto(till.address)
        sign_in(tab)
    expect(tab.locator(".strip[data-level=bad]")).to_contain_text("This page has lost the till")
    expect(tab.locator("#cash")).to_be_disabled()
    tab.close()


def test_the_customers_display_follows_the_sale_and_shows_no_name(browser, english: Counter):
    fill(english)
    total = f"{english.get('/till').json()['sale']['quote']['total'] / 100:.2f}"
    with page(browser, f"{english.address}/display") as tab:
        expect(tab.locator("#total .now")).to_have_text(total)
        expect(tab.locator("#lines li")).to_have_count(len(CODES))
        assert "张" not in tab.locator("body").inner_text()
        english.call("POST", "/sale/tenders", type="cash", amount=100_000)
        expect(tab.locator("#thanks")).to_be_visible()
        expect(tab.locator("#thankspoints")).to_contain_text("points")


def test_the_whole_page_is_small_and_loads_nothing_from_elsewhere(browser, till: Counter):
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    with page(browser, "about:blank") as tab:
        tab.on("response", note)
        tab.goto(till.address)
        expect(tab.locator("dialog.signin input").first).to_be_focused()
        whole = [answer for answer in answers if "/events" not in answer.url]
        size = sum(len(answer.body()) for answer in whole)
    assert all(answer.url.startswith(till.address) for answer in answers)
    assert 30_000 < size <= PAGE_BYTES_MAX
