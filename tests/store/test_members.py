import sqlite3
from pathlib import Path

import pytest

from sync.protocol.master import MEMBERS
from terminal.codec import master
from terminal.core.profile import Profile
from terminal.store import mirrored
from terminal.store.members import MemberRow, Members, MemberTables, Statement, build_members, shown
from terminal.store.swap import MasterDataError, replace_whole

CARD = "uid:04a1b2c3d4e5f6"
LI = MemberRow(
    "100001",
    "李雷",
    "gold",
    "13800000001",
    "05-21",
    (CARD, "card:100001"),
    (Statement("points", 100, -20),),
)
HAN = MemberRow("100002", "韩梅梅", "plain", "13800000001", "", (), (Statement("principal", 5000),))
ODD = MemberRow("200003", "50%_off\\", "plain", "13912345678")
TABLES = MemberTables((("plain", "普卡"), ("gold", "金卡")), (LI, HAN, ODD), ("uid:deadbeef",))


def members(path: Path, **own: dict[str, int]) -> Members:
    build_members(path, TABLES)
    return Members.open(path, lambda account: dict(own.get(account.replace(":", ""), {})))


def test_a_card_names_its_member_with_what_the_till_posted_since_the_statement(tmp_path):
    found = members(tmp_path / "members.db", member100001={"points": -29}).by_medium(CARD)

    assert found is not None
    assert (found.account, found.name, found.tier, found.tier_name) == (
        "100001",
        "李雷",
        "gold",
        "金卡",
    )
    assert (found.points, found.stored, found.birthday, found.medium) == (109, 0, "05-21", CARD)


def test_points_are_shown_though_the_statement_knows_none_yet(tmp_path):
    found = members(tmp_path / "members.db", member100002={"points": -7}).by_account("100002")

    assert found is not None
    assert (found.points, found.stored, found.bonus) == (7, 5000, 0)


def test_a_statement_that_contains_all_of_the_ledger_is_shown_as_it_is():
    assert shown(500, -120, -120) == 500


def test_a_card_of_nobody_names_nobody(tmp_path):
    assert members(tmp_path / "members.db").by_medium("uid:00") is None


def test_a_lost_card_is_known_as_lost(tmp_path):
    book = members(tmp_path / "members.db")
    assert book.is_lost("uid:deadbeef")
    assert not book.is_lost(CARD)


def test_a_family_shares_a_phone_number(tmp_path):
    book = members(tmp_path / "members.db")
    assert [each.account for each in book.by_phone("13800000001")] == ["100001", "100002"]
    assert [each.account for each in book.by_phone("13912345678")] == ["200003"]
    assert book.by_phone("") == ()


def test_who_had_two_accounts_is_found_by_either_phone(tmp_path):
    build_members(tmp_path / "members.db", TABLES)
    connection = sqlite3.connect(tmp_path / "members.db")
    bodies = [
        master.profile(Profile("韩梅梅", phone, "", (medium,)), "plain")
        for phone, medium in (("13800000001", "uid:04aa00000001"), ("13900000002", CARD))
    ]
    rows = [(master.MEMBER, "100001", None), (master.MEMBER, "100002", master.joined(*bodies))]
    with connection:
        mirrored.put(connection, MEMBERS, rows, is_fresh=False)
    connection.close()
    book = Members.open(tmp_path / "members.db", lambda _: {})
    for phone in ("13800000001", "13900000002"):
        assert [each.account for each in book.by_phone(phone)] == ["100002"]
    found = book.by_medium(CARD)
    assert found is not None
    assert (found.account, found.phone) == ("100002", "13800000001")
    assert not [medium for _, _, medium in book.some(9) if medium.startswith("phone")]


@pytest.mark.parametrize(
    ("text", "found"),
    [("梅", ["100002"]), ("0001", ["100001", "100002"]), ("2000", ["200003"]), ("%", ["200003"]),
     ("_", ["200003"]), ("\\", ["200003"]), ("  ", []), ("没有", []), ("x" * 5000, [])],
)  # fmt: skip
def test_members_are_found_by_part_of_name_end_of_phone_or_begin_of_number(tmp_path, text, found):
    assert [each.account for each in members(tmp_path / "members.db").search(text, 9)] == found


def test_a_card_of_two_members_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "members.db"
    book = members(path)
    twice = MemberTables(TABLES.tiers, (LI, MemberRow("9", "x", "gold", media=(CARD,))))

    with pytest.raises(MasterDataError, match="UNIQUE"):
        build_members(path, twice)

    assert book.by_medium(CARD) is not None
    assert Members.open(path, lambda _: {}).by_medium(CARD) is not None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["members.db"]


def test_a_member_of_a_tier_that_is_none_is_refused(tmp_path):
    with pytest.raises(MasterDataError, match="FOREIGN KEY"):
        build_members(tmp_path / "members.db", MemberTables((), (LI,)))


def test_whoever_holds_the_old_file_reads_it_until_they_open_again(tmp_path):
    path = tmp_path / "members.db"
    book = members(path)
    build_members(path, MemberTables(TABLES.tiers, ()))

    assert book.by_medium(CARD) is not None
    assert Members.open(path, lambda _: {}).by_medium(CARD) is None


@pytest.mark.parametrize("content", [b"", b"not a database" * 500])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "members.db"
    path.write_bytes(content)
    with pytest.raises(MasterDataError):
        Members.open(path, lambda _: {})


def test_a_missing_file_and_another_database_are_refused(tmp_path):
    with pytest.raises(MasterDataError):
        Members.open(tmp_path / "none.db", lambda _: {})
    replace_whole(
        tmp_path / "other.db", lambda connection: connection.execute("CREATE TABLE x (y)")
    )
    with pytest.raises(MasterDataError, match="not the file"):
        Members.open(tmp_path / "other.db", lambda _: {})
