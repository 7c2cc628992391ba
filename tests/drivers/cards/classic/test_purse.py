"""The purse on a MIFARE Classic, torn at every byte, and what the next tap says of it."""

import pytest

from drivers.api import CardTornError
from drivers.cards.classic.keys import all_card_keys, card_keys
from drivers.cards.classic.layout import parse_value_block
from drivers.cards.classic.member import read_member
from drivers.cards.classic.personalise import Job, personalise, wipe
from drivers.cards.classic.purse import RolledBackError, open_purse
from drivers.cards.classic.slots import Slot, seal_slot
from drivers.cards.keys import Masters, WrongKeyError
from drivers.cards.purse import DoubtError, Kind, Movement, OpenPurse, Outcome, PurseState, Record
from drivers.cards.seam import BadMacError, CardRefusedError
from drivers.cards.steps import run
from tests.cards.sim.classic import Classic
from tests.cards.sim.power import Fate
from tests.drivers.cards.seams import transmit_to

UID = bytes.fromhex("04a1b2c3")
KEYS = Masters(((1, b"M" * 16),))
TEXT = b"TP1:100001:60"


def issued(sectors: int = 16, top_up: int = 5000) -> Classic:
    """Return a card of ours with money on it."""
    card = Classic(UID, sectors)
    transmit = transmit_to(card)
    list(run(personalise(transmit, Job(UID, card_keys(KEYS, 1, UID), ()), TEXT)))
    open_purse(transmit, KEYS).move(movement(Kind.TOP_UP, top_up, 1))
    card.power_off()
    return card


def movement(kind: Kind = Kind.DEBIT, amount: int = 1200, sequence: int = 2) -> Movement:
    return Movement(kind, amount, b"TILL01", sequence, "20240501120000")


@pytest.mark.parametrize("sectors", [16, 40])
def test_a_purchase_is_eight_commands_and_leaves_its_proof(sectors):
    card = Fate(issued(sectors))
    transmit = transmit_to(card)

    purse = open_purse(transmit, KEYS)
    before = purse.prepare(movement())
    evidence = purse.move(movement())

    assert len(card.commands) == 8
    assert [command[1] for command in card.commands] == [
        0xCA, 0x82, 0x86, 0xB0, 0xB0, 0xD6, 0xD6, 0xB0,
    ]  # fmt: skip
    after = open_purse(transmit, KEYS)
    assert (after.state.balance, after.state.counter) == (3800, 2)
    assert (evidence.balance, evidence.counter) == (3800, 2)
    settlement = after.settle(movement(), before.counter)
    assert settlement.outcome is Outcome.HAPPENED
    assert settlement.record == Record(Kind.DEBIT, 2, 1200, b"TILL01", 2, 3800)
    assert settlement.proof == evidence.proof


def test_the_value_block_tells_the_same_in_the_cards_own_form():
    card = issued()
    transmit = transmit_to(card)

    open_purse(transmit, KEYS).move(movement())

    assert parse_value_block(card.memory.read(8 * 16, 16)) == (3800, 2)


@pytest.mark.parametrize("bytes_written", range(33))
def test_a_card_torn_at_any_byte_has_moved_wholly_or_not_at_all(bytes_written):
    card = issued()
    transmit = transmit_to(card)
    purse = open_purse(transmit, KEYS)
    card.memory.bytes_left = bytes_written

    try:
        purse.move(movement())
    except DoubtError:
        assert bytes_written < 32
    card.power_off()
    after = open_purse(transmit_to(card), KEYS)

    outcome = after.settle(movement(), purse.state.counter).outcome
    has_moved = bytes_written >= 16
    assert outcome is (Outcome.HAPPENED if has_moved else Outcome.DID_NOT)
    assert after.state.balance == (3800 if has_moved else 5000)
    balance = after.move(movement(amount=100, sequence=3)).balance
    assert balance == (3700 if has_moved else 4900)


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("fault", ["lost_at", "unheard_at"])
def test_a_card_pulled_at_any_command_is_settled_at_the_next_tap(number, fault):
    card = issued()
    before = open_purse(transmit_to(card), KEYS).state
    card.power_off()
    transmit = transmit_to(Fate(card, **{fault: number}))

    with pytest.raises(DoubtError if number > 4 else CardTornError):
        open_purse(transmit, KEYS).move(movement())

    card.power_off()
    outcome = open_purse(transmit_to(card), KEYS).settle(movement(), before.counter).outcome
    has_moved = number > 5 or (number == 5 and fault == "unheard_at")
    assert outcome is (Outcome.HAPPENED if has_moved else Outcome.DID_NOT)


def test_another_tills_movement_is_not_taken_for_ours():
    card = issued()
    transmit = transmit_to(card)
    before = open_purse(transmit, KEYS).state
    other = Movement(Kind.DEBIT, 1200, b"TILL02", 2, "20240501120000")

    open_purse(transmit, KEYS).move(other)

    purse = open_purse(transmit, KEYS)
    assert purse.settle(movement(), before.counter).outcome is Outcome.DID_NOT
    assert purse.settle(other, before.counter).outcome is Outcome.HAPPENED


def test_the_movement_before_the_last_is_proved_and_older_ones_have_aged_out():
    card = issued()
    transmit = transmit_to(card)
    before = open_purse(transmit, KEYS).state
    outcomes = []

    for sequence in (2, 3, 4):
        open_purse(transmit, KEYS).move(movement(amount=100, sequence=sequence))
        settlement = open_purse(transmit, KEYS).settle(movement(amount=100), before.counter)
        outcomes.append(settlement.outcome)

    assert outcomes == [Outcome.HAPPENED, Outcome.HAPPENED, Outcome.UNPROVEN]


def test_an_old_image_written_back_is_called_rolled_back():
    card = issued()
    transmit = transmit_to(card)
    image = bytes(card.memory.cells)
    open_purse(transmit, KEYS).move(movement())
    before = open_purse(transmit, KEYS).state

    card.memory.cells[:] = image

    with pytest.raises(RolledBackError):
        open_purse(transmit, KEYS).settle(movement(), before.counter)


def test_a_purse_copied_to_another_card_is_not_believed():
    card, other = issued(), Classic(bytes.fromhex("04ffffff"))
    other.memory.cells[64:192] = card.memory.cells[64:192]
    transmit = transmit_to(other)

    with pytest.raises(WrongKeyError):
        open_purse(transmit, KEYS)

    # Not even to somebody who can write its keys.
    keys = card_keys(KEYS, 1, other.uid)
    other.memory.cells[11 * 16 + 10 : 12 * 16] = keys.purse.b
    other.memory.cells[7 * 16 : 7 * 16 + 6] = keys.member.a
    with pytest.raises(CardRefusedError, match="nothing that can be believed"):
        open_purse(transmit, KEYS)
    with pytest.raises(BadMacError):
        read_member(transmit, KEYS)


def test_a_slot_copied_into_the_others_place_is_not_believed():
    card = issued()
    transmit = transmit_to(card)
    open_purse(transmit, KEYS).move(movement())
    card.memory.cells[9 * 16 : 10 * 16], card.memory.cells[10 * 16 : 11 * 16] = (
        card.memory.read(10 * 16, 16),
        card.memory.read(9 * 16, 16),
    )

    with pytest.raises(CardRefusedError, match="nothing that can be believed"):
        open_purse(transmit, KEYS)


def test_money_written_into_the_value_block_is_not_believed():
    card = issued()
    card.memory.write(8 * 16, bytes.fromhex("ffffff7f00000080ffffff7f02fd02fd"))

    assert open_purse(transmit_to(card), KEYS).state.balance == 5000


def test_a_card_that_reads_back_another_slot_leaves_a_doubt():
    card = issued()
    transmit = transmit_to(Fate(card, lie_at=7, lie=lambda answer: bytes(16) + answer[-2:]))

    with pytest.raises(DoubtError, match="reads otherwise"):
        open_purse(transmit, KEYS).move(movement())


def test_a_worn_out_purse_is_refused_before_anything_is_written():
    card = issued()
    worn = Slot(5000, 0xFFFF, bytes(4))
    card.memory.write(10 * 16, seal_slot(card_keys(KEYS, 1, UID), UID, worn))
    image = bytes(card.memory.cells)

    with pytest.raises(CardRefusedError, match="worn out"):
        open_purse(transmit_to(card), KEYS).move(movement())

    assert card.memory.cells == image


@pytest.mark.parametrize(("kind", "amount"), [(Kind.DEBIT, 5001), (Kind.TOP_UP, 0x7FFFFFFF - 4999)])
def test_more_than_the_purse_has_or_can_hold_is_refused_before_anything_is_written(kind, amount):
    card = issued()
    image = bytes(card.memory.cells)

    with pytest.raises(CardRefusedError, match="not enough money"):
        open_purse(transmit_to(card), KEYS).move(movement(kind, amount))

    assert card.memory.cells == image


def test_a_purse_answers_the_calls_of_every_family():
    purse: OpenPurse = open_purse(transmit_to(issued()), KEYS)

    assert purse.prepare(movement()).balance == 5000


def test_the_member_number_is_six_commands():
    card = Fate(issued())

    found = read_member(transmit_to(card), KEYS)

    assert (found.uid, found.text, found.keys.version) == (UID, TEXT, 1)
    assert len(card.commands) == 6


def test_cards_with_old_keys_circulate_while_they_are_rolled_over():
    card = issued()
    both = Masters(((1, b"M" * 16), (2, b"N" * 16)))
    transmit = transmit_to(card)
    assert read_member(transmit, both).keys.version == 1
    assert open_purse(transmit, both).state.key_version == 1

    newest, *older = all_card_keys(both, UID)
    list(run(personalise(transmit, Job(UID, newest, tuple(older)), TEXT)))

    assert read_member(transmit, both).keys.version == 2
    assert open_purse(transmit, both).state == PurseState(UID, 2, 5000, 2)
    with pytest.raises(WrongKeyError):
        open_purse(transmit, KEYS)


def test_another_shops_card_is_refused():
    with pytest.raises(WrongKeyError):
        read_member(transmit_to(issued()), Masters(((1, b"X" * 16),)))


def test_a_wiped_card_is_as_it_was_delivered():
    card, blank = issued(), Classic(UID)

    list(run(wipe(transmit_to(card), Job(UID, card_keys(KEYS, 1, UID), ()))))

    assert card.memory.cells == blank.memory.cells
