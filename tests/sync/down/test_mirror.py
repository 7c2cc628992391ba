"""Master data from the head office's tables into the till's files, over everything that can go wrong.

Real store, answers, protocol, mirror and files; only broker, threads and time are left out.
"""

import random
import shutil
from dataclasses import replace

import pytest

from sync import topics
from sync.mqtt import Message
from sync.protocol.keys import SecretKey
from sync.protocol.master import ROOM_MIN, read_part, write_part
from sync.uplink import fetch
from terminal.store import mirrorfiles
from terminal.store.swap import MasterDataError
from tests.kit.down import HQ_KEY, Down
from tests.sync.down import shops

SHOP = shops.first()


@pytest.fixture
def down(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "ROWS_PACKED_MAX", ROOM_MIN)
    with Down(tmp_path) as both:
        yield both


def same(down: Down, shop) -> bool:
    wanted = shops.expected(shop, down.folder / "wanted")
    found = shops.seen(down.data)
    # What somebody held who is gone stays on both sides until it is paid out.
    gone = {row[0] for row in found["held"]} - {who.id for who in shop.members}
    found["held"] = [row for row in found["held"] if row[0] not in gone]
    return found == wanted


def files(down: Down) -> list[str]:
    return sorted(path.name for path in down.data.glob("*-*.db"))


def test_a_new_till_has_nothing_and_is_sent_everything(down):
    assert shops.seen(down.data)["goods"] == []
    assert down.mirror.held("catalogue").version == 0
    down.give(SHOP)

    down.settle()

    assert same(down, SHOP)
    assert {each.table for each in down.said if each.is_changed} == {
        "catalogue", "members", "hotlist", "statements",
    }  # fmt: skip
    assert down.troubles == []
    assert len(files(down)) == 4


def test_a_head_office_without_data_is_not_taken_for_an_empty_one(down):
    down.settle()

    assert down.said == []
    assert mirrorfiles.versions(down.data) == {}


def test_a_changed_file_travels_as_what_changed(down):
    down.give(SHOP)
    down.settle()
    before, live = down.bytes, files(down)
    changed = shops.later(SHOP, random.Random(1))
    down.give(changed)

    down.check_all()

    assert same(down, changed)
    assert down.bytes - before < 3_000
    assert files(down) == live
    with down.catalog() as catalog:
        assert (catalog.rule_book().version, catalog.rule_book().catalogue) == ("2", "2")


def test_a_till_of_any_age_is_told_what_changed_since(down):
    shop, dice = SHOP, random.Random(2)
    down.give(shop)
    down.settle()
    for _ in range(6):
        shop = shops.later(shop, dice)
        down.give(shop)

    down.check_all()

    assert same(down, shop)


def test_a_file_read_again_without_a_change_is_no_new_version(down):
    down.give(SHOP)
    down.give(SHOP)

    assert down.master.newest("members").number == 1


def test_what_changes_while_a_snapshot_is_sent_is_in_it_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "ROWS_PACKED_MAX", ROOM_MIN)
    shop, dice = shops.first(1_500, 900), random.Random(3)
    with Down(tmp_path) as down:
        down.give(shop)
        down.start_till(ROOM_MIN)
        for turn in range(5):
            assert down.turn()
            shop = shops.later(shop, dice)
            down.give(shop)
            assert turn > 1 or shops.seen(down.data)["goods"] == [], "half of it is not shown"
        down.settle()
        down.check_all()

        assert same(down, shop)


def test_a_till_that_loses_power_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "ROWS_PACKED_MAX", ROOM_MIN)
    shop = shops.first(1_500, 900)
    with Down(tmp_path) as down:
        down.give(shop)
        down.start_till(ROOM_MIN)
        down.settle()
        whole = down.bytes
        down.mirror.close()
        for path in (*down.data.glob("*-*.db"), down.data / "catalog.db", down.data / "members.db"):
            path.unlink()
        down.bytes = 0
        down.start_till(ROOM_MIN)
        for _ in range(100):
            assert down.turn()
            if down.mirror.held("members").version:
                break
            down.kill_till()
            down.start_till(ROOM_MIN)
        down.settle()

        assert same(down, shop)
        assert down.bytes < whole * 1.5, "nothing is fetched again from the beginning"


@pytest.mark.parametrize("seed", range(25))
def test_over_a_bad_link_with_crashes_every_till_ends_with_what_the_head_office_has(
    tmp_path, monkeypatch, seed
):
    monkeypatch.setattr(fetch, "ROWS_PACKED_MAX", ROOM_MIN)
    dice = random.Random(seed)
    shop = shops.first(400, 250)
    versions = {"": True}
    with Down(tmp_path) as down:
        down.give(shop)
        old: list[Message] = []

        def weather(answer: Message) -> Message | None:
            old.append(answer)
            fate = dice.randrange(10)
            if fate == 0:
                return None
            if fate == 1:
                torn = answer.payload[: dice.randrange(len(answer.payload))]
                return Message(answer.topic, torn)
            if fate == 2:
                flipped = bytearray(answer.payload)
                flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
                return Message(answer.topic, bytes(flipped))
            return dice.choice(old) if fate == 3 else answer

        down.lose = weather
        down.start_till(ROOM_MIN)
        for _ in range(60):
            if not down.turn():
                down.wait()
            match dice.randrange(12):
                case 0:
                    down.kill_till()
                    down.start_till(ROOM_MIN)
                case 1:
                    down.restart_hq()
                case 2:
                    shop = shops.later(shop, dice)
                    down.give(shop)
            shown = shops.seen(down.data)
            versions[repr(shown["goods"])] = True
            assert not shown["goods"] or len(shown["operators"]) >= 1
            assert bool(shown["goods"]) == bool(shown["barcodes"])
        down.lose = lambda answer: answer
        for _ in range(4):
            down.now += 200_000
            down.check_all()

        assert same(down, shop)


def test_what_another_key_signed_changes_nothing_and_is_said(down):
    down.give(SHOP)
    down.settle()
    thief = SecretKey.of_seed(b"t" * 32)
    down.give(shops.later(SHOP, random.Random(1)))

    def forge(answer: Message) -> Message:
        part = read_part(answer.payload, HQ_KEY.public)
        return Message(answer.topic, write_part(part, thief))

    down.lose = forge
    down.check_all()

    assert same(down, SHOP)
    assert {each.key for each in down.troubles} == {"forged"}


def test_an_answer_to_an_older_question_is_not_taken(down):
    down.give(SHOP)
    down.settle()
    changed = shops.later(SHOP, random.Random(1))
    kept: list[Message] = []
    down.lose = kept.append
    down.give(changed)
    down.check_all()
    down.lose = lambda answer: answer
    down.now += 100_000
    down.take(down.download.tick(down.now))

    for answer in kept:
        down.take(down.download.heard(answer.topic, answer.payload, down.now))
    assert same(down, SHOP)

    down.now += 200_000
    down.check_all()
    assert same(down, changed)


def test_garbage_on_every_topic_changes_nothing(down):
    down.give(SHOP)
    down.settle()
    dice = random.Random(4)
    answer = topics.topic("S01-T1", topics.RESPONSE)
    for where in (answer, topics.master("members"), topics.master("nothing"), topics.master("")):
        for size in (0, 1, 72, 74, 300, 5_000, 120_000):
            down.take(down.download.heard(where, dice.randbytes(size), down.now))

    assert same(down, SHOP)
    assert {each.key for each in down.troubles} <= {"forged", "other-version"}


def test_rows_that_mean_nothing_here_are_refused_whole_and_asked_for_later(down):
    down.give(SHOP)
    down.settle()
    later = shops.later(SHOP, random.Random(1))
    down.give(later)
    down.master._sql.execute(
        "UPDATE master_row SET body = x'c1' WHERE kind = 'tier' AND key = 'gold'"
    )

    down.check_all()

    found, wanted = shops.seen(down.data), shops.expected(SHOP, down.folder / "wanted")
    assert [found[name] for name in ("goods", "rules", "members", "media")] == [
        wanted[name] for name in ("goods", "rules", "members", "media")
    ]
    assert [each.key for each in down.troubles] == ["master-refused"] * 2
    assert down.download.wake_ms == down.now + fetch.REFUSED_MS


def test_a_head_office_from_a_backup_that_went_another_way_is_followed(down):
    down.give(SHOP)
    down.settle()
    down.store.close()
    shutil.copy(down.folder / "hq.db", down.folder / "backup.db")
    down.open_hq()
    down.give(shops.later(SHOP, random.Random(1)))
    down.check_all()
    down.store.close()
    for suffix in ("-wal", "-shm"):
        (down.folder / f"hq.db{suffix}").unlink(missing_ok=True)
    shutil.copy(down.folder / "backup.db", down.folder / "hq.db")
    down.open_hq()
    other = shops.later(SHOP, random.Random(2))
    down.give(other)
    assert down.master.newest("catalogue").number == down.mirror.held("catalogue").version

    down.check_all()

    assert same(down, other)


def test_a_spoiled_file_is_fetched_again(down):
    down.give(SHOP)
    down.settle()
    down.kill_till()
    with (down.data / "members.db").resolve().open("r+b") as file:
        file.seek(8_192)
        file.write(random.Random(5).randbytes(16_384))

    down.start_till()
    assert down.mirror.held("members").version == 0
    down.settle()

    assert same(down, SHOP)


def test_data_of_a_shop_file_serves_until_the_head_office_has_spoken(tmp_path):
    folder = tmp_path / "till"
    shops.expected(SHOP, folder)
    with Down(tmp_path) as down:
        assert same(down, SHOP)
        other = shops.later(SHOP, random.Random(1))
        down.give(other)
        down.settle()

        assert same(down, other)


def test_a_full_disk_leaves_what_was_there(down, monkeypatch):
    down.give(SHOP)
    down.settle()
    down.mirror._live["members"].execute("PRAGMA max_page_count = 1")
    down.mirror._live["catalog"].execute("PRAGMA max_page_count = 1")
    many = shops.later(shops.first(900, 500), random.Random(1))
    down.give(many)

    down.check_all()

    assert "master-refused" in {each.key for each in down.troubles}
    assert shops.seen(down.data)["goods"] == shops.expected(SHOP, down.folder / "wanted")["goods"]
    down.kill_till()
    down.start_till()
    down.settle()
    assert same(down, many)


def test_whoever_reads_sees_one_version_until_they_look_again(down):
    down.give(SHOP)
    down.settle()
    code = SHOP.goods[0].code
    with down.catalog() as pinned, down.catalog() as free:
        pinned.pin()
        before, revision = pinned.goods(code), free.revision
        goods = (shops.alter(SHOP.goods[0], price=1), *SHOP.goods[1:])
        down.give(shops.alter(SHOP, goods=goods))
        down.check_all()

        assert pinned.goods(code) == before
        assert free.goods(code) == replace(before, price=1)
        assert free.revision != revision


def test_a_part_that_goes_on_with_something_else_is_refused(down):
    down.give(SHOP)

    def another(answer: Message) -> Message:
        part = read_part(answer.payload, HQ_KEY.public)
        fields = {name: getattr(part, name) for name in part.__struct_fields__}
        return Message(answer.topic, write_part(type(part)(**fields | {"is_first": False}), HQ_KEY))

    down.lose = another
    down.settle()

    assert {each.key for each in down.troubles} == {"master-refused"}
    assert shops.seen(down.data)["goods"] == []


def test_a_file_of_somebody_else_is_no_master_data(tmp_path):
    (tmp_path / "catalog.db").mkdir()
    with pytest.raises(MasterDataError):
        mirrorfiles.ensure(tmp_path)
