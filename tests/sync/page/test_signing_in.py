"""Who gets in at the head office, who does not, and what stands in the audit log afterwards."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.hq.people import WRONG_MAX
from tests.kit.waiting import PATIENCE_S
from tests.sync.page.books import opened
from tests.sync.page.shop import START_MS, Shop
from tests.sync.page.site import NAME, PASSWORD, Address, running


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    server = getattr(request, "param", "") == "postgresql"
    where = request.getfixturevalue("postgres").database() if server else tmp_path
    with opened(where) as books, running(books.reader) as found:
        yield found


both = pytest.mark.parametrize("address", ["sqlite", "postgresql"], indirect=True)


def secret(page: str) -> str:
    return page.partition("<code>")[2].partition("</code>")[0]


def let_in(admin: httpx.Client, name: str, role: str) -> str:
    answer = admin.post("/people/add", data={"name": name, "role": role})
    assert answer.status_code == 200, answer.text
    return secret(answer.text)


def chosen(address: Address, name: str, once: str, password: str = "as many words") -> httpx.Client:
    client = address.person(name, once)
    answer = client.post("/password", data={"old": once, "new": password, "again": password})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return client


def whats(admin: httpx.Client) -> list[str]:
    return [line["what"] for line in admin.get("/api/v1/audit").json()["lines"]]


def test_nobody_reads_anything_without_signing_in(address: Address):
    with httpx.Client(timeout=PATIENCE_S, base_url=str(address)) as client:
        for path in ("/", "/sales?member=1", "/people", "/events"):
            answer = client.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=/")
        answer = client.get("/api/v1/tills")
        assert (answer.status_code, answer.json()["error"]) == (401, "sign-in")
        assert client.get("/sign-in").status_code == 200
        assert (
            client.get("/api/v1/tills", headers={"authorization": "Bearer tph_00"}).status_code
            == 401
        )


@both
def test_a_one_time_password_is_changed_before_anything_else(address: Address):
    admin = address.person()
    once = let_in(admin, "wang", "viewer")
    client = address.person("wang", once)

    assert client.get("/").headers["location"] == "/password"
    assert client.get("/api/v1/tills").status_code == 403
    for new, again in (
        ("short", "short"),
        ("long enough", "but not this"),
        ("wang wang wang", "wang wang wang"),
    ):
        fields = {"old": once, "new": new, "again": again}
        assert client.post("/password", data=fields).status_code == 403
    chosen(address, "wang", once)
    # Signed in under the old one.
    assert client.get("/").headers["location"].startswith("/sign-in")
    assert address.person("wang", "as many words").get("/").status_code == 200


def test_each_role_may_what_its_right_says(address: Address):
    admin = address.person()
    seen = {}
    for role in ("viewer", "clerk", "accountant", "administrator"):
        client = chosen(address, f"a-{role}", let_in(admin, f"a-{role}", role))
        seen[role] = [client.get(path).status_code for path in ("/sales", "/audit", "/people")]

    assert seen == {
        "viewer": [200, 403, 403], "clerk": [200, 403, 403],
        "accountant": [200, 200, 403], "administrator": [200, 200, 200],
    }  # fmt: skip


@both
def test_whoever_guesses_waits_whether_the_name_exists_or_not(address: Address):
    with httpx.Client(
        timeout=PATIENCE_S, base_url=str(address), headers={"origin": str(address)}
    ) as client:
        for name in (NAME, "nobody"):
            tries = [
                client.post("/sign-in", data={"name": name, "password": f"guess {n}"}).status_code
                for n in range(WRONG_MAX + 1)
            ]
            assert tries == [401] * WRONG_MAX + [429]
        right = client.post("/sign-in", data={"name": NAME, "password": PASSWORD})
        assert right.status_code == 429
        said = client.get("/api/v1/audit", headers={"authorization": f"Bearer {address.key}"})
    assert [line["what"] for line in said.json()["lines"]].count("locked") == 2


def test_a_foreign_page_cannot_make_a_person_act(address: Address):
    admin = address.person()
    fields = {"name": "evil", "role": "administrator"}
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = admin.post("/people/add", data=fields, headers={"origin": origin})
        assert answer.status_code == 403
    with httpx.Client(timeout=PATIENCE_S, base_url=str(address), cookies=admin.cookies) as client:
        assert client.post("/people/add", data=fields).status_code == 403  # No origin at all.
    assert "evil" not in admin.get("/people").text


def test_the_cookie_cannot_be_read_or_sent_by_others(address: Address):
    with httpx.Client(
        timeout=PATIENCE_S, base_url=str(address), headers={"origin": str(address)}
    ) as client:
        answer = client.post("/sign-in", data={"name": NAME, "password": PASSWORD})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        wanted = client.post(
            "/sign-in", data={"name": NAME, "password": PASSWORD, "next": "//evil"}
        )
        assert wanted.headers["location"] == "/"


def test_signing_out_and_closing_an_account_end_sessions(address: Address):
    admin = address.person()
    client = chosen(address, "li", let_in(admin, "li", "clerk"))
    other = address.person("li", "as many words")
    client.post("/sign-out")
    assert client.get("/").status_code == 303
    assert other.get("/").status_code == 200
    assert (
        admin.post("/people/li/change", data={"role": "clerk", "active": "no"}).status_code == 303
    )
    assert other.get("/").status_code == 303
    assert whats(admin)[:2] == ["person-changed", "signed-out"]


def test_the_last_administrator_stays(address: Address):
    admin = address.person()
    answer = admin.post(f"/people/{NAME}/change", data={"role": "viewer", "active": "yes"})

    assert answer.status_code == 409
    assert "administrator" in answer.text
    assert admin.get("/people").status_code == 200


@both
def test_a_program_key_asks_until_it_is_taken_back(address: Address):
    admin = address.person()
    key = secret(admin.post("/keys/new", data={"name": "web-shop", "role": "viewer"}).text)
    with httpx.Client(
        timeout=PATIENCE_S, base_url=str(address), headers={"authorization": f"Bearer {key}"}
    ) as program:
        assert program.get("/api/v1/tills").status_code == 200
        assert (
            program.post("/api/v1/keys/new", json={"name": "x", "role": "viewer"}).status_code
            == 403
        )
        admin.post("/keys/web-shop/revoke")
        assert program.get("/api/v1/tills").status_code == 401
    assert whats(admin)[:2] == ["key-revoked", "key-made"]


def test_forms_have_bounds(address: Address):
    admin = address.person()
    assert (
        admin.post("/people/add", data={"name": "x" * 20_000, "role": "viewer"}).status_code == 400
    )
    assert (
        admin.post(
            "/people/add",
            content=b"name=a&name=b",
            headers={"content-type": "application/x-www-form-urlencoded"},
        ).status_code
        == 400
    )
    assert (
        admin.post(
            "/api/v1/people/add", content=b"[" * 5000, headers={"content-type": "application/json"}
        ).status_code
        == 400
    )
    assert admin.post("/people/add", data={"name": "<b>", "role": "viewer"}).status_code == 409


def test_tills_are_let_out_with_a_reason_and_tokens_want_certificates(tmp_path: Path):
    with opened(tmp_path) as books:
        till = Shop("S01-T1", "L-1")
        till.sell(START_MS, None, 1)
        books.take(till)
        with running(books.reader) as address:
            admin = address.person()
            assert "S01-T1" in admin.get("/enrolment").text
            made = admin.post("/enrolment/tokens", data={"terminal": "S01-T9", "hours": "2"})
            assert made.status_code == 409  # The settings name no folder for certificates.
            for name in ("hq", "a b", ""):
                assert admin.post("/enrolment/tokens", data={"terminal": name}).status_code == 400
            path = "/enrolment/tills/S01-T1/revoke"
            assert admin.post(path, data={"reason": ""}).status_code == 409
            assert admin.post(path, data={"reason": "stolen"}).status_code == 303
            keys = admin.get("/api/v1/enrolment").json()["keys"]
            assert [(each["terminal"], each["why"]) for each in keys] == [("S01-T1", "revoked")]
            assert admin.post(path, data={"reason": "stolen"}).status_code == 409
            assert "till-revoked" in whats(admin)
