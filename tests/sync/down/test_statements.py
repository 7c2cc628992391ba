"""What a member holds is right at every till, whatever was posted where and has arrived or not."""

import random

import pytest

from sync.protocol.keys import SecretKey
from sync.uplink.api import TillIdentity
from terminal.codec.entry import encode
from terminal.core.journal import PinChanged
from terminal.store.ledger import Ledger
from terminal.store.overlay import overlay_of
from terminal.store.schema import Identity
from tests.kit.down import Down
from tests.store.entries import entry, sale_entry
from tests.sync.down import shops

WHO = "100001"
SHOP = shops.first(5, 5)
OPENING = next(who.points for who in SHOP.members if who.id == WHO)
EARNED = 9
"""Points of each sale of the tests of the store."""


@pytest.fixture
def down(tmp_path):
    with Down(tmp_path) as both:
        both.give(SHOP)
        both.settle()
        yield both


def sell(ledger: Ledger, count: int = 1) -> None:
    for _ in range(count):
        made, data = sale_entry(ledger.next_receipt(), account=WHO)
        ledger.post(made, data, None)


def points(down: Down) -> int:
    with down.members() as members:
        found = members.by_account(WHO)
    assert found is not None
    return found.points


@pytest.fixture
def other(down, tmp_path):
    """Another till, whose ledger goes to the same head office."""
    till = TillIdentity("S01-T2", "L2", SecretKey.of_seed(b"2" * 32), None)
    ledger = Ledger.open(tmp_path / "other.db", Identity("L2", till.key.public.raw), "boot")
    mine, own = (down.identity, down.ledger)
    down.identity, down.ledger = till, ledger
    down.greet()
    down.identity, down.ledger = mine, own
    yield ledger, till
    ledger.close()


def test_a_member_holds_the_opening_and_what_every_till_posted(down, other):
    ledger, till = other
    assert points(down) == OPENING

    sell(down.ledger, 2)
    assert points(down) == OPENING + 2 * EARNED, "before the head office knows"
    down.send_up()
    down.check_all()
    assert points(down) == OPENING + 2 * EARNED, "after it"
    sell(ledger, 3)
    down.send_up(ledger=ledger, till=till)
    assert points(down) == OPENING + 2 * EARNED, "before we know"
    down.check_all()
    assert points(down) == OPENING + 5 * EARNED


def test_what_was_posted_after_the_statement_is_counted_once(down):
    sell(down.ledger, 3)
    down.send_up()
    sell(down.ledger, 2)

    down.check_all()

    assert points(down) == OPENING + 5 * EARNED
    down.send_up()
    down.check_all()
    assert points(down) == OPENING + 5 * EARNED


def test_a_record_that_was_set_aside_is_counted_by_the_till_that_wrote_it(down, monkeypatch):
    sell(down.ledger, 1)
    down.send_up()
    sell(down.ledger, 1)
    with monkeypatch.context() as patch:
        patch.setattr("sync.hq.books.AMOUNT_MAX", 1)  # The head office cannot book this one.
        down.send_up()
    sell(down.ledger, 1)
    down.send_up()
    assert down.master.position("L1", 0) == (3, (2,))

    down.check_all()

    assert points(down) == OPENING + 3 * EARNED


@pytest.mark.parametrize("seed", range(10))
def test_the_sum_is_right_after_every_step_of_every_schedule(down, other, seed):
    """The till shows what it had heard of the other's sales, and all of its own."""
    ledger, till = other
    dice = random.Random(seed)
    heard = arrived = 0
    for _ in range(40):
        match dice.randrange(6):
            case 0:
                sell(down.ledger)
            case 1:
                sell(ledger)
            case 2:
                down.send_up()
            case 3:
                down.send_up(ledger=ledger, till=till)
                arrived = ledger.receipts
            case 4:
                down.check_all()
                heard = arrived
            case 5:
                down.mirror.close()
                down.start_till()
                down.settle()
                heard = arrived
        assert points(down) == OPENING + EARNED * (down.ledger.receipts + heard)


def test_a_head_office_in_a_new_timeline_states_everything_again(down):
    sell(down.ledger, 2)
    down.send_up()
    down.check_all()
    before = down.mirror.held("statements")
    down.store.raise_timeline(5)
    down.restart_hq()

    down.check_all()

    assert down.mirror.held("statements").mark != before.mark
    assert points(down) == OPENING + 2 * EARNED


def test_many_accounts_come_in_parts_and_only_those_that_moved_come_again(tmp_path):
    many = shops.first(5_000, 2)
    with Down(tmp_path) as down:
        down.give(many)
        down.settle()
        before = down.bytes
        with down.members() as members:
            held = {who.id: members.by_account(who.id).points for who in many.members}
        assert held == {who.id: who.points for who in many.members}
        sell(down.ledger)
        down.send_up()
        down.check_all()
        assert down.bytes - before < 1_500


def test_a_pin_chosen_here_counts_until_the_head_office_gives_another(down):
    number = SHOP.operators[0].id
    body = PinChanged(number, "$argon2id$chosen")
    made = entry(body, "pin-1")
    down.ledger.post(made, encode(made), None)

    def row():
        with down.catalog() as catalog:
            found = catalog.operator(number)
        assert found is not None
        return overlay_of(down.ledger).operator(found)

    assert row().verifier == "$argon2id$chosen"
    renamed = (shops.alter(SHOP.operators[0], name="王大明"), *SHOP.operators[1:])
    down.give(shops.alter(SHOP, operators=renamed))
    down.check_all()
    assert (row().name, row().verifier) == ("王大明", "$argon2id$chosen")

    reset = (shops.alter(renamed[0], pin="97531"), *renamed[1:])
    down.give(shops.alter(SHOP, operators=reset))
    down.check_all()
    assert (row().verifier, row().first_pin) == (None, "97531")

    again = entry(PinChanged(number, "$argon2id$newer"), "pin-2")
    down.ledger.post(again, encode(again), None)
    assert row().verifier == "$argon2id$newer"
