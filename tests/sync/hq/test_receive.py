"""The head office answers one message at a time: what it takes, what it refuses, and why."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from sync import topics
from sync.hq.database import StoreError
from sync.hq.follow import follow
from sync.hq.opening import open_readings
from sync.hq.queries import SqlReader
from sync.hq.receive import REFUSAL_EVERY_MS, Receiver
from sync.hq.store import REFUSED_MAX, Store
from sync.hq.trust import Trust
from sync.hq.views import Chain
from sync.mqtt import Message
from sync.protocol.ack import Status, read_ack
from sync.protocol.batch import Batch, pack
from sync.protocol.hello import Hello, read_welcome, write_hello
from sync.protocol.keys import SecretKey
from sync.protocol.record import genesis, seal_all
from sync.protocol.state import TillState, write_till_state
from tests.kit.ledger import MemoryLedger, sale, till

HQ = SecretKey.of_seed(b"h" * 32)
FIRST = Trust(None)
OTHER = SecretKey.of_seed(b"o" * 32)


class Desk:
    """A receiver, what it holds, and messages to give it."""

    def __init__(self, data: Path | str, trust: Trust = FIRST) -> None:
        self.store = Store(data)
        self.receiver = Receiver(self.store, HQ, trust)
        self.readings = open_readings(data)
        self.reader = SqlReader(self.readings, "key", lambda: "")
        self.now = 1_000_000

    def give(self, terminal: str, channel: str, payload: bytes):
        self.now += REFUSAL_EVERY_MS
        return self.receiver.take(Message(topics.topic(terminal, channel), payload), self.now)

    def hello(self, ledger: MemoryLedger, ack: bytes = b"", key: SecretKey | None = None):
        who = ledger.identity
        signer = key or who.key
        message = Hello(
            who.terminal, who.ledger_id, who.branch, signer.public.raw, b"12345678",
            ledger.head, ledger.digest, ack,
        )  # fmt: skip
        (answer,) = self.give(who.terminal, topics.REQUEST, write_hello(message, signer))
        welcome, _ = read_welcome(answer.payload)
        return read_ack(welcome.ack, HQ.public), welcome.ack

    def batch(self, ledger: MemoryLedger, first: int, count: int, **changes):
        who = ledger.identity
        rows = ledger.read(first, count)
        bodies = tuple(row[1] for row in rows)
        start = genesis(who.ledger_id, who.key.public.raw)
        previous = ledger.rows[first - 2][2] if first > 1 else start
        batch = Batch(
            who.terminal, who.ledger_id, 0, first, previous, rows[-1][2], bodies, ledger.head
        )
        data = pack(msgspec.structs.replace(batch, **changes), who.key)
        assert data is not None
        (answer,) = self.give(who.terminal, topics.UP, data)
        assert answer.topic == topics.topic(who.terminal, topics.ACK)
        return read_ack(answer.payload, HQ.public)

    def close(self) -> None:
        self.store.close()
        self.readings.close()

    def refusals(self) -> list[str]:
        return [refused.reason for refused in self.reader.refused(100)]


@pytest.fixture
def file_desk(tmp_path):
    made = Desk(tmp_path / "hq.db")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request, tmp_path):
    is_file = request.param == "sqlite"
    data = tmp_path / "hq.db" if is_file else request.getfixturevalue("postgres").database()
    made = Desk(data)
    yield made
    made.close()


@pytest.fixture
def ledger():
    made = MemoryLedger(till())
    made.extend(sale(n) for n in range(1, 21))
    return made


def test_a_new_till_is_welcomed_at_nothing(desk, ledger):
    ack, _ = desk.hello(ledger)
    start = genesis(ledger.identity.ledger_id, ledger.identity.key.public.raw)
    assert (ack.status, ack.acked_seq, ack.head_hash, ack.timeline) == (Status.OK, 0, start, 1)


def test_a_batch_is_acknowledged_up_to_its_last_record_and_again_as_seen(desk, ledger):
    desk.hello(ledger)
    ack = desk.batch(ledger, 1, 12)
    assert (ack.status, ack.acked_seq, ack.head_hash) == (Status.OK, 12, ledger.rows[11][2])
    assert (ack.ledger_id, ack.branch, ack.timeline) == (ledger.identity.ledger_id, 0, 1)
    again = desk.batch(ledger, 1, 12)
    assert (again.status, again.acked_seq) == (Status.DUP, 12)
    part = desk.batch(ledger, 1, 5)
    assert (part.status, part.acked_seq, part.head_hash) == (Status.DUP, 5, ledger.rows[4][2])


def test_a_batch_that_overlaps_what_is_held_is_answered_with_what_is_held(desk, ledger):
    desk.hello(ledger)
    desk.batch(ledger, 1, 5)
    ack = desk.batch(ledger, 3, 6)
    assert (ack.status, ack.acked_seq) == (Status.DUP, 5)


def test_a_batch_too_early_is_answered_with_what_is_missing(desk, ledger):
    desk.hello(ledger)
    desk.batch(ledger, 1, 5)
    ack = desk.batch(ledger, 9, 3)
    assert (ack.status, ack.acked_seq, ack.head_hash) == (Status.GAP, 5, ledger.rows[4][2])


def test_nothing_is_taken_from_a_till_that_has_not_said_hello(desk, ledger):
    ack = desk.batch(ledger, 1, 5)
    assert (ack.status, ack.reason, ack.ledger_id) == (Status.REFUSED, "unknown-key", "")
    assert desk.refusals() == ["unknown-key"]


def test_another_key_cannot_speak_for_a_till(desk, ledger):
    desk.hello(ledger)
    ack, _ = desk.hello(ledger, key=OTHER)
    assert (ack.status, ack.reason) == (Status.REFUSED, "other-key")
    thief = MemoryLedger(replace(ledger.identity, key=OTHER))
    thief.extend([b"loot"])
    assert desk.batch(thief, 1, 1).reason == "unknown-key"
    assert desk.refusals() == ["unknown-key", "other-key"]


def test_a_till_cannot_write_into_another_tills_ledger(desk, ledger):
    desk.hello(ledger)
    other = MemoryLedger(till("S01-T2", 2))
    other.extend([b"a", b"b"])
    desk.hello(other)
    stolen = desk.batch(other, 1, 2, ledger_id=ledger.identity.ledger_id)
    assert (stolen.status, stolen.reason) == (Status.REFUSED, "unknown-ledger")
    assert desk.batch(other, 1, 2, terminal="S01-T1").reason == "terminal"
    claimed = MemoryLedger(replace(other.identity, ledger_id=ledger.identity.ledger_id))
    assert desk.hello(claimed)[0].reason == "other-ledger"
    assert all(till_.chain is Chain.WHOLE for till_ in desk.reader.tills())


def test_only_enrolled_keys_are_heard_where_the_settings_name_a_folder(tmp_path, ledger):
    folder = tmp_path / "tills"
    folder.mkdir()
    desk = Desk(tmp_path / "hq.db", Trust.of(str(folder)))
    assert desk.hello(ledger)[0].reason == "not-enrolled"
    (folder / "S01-T1.pub").write_bytes(OTHER.public.pem())
    assert desk.hello(ledger)[0].reason == "not-enrolled"
    (folder / "S01-T1.pub").write_bytes(ledger.identity.key.public.pem())
    assert desk.hello(ledger)[0].status is Status.OK
    desk.store.close()


def test_a_word_that_was_signed_but_is_not_held_opens_a_new_timeline(desk, ledger, tmp_path):
    desk.hello(ledger)
    desk.batch(ledger, 1, 20)
    _, word = desk.hello(ledger)
    restored = Desk(tmp_path / "older.db")
    ack, _ = restored.hello(ledger, word)
    assert (ack.acked_seq, ack.timeline) == (0, 2)
    assert restored.hello(ledger, word)[0].timeline == 3 or restored.receiver.timeline == 2
    assert restored.batch(ledger, 1, 20).timeline == restored.receiver.timeline
    restored.store.close()


def test_a_word_that_others_signed_opens_no_timeline(desk, ledger):
    forged = b"\x01" + bytes(200)
    assert desk.hello(ledger, forged)[0].timeline == 1


def test_what_differs_at_a_number_becomes_a_branch_there(desk, ledger):
    desk.hello(ledger)
    desk.batch(ledger, 1, 20)
    copy = MemoryLedger(ledger.identity, ledger.rows[:15])
    copy.extend(sale(100 + n) for n in range(10))
    ack = desk.batch(copy, 11, 15)
    assert (ack.status, ack.branch, ack.acked_seq) == (Status.OK, 1, 25)
    assert ack.head_hash == copy.digest
    ledger.extend([sale(21)])
    assert desk.batch(ledger, 21, 1).branch == 0
    copy.extend([sale(200)])
    assert desk.batch(copy, 26, 1).branch == 1
    main, branch = desk.reader.tills()
    assert main.chain is branch.chain is Chain.FORKED
    assert (main.last_seq, branch.last_seq) == (21, 26)
    assert desk.reader.entry(copy.identity.ledger_id, 26, 1).digest == copy.digest.hex()
    assert desk.reader.entry(copy.identity.ledger_id, 3, 1).digest == ledger.rows[2][2].hex()
    again = desk.batch(copy, 11, 15)
    assert (again.status, again.branch, again.acked_seq) == (Status.DUP, 1, 25)


def test_records_that_no_book_can_hold_are_stored_acknowledged_and_set_aside(desk):
    ledger = MemoryLedger(till())
    ledger.extend([sale(1), b"\xc1", sale(3)])
    desk.hello(ledger)
    assert desk.batch(ledger, 1, 3).acked_seq == 3
    (row,) = desk.reader.quarantine(10)
    assert (row.seq, row.terminal) == (2, "S01-T1")
    assert row.fault
    view = desk.reader.entry(ledger.identity.ledger_id, 2)
    assert (view.entry, view.fault, view.size) == (None, row.fault, 1)
    assert desk.reader.tills()[0].chain is Chain.QUARANTINE


def test_a_wrongly_chained_batch_is_refused_whole(desk, ledger):
    desk.hello(ledger)
    bodies = (b"x", b"y")
    ack = desk.batch(ledger, 1, 2, records=bodies)
    assert (ack.status, ack.reason) == (Status.REFUSED, "chain")
    start = bytes(32)
    wrong = seal_all(start, bodies)[-1]
    ack = desk.batch(ledger, 1, 2, records=bodies, prev_hash=start, head_hash=wrong)
    assert (ack.status, ack.acked_seq) == (Status.GAP, 0)
    assert desk.reader.overview().records == 0


def test_the_list_of_refused_messages_is_bounded_in_number_and_in_time(desk):
    for _ in range(REFUSED_MAX + 20):
        desk.give("S01-T9", topics.REQUEST, b"garbage")
    desk.receiver.take(Message("tp/1/S01-T9/req", b"at once again"), desk.now)
    rows = desk.store._sql.execute("SELECT count(*), max(id) FROM refused").fetchone()
    assert rows == (REFUSED_MAX, REFUSED_MAX + 20)


def test_a_tills_state_shows_its_lag_and_an_old_will_is_no_news(desk, ledger):
    desk.hello(ledger)
    who = ledger.identity

    def say(session: bytes, head: int, *, connected: bool) -> None:
        state = TillState(who.terminal, who.ledger_id, 0, connected, head, session)
        desk.give(who.terminal, topics.STATE, write_till_state(state, who.key))

    say(b"session0", 20, connected=False)
    assert not desk.reader.tills()[0].connected, "before its first state, a till's will counts"
    say(b"session1", 20, connected=True)
    say(b"session2", 25, connected=True)
    before = desk.reader.version()
    say(b"session1", 20, connected=False)
    (seen,) = desk.reader.tills()
    assert (seen.connected, seen.head_seq, seen.lag) == (True, 25, 25)
    say(b"session2", 25, connected=False)
    assert not desk.reader.tills()[0].connected
    assert desk.reader.version() > before


def test_the_pages_answers_agree_with_the_records(desk, ledger):
    desk.hello(ledger)
    desk.batch(ledger, 1, 20)
    overview = desk.reader.overview()
    assert (overview.tills, overview.records, overview.sales) == (1, 20, 20)
    newest = desk.reader.newest_sales(5)
    assert [row.seq for row in newest] == [20, 19, 18, 17, 16]
    assert [row.seq for row in desk.reader.newest_sales(2, newest[-1].id)] == [15, 14]
    row = newest[0]
    assert row.lines == 8
    assert row.total * 20 == overview.sales_amount
    assert follow(desk.store._database, 1)
    assert [r.seq for r in desk.reader.newest_sales(3, member=row.member)] == [20, 19, 18]
    assert desk.reader.newest_sales(3, terminal="S01-T1") == newest[:3]
    assert desk.reader.newest_sales(3, member="nobody") == ()
    assert desk.reader.newest_sales(3, terminal="nobody") == ()
    (day,) = desk.reader.days(9)
    assert (day.sales, day.amount, day.earned) == (20, overview.sales_amount, row.earned * 20)
    (points,) = [b for b in desk.reader.balances("member:", 9) if b.unit == "points"]
    assert -points.amount == overview.points_owed == row.earned * 20
    assert desk.reader.balances("", 500, (points.account, points.unit)) == ()
    view = desk.reader.entry(ledger.identity.ledger_id, 7)
    assert (view.digest, view.previous) == (ledger.rows[6][2].hex(), ledger.rows[5][2].hex())
    assert view.entry.body.receipt == "S01-T1-1-000007"
    assert desk.reader.entry(ledger.identity.ledger_id, 99) is None
    assert desk.reader.entry("nobody", 1) is None


def test_records_are_never_changed_or_deleted(desk, ledger):
    desk.hello(ledger)
    desk.batch(ledger, 1, 3)
    for sql in ("UPDATE record SET body = x'00'", "DELETE FROM record"):
        with pytest.raises(Exception, match="records are never"):
            desk.store._sql.execute(sql)


def test_nor_replaced_or_swept_away(file_desk, ledger, postgres):
    file_desk.hello(ledger)
    file_desk.batch(ledger, 1, 3)
    replacing = "INSERT OR REPLACE INTO record SELECT id, x'00', digest, 0 FROM record LIMIT 1"
    with pytest.raises(Exception, match="records are never"):
        file_desk.store._sql.execute(replacing)
    store = Store(postgres.database())
    with pytest.raises(StoreError, match="records are never"):
        store._sql.execute("TRUNCATE record")
    store.close()


def test_a_database_of_a_later_version_or_none_at_all_is_refused(tmp_path):
    path = tmp_path / "hq.db"
    store = Store(path)
    store._sql.execute("PRAGMA user_version=99")
    store.close()
    with pytest.raises(StoreError, match="later version"):
        Store(path)
    (tmp_path / "not.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        Store(tmp_path / "not.db")
    with pytest.raises(StoreError):
        Store(tmp_path / "nowhere" / "hq.db")


def test_a_full_disk_stores_nothing_and_the_same_batch_is_taken_later(file_desk, ledger):
    desk = file_desk
    desk.hello(ledger)
    desk.batch(ledger, 1, 2)
    pages = desk.store._sql.execute("PRAGMA page_count").fetchone()[0]
    desk.store._sql.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreError, match="full"):
        desk.batch(ledger, 3, 18)
    assert desk.reader.overview().records == 2
    desk.store._sql.execute("PRAGMA max_page_count=1000000")
    assert desk.batch(ledger, 3, 18).acked_seq == 20
    assert desk.reader.overview().records == 20


def test_a_new_ledger_is_told_the_ordinals_of_the_till_s_others_and_its_lineage_is_kept(tmp_path):
    desk = Desk(tmp_path / "hq.db")
    first = MemoryLedger(till())
    desk.hello(first)
    who = first.identity
    for ordinal, told in ((1, 1), (2, 1), (7, 2)):
        hello = Hello(
            who.terminal, f"L{ordinal}", 0, who.key.public.raw, bytes(8), 0,
            genesis(f"L{ordinal}", who.key.public.raw), ordinal=ordinal,
            previous=who.ledger_id, previous_seq=3, previous_hash=bytes(32),
        )  # fmt: skip
        (answer,) = desk.give(who.terminal, topics.REQUEST, write_hello(hello, who.key))
        assert read_welcome(answer.payload)[0].ordinals == told
    kept = desk.store._sql.execute("SELECT ordinal, previous, previous_seq FROM lineage").fetchall()
    assert (7, who.ledger_id, 3) in kept
    desk.store.close()


def test_what_another_machines_ledger_held_is_taken_from_the_one_that_replaces_it(tmp_path):
    desk = Desk(tmp_path / "hq.db")
    dead = MemoryLedger(till(seed=9))
    dead.extend(sale(n) for n in (1, 2))
    new = till()
    hello = Hello(
        new.terminal, dead.identity.ledger_id, 0, new.key.public.raw, bytes(8), 2, dead.digest,
        ledger_key=dead.identity.key.public.raw,
    )  # fmt: skip
    desk.give(new.terminal, topics.REQUEST, write_hello(hello, new.key))
    bodies = tuple(body for _, body, _ in dead.rows)
    start = genesis(dead.identity.ledger_id, dead.identity.key.public.raw)
    packed = pack(
        Batch(new.terminal, dead.identity.ledger_id, 0, 1, start, dead.digest, bodies), new.key
    )
    (answer,) = desk.give(new.terminal, topics.UP, packed)
    assert read_ack(answer.payload, HQ.public).acked_seq == 2
    desk.store.close()
