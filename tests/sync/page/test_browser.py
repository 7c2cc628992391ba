"""The page as a browser shows it: it fits, it can be read, and it keeps level with the books."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sync.hq.page.application import STATIC
from tests.kit.browser import chromium
from tests.sync.page.books import opened
from tests.sync.page.shop import START_MS, Shop, fortnight
from tests.sync.page.site import Address, running

PATHS = (
    "/", "/tills", "/sales", "/sales?member=100001", "/balances", "/balances?search=house:",
    "/days", "/members", "/members/100001", "/liability", "/anomalies", "/tills/L-8F3A6C21",
    "/quarantine/refused/1", "/people", "/audit", "/quarantine", "/entries/L-8F3A6C21/1",
    "/entries/L-C450AA9E/13", "/entries/none/1",
)  # fmt: skip
SIZES = ((1280, 800), (1024, 600), (800, 480), (390, 844), (320, 640))
AA = 4.5
"""Contrast of text to what lies behind it. Source: WCAG 2.2, 1.4.3."""
LONG = "很长的商品名称LongNameWithoutAnySpace" * 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running_browser:
        yield running_browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with opened(tmp_path_factory.mktemp("hq")) as books:
        tills = fortnight(sales=12)
        tills[0].sell(START_MS + 46_500_000, 0, 9, LONG)
        tills[2].post_unbalanced(START_MS + 46_900_000)
        books.take_in_turn(tills)
        books.lose(tills[1], waiting=14)
        books.store.refuse("tp/1/" + "x" * 150, b"garbage", "signature", START_MS)
        books.follow()
        books.store.flag(tills[0].ledger_id, 0, "no-space-in-" * 12)
        with running(books.reader) as found:
            yield found


def opened_by(browser: Browser, address: Address) -> Page:
    """Return a page of a browser in which the administrator is signed in."""
    context = browser.new_context()
    context.add_cookies(address.cookies())
    return context.new_page()


def heard(page: Page) -> list[str]:
    """Return the list that collects what the browser complains about."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "console",
        lambda line: line.type == "error" and "404" not in line.text and said.append(line.text),
    )
    return said


@pytest.mark.parametrize(
    ("size", "locale"),
    [*((size, "en") for size in SIZES), (SIZES[0], "zh-CN"), (SIZES[3], "zh-CN")],
)
def test_no_page_is_wider_than_the_screen(
    browser: Browser, address: Address, size: tuple[int, int], locale: str
):
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.add_cookies(address.cookies(locale))
    page = context.new_page()
    complaints = heard(page)
    for path in PATHS:
        page.goto(address + path)
        page.eval_on_selector_all("details", "all => all.forEach(part => part.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
    assert complaints == []
    context.close()


def test_a_sale_appears_on_an_open_page_by_itself(browser: Browser, tmp_path: Path):
    with opened(tmp_path) as books, running(books.reader) as address:
        page = opened_by(browser, address)
        complaints = heard(page)
        page.goto(address + "/sales")
        expect(page.locator("#live")).to_have_class(re.compile("on"))
        expect(page.locator("main")).to_contain_text("No sale here.")
        till = Shop("S01-T1", "L-1")
        till.sell(START_MS, 0, 3)
        books.take(till)
        expect(page.get_by_role("link", name="S01-T1-1-000001")).to_be_visible()

        page.locator("summary").click()
        till.sell(START_MS, 4, 1)
        books.take(till, held=1)
        expect(page.get_by_role("link", name="S01-T1-1-000002")).to_be_visible()
        expect(page.locator("details[open]")).to_have_count(1)  # What was open stays open.
        assert complaints == []
        page.context.close()


def test_every_number_leads_to_its_entry(browser: Browser, address: Address):
    page = opened_by(browser, address)
    page.goto(address)
    page.get_by_role("link", name="We owe members").click()
    expect(page.locator(".tiles .tile", has_text="Points")).to_be_visible()
    page.get_by_role("link", name="Members", exact=True).click()
    page.get_by_role("link", name="王秀英").click()
    page.locator(".rows .lead a").first.click()
    expect(page.locator("h1")).to_contain_text("Receipt S0")
    expect(page.get_by_role("cell", name="Points: adds up to zero")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_contain_text("小票")
    page.context.close()


def test_a_lost_head_office_is_said_in_words(browser: Browser, tmp_path: Path):
    with opened(tmp_path) as books:
        with running(books.reader) as address:
            page = opened_by(browser, address)
            page.goto(address)
            expect(page.locator("#live")).to_have_text("Live")
        expect(page.locator("#live")).to_have_text("Connection lost, trying again")
    page.context.close()


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", (STATIC / "page.css").read_text(), re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#\w+)", dark if scheme == "dark" else light))


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "behind"),
    [
        *((ink, back) for ink in ("ink", "soft", "brand", "good", "look", "bad")
          for back in ("card", "ground", "hover")),
        ("good", "good-back"), ("look", "look-back"), ("bad", "bad-back"),
        ("rail-ink", "rail"), ("card", "brand"), ("card", "ink"),
    ],
)  # fmt: skip
def test_text_can_be_read(scheme: str, text: str, behind: str):
    both = colours(scheme)
    lighter, darker = sorted((luminance(both[text]), luminance(both[behind])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= AA
