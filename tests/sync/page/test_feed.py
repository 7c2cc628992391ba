"""The feed for other systems, and a record in quarantine that is understood after all."""

import json
from collections.abc import Iterator

import httpx
import pytest

from sync.hq import books as hq_books
from terminal.codec.entry import UndecodableError
from tests.sync.page.books import Books
from tests.sync.page.shop import START_MS, Shop
from tests.sync.page.site import Address


def feed(client: httpx.Client, after: int = 0) -> list[dict]:
    items: list[dict] = []
    while True:
        page = client.get("/api/v1/feed", params={"after": after, "limit": 2}).json()
        if not page["items"]:
            return items
        items += page["items"]
        after = page["next"]


def events(lines: Iterator[str], count: int) -> list[tuple[int, str, dict]]:
    found: list[tuple[int, str, dict]] = []
    while len(found) < count:
        said = {}
        for line in lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            said[name] = value
        if "id" in said:
            found.append((int(said["id"]), said["event"], json.loads(said["data"])))
    return found


def test_the_feed_holds_every_entry_once_and_goes_on_after_a_number(books: Books, address: Address):
    till = Shop("S01-T1", "L-1")
    till.sell(START_MS, 0, 2)
    till.sell(START_MS, None, 1)
    books.take(till)
    books.follow()
    with address.client() as client:
        first = feed(client)
        assert [item["id"] for item in first] == [1, 2, 3]
        assert [item["kind"] for item in first] == ["sale", "sale", "till"]
        sale = first[0]
        assert (sale["ledger"], sale["seq"], sale["member"]) == ("L-1", 1, "100001")
        assert sale["total"] == till.entries[0].body.bill.totals.total
        assert len(sale["postings"]) == len(till.entries[0].postings)
        assert first[2]["till"]["connected"] is True
        till.sell(START_MS, 1, 1)
        books.take(till, held=2)
        books.lose(till, waiting=1)
        books.follow()
        later = feed(client, after=3)
        assert [(item["kind"], item["id"]) for item in later] == [("sale", 4), ("till", 5)]
        assert later[1]["till"]["connected"] is False
        assert client.get("/api/v1/feed", params={"after": "x"}).status_code == 400


def test_a_stream_tells_as_it_happens_and_resumes_by_its_last_number(
    books: Books, address: Address
):
    till = Shop("S01-T1", "L-1")
    till.sell(START_MS, 0, 2)
    books.take(till)
    books.follow()
    with address.client() as client:
        with client.stream("GET", "/api/v1/events", headers={"last-event-id": "1"}) as stream:
            lines = stream.iter_lines()
            assert [(number, event) for number, event, _ in events(lines, 1)] == [(2, "till")]
            till.sell(START_MS, 1, 1)
            books.take(till, held=1)
            books.follow()
            [(number, event, item)] = events(lines, 1)
            assert (number, event, item["seq"]) == (3, "entry", 2)
        with client.stream("GET", "/api/v1/events?after=0") as stream:
            assert [number for number, _, _ in events(stream.iter_lines(), 3)] == [1, 2, 3]
        with client.stream("GET", "/api/v1/events", headers={"last-event-id": "x"}) as stream:
            assert stream.status_code == 400


def test_a_record_that_a_later_version_understands_is_booked_once(
    books: Books, address: Address, monkeypatch: pytest.MonkeyPatch
):
    def not_yet(_body: bytes) -> None:
        raise UndecodableError("entry version 9 is not known here")

    till = Shop("S01-T1", "L-1")
    till.sell(START_MS, 0, 2)
    with monkeypatch.context() as older:
        older.setattr(hq_books, "decode_books", not_yet)
        books.take(till)
    books.follow()
    earned = till.entries[0].body.bill.totals.earned
    with address.client() as client:
        [record] = client.get("/api/v1/quarantine").json()["records"]
        assert client.get("/api/v1/members/100001").json()["held"] == []
        again = f"/api/v1/quarantine/record/{record['id']}/again"
        assert client.post(again, json={}).status_code == 200
        assert client.post(again, json={}).status_code == 409
        assert client.get("/api/v1/quarantine").json()["records"] == []
        member = client.get("/api/v1/members/100001").json()
        assert dict(member["held"])["points"] == earned
        assert len(member["moved"]) == 1
        assert client.get("/api/v1/overview").json()["overview"]["sales"] == 1
        assert client.get("/api/v1/days?since=2026-11-01").json()["total"]["sales"] == 1
        assert client.get("/api/v1/tills").json()["tills"][0]["chain"] == "whole"
        broken = Shop("S01-T2", "L-2")
        broken.post_unbalanced(START_MS)
        books.take(broken)
        [record] = client.get("/api/v1/quarantine").json()["records"]
        wrong = client.post(f"/api/v1/quarantine/record/{record['id']}/again", json={})
        assert (wrong.status_code, wrong.json()["error"]) == (409, "still-unreadable")
