"""Members who registered twice are named and decided about; one is erased by whoever may."""

import pytest

from config.schema import Hq
from sync.hq import profiles
from sync.hq.master import MasterStore
from sync.hq.names import Known
from sync.hq.ownledger import records
from sync.protocol.keys import load_or_make
from terminal.codec.entry import decode
from terminal.codec.profile import pack
from terminal.core.officebook import AccountsMerged, Verdict
from terminal.core.profile import Profile
from tests.sync.page.books import opened
from tests.sync.page.shop import START_MS
from tests.sync.page.site import clerk_of, running


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").database()
    return tmp_path


def take_in(database):
    """Two tills registered the same phone number."""
    data = [pack(Profile(name, "13955550123", "", ()), bytes(16)) for name in ("First", "Second")]
    with database.transaction():
        rows = [(n, f"S01-T{n}-1-7", "plain", each) for n, each in enumerate(data, 1)]
        profiles.keep(database.sql, rows, START_MS)
    assert MasterStore(database).take_in_profiles(START_MS)


@pytest.fixture
def office(tmp_path):
    """Settings of a page that is the head office's own."""
    load_or_make(tmp_path / "hq.key")
    return Hq(
        data="hq.db",
        signing_key=str(tmp_path / "hq.key"),
        trust_tills="first",
        broker="127.0.0.1:1",
    )


def own_bodies(clerk):
    return clerk.do(lambda db: [decode(body).body for body, _ in records(db)])


def test_who_registered_twice_becomes_one(where, office):
    with opened(where) as books:
        clerk = clerk_of(books.reader)
        clerk.do(take_in)
        names = Known(names={"S01-T1-1-7": "First", "S01-T2-1-7": "Second"})
        with running(books.reader, known=names, office=office) as address, address.client() as api:
            admin = address.person()
            assert "Merging moves all" in admin.get("/conflicts").text
            assert "Merge into another account" in admin.get("/members/S01-T2-1-7").text
            path, form = "/members/S01-T2-1-7/merge", {"into": "S01-T1-1-7", "reason": "one person"}
            assert (
                "one account already" in admin.post(path, data={**form, "into": "S01-T2-1-7"}).text
            )
            told = admin.post(path, data=form)
            assert (told.status_code, told.headers["location"]) == (303, "/members/S01-T1-1-7")
            assert api.get("/api/v1/conflicts").json()["conflicts"] == []
            whats = [row["what"] for row in api.get("/api/v1/audit").json()["lines"]]
            assert "merged" in whats
        (merged,) = own_bodies(clerk)
        assert merged == AccountsMerged(
            "S01-T2-1-7", "S01-T1-1-7", (), (), (), "one person", "admin"
        )
        clerk.close()


def test_what_a_person_settles_stands_in_the_head_offices_ledger(where, office):
    def trouble(database):
        take_in(database)
        run = database.sql.execute
        with database.transaction():
            run("INSERT INTO anomaly VALUES (5, 1, 'forked', 'S01-T1', '', '', 0, 1)")
            run("INSERT INTO refused (received_ms, topic, reason, size, envelope)"
                " VALUES (1, 'a/topic', 'signature', 0, ?)", (b"",))  # fmt: skip

    def aside(database):
        (record,) = database.one("SELECT min(id) FROM record")
        with database.transaction():
            database.sql.execute("INSERT INTO quarantine VALUES (?, 'odd')", (record,))
        return record

    with opened(where) as books:
        clerk = clerk_of(books.reader)
        clerk.do(trouble)
        with running(books.reader, office=office) as address:
            admin = address.person()
            admin.post("/settle/anomaly/5", data={"reason": "card thrown away"})
            record = clerk.do(aside)
            admin.post(f"/settle/record/{record}", data={"reason": "a faulty program"})
            admin.post(f"/unsettle/record/{record}")
            admin.post("/settle/refused/1", data={"reason": "an old till"})
            admin.post("/conflicts/S01-T2-1-7/settle")
        forked, odd, again, refused, twice = own_bodies(clerk)
        clerk.close()
    assert forked == Verdict("anomaly", "forked S01-T1", "card thrown away", "admin")
    assert (odd.what, odd.reason, again.reason) == ("record", "a faulty program", "")
    assert odd.subject.endswith("/0#1")
    assert again.subject == odd.subject
    assert refused == Verdict("refused", "1 a/topic signature", "an old till", "admin")
    assert (twice.what, twice.subject) == ("conflict", "S01-T2-1-7")


def test_who_registered_twice_is_decided_about_and_somebody_is_erased(where):
    with opened(where) as books:
        clerk = clerk_of(books.reader)
        clerk.do(take_in)
        clerk.close()
        names = Known(names={"S01-T1-1-7": "First", "S01-T2-1-7": "Second"})
        with running(books.reader, known=names) as address, address.client() as api:
            (found,) = api.get("/api/v1/conflicts").json()["conflicts"]
            assert (found["account"], found["other"]) == ("S01-T2-1-7", "S01-T1-1-7")
            admin = address.person()
            assert "S01-T2-1-7" in admin.get("/conflicts").text
            assert admin.post("/conflicts/S01-T2-1-7/settle").status_code == 303
            assert "Nobody is registered twice" in admin.get("/conflicts").text
            assert "Erase personal data" in admin.get("/members/S01-T2-1-7").text
            path = "/members/S01-T2-1-7/erase"
            assert admin.post(path, data={"confirm": "S01-T1-1-7"}).status_code == 400
            assert admin.post(path, data={"confirm": "S01-T2-1-7"}).status_code == 303
            assert "Second" not in admin.get("/members").text
            assert api.post(f"/api/v1{path}", json={"confirm": "S01-T2-1-7"}).status_code == 409
            whats = [row["what"] for row in api.get("/api/v1/audit").json()["lines"]]
            assert {"member-erased", "conflict-settled"} <= set(whats)
