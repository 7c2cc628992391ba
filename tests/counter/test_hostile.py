"""Hostile requests: size first, then structure, then field; nothing changes and the server lives."""

import json
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.counter.bodies import BODY_MAX, BadBodyError, LineBody, SaleBody, parse
from tests.kit.counter import Counter, counter
from tests.kit.waiting import PATIENCE_S

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def till():
    with counter("en") as running:
        running.sign_in()
        yield running


@pytest.fixture(autouse=True)
def unchanged(till: Counter):
    before = till.desk.view()
    yield
    assert till.desk.view() is before
    assert till.get("/till").status_code == 200


def post(till: Counter, raw: bytes, path: str = "/sale/lines", **headers: str):
    return till.client.post(f"/api/v1{path}", content=raw, headers=JSON | headers)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b"\xff\xfe", ""),
        (b'{"id": "a", "id": "b", "code": "1"}', "id"),
        (b'{"id": "a", "code": "1", "quantity": NaN}', ""),
        (b'{"id": "a", "code": "1", "quantity": 1.5}', ""),
        (b'{"id": "a", "code": "1", "quantity": 1e400}', ""),
        (b'{"id": "a", "code": "1", "quantity": "2"}', "quantity"),
        (b'{"id": "a", "code": "1", "quantity": ' + b"9" * 5000 + b"}", ""),
        (b'{"id": "a", "code": "1", "quantity": 99999999999999999999}', "quantity"),
        (b'{"code": "1"}', "id"),
        (b'{"id": "", "code": "1"}', "id"),
        (b'{"id": "a b", "code": "1"}', "id"),
        (b'{"id": "a\\n", "code": "1"}', "id"),
        (b'{"id": "a", "code": "1", "colour": 1}', "colour"),
        (b'{"id": "a", "name": "x"}', "unit_price"),
        (b'{"id": "a", "code": "1", "name": "x"}', "code"),
        (b'{"id": "a"}', "code"),
        (b'{"id": "a", "name": "\\ud800", "unit_price": 1}', ""),
        (b'{"id": "a", "name": "\\u001b@", "unit_price": 1}', "name"),
        (b'{"id": "a", "name": "\\u202e", "unit_price": 1}', "name"),
        (b"[" * 60_000, ""),
        (b'{"id":' * 10_000, ""),
    ],
)
def test_a_bad_body_is_400_and_names_the_field(till: Counter, raw: bytes, field: str):
    answer = post(till, raw)

    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["message"]


def test_a_nested_field_is_named_with_its_place(till: Counter):
    raw = b'{"id": "a", "lines": [{"code": "1"}, {"code": 2}], "tenders": []}'

    assert post(till, raw, "/sales").json()["field"] == "lines[1].code"


@pytest.mark.parametrize("path", ["/sale/member", "/virtual/x"])
def test_more_than_one_meaning_is_refused(till: Counter, path: str):
    raw = b'{"id": "a", "card": "1", "phone": "2"}' if "member" in path else b'{"id": "a"}'

    assert post(till, raw, path).status_code == 400


def test_a_large_body_is_413_whether_it_says_so_or_not(till: Counter):
    said = post(till, b" " * (BODY_MAX + 1))
    chunks = (b" " * 1024 for _ in range(100))
    unsaid = till.client.post("/api/v1/sale/lines", content=chunks, headers=JSON)

    assert said.status_code == unsaid.status_code == 413


def test_a_scan_of_ten_kilobytes_is_refused_as_a_code(till: Counter):
    answer = till.call("POST", "/sale/scan", text="9" * 10_000)

    assert answer.json()["refused"] == "unreadable-code"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_taken(till: Counter, kind: str):
    answer = till.client.post(
        "/api/v1/sale/scan", content=b'{"id":"a","text":"1"}', headers={"content-type": kind}
    )

    assert answer.status_code == 415


def test_another_name_or_another_site_is_turned_away(till: Counter):
    rebound = till.client.get("/api/v1/till", headers={"host": "evil.example"})
    foreign = till.client.get("/api/v1/till", headers={"origin": "http://evil.example"})
    opaque = till.client.get("/api/v1/till", headers={"origin": "null"})
    ours = till.client.get(
        "/api/v1/till", headers={"host": "till.lan", "origin": "http://till.lan"}
    )

    assert rebound.status_code == 421
    assert foreign.status_code == opaque.status_code == 403
    assert ours.status_code == 200


def test_every_answer_carries_the_policy(till: Counter):
    for path in ("/", "/api/v1/till", "/nowhere", "/page/till.js"):
        headers = till.client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/sale/lines/x", "/sale/lines/" + "9" * 5000, "/sale/lines/-1", "/sale/lines/%D9%A1"]
)
def test_a_line_that_is_no_number_is_nowhere(till: Counter, path: str):
    assert till.call("DELETE", path).status_code == 404


RAW_REQUESTS = (
    b"\x00" * 64,
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST /api/v1/sale/scan HTTP/1.1\r\nHost: %s\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/sale/scan HTTP/1.1\r\nHost: %s\r\nContent-Length: 9999999999999999999999\r\n\r\n",
    b"POST /api/v1/sale/scan HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: %s\r\n\r\n",
    b"GET /page/..%%2f..%%2fserver.py HTTP/1.1\r\nHost: %s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: %s\r\nX: " + b"a" * 1_000_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


@pytest.mark.parametrize("raw", RAW_REQUESTS)
def test_malformed_http_never_succeeds(till: Counter, raw: bytes):
    address = urlsplit(till.address)
    if b"%s" in raw:
        raw = raw % address.netloc.encode()
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as line:
        try:
            line.sendall(raw)
            with suppress(OSError):  # It may have hung up already.
                line.shutdown(socket.SHUT_WR)
            answer = line.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            answer = b""

    assert answer == b"" or answer.split(b" ")[1][:1] == b"4"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300))
def test_no_bytes_are_taken_for_a_body(raw: bytes):
    with pytest.raises(BadBodyError):
        parse(raw, SaleBody)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "code", "name", "quantity", "unit_price"]), TREES, max_size=5
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FIELDS)
def test_a_body_is_a_line_or_a_fault_with_words(till: Counter, fields: dict):
    try:
        body = parse(json.dumps(fields).encode(), LineBody)
    except BadBodyError as fault:
        assert fault.message
    else:
        assert body.id
