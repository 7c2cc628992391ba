"""The pages for people: drawn for every kind of record, in both languages, with hostile content as text."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.hq.page.around import Around
from sync.hq.page.paths import PATHS as PATHS_HERE
from sync.hq.page.server import CONNECTIONS_MAX, PageNotServedError, serve
from terminal.core import journal
from terminal.core.journal import Tender
from tests.kit.waiting import PATIENCE_S, until
from tests.sync.page.books import opened
from tests.sync.page.shop import START_MS, Shop
from tests.sync.page.site import NOW_MS, clerk_of, running

HOSTILE = "<img src=x onerror=alert(1)>\"'{{ 700007 * 3 }}"
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
    till.post(START_MS, journal.Reprinted(HOSTILE, 1))
    till.post_unbalanced(START_MS)
    return till


def copied_at(till: Shop, seq: int) -> Shop:
    """A till that runs on from a copy of the card made after record ``seq``."""
    copy = Shop(till.terminal, till.ledger_id, entries=till.entries[:seq], bodies=till.bodies[:seq])
    copy.sell(START_MS, None, 1)
    copy.sell(START_MS, None, 1)
    return copy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with opened(tmp_path_factory.mktemp("hq")) as books:
        till = every_kind()
        books.take(till)
        books.take(copied_at(till, 7), held=7)
        books.store.refuse(f"tp/1/{HOSTILE}/up", b"garbage", HOSTILE, START_MS)
        books.follow()
        with running(books.reader) as address, address.client() as client:
            yield client


PATHS_OF_PAGES = tuple(each.path for each in PATHS_HERE if "{" not in each.path)
PATHS = (
    "/people", "/audit", "/members", "/members/100004", "/days?since=2026-11-01&until=2026-11-30",
    "/liability", "/checks", "/purses", "/exposure", "/anomalies?settled=yes",
    f"/tills/{LEDGER}", "/quarantine/refused/1",
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
    assert "2100021" not in answer.text
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


def test_a_copied_card_is_named_and_both_branches_can_be_read(site: httpx.Client):
    assert "Forked" in site.get("/tills").text
    assert "Two tills share one ledger" in site.get("/").text
    both = [site.get(f"/api/v1/entries/{LEDGER}/8?branch={n}").json() for n in (0, 1)]

    assert both[0]["previous"] == both[1]["previous"]
    assert both[0]["digest"] != both[1]["digest"]


def test_empty_books_say_what_to_do(tmp_path: Path):
    with opened(tmp_path) as books, running(books.reader) as address, address.client() as client:
        for page in PATHS_OF_PAGES:
            assert client.get(page).status_code == 200, page
        assert "No till has called yet" in client.get("/").text


def test_open_pages_hear_when_the_books_change(tmp_path: Path):
    with (
        opened(tmp_path) as books,
        running(books.reader) as address,
        address.client() as client,
        client.stream("GET", "/events", timeout=PATIENCE_S) as stream,
    ):
        lines = (line for line in stream.iter_lines() if line.startswith("data:"))
        before = next(lines)
        books.take(every_kind())
        assert next(lines) != before


def test_the_page_stops_although_a_stream_is_open(tmp_path: Path):
    with opened(tmp_path) as books, running(books.reader) as address, address.client() as client:
        stream = client.stream("GET", "/events", timeout=PATIENCE_S)
        lines = stream.__enter__().iter_lines()
        assert next(lines) == "retry: 2000"
    stream.__exit__(None, None, None)


def test_an_address_that_is_taken_or_not_ours_is_said(tmp_path: Path):
    stop, ready = threading.Event(), threading.Event()
    with opened(tmp_path) as books, running(books.reader) as address:
        around = Around(lambda: NOW_MS, clerk_of(books.reader))
        for listen in (address.removeprefix("http://"), "192.0.2.1:80", "127.0.0.1:99999"):
            with pytest.raises(PageNotServedError, match=listen):
                serve(listen, books.reader, "en", stop, ready.set, around)
    assert not ready.is_set()


def test_callers_that_send_no_whole_request_do_not_lock_the_page_out(tmp_path):
    with opened(tmp_path) as books, running(books.reader) as address:
        port = int(address.rpartition(":")[2])
        with contextlib.ExitStack() as held:
            for n in range(CONNECTIONS_MAX + 20):
                line = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
                held.enter_context(line)
                line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" if n % 2 else b"")

            def answers() -> bool:
                return httpx.get(f"{address}/healthz", timeout=PATIENCE_S).status_code == 200

            until(answers, "the page answers while the others still hold on")
