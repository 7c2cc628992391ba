"""Two members who registered at two tills become one: value, points, standing, cards and phones."""

import pytest

from sync.hq import merging, profiles
from sync.hq.audit import Act
from sync.hq.lapsing import Lapsing
from sync.hq.merging import Merge, merge
from sync.hq.names import Known
from sync.hq.ownledger import OwnLedger, records
from sync.hq.people import DeniedError
from sync.hq.shop import Tables
from sync.hq.store import Store
from sync.protocol.hello import Hello
from sync.protocol.keys import SecretKey
from sync.protocol.master import CATALOGUE, HOTLIST, MEMBERS
from sync.protocol.record import genesis
from sync.protocol.value import FORMAT, Ask
from terminal.codec import master
from terminal.codec.entry import decode
from terminal.codec.profile import pack
from terminal.core import accounts
from terminal.core.officebook import AccountsMerged
from terminal.core.points.entries import GrantedLot, PointsGiven
from terminal.core.profile import Profile

KEY = SecretKey.of_seed(b"h" * 32)
DAY, NOW = 20261121, 1_795_219_200_000
ONE, TWO = "100001", "100002"
ACT = Act("wang", "", NOW)
ASKED = Merge(TWO, ONE, "one person, two cards")


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request, tmp_path):
    is_file = request.param == "sqlite"
    store = Store(tmp_path / "hq.db" if is_file else request.getfixturevalue("postgres").database())
    store.master.apply(tables(), b"1", NOW)
    yield OwnLedger(store, KEY)
    store.close()


def tables(**openings):
    people = {
        ONE: master.profile(Profile("First", "13955550101", "", ("uid:04aa00000001",)), "plain"),
        TWO: master.profile(Profile("Second", "13955550102", "", ("uid:04aa00000002",)), "plain"),
    }
    members = {(master.MEMBER, account): body for account, body in people.items()}
    held = {ONE: (10, 100, 0), TWO: (-5, 300, 20)}
    return Tables({CATALOGUE: {}, MEMBERS: members, HOTLIST: {}}, held | openings)


def held(own, account):
    """What statements say: points, principal, bonus, standing, and the dated lots."""
    with own.store.master.settled():
        rows = {row[1]: row[2] for row, _ in own.store.master.statements(0, 100)}
    found = master.read(master.holdings, rows[account])
    return found.points, found.principal, found.bonus, found.standing, found.lots


def earned(own, account, points, *, lots=(), unit=accounts.POINTS, at=NOW):
    own.post(PointsGiven(account, "by-hand", "", "", "x", points, unit, lots), DAY, at)


def people(own):
    return {
        key: master.read(master.member_bodies, b) for key, b in own.store.master.bodies("member")
    }


def test_what_the_second_holds_its_cards_and_its_phone_move_to_the_first(own):
    own.adjust(TWO, accounts.BONUS, 50, "sorry", "wang", DAY, NOW)
    earned(own, TWO, 70, lots=(GrantedLot(40, 0, 20271231), GrantedLot(30, 20261201, 0)))
    earned(own, TWO, 9, unit=accounts.STANDING)
    before = own.store.grants.free(TWO)
    assert merge(own, ACT, ASKED, DAY) == 1
    assert held(own, TWO) == (0, 0, 0, 0, ())
    points, principal, bonus, standing, lots = held(own, ONE)
    assert (points, principal, bonus, standing) == (75, 400, 70, 9)
    assert [(lot[3], lot[4], lot[5]) for lot in sorted(lots, key=lambda lot: lot[2])] == [
        (40, 0, 20271231), (30, 20261201, 0),
    ]  # fmt: skip
    free = own.store.grants.free(ONE)
    assert not own.store.grants.free(TWO)
    assert {key for key in before if key[1] not in {"opening", "undated"}} <= set(free)
    one = people(own)[ONE]
    assert TWO not in people(own)
    assert one.media == ("uid:04aa00000001", "uid:04aa00000002")
    assert (one.phone, one.phones) == ("13955550101", ("13955550102",))
    own.store.master.apply(tables(), b"2", NOW)
    assert people(own) == {ONE: one}, "the shop file still names both"
    last = decode(records(own.store.database)[-1][0])
    assert isinstance(last.body, AccountsMerged)
    assert (last.body.reason, last.body.by) == (ASKED.reason, "wang")


def test_what_comes_late_for_the_account_that_went_follows(own):
    lapsing = Lapsing(own.store, KEY, "Asia/Shanghai")
    merge(own, ACT, ASKED, DAY)
    assert lapsing.run(NOW) == 0
    earned(own, TWO, 12, at=NOW + 1)
    assert lapsing.run(NOW + 3_600_000) == 1
    assert (held(own, TWO)[0], held(own, ONE)[0]) == (0, 17)
    assert lapsing.run(NOW + 7_200_000) == 0
    assert merge(own, ACT, ASKED, DAY) == 0, "there is nothing more"


def test_many_lots_take_several_entries(own):
    lots = tuple(GrantedLot(n, 0, 20270000 + n) for n in range(1, merging.LOTS_MAX + 2))
    earned(own, TWO, sum(lot.points for lot in lots), lots=lots)
    assert merge(own, ACT, ASKED, DAY) == 2
    assert held(own, TWO)[:4] == (0, 0, 0, 0)
    assert held(own, ONE)[0] == 5 + sum(lot.points for lot in lots)
    assert len(held(own, ONE)[4]) == len(lots)


def test_nothing_moves_while_a_till_may_spend_it(own):
    store = own.store
    raw = bytes(32)
    hello = Hello("T1", "L1", 0, raw, bytes(8), 0, genesis("L1", raw))
    store.enrol("T1", bytes(8), raw, 0)
    store.open_ledger(hello, bytes(8), hello.previous_hash, 0)
    asks = Ask(FORMAT, "T1", bytes(8), "L1", 0, "S", 1, 0, "a1", (), TWO)
    assert store.grants.answer(asks, 1, NOW).allowances
    before = people(own)
    with pytest.raises(DeniedError, match="merge-open"):
        merge(own, ACT, ASKED, DAY)
    assert people(own) == before
    assert own.declare_lost("T1", "burnt", "wang", DAY, NOW)
    assert merge(own, ACT, ASKED, DAY) == 1


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Merge(TWO, ONE, ""), "reason-wanted"),
        (Merge(ONE, ONE, "same"), "same-member"),
        (Merge("nobody", ONE, "none"), "no-such-member"),
        (Merge(ONE, "nobody", "none"), "no-such-member"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused(tmp_path, asked, why):
    store = Store(tmp_path / "hq.db")
    store.master.apply(tables(), b"1", NOW)
    own = OwnLedger(store, KEY)
    with pytest.raises(DeniedError, match=why):
        merge(own, ACT, asked, DAY)
    assert records(store.database) == []
    assert why in merging.SAID
    store.close()


def test_whoever_is_erased_is_erased_with_every_account_that_became_theirs(own):
    store = own.store
    with store.database.transaction():
        data = pack(Profile("Third", "13955550103", "", ("uid:04aa00000003",)), bytes(16))
        profiles.keep(store.database.sql, [(7, "S01-T1-1-7", "plain", data)], NOW)
    assert store.master.take_in_profiles(NOW)
    merge(own, ACT, Merge("S01-T1-1-7", TWO, "the same"), DAY)
    merge(own, ACT, ASKED, DAY)
    assert people(own)[ONE].phones == ("13955550102", "13955550103")
    profiles.erase(store.database, store.master, ACT, ONE)
    assert people(own) == {}
    assert not store.database.sql.execute("SELECT * FROM profile").fetchall()
    store.master.apply(tables(), b"3", NOW)
    assert people(own) == {}
    known = Known()
    known.learn(store.master)
    assert known.names == {}
