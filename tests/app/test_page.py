"""The real till, broker and head office behind their pages in a real browser, as a cashier uses them."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.kit.broker import Broker
from tests.kit.browser import chromium, page, until_drawn
from tests.kit.gun import Gun
from tests.kit.pcscd import READERS, Pcscd
from tests.kit.tcp_printer import TcpPrinter
from tests.kit.till import CASHIER, COLA, PIN, SOAP, WATER, HqProcess, TillProcess, first_pins
from tests.kit.vcard import VirtualCard, uid_card
from tests.kit.waiting import until

GOLD_UID = bytes.fromhex("04a1b2c3d4e5f6")


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


def type_in(tab: Page, *texts: str) -> None:
    for text in texts:
        tab.keyboard.type(text)
        tab.keyboard.press("Enter")


def first_sign_in(tab: Page, till: TillProcess, title: str) -> None:
    expect(tab.locator("dialog.signin input").first).to_be_focused()
    type_in(tab, CASHIER, first_pins(till.shop)[CASHIER])
    expect(tab.locator("dialog h2")).to_have_text(title)
    type_in(tab, PIN, PIN)
    expect(tab.locator("dialog[open]")).to_have_count(0)


def all_printed(till: TillProcess) -> None:
    """Wait until the till has the printer's word: of what is still being printed it makes no copy."""
    till.api.sign_in()
    till.until(lambda state: not state["doubts"], "the printer's word")


def fact(tab: Page, label: str) -> Locator:
    """What the member panel says under ``label``."""
    return tab.locator("#member dl > div", has_text=label).locator("dd")


def test_a_visitor_sells_with_a_tray_and_the_head_office_has_it(browser, tmp_path):
    with (
        Broker(tmp_path) as broker,
        HqProcess(tmp_path / "hq", broker.port, locale="zh-CN") as hq,
        TillProcess(tmp_path, broker=broker.port, locale="zh-CN") as till,
        page(browser, till.address) as tab,
        page(browser, f"{till.address}/display", 800, 480) as display,
        page(browser, hq.address) as office,
    ):
        office.context.add_cookies(hq.cookies())
        office.goto(hq.address)
        expect(office.locator(".tile", has_text="在线收银机").locator(".big")).to_have_text("1/1")
        first_sign_in(tab, till, "设置自己的密码")

        tab.locator("#tray .mini", has_text="陈思远").click()
        expect(tab.locator("#member .top")).to_contain_text("陈**")
        expect(tab.locator("#member .tier")).to_have_text("金卡")
        expect(fact(tab, "积分")).to_have_text("1,860")
        expect(fact(tab, "储值")).to_have_text("200.00 + 20.00")
        for name in ("农夫山泉", "可口可乐", "旺旺雪饼"):
            tab.locator("#tray .code", has_text=name).click()
            expect(tab.locator(".line.newest b")).to_contain_text(name)
            expect(tab.locator("#said")).to_contain_text(name)
        expect(tab.locator("#total .now")).to_have_text("11.13")
        expect(display.locator("#total .now")).to_have_text("11.13")
        expect(display.locator("#tier")).to_have_text("金卡")

        tab.locator(".line.chosen .linetools button[title='价格说明']").click()
        why = tab.locator("dialog.why li")
        expect(why.nth(1)).to_contain_text("零食周 9 折−0.69按 6.90 的 90% 计价，优惠 0.69。")
        expect(why.nth(2)).to_contain_text("会员价−0.31")
        expect(why.nth(2)).to_contain_text("规则 tier-price，版本 1")
        tab.keyboard.press("Escape")

        tab.locator("#cash").click()
        tab.locator("dialog.cash .quick button", has_text="50").click()
        expect(tab.locator("dialog.done .given b").first).to_have_text("38.87")
        until_drawn(tab.locator("dialog.done img"))
        expect(display.locator("#thanks")).to_be_visible()
        expect(display.locator("#total .now")).to_have_text("11.13")
        all_printed(till)
        tab.locator("dialog.done button", has_text="打印副本").click()
        expect(tab.locator("#said")).to_have_text("正在打印副本。")
        tab.locator("dialog.done button.main").click()
        expect(tab.locator("#empty")).to_be_visible()

        receipt = till.state()["last_receipt"]
        expect(office.locator(".tile.wide .big")).to_have_text("11.13")
        expect(office.locator("main")).to_contain_text(receipt)
        till.until(lambda state: state["sync"]["pending"] == 0, "all is acknowledged")
        tab.locator("#lights").click()
        light = tab.locator("dialog.devices li").last
        expect(light).to_contain_text("已连接，销售记录即时上传。")
        # The first PIN's change, the sale, its copy, and what was set aside and given back of a member's.
        until(
            lambda: f"已确认 {len(till.records())} 条" in light.inner_text(),
            "the light says how many records are acknowledged: all",
        )
        assert till.records() == hq.records()


def test_the_same_page_sells_with_a_card_reader_a_scanner_and_a_printer(browser, tmp_path):
    with (
        Pcscd(),
        Gun(tmp_path) as gun,
        TcpPrinter() as printer,
        TillProcess(
            tmp_path,
            readers=[{"name": "counter", "driver": "pcsc", "match": READERS[0]}],
            scanners=[{"name": "gun", "driver": "serial", "port": str(gun.path)}],
            printers=[
                {"name": "receipt", "driver": "network", "host": "127.0.0.1", "port": printer.port}
            ],
        ) as till,
        page(browser, till.address, 800, 480) as tab,
    ):
        first_sign_in(tab, till, "Choose your own PIN")
        expect(tab.locator("#demo")).to_be_hidden()
        expect(tab.locator(".light[data-state=up]")).to_have_count(3)

        with VirtualCard(uid_card(GOLD_UID)):
            expect(tab.locator("#member .top")).to_contain_text("陈**")
        expect(tab.locator("#said")).to_contain_text("陈** · 金卡")
        for code, name in ((WATER, "农夫山泉"), (COLA, "可口可乐"), (SOAP, "蓝月亮")):
            gun.send(code.encode() + b"\r")
            expect(tab.locator(".line.newest b")).to_contain_text(name)
        expect(tab.locator("#total .now")).to_have_text("43.14")

        tab.keyboard.press("F9")
        type_in(tab, "50")
        expect(tab.locator("dialog.done .given b").first).to_have_text("6.86")
        until_drawn(tab.locator("dialog.done img"))
        [slip] = printer.wait_for_slips(1)
        all_printed(till)
        tab.locator("dialog.done button", has_text="Print a copy").click()
        [_, copy] = printer.wait_for_slips(2)
        tab.keyboard.press("Escape")

        assert "43.14" in slip
        assert "蓝月亮洗衣液" in slip
        assert "COPY" not in slip
        assert "COPY" in copy
        expect(tab.locator("#empty")).to_be_visible()
        expect(tab.locator(".strip")).to_have_count(0)
