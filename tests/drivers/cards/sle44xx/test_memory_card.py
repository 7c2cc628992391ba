"""SLE4442 and SLE4428: made ours, torn, wiped, and never locked by us.

No public vectors exist for these cards; the commands are those of the manuals named in the driver.
"""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CardTornError
from drivers.cards.keys import Masters
from drivers.cards.seam import BadMacError, CardRefusedError, Response, WrongPinError
from drivers.cards.sle44xx.chip import (
    SLE4428,
    SLE4442,
    WithheldError,
    chip_of,
    present,
    select,
    tries_left,
    write,
)
from drivers.cards.sle44xx.member import DANGER, Job, personalise, read_member, wipe
from drivers.cards.steps import run
from tests.cards.sim.power import Fate
from tests.cards.sim.sle44xx import sle4428, sle4442
from tests.drivers.cards.seams import transmit_to

KEYS = Masters(((1, b"M" * 16),))
TEXT = b"TP1:100001:60"
CHIPS = pytest.mark.parametrize(
    ("chip", "blank"), [(SLE4442, sle4442), (SLE4428, sle4428)], ids=["SLE4442", "SLE4428"]
)


def job_for(chip, keys=KEYS) -> Job:
    numbers = count(1)
    return Job(chip, keys, lambda length: next(numbers).to_bytes(length, "big"))


def ours(chip, blank):
    card = blank()
    list(run(personalise(transmit_to(card), job_for(chip), TEXT)))
    card.power_off()
    return card


@pytest.mark.parametrize(
    ("atr", "chip"),
    [
        # LudovicRousseau/pcsc-tools #30 and #46, pyscard #137: real cards.
        ("3b04a2131091", SLE4442),
        ("3b0492231091", SLE4428),
        ("3b00", None),
        ("3b8f8001804f0ca000000306030001000000006a", None),
        ("", None),
    ],
)
def test_a_chip_is_told_by_its_header(atr, chip):
    assert chip_of(bytes.fromhex(atr)) is chip


@CHIPS
@pytest.mark.parametrize("tells_protection", [False, True])
def test_a_card_of_ours_names_its_member_without_a_psc(chip, blank, tells_protection):
    card = ours(chip, lambda: blank(tells_protection=tells_protection))
    fate = Fate(card)

    assert read_member(transmit_to(fate), chip, KEYS).text == TEXT
    assert [command[1] for command in fate.commands] == [0xA4, 0xB0]


@CHIPS
def test_only_who_knows_the_psc_can_write(chip, blank):
    card = ours(chip, blank)
    transmit = transmit_to(card)
    select(transmit, chip)

    with pytest.raises(CardRefusedError, match="WRITE"):
        write(transmit, chip, 0x28, b"evil")

    delivered = b"\xff" * chip.psc_length
    with pytest.raises(WrongPinError) as error:
        present(transmit, chip, delivered, 2)
    assert error.value.tries_left == chip.tries_max - 1
    with pytest.raises(CardRefusedError, match="WRITE"):
        write(transmit, chip, 0x28, b"evil")


@CHIPS
def test_the_count_is_read_first_and_no_psc_is_shown_at_the_last_try(chip, blank):
    fate = Fate(card := blank())
    transmit = transmit_to(fate)
    select(transmit, chip)
    for left in range(chip.tries_max - 1, 0, -1):
        with pytest.raises(WrongPinError) as wrong:
            present(transmit, chip, b"\x00" * chip.psc_length, 2)
        assert wrong.value.tries_left == left
    fate.commands.clear()

    with pytest.raises(WithheldError) as withheld:
        present(transmit, chip, b"\xff" * chip.psc_length, 2)

    assert withheld.value.tries_left == 1
    assert [command[1] for command in fate.commands] == [0xB1]
    assert card.counter.cells[0].bit_count() == 1


@CHIPS
def test_a_locked_card_says_so_and_is_left_alone(chip, blank):
    card = blank()
    card.counter.cells[0] = 0
    transmit = transmit_to(card)
    select(transmit, chip)

    assert tries_left(transmit, chip) == 0
    with pytest.raises(WithheldError):
        present(transmit, chip, b"\xff" * chip.psc_length, 2)
    assert not card.is_open


@CHIPS
def test_no_psc_stands_in_an_error(chip, blank):
    transmit = transmit_to(blank())
    select(transmit, chip)

    with pytest.raises(WrongPinError) as error:
        present(transmit, chip, b"\x41" * chip.psc_length, 2)

    assert "41" not in str(error.value)
    assert "A" * chip.psc_length not in str(error.value)


@CHIPS
@pytest.mark.parametrize("fault", ["lost_at", "unheard_at"])
def test_a_run_interrupted_at_any_command_is_mended_and_never_costs_the_last_try(
    chip, blank, fault
):
    whole = Fate(blank())
    list(run(personalise(transmit_to(whole), job_for(chip), TEXT)))

    for number in range(len(whole.commands)):
        card = blank()
        with pytest.raises(CardTornError):
            list(run(personalise(transmit_to(Fate(card, **{fault: number})), job_for(chip), TEXT)))
        card.power_off()

        list(run(personalise(transmit_to(card), job_for(chip), TEXT)))

        assert card.counter.cells[0] == card.full
        card.power_off()
        assert read_member(transmit_to(card), chip, KEYS).text == TEXT


@CHIPS
def test_a_wipe_interrupted_at_any_command_is_mended_by_the_next(chip, blank):
    whole = Fate(ours(chip, blank))
    list(run(wipe(transmit_to(whole), job_for(chip))))

    for number in range(len(whole.commands)):
        card = ours(chip, blank)
        with pytest.raises(CardTornError):
            list(run(wipe(transmit_to(Fate(card, unheard_at=number)), job_for(chip))))
        card.power_off()

        list(run(wipe(transmit_to(card), job_for(chip))))

        assert card.memory.cells == blank().memory.cells
        assert card.psc.cells == blank().psc.cells
        assert card.counter.cells[0] == card.full


@CHIPS
def test_a_member_record_torn_at_any_byte_is_written_again(chip, blank):
    for bytes_left in range(8 + 1 + 48):
        card = blank()
        card.memory.bytes_left = bytes_left
        with pytest.raises(CardTornError):
            list(run(personalise(transmit_to(card), job_for(chip), TEXT)))
        card.power_off()

        list(run(personalise(transmit_to(card), job_for(chip), TEXT)))

        card.power_off()
        assert read_member(transmit_to(card), chip, KEYS).text == TEXT


def test_nothing_is_guessed_when_a_wrong_guess_would_leave_one_try():
    card = ours(SLE4442, sle4442)
    card.memory.cells[0x28] = 0x55
    card.counter.cells[0] = 0x03

    with pytest.raises(WithheldError):
        list(run(wipe(transmit_to(card), job_for(SLE4442))))

    assert card.counter.cells[0] == 0x03


@CHIPS
def test_another_shops_card_and_a_changed_record_are_refused(chip, blank):
    card = ours(chip, blank)
    with pytest.raises(BadMacError):
        read_member(transmit_to(card), chip, Masters(((1, b"X" * 16),)))

    card.memory.cells[0x2C] ^= 1
    card.power_off()
    with pytest.raises(BadMacError):
        read_member(transmit_to(card), chip, KEYS)


@CHIPS
def test_a_card_with_older_keys_is_read_and_must_be_wiped_for_new_ones(chip, blank):
    card = ours(chip, blank)
    both = Masters(((1, b"M" * 16), (2, b"N" * 16)))

    assert read_member(transmit_to(card), chip, both).text == TEXT
    with pytest.raises(CardRefusedError, match="wipe it first"):
        list(run(personalise(transmit_to(card), job_for(chip, both), TEXT)))

    list(run(wipe(transmit_to(card), job_for(chip, both))))
    list(run(personalise(transmit_to(card), job_for(chip, both), TEXT)))
    assert read_member(transmit_to(card), chip, both).number[0] == 2


def test_the_psc_comes_last_and_is_named_as_dangerous():
    steps = personalise(transmit_to(sle4442()), job_for(SLE4442), TEXT)

    assert [step.name.startswith(DANGER) for step in steps] == [False, False, True]


def test_a_plain_reader_that_knows_no_memory_cards_is_refused():
    with pytest.raises(CardRefusedError, match="select SLE4442: SW=6D00"):
        read_member(transmit_to(lambda _: b"\x6d\x00"), SLE4442, KEYS)


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_whatever_a_reader_answers_it_is_refused(answers):
    remaining = iter(answers)

    with pytest.raises((CardRefusedError, CardTornError, BadMacError)):
        read_member(lambda _: Response.parse(next(remaining, b"")), SLE4442, KEYS)
