"""The page in a real browser: a whole sale by hand and by keys, and that it fits every screen it must fit."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, Response, expect

from tests.kit.browser import chromium, page, until_drawn
from tests.kit.counter import Counter, counter
from tests.kit.desk import CASHIER_PIN, DOUBT, FIRST_PIN, SUPERVISOR_PIN

SIZES = ((800, 480), (1024, 600), (1280, 800), (720, 1280))
PAGE_BYTES_MAX = 100_000
CENTIMETRE_PX = 52
"""A centimetre on the 7-inch screen of 800 by 480: 5.2 pixels a millimetre."""
CODES = ("6901234567892", "6902083881405", "6907992100012", "6954767413877")


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


def sign_in(tab: Page, operator: str = "9001", pin: str = SUPERVISOR_PIN) -> None:
    expect(tab.locator("dialog.signin input").first).to_be_focused()
    tab.keyboard.type(operator)
    tab.keyboard.press("Enter")
    tab.keyboard.type(pin)
    tab.keyboard.press("Enter")
    expect(tab.locator("dialog[open]")).to_have_count(0)
    expect(tab.locator("#operator")).to_contain_text("陈静" if operator == "9001" else "王小明")


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


def fill(till: Counter) -> None:
    till.sign_in("9001", SUPERVISOR_PIN)
    till.call("POST", "/sale/void")
    for code in CODES:
        till.call("POST", "/sale/scan", text=code)
    till.call("POST", "/sale/member", member="100001")


OVERFLOWS = """() => {
  const wrong = [], box = { w: innerWidth, h: innerHeight };
  const root = document.querySelector('dialog[open]') || document.body;
  for (const element of root.querySelectorAll('button, output, h2, p, dd, dt, b, input, .light em')) {
    const seen = element.getBoundingClientRect();
    if (!seen.width || element.closest('#tray, #lines, .found, .sheet, .sprite')
        && !element.matches('.sheet > form > button, .keys button')) continue;
    if (getComputedStyle(element).visibility === 'hidden') continue;
    if (seen.left < -1 || seen.top < -1 || seen.right > box.w + 1 || seen.bottom > box.h + 1)
      wrong.push('outside: ' + element.outerHTML.slice(0, 90));
    if (element.matches('button:not(.lights)') && element.scrollWidth > element.clientWidth + 2)
      wrong.push('cut: ' + element.outerHTML.slice(0, 90));
  }
  if (document.documentElement.scrollWidth > box.w) wrong.push('the page scrolls sideways');
  if (document.documentElement.scrollHeight > box.h) wrong.push('the page scrolls');
  return wrong;
}"""
SMALL = """(least) => [...document.querySelectorAll('button')].filter((button) => {
  const seen = button.getBoundingClientRect();
  return seen.width && !button.disabled && getComputedStyle(button).visibility !== 'hidden'
    && (seen.width < least || seen.height < least);
}).map((button) => button.outerHTML.slice(0, 80) + button.getBoundingClientRect().height)"""


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_fits_the_screen_and_every_target_a_finger(
    browser, till: Counter, width, height
):
    fill(till)
    with page(browser, till.address, width, height) as tab:
        sign_in(tab)
        expect(tab.locator("#total .now")).to_be_visible()
        for key in ("", "F9", "F10", "F2", "F4", "F8", "?", "#menu", "#lights"):
            if key.startswith("#"):
                tab.locator(key).click()
            elif key:
                tab.keyboard.press(key)
            if key:
                expect(tab.locator("dialog[open]")).to_be_visible()
            assert tab.evaluate(OVERFLOWS) == [], (key, width, height)
            assert tab.evaluate(SMALL, CENTIMETRE_PX - 2) == [], (key, width, height)
            if key:
                tab.locator("dialog header button").last.click()
                expect(tab.locator("dialog[open]")).to_have_count(0)
        basket = tab.locator("#lines").bounding_box()
        assert basket is not None
        assert basket["height"] >= 240
        till.desk.show(doubts=(DOUBT,))
        expect(tab.locator(".strip")).to_be_visible()
        assert tab.evaluate(OVERFLOWS) == []
        till.desk.show(doubts=())


CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.backgroundImage !== 'none') return parse(style.backgroundImage.split('rgb').pop());
      const colour = parse(style.backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getBoundingClientRect().width) continue;
    if (element.closest('.sr, .was, kbd, :disabled')) continue;
    const [front, back] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) weak.push([ratio.toFixed(2), element.outerHTML.slice(0, 90)]);
  }
  return weak;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_has_the_contrast_of_aa(browser, english: Counter, theme):
    fill(english)
    with page(browser, english.address) as tab:
        tab.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        sign_in(tab)
        expect(tab.locator("#total .now")).to_be_visible()
        assert tab.evaluate(CONTRAST) == []
        tab.keyboard.press("F9")
        expect(tab.locator("dialog.cash")).to_be_visible()
        assert tab.evaluate(CONTRAST) == []


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
