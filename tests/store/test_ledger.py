import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.protocol.record import genesis, seal
from terminal.codec.entry import decode, encode
from terminal.core import accounts
from terminal.core.books import deltas
from terminal.core.journal import PaymentReturned, PaymentTaken, Posting, Tender, UnbalancedError
from terminal.store import calls as calls_module
from terminal.store import ledger as ledger_module
from terminal.store.calls import CallKey
from terminal.store.errors import DamagedError, LedgerError, NewerSchemaError
from terminal.store.ledger import Ledger
from terminal.store.prints import PrintState
from terminal.store.reader import Reader
from terminal.store.rebuild import rebuild
from terminal.store.schema import Identity
from terminal.store.verify import verify
from tests.store.entries import (
    BOOT,
    IDENTITY,
    KEY,
    MEMBER,
    bill,
    entry,
    every_kind,
    sale,
    sale_entry,
)
from tests.store.opened import close_all, opened, sell

EXTERNAL = Tender("external", 300, "QR 17")


@pytest.fixture(autouse=True)
def _nothing_stays_open():
    yield
    close_all()


def post(ledger: Ledger, body, call: str, ahead=()) -> int:
    made = entry(body, call, ahead)
    return ledger.post(made, encode(made), CallKey(call, b"asked"))


def test_a_sale_is_there_after_a_restart_with_all_it_moved(tmp_path):
    ledger = opened(tmp_path)
    made, data = sale_entry(ledger.next_receipt())

    assert ledger.post(made, data, CallKey("call-1", b"asked")) == 1
    ledger.close()
    ledger = opened(tmp_path)

    assert (ledger.head_seq, ledger.receipts, ledger.next_receipt()) == (1, 1, 2)
    assert ledger.head_digest == seal(genesis(IDENTITY.ledger_id, KEY), data)
    assert ledger.entry(1) == ledger.receipt(1) == made
    assert ledger.holdings(MEMBER) == {"points": -9}
    assert {key: ledger.balance(*key) for key in deltas(made)} == deltas(made)


def test_the_chain_begins_with_the_ledgers_id_and_the_tills_key(tmp_path):
    assert opened(tmp_path).head_digest == genesis(IDENTITY.ledger_id, KEY)


def test_a_call_is_remembered_in_memory_in_the_small_index_and_in_the_large_one(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(ledger_module, "INDEX_EVERY", 20)
    monkeypatch.setattr(calls_module, "MERGE_AT", 30)
    ledger = opened(tmp_path)

    def is_remembered() -> bool:
        found = [ledger.answered(f"call-{n}") for n in range(1, ledger.receipts + 1)]
        assert ledger.answered(f"call-{ledger.receipts + 1}") is None
        assert all(answered.body_digest == b"asked" for answered in found)
        assert all(ledger.receipt(n) == ledger.entry(n) for n in range(1, ledger.receipts + 1))
        return [answered.seq for answered in found] == list(range(1, ledger.receipts + 1))

    sell(ledger, 3)
    assert is_remembered()
    ledger.close()
    ledger = opened(tmp_path)
    assert is_remembered()
    for _ in range(4):
        sell(ledger, 21)
        ledger.checkpoint()
        assert ledger._calls._recent == {}
        assert is_remembered()
    assert ledger._run("SELECT count(*) FROM call").fetchone()[0] == 87
    sell(ledger, 2)
    assert is_remembered()
    ledger.close()
    assert verify(tmp_path / "ledger.db").faults == ()


def test_a_receipt_is_found_among_other_entries_before_and_after_it_is_indexed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(ledger_module, "INDEX_EVERY", 15)
    ledger = opened(tmp_path)
    for place in range(12):
        post(ledger, every_kind()[4], f"pin-{place}")
        sell(ledger, place % 3)
        ledger.checkpoint()
        for number in range(1, ledger.receipts + 1):
            assert ledger.receipt(number).body.receipt == sale(number)[0].receipt
        assert ledger.receipt(ledger.receipts + 1) is None
        assert ledger.receipt(0) is None


def test_an_index_that_lags_too_far_is_written_though_the_till_is_never_idle(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_module, "INDEX_MAX", 5)
    monkeypatch.setattr(ledger_module, "CHECKPOINT_MAX", ledger_module.CHECKPOINT_EVERY + 7)
    ledger = opened(tmp_path)
    sell(ledger, 23)
    assert len(ledger._calls._recent) == 3
    assert ledger._gathered < 23
    assert [ledger.answered(f"call-{n}").seq for n in (1, 5, 6, 20, 23)] == [1, 5, 6, 20, 23]
    ledger.close()
    assert verify(tmp_path / "ledger.db").faults == ()


def test_a_payment_taken_ahead_is_open_until_its_sale_is_posted(tmp_path):
    ledger = opened(tmp_path)
    taken = PaymentTaken(bill("sale-1", 700), EXTERNAL)
    post(ledger, taken, "a")
    post(ledger, PaymentTaken(bill("sale-9", 700), EXTERNAL), "b")
    ledger.close()
    ledger = opened(tmp_path)
    assert [each.payment for each in ledger.open_payments()][:1] == [taken]

    body, ahead = sale(1, 700, ahead=(EXTERNAL,))
    post(ledger, body, "c", ahead)

    assert [each.payment.bill.sale_id for each in ledger.open_payments()] == ["sale-9"]
    assert ledger.balance(accounts.DUE, accounts.MONEY) == -300


def test_a_payment_given_back_is_open_no_longer_and_only_once(tmp_path):
    ledger = opened(tmp_path)
    for call in ("a", "b"):
        post(ledger, PaymentTaken(bill("sale-1", 700), EXTERNAL), call)
    post(ledger, PaymentReturned("sale-1", EXTERNAL), "c")
    assert [each.seq for each in ledger.open_payments()] == [1]
    ledger.close()
    assert verify(tmp_path / "ledger.db").faults == ()


def test_pins_lockouts_and_copies_are_known_after_a_restart(tmp_path):
    ledger = opened(tmp_path)
    for place, body in enumerate(every_kind()):
        post(ledger, body, f"call-{place}")
    ledger.close()
    ledger = opened(tmp_path)
    assert list(ledger.pins()) == ["1001"]
    assert ledger.locks() == {"1001": 1_700_000_060_000}
    assert (ledger.copies("S01-T1-1-000001"), ledger.copies("x")) == (1, 0)


def test_an_entry_that_does_not_balance_is_never_in_the_ledger(tmp_path):
    ledger = opened(tmp_path)
    made, data = sale_entry(1)
    crooked = type(made)(
        made.stamp, made.business_date, made.store, made.terminal, made.operator, made.call_id,
        made.versions, made.facts, made.body, (Posting(accounts.CASH, accounts.MONEY, 1),),
    )  # fmt: skip
    with pytest.raises(UnbalancedError):
        ledger.post(crooked, encode(crooked), None)
    assert (ledger.head_seq, ledger.balance(accounts.CASH, accounts.MONEY)) == (0, 0)
    assert ledger.post(made, data, None) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET body = x'00' WHERE seq = 1",
        "DELETE FROM record WHERE seq = 2",
        "INSERT OR REPLACE INTO record VALUES (1, x'00', x'00', NULL, NULL, NULL)",
        "REPLACE INTO record VALUES (2, x'00', x'00', NULL, NULL, NULL)",
        "UPDATE OR REPLACE record SET seq = 1 WHERE seq = 2",
    ],
)
def test_no_statement_changes_or_deletes_a_record(tmp_path, statement):
    ledger = opened(tmp_path)
    sell(ledger, 2)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        ledger._run(statement)


def test_an_acknowledgement_moves_forward_only_and_only_for_our_own_records(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger, 4)
    digests = [row[2] for row in Reader.open(tmp_path / "ledger.db").records(1, 9)]
    assert ledger.acknowledge(2, digests[1], b"two")
    assert not ledger.acknowledge(1, digests[0], b"back")
    assert not ledger.acknowledge(3, digests[2][::-1], b"other digest")
    assert not ledger.acknowledge(5, digests[3], b"not ours yet")
    assert ledger.acked.proof == b"two"
    sell(ledger)
    ledger._disk.close()

    ledger = opened(tmp_path)
    assert (ledger.acked.seq, ledger.acked.proof) == (2, b"two")
    assert ledger.acknowledge(1, digests[0], b"older backup", timeline=2)
    assert not ledger.acknowledge(4, digests[3], b"old timeline", timeline=1)
    ledger.close()
    assert opened(tmp_path).acked.seq == 1


def test_two_programs_never_write_one_ledger(tmp_path):
    ledger = opened(tmp_path)
    with pytest.raises(LedgerError, match="in use"):
        opened(tmp_path)
    ledger.close()
    opened(tmp_path).close()


def test_a_ledger_of_another_key_a_later_schema_or_another_program_is_refused(tmp_path):
    opened(tmp_path).close()
    path = tmp_path / "ledger.db"
    with pytest.raises(LedgerError, match="another key"):
        Ledger.open(path, Identity("01LEDGER", bytes(32)), BOOT)
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(NewerSchemaError):
        opened(tmp_path)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("PRAGMA user_version = 3")
    other.close()
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(tmp_path / "other.db", IDENTITY, BOOT)
    (tmp_path / "noise.db").write_bytes(b"noise" * 4000)
    with pytest.raises(LedgerError):
        Ledger.open(tmp_path / "noise.db", IDENTITY, BOOT)


def test_a_record_changed_behind_our_back_is_found_when_the_till_starts(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger, 3)
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        other.execute("DROP TRIGGER record_is_never_changed")
        other.execute("UPDATE record SET body = x'00' WHERE seq = 2")
    other.close()
    with pytest.raises(DamagedError, match="record 2"):
        opened(tmp_path)


def test_readers_see_each_commit_and_never_hold_up_a_checkpoint(tmp_path):
    ledger = opened(tmp_path)
    reader = Reader.open(tmp_path / "ledger.db")
    sell(ledger, 3)
    assert reader.head() == (IDENTITY.ledger_id, 3)
    assert [row.number for row in reader.sales(2)] == [3, 2]
    assert [row.number for row in reader.sales(9, before=3)] == [2, 1]
    assert reader.sales(0) == ()
    assert reader.receipt(2).entry == ledger.receipt(2)
    assert reader.receipt(4) is None
    assert reader.entry(4) is None
    assert reader.print_state(2) is PrintState.INTENDED
    ledger.print_done(2)
    assert reader.print_state(2) is PrintState.DONE
    ledger.checkpoint(now=True)
    busy, pages, moved = ledger._run("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert (busy, pages) == (0, moved)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._run("DELETE FROM balance")


OTHERS = {type(body).__name__: body for body in every_kind()[7:]}
KINDS = st.lists(
    st.sampled_from(
        ["sale", "stranger", "ahead", "return", "void", "pin", "lock", "copy", *OTHERS]
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(KINDS, st.lists(st.integers(1, 100_000), min_size=12, max_size=12))
def test_a_rebuild_comes_out_as_the_posts_did(tmp_path_factory, kinds, amounts):
    folder = tmp_path_factory.mktemp("law")
    ledger, total = opened(folder), {}
    _, taken, returned, void, pin, lock, copy = every_kind()[:7]
    plain = {
        **OTHERS,
        "return": returned,
        "void": void,
        "pin": pin,
        "lock": lock,
        "copy": copy,
        "ahead": taken,
    }
    for place, (kind, amount) in enumerate(zip(kinds, amounts, strict=False)):
        if kind == "return" and "ahead" not in kinds[:place]:
            continue
        body = (
            plain.get(kind)
            or sale(ledger.next_receipt(), amount, "" if kind == "stranger" else "7")[0]
        )
        made = entry(body, f"call-{place}")
        ledger.post(made, encode(made), CallKey(made.call_id, b"x"))
        for key, moved in deltas(made).items():
            total[key] = total.get(key, 0) + moved
    ledger.close()
    path = folder / "ledger.db"

    def dump() -> list[str]:
        with sqlite3.connect(path) as connection:
            rows = list(connection.iterdump())
        connection.close()
        lagging = ('INTO "state"', 'INTO "receipt"', 'INTO "call')
        return [row for row in rows if not any(table in row for table in lagging)]

    assert verify(path).faults == ()
    before = dump()
    assert rebuild(path) == ledger.head_seq
    assert dump() == before
    assert verify(path).faults == ()
    ledger = opened(folder)
    assert {key: ledger.balance(*key) for key in total} == total
    ledger.close()


def test_a_sale_writes_no_more_than_seven_pages_with_its_start_mark(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger, 3)
    ledger.close()
    ledger = opened(tmp_path)
    sell(ledger)
    wal = tmp_path / "ledger.db-wal"
    before = wal.stat().st_size
    sell(ledger)
    ledger.print_started(5)
    ledger.print_done(5)
    assert (wal.stat().st_size - before) // 4120 <= 7


def test_a_killed_till_has_every_sale_it_posted(tmp_path):
    program = (
        "import os; from pathlib import Path; from tests.store.test_ledger import opened, sell\n"
        f"ledger = opened(Path({str(tmp_path)!r})); sell(ledger, 7); print(ledger.head_seq, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (-9, b"7\n")
    ledger = opened(tmp_path)
    assert ledger.head_seq == 7
    assert decode(encode(ledger.entry(7))).call_id == "call-7"
