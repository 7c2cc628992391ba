"""The page on every screen it must fit, by day and by night: nothing cut off, faint or too small."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from terminal.counter.desk import DeviceLight
from tests.kit.browser import chromium, page
from tests.kit.counter import Counter, counter
from tests.kit.desk import DOUBT, SUPERVISOR_PIN
from tests.kit.looks import SIZES, faint, fill, misfits, sign_in

DIALOGS = ("F9", "F10", "F2", "F3", "F4", "F7", "F8", "?", "#menu", "#lights", "why")
BASKET_PX_MIN = 240
"""Room for the newest line with its buttons and two lines above it."""
TROUBLED = (
    DeviceLight("读卡器", "reader", "down", "card-hung", "take the card away"),
    DeviceLight("扫码枪", "scanner", "warn", "starting", ""),
    DeviceLight("小票机", "printer", "down", "paper-out", ""),
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(params=[("zh-CN", False), ("en", True)], ids=["zh-day", "en-night"], scope="module")
def till(request):
    """What fits hangs on the language, and what is readable on the light: each has its turn once."""
    locale, dark = request.param
    with counter(locale) as running:
        yield running, dark


@contextmanager
def trouble(till: Counter) -> Iterator[None]:
    """Everything that can go wrong at once, until the end."""
    well = till.desk.view()
    sync = replace(well.sync, connected=False, trouble="unknown-key")
    till.desk.show(doubts=(DOUBT,), devices=TROUBLED, disk="slow", sync=sync)
    try:
        yield
    finally:
        till.desk.show(doubts=(), devices=well.devices, disk="ok", sync=well.sync)


def well(tab: Page, where: str) -> None:
    assert (where, misfits(tab)) == (where, [])
    assert (where, faint(tab)) == (where, [])


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_sale_and_everything_that_slides_over_it_fits_and_is_readable(
    browser, till: tuple[Counter, bool], width, height
):
    shop, dark = till
    fill(shop)
    with page(browser, shop.address, width, height, dark=dark) as tab:
        well(tab, "sign-in")
        sign_in(tab)
        expect(tab.locator("#total .now")).to_be_visible()
        well(tab, "sale")
        basket = tab.locator("#lines").bounding_box()
        assert basket is not None
        assert basket["height"] >= BASKET_PX_MIN
        for name in DIALOGS:
            if name.startswith("#"):
                tab.locator(name).click()
            elif name == "why":
                tab.locator(".line.chosen .linetools button").nth(4).click()
            else:
                tab.keyboard.press(name)
            expect(tab.locator("dialog[open]")).to_be_visible()
            well(tab, name)
            tab.keyboard.press("Escape")
            expect(tab.locator("dialog[open]")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_with_everything_in_trouble_the_sale_is_still_in_sight(
    browser, till: tuple[Counter, bool], width, height
):
    shop, dark = till
    fill(shop)
    with page(browser, shop.address, width, height, dark=dark) as tab, trouble(shop):
        sign_in(tab)
        tab.keyboard.type("134567890123456789")
        tab.keyboard.press("Enter")
        expect(tab.locator("#result")).to_have_attribute("data-level", "bad")
        expect(tab.locator(".strip")).to_have_count(3)
        well(tab, "trouble")
        expect(tab.locator(".line.newest")).to_be_in_viewport(ratio=0.95)
        for part in ("#sums", "#payways"):
            expect(tab.locator(part)).to_be_in_viewport(ratio=1)
            cut = "(part) => part.scrollHeight > part.clientHeight + 1"
            assert not tab.locator(part).evaluate(cut), part
        tab.locator("#lights").click()
        expect(tab.locator("dialog[open]")).to_be_visible()
        well(tab, "what the lights mean")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_paid_sale_and_the_customers_display_fit_and_are_readable(
    browser, till: tuple[Counter, bool], width, height
):
    shop, dark = till
    fill(shop)
    with (
        page(browser, shop.address, width, height, dark=dark) as tab,
        page(browser, f"{shop.address}/display", width, height, dark=dark) as display,
    ):
        sign_in(tab)
        expect(display.locator("#total .now")).to_be_visible()
        assert faint(display) == []
        tab.keyboard.press("F9")
        tab.keyboard.press("Enter")
        expect(tab.locator("dialog.done img")).to_be_visible()
        well(tab, "paid")
        expect(display.locator("#thanks")).to_be_visible()
        assert faint(display) == []


def test_the_page_is_dark_where_the_machine_is_unless_the_cashier_wants_it_otherwise(browser):
    paper = "getComputedStyle(document.documentElement).getPropertyValue('--is-dark').trim()"
    with counter("en") as till, page(browser, till.address, dark=True) as tab:
        sign_in(tab)
        assert tab.evaluate(paper) == "1"
        tab.locator("#menu").click()
        tab.locator("dialog.menu button", has_text="Light colours").click()
        assert tab.evaluate(paper) == "0"
        tab.reload()
        expect(tab.locator("#operator")).to_contain_text("陈静")
        assert tab.evaluate(paper) == "0"


def test_without_movement_nothing_moves_and_money_fades_where_it_may(browser):
    with counter("en") as till, page(browser, till.address) as tab:
        till.sign_in("9001", SUPERVISOR_PIN)
        sign_in(tab)
        assert tab.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
        till.call("POST", "/sale/scan", text="6901234567892")
        expect(tab.locator("#total .now")).to_have_text("2.00")
        expect(tab.locator("#total .was")).to_have_count(0)
