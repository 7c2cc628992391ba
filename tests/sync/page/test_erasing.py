"""Members who registered twice are named and decided about; one is erased by whoever may."""

import pytest

from sync.hq import profiles
from sync.hq.master import MasterStore
from sync.hq.names import Known
from terminal.codec.profile import pack
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
