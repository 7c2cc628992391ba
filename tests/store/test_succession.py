"""A ledger that came from a backup is closed, and the next one begins without losing or doubling anything."""

import stat
from contextlib import closing
from dataclasses import replace

import pytest

from terminal.codec.entry import encode
from terminal.core.journal import PaymentTaken, PinChanged, Tender
from terminal.core.lineage import LedgerOpened
from terminal.store.backup import back_up, backups, restore
from terminal.store.calls import CallKey
from terminal.store.errors import DamagedError, LedgerError
from terminal.store.ledger import Ledger
from terminal.store.older import Older
from terminal.store.rebuild import rebuild
from terminal.store.schema import Identity
from terminal.store.succession import Succession, first_ordinal, follow, older, tell_ordinal, wanted
from terminal.store.verify import verify
from tests.store.entries import BOOT, KEY, MEMBER, bill, entry
from tests.store.opened import close_all, opened, sell

NEXT = Identity("02LEDGER", KEY)


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_all()


def make(body, corrects):
    return replace(entry(body, ""), postings=(), corrects=corrects)


def post(ledger, body, call=""):
    made = entry(body, call)
    return ledger.post(made, encode(made), CallKey(call, b"asked") if call else None)


def go_on(folder, why="restored", identity=NEXT, ordinal=2):
    kept = follow(folder, Succession(why, ordinal), identity, BOOT, make, lambda _: 5)
    return kept, Ledger.open(folder / "ledger.db", identity, BOOT)


def begun(folder):
    """A till that sold, changed a PIN, took a payment ahead and left a receipt in doubt."""
    ledger = opened(folder)
    sell(ledger, 3)
    post(ledger, PinChanged("1001", "$argon2id$x"))
    post(ledger, PaymentTaken(bill("sale-9", 700), Tender("external", 300, "QR 17")))
    ledger.print_started(1)
    ledger.print_unknown(1)
    ledger.print_done(2)
    ledger.print_done(3)
    ledger.close()


def test_the_next_ledger_names_the_one_before_and_takes_over_what_it_came_to(tmp_path):
    begun(tmp_path)
    with closing(opened(tmp_path)) as before:
        held, digest = before.holdings(MEMBER), before.head_digest
    kept, ledger = go_on(tmp_path)
    with closing(ledger):
        said = ledger.entry(1).body
        assert said == LedgerOpened("01LEDGER", 5, digest.hex(), 2, "restored")
        assert (ledger.ledger_id, ledger.ordinal, ledger.receipts) == ("02LEDGER", 2, 0)
        assert ledger.holdings(MEMBER) == held
        assert ledger.pins() == {"1001": "$argon2id$x"}
        (payment,) = ledger.open_payments()
        assert payment.payment.bill.sale_id == "sale-9"
        assert ledger.entry(payment.seq).corrects == ("01LEDGER", 5)
        assert ledger.entry(payment.seq).postings == ()
        assert ledger.old_doubts() == ("S01-T1-1-000001",)
    assert kept.name == "ledger-1.db"
    assert not stat.S_IMODE(kept.stat().st_mode) & 0o222
    for path in (kept, tmp_path / "ledger.db"):
        assert verify(path).faults == ()


def test_what_was_taken_over_comes_out_the_same_when_it_is_rebuilt(tmp_path):
    begun(tmp_path)
    _, ledger = go_on(tmp_path)
    sell(ledger, 2)
    ledger.close()
    rebuild(tmp_path / "ledger.db")
    assert verify(tmp_path / "ledger.db").faults == ()


def test_receipts_and_calls_of_the_closed_ledger_are_still_answered(tmp_path):
    begun(tmp_path)
    _, ledger = go_on(tmp_path)
    ledger.close()
    before = Older(tmp_path)
    assert before.sale("S01-T1-1-000002", 2).seq == 2
    assert before.sale("S01-T1-2-000002", 2) is None
    assert before.sale("S01-T2-1-000002", 2) is None
    posted, made = before.answered("call-2")
    assert (posted.seq, posted.body_digest, made.call_id) == (2, b"asked", "call-2")
    assert before.answered("call-77") is None


def test_pins_of_another_machine_are_not_taken_over(tmp_path):
    begun(tmp_path)
    _, ledger = go_on(tmp_path, identity=Identity("02LEDGER", bytes(32)))
    with closing(ledger):
        assert ledger.pins() == {}
        assert ledger.holdings(MEMBER)


def test_many_balances_take_several_records(tmp_path):
    ledger = opened(tmp_path)
    for number in range(1_500):
        ledger._run("INSERT INTO balance VALUES (?, 'points', -1)", (f"member:{number:06d}",))
    ledger.close()
    _, after = go_on(tmp_path)
    with closing(after):
        assert after.head_seq > 2
        assert after.holdings("member:001499") == {"points": -1}


def test_without_the_head_offices_word_the_ordinal_is_drawn_far_above(tmp_path):
    begun(tmp_path)
    _, ledger = go_on(tmp_path, ordinal=None)
    with closing(ledger):
        assert ledger.ordinal == 1 + 1_000 + 5


def test_a_failure_on_the_way_leaves_the_old_ledger_in_its_place(tmp_path):
    begun(tmp_path)

    def fails(body, corrects):
        if not isinstance(body, LedgerOpened):
            raise OSError(28, "No space left on device")
        return make(body, corrects)

    with pytest.raises(LedgerError):
        follow(tmp_path, Succession("behind", 2), NEXT, BOOT, fails, lambda _: 0)
    with closing(opened(tmp_path)) as ledger:
        assert (ledger.ledger_id, ledger.head_seq) == ("01LEDGER", 5)
    _, after = go_on(tmp_path)
    after.close()
    assert [path.name for path in older(tmp_path)] == ["ledger-1.db"]


def test_a_backup_is_restored_and_wants_a_new_ledger(tmp_path):
    begun(tmp_path)
    ledger = opened(tmp_path)
    made = back_up(tmp_path / "ledger.db", tmp_path / "stick", "20261122T010203")
    sell(ledger, 2)
    ledger.close()
    assert (made.records, wanted(tmp_path)) == (5, None)
    assert restore(made.path, tmp_path) == 5
    assert wanted(tmp_path) == Succession("restored", None)
    with closing(opened(tmp_path)) as ledger:
        assert ledger.head_seq == 5
    assert verify(tmp_path / "ledger.replaced-1.db").records == 7
    _, after = go_on(tmp_path)
    after.close()
    assert wanted(tmp_path) is None


def test_a_backup_restored_twice_overwrites_no_closed_ledger_and_repeats_no_ordinal(tmp_path):
    begun(tmp_path)
    made = back_up(tmp_path / "ledger.db", tmp_path / "stick", "20261122T010203")
    with closing(opened(tmp_path)) as ledger:
        sell(ledger, 2)
    seen = set()
    for _ in range(2):
        _, after = go_on(tmp_path, ordinal=None if seen else 2)
        seen.add(after.ordinal)
        after.close()
        restore(made.path, tmp_path)
    assert len(seen) == 2
    assert [path.name for path in older(tmp_path)] == ["ledger-1.db", "ledger-1.2.db"]
    assert [verify(path).records for path in older(tmp_path)] == [7, 5]


def test_what_is_no_whole_ledger_is_not_restored(tmp_path):
    begun(tmp_path)
    made = back_up(tmp_path / "ledger.db", tmp_path / "stick", "20261122T010203")
    made.path.chmod(0o600)
    data = bytearray(made.path.read_bytes())
    place = data.index("手工酸奶".encode())
    data[place] ^= 1
    made.path.write_bytes(data)
    with pytest.raises(DamagedError):
        restore(made.path, tmp_path)
    with pytest.raises(LedgerError):
        restore(tmp_path / "nothing.db", tmp_path)
    assert wanted(tmp_path) is None


def test_a_running_till_is_not_restored(tmp_path):
    begun(tmp_path)
    made = back_up(tmp_path / "ledger.db", tmp_path / "stick", "20261122T010203")
    opened(tmp_path)
    with pytest.raises(LedgerError, match="in use"):
        restore(made.path, tmp_path)


def test_only_the_newest_backups_are_kept(tmp_path):
    begun(tmp_path)
    for hour in range(10):
        back_up(tmp_path / "ledger.db", tmp_path / "stick", f"20261122T{hour:02d}0000")
    kept = backups(tmp_path / "stick")
    assert len(kept) == 7
    assert kept[0].name.endswith("T030000.db")


def test_a_machine_that_replaces_another_begins_above_what_the_head_office_saw(tmp_path):
    assert first_ordinal(tmp_path) == 1
    tell_ordinal(tmp_path, 4)
    assert first_ordinal(tmp_path) == 5
