from terminal.codec.entry import encode
from terminal.core.journal import LockedOut, PinChanged
from terminal.store.catalog import OperatorRow
from terminal.store.ledger import Ledger
from terminal.store.overlay import overlay_of
from tests.store.entries import BOOT, IDENTITY, entry

GIVEN = OperatorRow("1001", "小王", "cashier", None, "4711")


def test_a_pin_chosen_here_stands_in_the_place_of_the_first_one_also_after_a_restart(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.db", IDENTITY, BOOT)
    overlay = overlay_of(ledger)
    assert overlay.operator(GIVEN) == GIVEN
    chosen = OperatorRow("1001", "小王", "cashier", "$argon2id$new", None)

    for place, body in enumerate(
        (PinChanged("1001", "$argon2id$old"), PinChanged("1001", "$argon2id$new"))
    ):
        ledger.post(entry(body, f"call-{place}"), encode(entry(body, f"call-{place}")), None)
        overlay.note(body)

    assert overlay.operator(GIVEN) == overlay_of(ledger).operator(GIVEN) == chosen
    assert overlay.operator(OperatorRow("9001", "李", "supervisor", None, "1")).first_pin == "1"
    ledger.close()


def test_a_lockout_holds_for_its_operator_only(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.db", IDENTITY, BOOT)
    overlay = overlay_of(ledger)
    overlay.note(LockedOut("1001", 5_000))
    assert (overlay.locked_until("1001"), overlay.locked_until("9001")) == (5_000, 0)
    ledger.close()
