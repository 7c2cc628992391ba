"""The pages for people: drawn for every kind of record, in both languages, with hostile content as text."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from sync.hq.page.around import Around
from sync.hq.page.server import PageNotServedError, serve
from sync.hq.views import Chain
from terminal.core import journal
from terminal.core.journal import Tender
from tests.sync.page.books import Books
from tests.sync.page.shop import START_MS, Shop
from tests.sync.page.site import NOW_MS, free_port, running

HOSTILE = "<img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"
LEDGER = "L-8F3A6C21"


def every_kind() -> Shop:
    """A till that sealed each kind of event once, with content that means harm."""
    till = Shop("S01-T1", LEDGER)
    sale = till.sell(START_MS, 3, 2, HOSTILE)
    assert isinstance(sale.body, journal.SalePosted)
    bill = sale.body.bill
    till.post(START_MS, journal.PaymentTaken(bill, Tender("external", 500, HOSTILE)))
    till.post(START_MS, journal.PaymentReturned(bill.sale_id, Tender("cash", 500)))
    till.post(START_MS, journal.SaleVoided(bill))
    till.post(START_MS, journal.PinChanged("1001", "$argon2id$never-shown"))
    till.post(START_MS, journal.LockedOut("1001", START_MS + 60_000))
    till.post(2**62, journal.Reprinted(HOSTILE, 1))
    till.post_unbalanced(START_MS)
    return till


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    books = Books()
    books.take(every_kind(), received_ms=START_MS)
    books.chain["S01-T1"] = Chain.FORKED
    with running(books) as address, httpx.Client(base_url=address) as client:
        yield client


PATHS = (
    "/", "/tills", "/sales", "/sales?terminal=S01-T1", "/sales?member=100004", "/balances",
    "/balances?search=house:", "/quarantine", *(f"/entries/{LEDGER}/{n}" for n in range(1, 9)),
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_a_page_is_drawn_and_hostile_content_is_text(site: httpx.Client, path: str, locale: str):
    answer = site.get(path, headers={"cookie": f"hq_language={locale}"})

    assert answer.status_code == 200, answer.text
    assert f'<html lang="{locale}">' in answer.text
    assert "<img src=x" not in answer.text
    assert "<script>alert" not in answer.text
    assert "7 * 7" in answer.text or "49" not in answer.text
    assert "argon2id" not in answer.text


def test_hostile_parameters_are_text(site: httpx.Client):
    for path in ("/sales?terminal=", "/sales?member=", "/balances?search="):
        page = site.get(path + '"><script>alert(2)</script>').text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_a_sale_shows_its_reasons_and_balanced_postings(site: httpx.Client):
    page = site.get(f"/entries/{LEDGER}/1").text

    assert "金卡会员价: 95 % of the price is paid" in page
    assert "adds up to zero" in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2  # The member's name, as text.


def test_empty_books_say_what_to_do():
    with running(Books()) as address:
        for path in ("/", "/tills", "/sales", "/balances", "/quarantine"):
            assert httpx.get(address + path).status_code == 200, path
        assert "No till has called yet" in httpx.get(address).text


def test_open_pages_hear_when_the_books_change():
    books = Books()
    with running(books) as address, httpx.stream("GET", f"{address}/events", timeout=20) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data:"))
        assert next(lines) == "data: 1"
        books.take(every_kind())
        assert next(lines) == "data: 2"


def test_the_page_stops_although_a_stream_is_open():
    with running(Books()) as address:
        stream = httpx.stream("GET", f"{address}/events", timeout=20)
        lines = stream.__enter__().iter_lines()
        assert next(lines) == "retry: 2000"
    stream.__exit__(None, None, None)


def test_an_address_that_is_taken_is_said():
    port = free_port()
    stop, ready = threading.Event(), threading.Event()
    with running(Books()) as address:
        taken = address.removeprefix("http://")
        with pytest.raises(PageNotServedError, match=taken):
            serve(taken, Books(), "en", stop, ready.set, Around(lambda: NOW_MS))
    with pytest.raises(PageNotServedError):
        serve(f"192.0.2.1:{port}", Books(), "en", stop, ready.set, Around(lambda: NOW_MS))
    assert not ready.is_set()
