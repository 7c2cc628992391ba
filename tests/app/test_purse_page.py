"""Money on cards on the running till: the tray's card, the API, and what the page says when."""

import re

import pytest

from tests.kit.browser import chromium
from tests.kit.tcp_printer import TcpPrinter
from tests.kit.till import COLA, READER, WATER, TillProcess

CARD = "purse:04A1B2C3D4E5F6"


@pytest.fixture
def till(tmp_path):
    reader = {**READER, "purses": "cards.json"}
    running = TillProcess(tmp_path, readers=(reader,))
    running.tables.append(("[cards]", {"purses": True}))
    running.write_settings()
    with running:
        running.api.sign_in()
        yield running


def lay(till, card=CARD):
    till.api.ok("POST", "/virtual/counter", {"card": card})


def test_a_sale_is_paid_off_a_card_and_called_off_until_then(till):
    till.api.add(WATER, COLA)
    till.api.ok("POST", "/sale/tenders", {"type": "purse", "amount": 550})
    state = till.until(lambda state: state["purse"], "the card is asked for")
    assert (state["purse"]["state"], state["purse"]["amount"]) == ("tap", 550)
    assert till.api.refused("POST", "/sale/void") == "purse-busy"
    till.api.ok("POST", "/purse/drop")
    till.until(lambda state: not state["purse"], "the card is not asked for")
    asked = {"id": "once", "type": "purse", "amount": 550}
    assert (
        till.api.post("/sale/tenders", asked).json() == till.api.post("/sale/tenders", asked).json()
    )
    lay(till)
    till.until(lambda state: state["last_receipt"], "the sale is posted")
    text = till.api.get("/receipts/S01-T1-1-000001.txt").text

    assert till.sales() == 1
    assert "Card purse ··E5F6" in text
    assert "On the card now" in text
    assert "94.50" in text
    till.assert_whole()


def test_a_till_that_was_restarted_meets_the_card_as_it_left_it(till):
    for sales in (1, 2):
        till.api.add(WATER)
        till.api.ok("POST", "/sale/tenders", {"type": "purse", "amount": 200})
        lay(till)
        till.until(lambda state, n=sales: state["last_receipt"].endswith(str(n)), "posted")
        till.api.ok("POST", "/virtual/counter", {"remove": True})
        till.restart()
        till.api.sign_in()
    till.api.ok("POST", "/purse/topups", {"type": "cash", "amount": 1_000})
    lay(till)
    till.until(lambda state: not state["purse"], "the card is loaded")

    assert till.balances()["house:purses", "money"] == 400 - 1_000


def test_without_a_reader_for_it_the_tender_is_refused(tmp_path):
    with TillProcess(tmp_path) as plain:
        plain.api.sign_in()
        plain.api.add(WATER)
        body = {"type": "purse", "amount": 200}
        assert plain.api.refused("POST", "/sale/tenders", body) == "purse-no-reader"
        assert plain.state()["purses"] is False


def test_the_page_says_lay_the_card_on_and_ends_with_the_receipt(till):
    till.api.add(WATER)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en")
        page.context.add_cookies(
            [
                {"name": name, "value": value, "url": till.address}
                for name, value in till.api.client.cookies.items()
            ]
        )
        page.goto(till.address)
        page.locator("#purse").click()
        page.locator("dialog[open] button.main, dialog[open] .go").first.click()
        page.locator("[data-card=tap]").wait_for()
        said = page.locator("[data-card=tap]").inner_text()
        lay(till)
        page.locator("[data-card=tap]").wait_for(state="detached")
        till.until(lambda state: state["last_receipt"], "the sale is posted")

    assert "lay the card on the reader" in said


def test_money_put_on_a_card_is_on_paper_with_before_and_after_and_again_as_a_copy(tmp_path):
    reader = {**READER, "purses": str(tmp_path / "cards.json")}
    network = {"name": "receipt", "driver": "network", "host": "127.0.0.1", "drawer": True}
    with TcpPrinter() as printer:
        till = TillProcess(
            tmp_path, readers=(reader,), printers=({**network, "port": printer.port},)
        )
        till.tables.append(("[cards]", {"purses": True}))
        till.write_settings()
        with till:
            till.api.sign_in()
            till.until_light("receipt", "ok")
            till.api.ok("POST", "/purse/topups", {"type": "cash", "amount": 20_000})
            till.until(lambda state: state["purse"], "the card is asked for")
            assert printer.texts() == []
            lay(till)
            [slip] = printer.wait_for_slips(1)
            number = re.search(r"No\. #(\d+)", slip)
            assert number is not None
            path, asked = f"/purse/slips/{number[1]}/print", {"id": "copy-1"}
            first = till.api.json("POST", path, asked)
            assert till.api.json("POST", path, asked) == first, "asked twice, it is printed once"
            copy = printer.wait_for_slips(2)[1]
            refused = till.api.refused("POST", "/purse/slips/1/print")
            printed = len(printer.texts())

    for said in ("Card top-up", "200.00", "··E5F6", "100.00", "300.00", "Cash"):
        assert said in slip
    assert ("COPY" in slip, "COPY" in copy) == (False, True)
    assert refused == "no-such-receipt"
    assert printed == 2
    assert printer.kicks == 1
