"""The API over a real server: what the contract says of each call."""

import json
import queue
import threading

import httpx
import jsonschema
import pytest

from terminal.counter import openapi
from tests.kit.counter import Counter, counter
from tests.kit.desk import PICTURE, SUPERVISOR_PIN
from tests.kit.waiting import PATIENCE_S

WATER, NOODLES, MILK = "6901234567892", "6902083881405", "6907992100012"


@pytest.fixture(scope="module")
def running():
    with counter("zh-CN") as till:
        yield till


@pytest.fixture
def till(running: Counter):
    running.client.cookies.clear()
    running.sign_in("9001", SUPERVISOR_PIN)
    yield running
    running.call("POST", "/sale/void")


def sale(till: Counter) -> dict:
    return till.get("/till").json()["sale"]


def is_valid(value: object, schema: str) -> None:
    document = openapi.document()
    jsonschema.validate(
        value, {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    )


def test_a_whole_sale_by_the_page(till: Counter):
    till.call("POST", "/sale/scan", text=WATER)
    till.call("POST", "/sale/scan", text=WATER)
    till.call("POST", "/sale/lines", code=MILK, quantity=2000)
    till.call("POST", "/sale/member", phone="13800000001")
    before = sale(till)
    paid = till.call("POST", "/sale/tenders", type="cash", amount=10_000)

    lines = before["quote"]["lines"]
    assert [(line["quantity"], line["gross"], line["net"]) for line in lines] == [
        (2000, 400, 352),
        (2000, 760, 602),
    ]
    assert [part["why"] for part in lines[1]["discounts"]] == ["乳品九折", "金卡价"]
    assert before["quote"]["total"] == 954
    assert before["quote"]["points"]["earned"] == 19
    assert before["member"]["name"] == "张*"
    assert before["member"]["phone"] == "138****0001"
    assert paid.json()["total"] == 954
    assert sale(till)["state"] == "idle"


def test_lines_are_changed_and_taken_out(till: Counter):
    till.call("POST", "/sale/lines", code=WATER)
    till.call("POST", "/sale/lines", name="包装袋", unit_price=50)
    till.call("PATCH", "/sale/lines/1", quantity=3000, unit_price=150)
    till.call("DELETE", "/sale/lines/2")

    (line,) = sale(till)["quote"]["lines"]
    assert (line["n"], line["quantity"], line["unit_price"], line["shelf_price"]) == (
        1,
        3000,
        150,
        200,
    )


def test_a_basket_is_held_and_resumed(till: Counter):
    till.call("POST", "/sale/scan", text=WATER)
    till.call("POST", "/sale/hold")
    held = till.get("/till").json()["held"]
    till.call("POST", "/sale/resume", sale=held[0]["id"])

    assert held[0]["total"] == 200
    assert sale(till)["id"] == held[0]["id"]


def test_mixed_tenders_and_handing_back(till: Counter):
    till.call("POST", "/sale/scan", text=NOODLES)
    till.call("POST", "/sale/tenders", type="cash", amount=100)
    due = sale(till)
    till.call("DELETE", "/sale/tenders")
    handed_back = sale(till)

    assert (due["state"], due["paid"], due["missing"]) == ("due", 100, 350)
    assert due["tenders"] == [{"type": "cash", "amount": 100, "reference": "", "taken": False}]
    assert handed_back["state"] == "open"


def test_an_id_acts_once_and_another_body_under_it_is_refused(till: Counter):
    first = {"id": "once", "text": WATER}
    answers = [till.client.post("/api/v1/sale/scan", json=first) for _ in range(2)]
    other = till.client.post("/api/v1/sale/scan", json={"id": "once", "text": MILK})

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [line["quantity"] for line in sale(till)["quote"]["lines"]] == [1000]
    assert (other.status_code, other.json()["refused"]) == (409, "id-reused")


def test_a_refusal_speaks_the_language_asked_for(till: Counter):
    chinese = till.call("POST", "/sale/scan", text="6901234567890")
    english = till.client.post(
        "/api/v1/sale/scan",
        json={"id": "e", "text": "6901234567890"},
        headers={"accept-language": "en"},
    )

    assert chinese.status_code == english.status_code == 409
    assert chinese.json() == {
        "refused": "check-digit",
        "message": "条码 6901234567890 校验位不对，请重新扫描。",
    }
    assert english.json()["message"] == "Check digit of 6901234567890 is wrong. Scan again."


def test_a_quote_changes_nothing(till: Counter):
    before = till.get("/till").json()["sale"]
    answer = till.call(
        "POST", "/quote", lines=[{"code": WATER, "quantity": 5000}], member={"member": "100001"}
    )

    assert answer.json()["total"] == 880
    is_valid(answer.json(), "Quote")
    assert sale(till) == before


def test_a_program_sells_whole_and_the_cashiers_basket_stays(till: Counter):
    till.call("POST", "/sale/scan", text=MILK)
    body = {
        "id": "erp-1",
        "lines": [{"code": WATER}],
        "member": {"phone": "13800000002"},
        "tenders": [{"type": "external", "amount": 190, "reference": "4711"}],
        "total": 190,
    }
    with till.program() as program:
        first, again = (program.post("/api/v1/sales", json=body) for _ in range(2))
        wrong = program.post("/api/v1/sales", json=body | {"id": "erp-2", "total": 200})

    assert first.json() == again.json()
    assert first.json()["total"] == 190
    assert wrong.json()["refused"] == "total-differs"
    assert len(sale(till)["quote"]["lines"]) == 1


def test_receipts_entries_and_searches_are_read(till: Counter):
    till.call("POST", "/sale/scan", text=WATER)
    till.call("POST", "/sale/tenders", type="cash", amount=200)
    number = till.get("/till").json()["last_receipt"]

    assert till.get(f"/receipts/{number}").json() == {"number": number}
    assert till.get(f"/receipts/{number}.txt").text == "街角便利店\n"
    assert till.get(f"/receipts/{number}.png").content == PICTURE
    assert till.get("/receipts/nobody.png").status_code == 404
    assert till.get("/receipts/nobody").json()["refused"] == "no-such-receipt"
    assert till.get("/receipts/a%00b").status_code == 404
    assert till.get("/ledger/1").json() == {"seq": 1}
    assert till.get("/ledger/2").status_code == till.get("/ledger/x").status_code == 404
    is_valid(till.get("/goods?q=水").json(), "GoodsFound")
    is_valid(till.get("/members?q=138").json(), "Members")
    is_valid(till.get("/virtual").json(), "Tray")
    assert till.call("POST", f"/receipts/{number}/print").status_code == 200
    assert till.call("POST", "/receipts/nobody/print").json()["refused"] == "no-such-receipt"


def test_snapshots_are_as_the_document_says(till: Counter):
    till.call("POST", "/sale/scan", text=WATER)
    till.call("POST", "/sale/member", member="100002")
    is_valid(till.get("/till").json(), "Till")
    is_valid(till.get("/till?view=display").json(), "Till")


def test_the_display_learns_nothing_about_the_member(till: Counter):
    till.call("POST", "/sale/scan", text=WATER)
    till.call("POST", "/sale/member", member="100001")
    with httpx.Client(base_url=till.address, timeout=PATIENCE_S) as stranger:
        shown = stranger.get("/api/v1/till").json()

    assert shown["sale"]["member"] == {"tier_name": "金卡"}
    assert not {"operator", "held", "doubts"} & set(shown)


def test_a_virtual_device_does_what_the_hardware_would(till: Counter):
    till.call("POST", "/virtual/扫码枪", text=WATER)
    till.call("POST", "/virtual/读卡器", card="uid:04a1b2c3d4e5f6")
    till.call("POST", "/virtual/小票机", paper="out")
    shown = till.get("/till").json()

    assert shown["sale"]["member"]["account"] == "100001"
    assert shown["devices"][2]["message"] == "缺纸：请装纸"
    till.call("POST", "/virtual/小票机", paper="ok")


def test_the_document_names_every_route_and_is_open_to_all(till: Counter):
    with httpx.Client(base_url=till.address, timeout=PATIENCE_S) as stranger:
        document = stranger.get("/api/openapi.json").json()

    assert document["openapi"] == "3.1.0"
    assert {"/till", "/session/pin", "/sale/lines/{n}", "/quote", "/sales"} <= set(
        document["paths"]
    )
    for name, path in document["paths"].items():
        assert all("summary" in call for call in path.values()), name
    for name in document["components"]["schemas"]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_silent_till_is_an_unknown_outcome_and_the_same_id_learns_it():
    with counter("en") as till:
        till.sign_in()
        till.desk.free.clear()
        body = {"id": "lost", "text": WATER}
        silent = till.client.post("/api/v1/sale/scan", json=body)
        till.desk.free.set()
        again = till.client.post("/api/v1/sale/scan", json=body)

        assert (silent.status_code, silent.json()["refused"]) == (504, "outcome-unknown")
        assert again.status_code == 200
        assert [line["quantity"] for line in sale(till)["quote"]["lines"]] == [1000]


def test_a_full_inbox_is_503_and_nothing_is_lost():
    with counter("en") as till:
        till.sign_in()
        till.desk.free.clear()
        statuses: queue.Queue[int] = queue.Queue()

        def scan(n: int) -> None:
            body = {"id": f"flood-{n}", "text": WATER}
            with httpx.Client(cookies=till.client.cookies, timeout=PATIENCE_S) as client:
                statuses.put(client.post(f"{till.address}/api/v1/sale/scan", json=body).status_code)

        threads = [threading.Thread(target=scan, args=(n,)) for n in range(60)]
        for thread in threads:
            thread.start()
        first = statuses.get(timeout=PATIENCE_S)
        till.desk.free.set()
        for thread in threads:
            thread.join()
        all_of_them = [first, *(statuses.get() for _ in range(59))]

        assert set(all_of_them) == {200, 503}
        (line,) = sale(till)["quote"]["lines"]
        assert line["quantity"] == 1000 * all_of_them.count(200)


class Stream:
    """Reads server-sent events on a thread."""

    def __init__(self, till: Counter, query: str = "") -> None:
        self.events: queue.Queue[tuple[str, dict]] = queue.Queue()
        self.client = httpx.Client(cookies=till.client.cookies, timeout=PATIENCE_S)
        self.thread = threading.Thread(
            target=self._read, args=(f"{till.address}/api/v1/events{query}",)
        )
        self.thread.start()

    def _read(self, address: str) -> None:
        with self.client, self.client.stream("GET", address) as response:
            kind = ""
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    self.events.put((kind, json.loads(value)))

    def next(self, kind: str) -> dict:
        while True:
            found, value = self.events.get(timeout=PATIENCE_S)
            if found == kind:
                return value


def test_events_bring_the_till_notices_and_lights():
    with counter("en") as till:
        till.sign_in()
        stream = Stream(till)
        first = stream.next("till")
        till.call("POST", "/sale/scan", text=WATER)
        second = stream.next("till")
        till.call("POST", "/sale/member", member="100001")
        notice = stream.next("notice")
        till.call("POST", "/virtual/小票机", paper="out")
        light = stream.next("device")

        assert second["version"] > first["version"]
        assert second["sale"]["quote"]["total"] == 200
        assert (notice["key"], notice["level"], notice["facts"]["name"]) == (
            "welcome",
            "good",
            "张*",
        )
        assert light["message"] == "out of paper: put a roll in"
        is_valid(second, "Till")
    stream.thread.join(PATIENCE_S)
    assert not stream.thread.is_alive()


def test_a_display_stream_shows_no_notices_and_no_names():
    with counter("en") as till:
        till.sign_in()
        stream = Stream(till, "?view=display")
        stream.next("till")
        till.call("POST", "/sale/member", member="100001")
        shown = stream.next("till")

        assert shown["sale"]["member"] == {"tier_name": "金卡"}
    stream.thread.join(PATIENCE_S)
    assert {kind for kind, _ in stream.events.queue} <= {"till"}
