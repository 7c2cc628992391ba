"""Lots of points at the head office: the same fold as the till's, and what a till makes of a statement."""

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.protocol.master import Part, What
from terminal.codec.entry import decode, encode
from terminal.core import accounts
from terminal.core.points.entries import GrantedLot, LotPart, PointsGiven, PointsTaken
from terminal.store import members, mirrored
from terminal.store.ledger import Ledger
from terminal.store.lots import merged
from terminal.store.members import Members, shown
from terminal.store.schema import Identity
from terminal.store.statements import OwnLedger
from tests.kit.ledger import MemoryLedger, till
from tests.store.entries import BOOT, entry
from tests.sync.hq.test_receive import Desk

ACCOUNT = "100001"
OTHER = LotPart("01OTHER", 3, 1, 4, 0, 20270101)
"""A lot of another till's, from which this one takes."""


def given_points(points: int, lapses_on: int) -> PointsGiven:
    lots = (GrantedLot(points, 0, lapses_on),) if lapses_on else ()
    return PointsGiven(ACCOUNT, "by-hand", "", "", "开业", points, "points", lots)


def bodies(plan):
    """A history in which points come and go, half of them in dated lots."""
    made = []
    for n, (points, is_dated, takes) in enumerate(plan, 1):
        made.append(given_points(points, 20270000 + 100 + n if is_dated else 0))
        if takes and is_dated:
            taken = LotPart("", len(made), 0, points // 2 + 1, 0, 20270000 + 100 + n)
            made.append(PointsTaken(ACCOUNT, "x", taken.points, (taken,)))
        elif takes:
            made.append(PointsTaken(ACCOUNT, "x", OTHER.points, (OTHER,)))
    made.append(PointsGiven(ACCOUNT, "by-hand", "", "", "成长", 5, "standing", ()))
    return made


PLAN = st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.booleans()), min_size=1, max_size=6)


def statement(desk):
    """What the head office tells tills, as rows."""
    with desk.store.master.settled():
        return [row for row, _ in desk.store.master.statements(0, 100)]


def by_name(lots, own):
    return {(p.ledger or own, p.seq, p.part): p.points for p in lots if p.points > 0}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PLAN, st.integers(0, 12))
def test_what_a_till_shows_is_the_same_however_far_the_head_office_is(
    tmp_path_factory, plan, known
):
    folder = tmp_path_factory.mktemp("lots")
    who = till()
    identity = Identity(who.ledger_id, who.key.public.raw)
    ledger, sent = Ledger.open(folder / "ledger.db", identity, BOOT), MemoryLedger(who)
    for n, body in enumerate(bodies(plan)):
        made = entry(body, f"call-{n}")
        data = encode(made)
        ledger.post(made, data, None)
        sent.post(data)
    known = min(known, sent.head)
    desk = Desk(folder / "hq.db")
    desk.hello(sent)
    if known:
        desk.batch(sent, 1, known)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    members.make_tables(connection)
    held = mirrored.holdings(statement(desk))
    part = Part(1, b"", "statements", What.DELTA, 1, b"", seq=known)
    bases = OwnLedger(folder / "ledger.db").bases(part, [account for account, _ in held])
    members.put_statements(connection, mirrored.statements(held, bases))
    mirrored.put_lots(connection, held, bases)
    found = Members(connection, ledger.holdings)

    seen = merged(found.lots(ACCOUNT, who.ledger_id), ledger.lots(ACCOUNT))
    stated, base = found.standing(ACCOUNT)
    own = ledger.holdings(accounts.member(ACCOUNT))
    desk.close()
    ledger.close()

    assert by_name(seen, who.ledger_id) == by_name(merged(ledger_lots(sent)), who.ledger_id)
    assert shown(stated, base, own.get("standing", 0)) == 5


def ledger_lots(sent: MemoryLedger):
    """The lots as a fold over all records, independently of both databases."""
    sums: dict[tuple[str, int, int], LotPart] = {}
    for seq, data, _ in sent.rows:
        body = decode(data).body
        if isinstance(body, PointsGiven):
            for n, lot in enumerate(body.lots):
                sums["", seq, n] = LotPart("", seq, n, lot.points, lot.usable_on, lot.lapses_on)
        if isinstance(body, PointsTaken):
            for p in body.parts:
                had = sums.get((p.ledger, p.seq, p.part))
                left = (had.points if had else 0) - p.points
                sums[p.ledger, p.seq, p.part] = LotPart(
                    p.ledger, p.seq, p.part, left, p.usable_on, p.lapses_on
                )
    return tuple(sums.values())


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_lots_of_hostile_size_are_set_aside(request, tmp_path, engine):
    is_file = engine == "sqlite"
    data = tmp_path / "hq.db" if is_file else request.getfixturevalue("postgres").database()
    desk, sent = Desk(data), MemoryLedger(till())
    sent.post(encode(entry(given_points(9, 20270101), "call-1")))
    forged = PointsGiven(ACCOUNT, "x", "", "", "", 1, "points", (GrantedLot(2**62, 0, 20270101),))
    sent.post(encode(entry(forged, "call-2")))
    desk.hello(sent)
    ack = desk.batch(sent, 1, 2)
    assert ack.acked_seq == 2
    [(_, held)] = mirrored.holdings(statement(desk))
    assert [(lot[3], lot[5]) for lot in held.lots] == [(9, 20270101)]
    desk.close()
