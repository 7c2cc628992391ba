import json
import random
import sqlite3
from pathlib import Path

import pytest

from terminal.codec.entry import encode
from terminal.core.journal import Tender
from terminal.store.calls import CallKey
from terminal.store.errors import DamagedError, LedgerError
from terminal.store.export import export
from terminal.store.ledger import Ledger
from terminal.store.rebuild import rebuild
from terminal.store.verify import FAULTS_MAX, verify
from tests.store.entries import BOOT, IDENTITY, entry, every_kind, sale, sale_entry

SEED = 20261121


@pytest.fixture
def path(tmp_path):
    """A ledger with some of everything, checkpointed and closed."""
    ledger = Ledger.open(tmp_path / "ledger.db", IDENTITY, BOOT)
    for place, body in enumerate(every_kind()[:7]):
        made = entry(body, f"kind-{place}")
        ledger.post(made, encode(made), CallKey(made.call_id, b"asked"))
    for number in range(2, 41):
        made, data = sale_entry(number, total=100 * number, account=str(number), lines=6)
        ledger.post(made, data, CallKey(made.call_id, b"asked"))
    ledger.print_done(7)
    ledger.close()
    return tmp_path / "ledger.db"


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER record_is_never_changed")
    connection.execute("DROP TRIGGER record_is_never_deleted")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_whole_ledger_has_no_faults(path):
    verdict = verify(path)
    assert (verdict.ledger_id, verdict.records, verdict.faults) == ("01LEDGER", 46, ())


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        ("UPDATE record SET body = x'90' WHERE seq = 9", "record 9 is not what was sealed"),
        ("UPDATE record SET digest = zeroblob(32) WHERE seq = 46", "record 46 is not what was sealed"),
        ("DELETE FROM record WHERE seq = 9", "record 9 is missing"),
        ("DELETE FROM record WHERE seq = 46", "outbox: ends at 46"),
        ("UPDATE record SET number = 99 WHERE seq = 46", "receipt 99 should be 40"),
        ("UPDATE record SET call = 1 WHERE seq = 9", "another call's id"),
        ("UPDATE balance SET amount = amount + 1 WHERE account = 'member:7'", "balance: ('member:7'"),
        ("INSERT INTO balance VALUES ('member:x', 'points', 0)", "balance: ('member:x'"),
        ("UPDATE state SET outbox = 45", "outbox: ends at 45"),
        ("UPDATE state SET receipts = 3", "receipts: 3, the records hold 40"),
        ("DELETE FROM pin", "pin: ('1001'"),
        ("DELETE FROM lockout", "lockout: ('1001'"),
        ("UPDATE copy SET copies = 2", "copy: ("),
        ("INSERT INTO payment VALUES (2, 'sale-2')", "payment: (2"),
        ("INSERT INTO receipt VALUES (3, 1)", "receipt: finds records that are others"),
        ("UPDATE state SET found = 46", "call: does not find all records"),
        ("DELETE FROM state", "chain:"),
    ],
)  # fmt: skip
def test_every_table_that_was_tampered_with_is_named(path, damage, word):
    change(path, damage)
    assert any(word in fault for fault in verify(path).faults), verify(path).faults


def test_a_record_that_means_nothing_is_a_fault_and_the_rest_is_still_checked(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.db", IDENTITY, BOOT)
    made, _ = sale_entry(1)
    ledger.post(made, b"\xc1 no entry", None)
    ledger.post(*sale_entry(2), None)
    ledger.close()
    faults = verify(tmp_path / "ledger.db").faults
    assert faults[0].startswith("record 1: ")
    assert any("receipts: 2, the records hold 1" in fault for fault in faults)
    for ask in (rebuild, lambda path: list(export(path))):
        with pytest.raises(DamagedError, match="record 1 means nothing"):
            ask(tmp_path / "ledger.db")


def test_single_flipped_bits_are_found_and_never_crash_the_check(path):
    """A sample, with its seed; what neither finds lies in columns nothing derives from."""
    draw, whole = random.Random(SEED), path.read_bytes()
    written = [at for at, byte in enumerate(whole) if byte and at >= 100]  # Not in free space.
    found = 0
    for _ in range(60):
        spoiled = bytearray(whole)
        spoiled[draw.choice(written)] ^= 1 << draw.randrange(8)
        path.write_bytes(spoiled)
        try:
            faults = verify(path).faults
        except LedgerError:
            faults = ("cannot be opened",)
        assert len(faults) <= FAULTS_MAX
        found += bool(faults)
    print(f"seed {SEED}: {found} of 60 flipped bits found")
    assert found >= 12  # A third of so short a ledger's file is tables that hold nothing.


def test_a_bit_flipped_in_any_body_is_found(path):
    draw, whole = random.Random(SEED), path.read_bytes()
    connection = sqlite3.connect(path)
    bodies = [row[0] for row in connection.execute("SELECT body FROM record")]
    connection.close()
    for body in draw.sample(bodies, 15):
        start = whole.index(body)
        spoiled = bytearray(whole)
        spoiled[start + draw.randrange(len(body))] ^= 1 << draw.randrange(8)
        path.write_bytes(spoiled)
        assert any("chain:" in fault for fault in verify(path).faults)


def test_a_rebuild_repairs_what_is_derived_and_leaves_local_state_alone(path):
    change(
        path,
        "DELETE FROM balance", "DELETE FROM pin", "UPDATE state SET receipts = 0, acked = 3",
        "INSERT INTO call VALUES (5, 5)",
        "INSERT INTO call_recent VALUES (6, 5)", "INSERT INTO payment VALUES (9, 'x')",
    )  # fmt: skip
    connection = sqlite3.connect(path)
    prints = connection.execute("SELECT * FROM print_job").fetchall()

    assert rebuild(path) == 46

    assert verify(path).faults == ()
    assert connection.execute("SELECT * FROM print_job").fetchall() == prints != []
    assert connection.execute("SELECT acked FROM state").fetchone() == (3,)
    connection.close()


def test_a_rebuild_of_a_broken_chain_changes_nothing(path):
    change(path, "UPDATE record SET body = x'90' WHERE seq = 9", "DELETE FROM pin")
    before = verify(path)
    with pytest.raises(DamagedError):
        rebuild(path)
    assert verify(path) == before


def test_a_ledger_in_use_is_verified_but_not_rebuilt(path):
    ledger = Ledger.open(path, IDENTITY, BOOT)
    assert verify(path).faults == ()
    with pytest.raises(LedgerError, match="in use"):
        rebuild(path)
    ledger.close()


def test_the_export_has_a_line_for_each_record(path):
    lines = [json.loads(line) for line in export(path)]
    assert [line["seq"] for line in lines] == list(range(1, 47))
    assert {line["kind"] for line in lines} == {type(body).__name__ for body in every_kind()[:7]}
    assert lines[0]["entry"]["body"]["receipt"] == sale(1)[0].receipt
    assert lines[1]["entry"]["body"]["tender"] == {
        "type": "external",
        "amount": 300,
        "reference": "QR 17",
        "spent": [],
        "left": 0,
    }
    assert lines[-1]["digest"] == verify(path).digest.hex()
    assert lines[0]["entry"]["body"]["bill"]["lines"][0]["name"] == "手工酸奶"
    assert Tender("external", 300, "QR 17") in [each.tender for each in every_kind()[1:3]]


def test_a_missing_ledger_is_a_clear_error(tmp_path):
    for ask in (verify, lambda path: list(export(path))):
        with pytest.raises(LedgerError, match="unable to open"):
            ask(tmp_path / "none.db")
