"""The print journal: each receipt known as printed, not printed or unknown, across restarts."""

import pytest

from terminal.store.ledger import Ledger
from terminal.store.prints import PrintState
from tests.store.opened import close_all, opened, sell


@pytest.fixture(autouse=True)
def _nothing_stays_open():
    yield
    close_all()


def states(ledger: Ledger) -> dict[int, PrintState]:
    return {each.number: each.state for each in ledger.unfinished_prints()}


def test_a_receipt_is_intended_started_and_done(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger, 3)
    assert states(ledger) == dict.fromkeys((1, 2, 3), PrintState.INTENDED)
    ledger.print_started(1)
    assert states(ledger)[1] is PrintState.STARTED
    ledger.print_done(1)
    ledger.print_started(3)
    ledger.print_done(3)
    assert states(ledger) == {2: PrintState.INTENDED}
    ledger.print_unknown(2)
    assert states(ledger) == {2: PrintState.UNKNOWN}
    ledger.print_done(2)
    assert states(ledger) == {}


def test_a_receipt_whose_first_byte_was_never_sent_is_intended_again(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger)
    ledger.print_started(1)
    ledger.print_not_started(1)
    assert states(ledger) == {1: PrintState.INTENDED}


def test_after_a_restart_within_a_boot_what_was_started_is_unknown_and_the_rest_may_be_printed(
    tmp_path,
):
    ledger = opened(tmp_path)
    sell(ledger, 5)
    ledger.print_done(1)
    ledger.print_started(3)
    ledger.close()
    intended, unknown = PrintState.INTENDED, PrintState.UNKNOWN
    assert states(opened(tmp_path)) == {2: intended, 3: unknown, 4: intended, 5: intended}


def test_after_another_boot_whatever_is_not_known_to_be_printed_is_unknown(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger, 5)
    ledger.print_done(1)
    ledger.print_started(3)
    ledger.close()
    ledger = opened(tmp_path, "boot-2")
    assert states(ledger) == dict.fromkeys((2, 3, 4, 5), PrintState.UNKNOWN)
    sell(ledger, boot="boot-2")
    ledger.close()
    assert states(opened(tmp_path, "boot-2"))[6] is PrintState.INTENDED


def test_a_till_that_never_printed_does_not_begin_with_old_receipts(tmp_path):
    ledger = opened(tmp_path)
    sell(ledger, 105)
    ledger.close()
    found = states(opened(tmp_path))
    assert [number for number, state in found.items() if state is PrintState.UNKNOWN] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_printing_before_posting_is_a_bug_that_shows(tmp_path):
    ledger = opened(tmp_path)
    with pytest.raises(AssertionError, match="not posted"):
        ledger.print_started(ledger.next_receipt())
