"""The pages that look back: days and stores, members, what is owed or odd, files, the quarantine desk."""

import csv
import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from sync.hq.digest import aged
from terminal.core import accounts, journal
from terminal.core.journal import Tender
from tests.sync.page.books import Books, opened
from tests.sync.page.shop import START_MS, Shop, fortnight
from tests.sync.page.site import Address, running

NASTY = "=HYPERLINK(1)"


def company() -> tuple[Shop, ...]:
    tills = fortnight(sales=30)
    for n in range(4):
        tills[0].sell(START_MS + 46_500_000 + n * 30_000, 0, 2)
    tills[1].sell(START_MS + 46_520_000, 0, 2)
    sale = tills[1].sell(START_MS + 46_600_000, None, 1)
    for _ in range(5):
        tills[1].post(START_MS + 46_700_000, journal.SaleVoided(sale.body.bill))
    tills[1].post(START_MS + 46_700_000, journal.PaymentReturned("x", Tender("cash", 500)))
    tills[2].post_unbalanced(START_MS + 46_900_000)
    return tills


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    where = tmp_path_factory.mktemp("hq")
    if request.param == "postgresql":
        where = request.getfixturevalue("postgres").database()
    with opened(where) as found:
        found.take_in_turn(company())
        found.store.refuse("tp/1/S09-T9/up", NASTY.encode() * 9, "signature", START_MS)
        found.follow()
        yield found


@pytest.fixture(scope="module")
def address(books: Books) -> Iterator[Address]:
    with running(books.reader) as found:
        yield found


@pytest.fixture(scope="module")
def site(address: Address) -> Iterator[httpx.Client]:
    with address.client() as client:
        yield client


def sales() -> list[journal.Entry]:
    entries = [entry for till in company() for entry in till.entries[:-1]] + company()[0].entries[
        -1:
    ]
    return [entry for entry in entries if isinstance(entry.body, journal.SalePosted)]


def test_days_and_stores_add_up_to_the_books(site: httpx.Client):
    answer = site.get("/api/v1/days", params={"since": "2026-11-01", "until": "2026-11-30"}).json()
    overview = site.get("/api/v1/overview").json()["overview"]

    assert answer["total"]["sales"] == overview["sales"] == len(sales())
    assert answer["total"]["amount"] == overview["sales_amount"]
    assert answer["total"]["earned"] == overview["points_owed"]
    assert sum(row["amount"] for row in answer["rows"]) == overview["sales_amount"]
    assert {row["store"] for row in answer["by_store"]} == {"S01", "S02"}
    only = site.get("/api/v1/days", params={"since": "2026-11-01", "store": "S02"}).json()
    assert only["total"]["sales"] == sum(entry.store == "S02" for entry in sales())


def test_a_member_s_entries_add_up_to_what_the_member_holds(site: httpx.Client):
    seen, before = [], {}
    while True:
        answer = site.get("/api/v1/members/100001", params={"limit": 7, **before}).json()
        seen += answer["moved"]
        if answer["next"] is None:
            break
        before = {"before": answer["next"]}

    assert len({each["id"] for each in seen}) == len(seen)
    assert sum(dict(each["changes"])["points"] for each in seen) == dict(answer["held"])["points"]
    assert len(seen) == sum(
        bool(entry.body.bill.buyer) and entry.body.bill.buyer.account == "100001"
        for entry in sales()
    )


def test_members_are_found_by_number_and_by_name(site: httpx.Client):
    for wanted in ("王秀", "00001"):
        found = site.get("/api/v1/members", params={"search": wanted}).json()["members"]
        assert [each["account"] for each in found] == ["100001"]
    pages = site.get("/api/v1/members", params={"limit": 2}).json()
    assert pages["next"] == "100002"
    assert site.get("/members/nobody-of-that-name").status_code == 404


def test_what_is_owed_adds_up_and_what_came_first_is_used_first(site: httpx.Client):
    owed = {each["unit"]: each for each in site.get("/api/v1/liability").json()["owed"]}

    assert (
        owed["points"]["amount"] == site.get("/api/v1/overview").json()["overview"]["points_owed"]
    )
    assert sum(age["amount"] for age in owed["points"]["ages"]) == owed["points"]["amount"]
    assert aged({0: 30, 202610: 20}, [(202611, 5), (202611, -45)]) == {0: 0, 202610: 5, 202611: 5}
    assert aged({}, [(202611, -5)]) == {0: -5}


def test_what_is_odd_is_listed_until_somebody_settles_it(address: Address, site: httpx.Client):
    rows = site.get("/api/v1/anomalies").json()["rows"]
    kinds = {row["kind"] for row in rows}
    assert {"two-tills", "many-sales", "many-voids"} <= kinds
    voids = next(row for row in rows if row["kind"] == "many-voids")
    assert (voids["terminal"], voids["operator"], voids["value"]) == ("S01-T2", "1001", 5)

    person = address.person()
    assert person.post(f"/settle/anomaly/{voids['id']}", data={"reason": " "}).status_code == 409
    told = person.post(f"/settle/anomaly/{voids['id']}", data={"reason": "training of 李"})
    assert (told.status_code, told.headers["location"]) == (303, "/anomalies")
    left = site.get("/api/v1/anomalies").json()["rows"]
    assert voids["id"] not in {row["id"] for row in left}
    assert "training of 李" in person.get("/anomalies?settled=yes").text
    person.post(f"/unsettle/anomaly/{voids['id']}")
    assert voids["id"] in {row["id"] for row in site.get("/api/v1/anomalies").json()["rows"]}


def test_the_desk_opens_what_nobody_could_take(address: Address, site: httpx.Client):
    answer = site.get("/api/v1/quarantine").json()
    [record] = answer["records"]
    opened_record = site.get(f"/api/v1/quarantine/record/{record['id']}").json()
    assert "S02-T1" in opened_record["peeked"]  # Its entry, as far as it can be read.
    message = site.get(f"/quarantine/refused/{answer['refused'][0]['id']}").text
    assert "not that of the till" in message
    assert "=HYPERLINK" in message
    assert site.get("/quarantine/record/99").status_code == 404

    person = address.person()
    person.post(f"/settle/record/{record['id']}", data={"reason": "damaged till, replaced"})
    assert site.get("/api/v1/quarantine").json()["records"] == []
    shown = site.get("/api/v1/quarantine", params={"settled": "yes"}).json()["records"]
    assert shown[0]["settled_reason"] == "damaged till, replaced"
    person.post(f"/unsettle/record/{record['id']}")


def test_a_till_s_records_are_listed_page_by_page(site: httpx.Client):
    seen, before = [], {}
    while True:
        answer = site.get("/api/v1/tills/L-19BD02E7", params={"limit": 20, **before}).json()
        seen += [each["seq"] for each in answer["entries"]]
        if answer["next"] is None:
            break
        before = {"before": answer["next"]}
    assert seen == list(range(len(seen), 0, -1))
    assert len(seen) == answer["last_seq"]


def test_the_fleet_is_paged_and_cut_to_what_needs_a_person(site: httpx.Client):
    first = site.get("/api/v1/tills", params={"limit": 2}).json()
    rest = site.get("/api/v1/tills", params={"limit": 2, "after": first["next"]}).json()
    names = [till["terminal"] for till in (*first["tills"], *rest["tills"])]
    assert names == ["S02-T1", "S01-T1", "S01-T2"]
    assert rest["next"] is None
    for state, expected in (("trouble", ["S02-T1"]), ("silent", [])):
        found = site.get("/api/v1/tills", params={"state": state}).json()["tills"]
        assert [till["terminal"] for till in found] == expected
    assert len(site.get("/api/v1/tills", params={"search": "s01"}).json()["tills"]) == 2
    assert site.get("/api/v1/tills", params={"after": "x"}).status_code == 400


@pytest.mark.parametrize("name", ["sales", "days", "members", "movements", "anomalies", "audit"])
def test_every_table_can_be_taken_out_as_csv_and_xlsx(site: httpx.Client, name: str):
    query = {"account": "100001"} if name == "movements" else {}
    text = site.get(f"/export/{name}", params=query)
    assert text.headers["content-disposition"].endswith('.csv"')
    lines = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(lines[0])}
    book = site.get(f"/export/{name}", params={"form": "xlsx", **query}).content
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        sheet = whole.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(lines) + (name == "audit")  # Being taken out is a line too.
    assert "<f>" not in sheet


def test_files_say_the_books_numbers_and_nothing_a_spreadsheet_runs(
    address: Address, site: httpx.Client
):
    person = address.person()
    person.post("/people/add", data={"name": "a" * 9, "role": "viewer"})
    rows = list(csv.reader(io.StringIO(site.get("/export/sales").content.decode("utf-8-sig"))))
    total = sum(round(float(row[7]) * 100) for row in rows[1:])
    assert total == site.get("/api/v1/overview").json()["overview"]["sales_amount"]
    [odd] = [
        each
        for each in site.get("/api/v1/anomalies").json()["rows"]
        if each["kind"] == "many-voids"
    ]
    person.post(f"/settle/anomaly/{odd['id']}", data={"reason": NASTY})
    assert f"'{NASTY}" in site.get("/export/anomalies").text
    person.post(f"/unsettle/anomaly/{odd['id']}")
    assert "exported" in site.get("/api/v1/audit").text
    assert site.get("/export/passwords").status_code == 400


def test_following_again_changes_nothing_and_half_a_batch_goes_on(books: Books, site: httpx.Client):
    before = site.get("/api/v1/days", params={"since": "2026-11-01"}).json()
    books.follow()
    assert site.get("/api/v1/days", params={"since": "2026-11-01"}).json() == before
    assert accounts.POINTS in {
        each["unit"] for each in site.get("/api/v1/liability").json()["owed"]
    }
