"""Points on the cashier's page: paid with by a slider, a gift exchanged, a draw, in the member's panel."""

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.kit.browser import chromium, page
from tests.kit.points import with_points
from tests.kit.till import PIN, SOAP, SUPERVISOR, TillProcess

MEMBER = "100001"


def shot(tab: Page, name: str) -> None:
    """Keep a picture where a person who looks at pages asks for it."""
    if folder := os.environ.get("TP_SHOTS"):
        tab.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a_member_pays_with_points_and_spends_the_rest(tmp_path):
    with (
        with_points(TillProcess(tmp_path, locale="zh-CN")) as till,
        chromium() as browser,
        page(browser, till.address, 1024, 600) as tab,
    ):
        till.api.sign_in(SUPERVISOR)
        given = {"points": 3000, "reason": "开业"}
        till.api.ok("POST", f"/members/{MEMBER}/points", given)
        tab.keyboard.type(SUPERVISOR)
        tab.keyboard.press("Enter")
        tab.keyboard.type(PIN)
        tab.keyboard.press("Enter")
        expect(tab.locator("dialog[open]")).to_have_count(0)
        till.api.ok("POST", "/sale/member", {"member": MEMBER})
        till.api.add(SOAP)
        expect(tab.locator(".usepoints button")).to_be_visible()
        shot(tab, "offer")

        tab.locator(".usepoints button").click()
        shot(tab, "slider")
        tab.locator("dialog .sliding button").first.click()
        offer = till.state()["sale"]["quote"]["redeemable"]
        chosen = offer["amount_max"] - 100
        expect(tab.locator("dialog .given b")).to_contain_text(f"{chosen / 100:.2f}")
        tab.locator("dialog form button.main").click()
        expect(tab.locator("#tenders .tender")).to_contain_text(f"{chosen / 100:.2f}")
        assert till.state()["sale"]["tenders"][0]["amount"] == chosen
        tab.locator("#tenders button").click()
        expect(tab.locator("#tenders .tender")).to_have_count(0)

        tab.locator("#member .touch").click()
        gift = tab.locator("dialog .found li", has_text="停车两小时")
        gift.locator("button").click()
        expect(tab.locator("#said")).to_contain_text("停车两小时")
        shot(tab, "panel")
        tab.locator("dialog .found li", has_text="转盘").locator("button").click()
        expect(tab.locator("#said")).to_contain_text("纸巾")
        tab.locator("dialog .quick button", has_text="签到").click()
        expect(tab.locator("dialog .quick button", has_text="已签到")).to_be_disabled()
