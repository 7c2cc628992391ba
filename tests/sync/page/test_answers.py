"""The page's JSON twins over real records: what they hold, and what they refuse."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from sync.hq.names import Known
from sync.hq.page.openapi import CALLS, ROOT
from tests.sync.page.books import opened
from tests.sync.page.shop import NAMES, START_MS, Shop, fortnight
from tests.sync.page.site import running

LEDGER = "L-8F3A6C21"


def company() -> tuple[Shop, ...]:
    tills = fortnight(sales=30)
    tills[2].post_unbalanced(START_MS + 46_900_000)
    return tills


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    is_server = request.param == "postgresql"
    server = request.getfixturevalue("postgres").database() if is_server else None
    with opened(server or tmp_path_factory.mktemp("hq")) as books:
        books.take_in_turn(company())
        books.store.refuse("tp/1/S09-T9/up", b"garbage", "signature", START_MS)
        books.follow()
        with running(books.reader) as address, address.client() as client:
            yield client


def ask(site: httpx.Client, path: str, **query: Any) -> Any:
    answer = site.get(ROOT + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_overview_adds_up_to_what_the_tills_sold(site: httpx.Client):
    answer = ask(site, "/overview")
    sold = [entry for till in company() for entry in till.entries[:30]]

    assert answer["overview"]["sales"] == len(sold) == 90
    assert answer["overview"]["sales_amount"] == sum(e.body.bill.totals.total for e in sold)
    assert answer["overview"]["points_owed"] == sum(e.body.bill.totals.earned for e in sold)
    assert sum(day["amount"] for day in answer["days"]) == answer["overview"]["sales_amount"]
    assert answer["doubted"] == 1
    assert answer["tills"][0]["chain"] == "quarantine"


def test_tills_say_how_far_they_are(site: httpx.Client):
    tills = ask(site, "/tills")["tills"]

    assert [(till["terminal"], till["last_seq"], till["lag"]) for till in tills] == [
        ("S02-T1", 31, 0),
        ("S01-T1", 30, 0),
        ("S01-T2", 30, 0),
    ]


def test_every_discount_of_a_sale_names_rule_version_amount_and_sentence(site: httpx.Client):
    for sale in ask(site, "/sales", limit=50)["sales"]:
        assert sum(reason["amount"] for reason in sale["reasons"]) == sale["discount"]
        assert sum(part["points"] for part in sale["points_why"]) == sale["earned"]
        for reason in sale["reasons"]:
            assert reason["rule"] in reason["sentence"]
            assert reason["version"] in reason["sentence"]
            assert reason["why"] in reason["sentence"]


def test_paging_shows_every_sale_once(site: httpx.Client):
    seen: list[int] = []
    before: dict[str, int] = {}
    while True:
        answer = ask(site, "/sales", limit=7, **before)
        seen += [sale["id"] for sale in answer["sales"]]
        if answer["next"] is None:
            break
        before = {"before": answer["next"]}

    assert len(seen) == len(set(seen)) == 90
    assert seen == sorted(seen, reverse=True)


def test_sales_of_one_till_or_one_member_are_only_those(site: httpx.Client):
    of_till = ask(site, "/sales", terminal="S01-T2", limit=200)["sales"]
    of_member = ask(site, "/sales", member="100001", limit=200)["sales"]

    assert {sale["terminal"] for sale in of_till} == {"S01-T2"}
    assert len(of_till) == 30
    assert {(sale["member"], sale["member_name"]) for sale in of_member} == {("100001", "王秀英")}


def test_a_record_shows_its_postings_and_its_why(site: httpx.Client):
    tills = company()
    for seq, entry in enumerate(tills[0].entries, start=1):
        answer = ask(site, f"/entries/{LEDGER}/{seq}")

        assert [(p["account"], p["unit"], p["amount"]) for p in answer["entry"]["postings"]] == [
            (p.account, p.unit, p.amount) for p in entry.postings
        ]
        assert answer["entry"]["bill"]["totals"]["total"] == entry.body.bill.totals.total
        assert answer["entry"]["versions"] == {"rules": "7", "catalogue": "12", "engine": 1}
        assert answer["digest"] == tills[0].digests()[seq].hex()
        assert answer["newest"] == (seq == 30)


def test_a_record_in_quarantine_is_shown_with_its_fault(site: httpx.Client):
    [listed] = ask(site, "/quarantine")["records"]
    answer = ask(site, f"/entries/{listed['ledger_id']}/{listed['seq']}")

    assert answer["entry"] is None
    assert answer["fault"] == listed["fault"]
    assert "not to zero" in answer["fault"]


def test_a_message_that_was_refused_is_listed_with_its_reason(site: httpx.Client):
    [refused] = ask(site, "/quarantine")["refused"]

    assert (refused["topic"], refused["reason"], refused["size"]) == (
        "tp/1/S09-T9/up",
        "signature",
        7,
    )


def test_what_a_member_holds_is_the_turned_sign_of_the_books(site: httpx.Client):
    members = ask(site, "/balances")["balances"]
    house = ask(site, "/balances", search="house:")["balances"]

    assert [row["held"] for row in members] == [-row["amount"] for row in members]
    assert [row["held"] for row in house] == [row["amount"] for row in house]
    assert {row["name"] for row in members} >= {"王秀英", "陈静"}
    in_points = [row["amount"] for row in members + house if row["unit"] == "points"]
    assert sum(in_points) == 0


def test_what_members_held_at_the_opening_of_the_books_is_counted(
    tmp_path_factory: pytest.TempPathFactory,
):
    number = next(iter(NAMES))
    known = Known(opening={("member:" + number, "points"): 1000, ("member:none", "points"): 7})
    with opened(tmp_path_factory.mktemp("hq")) as books:
        books.take_in_turn(company())
        with (
            running(books.reader, known=known) as address,
            address.client() as client,
        ):
            rows = ask(client, "/balances", search="member:" + number)["balances"]
            overview = ask(client, "/overview")

    [row] = [each for each in rows if each["unit"] == "points"]
    assert (row["opening"], row["held"]) == (1000, 1000 - row["amount"])
    assert overview["points_held"] == overview["overview"]["points_owed"] + 1007


def test_paging_shows_every_balance_once(site: httpx.Client):
    first = ask(site, "/balances", limit=3)
    account, unit = first["next"]
    second = ask(site, "/balances", limit=3, after=account, unit=unit)

    shown = [row["account"] for row in first["balances"] + second["balances"]]
    assert shown == [f"member:10000{n}" for n in range(1, 6)]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/sales?limit=0", "limit"),
        ("/sales?limit=201", "limit"),
        ("/sales?limit=-1", "limit"),
        ("/sales?limit=٣", "limit"),
        ("/sales?limit=1e2", "limit"),
        ("/sales?before=0", "before"),
        ("/sales?before=99999999999999999999", "before"),
        ("/sales?terminal=" + "x" * 61, "terminal"),
        ("/sales?member=%00", "member"),
        ("/balances?search=%1b%5b2J", "search"),
        ("/balances?search=%E2%80%AEevil", "search"),
        ("/balances?after=member:1", "unit"),
        ("/balances?unit=points", "after"),
        (f"/entries/{LEDGER}/0", "seq"),
        (f"/entries/{LEDGER}/x", "seq"),
        (f"/entries/{LEDGER}/9223372036854775807", "seq"),
        (f"/entries/{LEDGER}/1?branch=-1", "branch"),
        ("/entries/..%20/1", "ledger"),
        ("/entries/<b>/1", "ledger"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(site: httpx.Client, path: str, field: str):
    answer = site.get(ROOT + path)

    assert answer.status_code == 400
    assert answer.json()["error"] == field
    assert site.get(path).status_code == 400


@pytest.mark.parametrize(
    "path", [f"/entries/{LEDGER}/999999", "/entries/L-unknown/1", f"/entries/{LEDGER}/1?branch=4"]
)
def test_an_unknown_record_is_not_found(site: httpx.Client, path: str):
    answer = site.get(ROOT + path)

    assert (answer.status_code, answer.json()["error"]) == (404, "not-found")
    assert site.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/nowhere", "/static/../server.py", "/static/%2e%2e/server.py"])
def test_an_unknown_path_is_not_found(site: httpx.Client, path: str):
    assert site.get(path).status_code == 404


def test_only_known_hosts_are_answered(site: httpx.Client):
    for host in ("evil.example", "127.0.0.1.evil.example:80", "", "localhost:80:90"):
        assert site.get("/", headers={"host": host}).status_code in {400, 421}, host
    for host in ("localhost", "127.0.0.1:1", "[::1]:80", "LOCALHOST:8090"):
        assert site.get("/", headers={"host": host}).status_code == 200, host


def test_the_page_takes_no_other_methods_and_no_endless_question(site: httpx.Client):
    assert site.post("/").status_code == 405
    assert site.delete(f"{ROOT}/tills").status_code == 405
    assert site.get("/?" + "x" * 2000).status_code == 414


def test_every_answer_forbids_foreign_scripts(site: httpx.Client):
    for path in ("/", f"{ROOT}/tills", "/nowhere", "/static/page.js"):
        headers = site.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_description_lists_every_call_and_every_answer_obeys_it(site: httpx.Client):
    described = site.get("/api/openapi.json").json()
    filled = {
        "{ledger}": LEDGER, "{seq}": "1", "{account}": "100001", "{kind}": "refused", "{id}": "1",
        "{version}": "7",
    }  # fmt: skip

    rules = {"text": 'version = 7\n[[groups]]\nid = "sale"\n'}
    assert site.post(f"{ROOT}/rules/upload", json=rules).json() == {"version": "7"}
    assert set(described["paths"]) >= {ROOT + call.path for call in CALLS}
    for call in CALLS:
        path = call.path
        for place, value in filled.items():
            path = path.replace(place, value)
        schema = {
            "$ref": f"#/components/schemas/{call.answer.__name__}",
            "components": described["components"],
        }
        jsonschema.Draft202012Validator(schema).validate(ask(site, path))


def test_the_sentence_of_a_discount_follows_the_reader_s_language(site: httpx.Client):
    cookies = {"cookie": "hq_language=zh-CN"}
    chinese = site.get(f"{ROOT}/sales", headers=cookies).json()["sales"]
    sentences = [reason["sentence"] for sale in chinese for reason in sale["reasons"]]

    assert sentences
    assert all("规则" in sentence for sentence in sentences)
    assert json.dumps(chinese)  # Whole JSON, nothing that cannot be read again.
