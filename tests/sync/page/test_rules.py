"""Rules at the head office: checked whole, kept for ever, rolled out by time and store, taken back."""

from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from sync.hq import rules
from sync.protocol.master import RULES
from terminal.codec import master
from terminal.store import rolled
from terminal.store.mirrorfiles import changing, connect, ensure
from tests.sync.page.books import Books
from tests.sync.page.site import NOW_MS, Address

GOOD = """version = {version}
[[groups]]
id = "sale"
[[promotions]]
id = "off"
name = "全场 9 折"
group = "sale"
kind = "percent"
percent = {percent}
"""
BAD = GOOD.replace("percent = {percent}", "percent = 190\nprecent = 3")


def text(version: int, percent: int = 90) -> str:
    return GOOD.format(version=version, percent=percent)


def state(address: Address) -> dict:
    with address.client() as client:
        return client.get("/api/v1/rules").json()


def test_a_file_with_faults_is_refused_with_all_of_them_by_line(address: Address):
    person = address.person()
    answer = person.post("/rules/upload", data={"text": BAD.format(version=1)})

    assert answer.status_code == 422
    assert "line 9" in answer.text
    assert "precent" in answer.text  # The text stays in the form, and the typo is named.
    assert state(address)["versions"] == []


def test_a_version_is_kept_and_never_changed(address: Address):
    person = address.person()
    assert person.post("/rules/upload", data={"text": text(1), "note": "first"}).status_code == 303
    assert (
        person.post("/rules/upload", data={"text": text(1)}).status_code == 303
    )  # The same again.
    other = person.post("/rules/upload", data={"text": text(1, 80)})
    assert other.status_code == 409
    assert "raise `version`" in other.text
    [kept] = state(address)["versions"]
    assert (kept["version"], kept["note"], kept["who"]) == ("1", "first", "admin")
    with address.client() as client:
        assert client.get("/api/v1/rules/1").json()["text"] == text(1)
        assert client.get("/api/v1/rules/2").status_code == 404


def test_what_is_rolled_out_is_sent_to_the_tills_until_it_is_taken_back(
    books: Books, address: Address
):
    person = address.person()
    for version in (1, 2):
        person.post("/rules/upload", data={"text": text(version)})
    assert person.post("/rules/9/roll-out", data={}).status_code == 409
    person.post("/rules/1/roll-out", data={"store": "", "from": ""})
    person.post("/rules/2/roll-out", data={"store": "S02", "from": "2026-12-24T08:00"})
    sent = books.store.master.rows(RULES, None, ("", ""), 100)
    assert [(kind, key) for kind, key, _ in sent] == [
        ("part", "1/0000"), ("part", "2/0000"), ("rollout", "00000001"), ("rollout", "00000002"),
    ]  # fmt: skip
    later = master.read(master.rollouts, bytes(sent[3][2]))
    assert (later.version, later.store) == ("2", "S02")
    assert later.from_ms == 1_798_070_400_000  # 08:00 in Shanghai.

    person.post("/rollouts/2/take-back")
    sent = books.store.master.rows(RULES, None, ("", ""), 100)
    assert [key for _, key, _ in sent] == ["1/0000", "00000001"]
    assert person.post("/rollouts/2/take-back").status_code == 409
    assert [line["what"] for line in person.get("/api/v1/audit").json()["lines"]][:3] == [
        "rules-taken-back", "rules-rolled-out", "rules-rolled-out",
    ]  # fmt: skip


def rows(*files: tuple[str, str], rollouts: tuple[tuple[str, str, int], ...] = ()) -> list:
    """Rows as the head office sends them, files by version and text."""
    made = []
    for version, said in files:
        data = said.encode()
        packed = zstandard.ZstdCompressor().compress(data)
        halves = [packed[: len(packed) // 2], packed[len(packed) // 2 :]]
        made += [
            ("part", f"{version}/{n:04d}",
             master.rules_part(version, n, 2, "toml", sha256(data).digest(), half))
            for n, half in enumerate(halves)
        ]  # fmt: skip
    return made + [
        ("rollout", f"{n:08d}", master.rollout(*each)) for n, each in enumerate(rollouts, 1)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ensure(tmp_path)
    return tmp_path


def put(folder: Path, sent: list) -> None:
    connection = connect(folder / "rules.db")
    with changing(connection, folder):
        rolled.clear(connection)
        rolled.put(connection, sent)
    connection.close()


def in_force(folder: Path, now_ms: int, store: str = "S01") -> tuple[str, int | None]:
    found = rolled.chosen(folder, store, now_ms)
    return found.version, found.next_ms


def test_a_till_goes_over_at_the_time_and_only_in_its_store(folder: Path):
    assert in_force(folder, NOW_MS) == ("", None)
    put(folder, rows(("1", text(1)), ("2", text(2)), ("3", text(3)), rollouts=(
        ("1", "", 1_000), ("2", "", 5_000), ("3", "S02", 6_000))))  # fmt: skip

    assert in_force(folder, 999) == ("", 1_000)
    assert in_force(folder, 1_000) == ("1", 5_000)
    assert in_force(folder, 5_000) == ("2", None)
    assert in_force(folder, 7_000) == ("2", None)
    assert in_force(folder, 7_000, "S02") == ("3", None)


def test_taken_back_the_one_before_is_in_force_again(folder: Path):
    both = rows(("1", text(1)), ("2", text(2)), rollouts=(("1", "", 1_000), ("2", "", 2_000)))
    put(folder, both)
    assert in_force(folder, 3_000) == ("2", None)
    put(folder, both[:2] + both[4:5])
    assert in_force(folder, 3_000) == ("1", None)


def test_the_last_good_one_stays_when_a_newer_one_cannot_be_read(folder: Path):
    put(folder, rows(("1", text(1)), ("2", BAD.format(version=2)), rollouts=(
        ("1", "", 1_000), ("2", "", 2_000))))  # fmt: skip
    found = rolled.chosen(folder, "S01", 3_000)
    assert found.version == "1"
    assert "line 9" in found.faults[0]

    sent = rows(("1", text(1)), ("2", text(2)), rollouts=(("1", "", 1_000), ("2", "", 2_000)))
    put(folder, sent[:3] + sent[4:])  # Half of the second file.
    found = rolled.chosen(folder, "S01", 3_000)
    assert (found.version, len(found.faults)) == ("1", 1)
    put(folder, sent)
    assert in_force(folder, 3_000) == ("2", None)


def test_forged_pieces_do_not_come_into_force(folder: Path):
    sent = rows(("1", text(1)), rollouts=(("1", "", 1_000),))
    part = master.read(master.rules_parts, sent[1][2])
    body = master.rules_part("1", 1, 2, "toml", part.digest, part.data[:-3] + b"abc")
    put(folder, [sent[0], ("part", "1/0001", body), sent[2]])
    found = rolled.chosen(folder, "S01", 3_000)
    assert (found.file, len(found.faults)) == (None, 1)
    with pytest.raises(Exception, match="unknown rows"):
        put(folder, [("other", "1", b"")])


def test_old_versions_of_the_catalogue_are_kept(books: Books):
    ask, store = books.store._database.sql.execute, books.store.master
    for n, price in enumerate((b"1", b"2", b"3"), 1):
        with books.store._database.alone("statements"):
            store.put("catalogue", {("goods", "a"): price, ("goods", f"b{n}"): b"x"}, n)

    assert rules.catalogue_version(ask, 1) == {("goods", "a"): b"1", ("goods", "b1"): b"x"}
    assert rules.catalogue_version(ask, 2) == {("goods", "a"): b"2", ("goods", "b2"): b"x"}
    assert rules.catalogue_version(ask, 3) == {("goods", "a"): b"3", ("goods", "b3"): b"x"}
