"""Making a MIFARE Classic ours: interrupted at every command, and mended by running it again."""

import pytest

from drivers.api import CardTornError
from drivers.cards.classic.keys import all_card_keys, card_keys
from drivers.cards.classic.member import read_member
from drivers.cards.classic.personalise import DANGER, Job, personalise
from drivers.cards.classic.purse import open_purse
from drivers.cards.keys import Masters
from drivers.cards.steps import rehearse, run
from tests.cards.sim.classic import Classic
from tests.cards.sim.power import Fate
from tests.drivers.cards.seams import transmit_to

UID = bytes.fromhex("04a1b2c3")
KEYS = Masters(((1, b"M" * 16),))
JOB = Job(UID, card_keys(KEYS, 1, UID), ())
TEXT = b"TP1:100001:60"


def commands_of_a_whole_run() -> int:
    card = Fate(Classic(UID))
    list(run(personalise(transmit_to(card), JOB, TEXT)))
    return len(card.commands)


def test_keys_and_conditions_come_last_and_are_named_as_dangerous():
    names = [step.name for step in personalise(transmit_to(Classic(UID)), JOB, TEXT)]

    assert [name.startswith(DANGER) for name in names] == [False, False, True, True]


@pytest.mark.parametrize("fault", ["lost_at", "unheard_at"])
def test_a_run_interrupted_at_any_command_is_mended_by_the_next(fault):
    for number in range(commands_of_a_whole_run()):
        card = Classic(UID)
        torn = transmit_to(Fate(card, **{fault: number}))
        with pytest.raises(CardTornError):
            list(run(personalise(torn, JOB, TEXT)))
        card.power_off()

        transmit = transmit_to(card)
        done = list(run(personalise(transmit, JOB, TEXT)))

        assert [progress.number for progress in done] == [1, 2, 3, 4]
        assert read_member(transmit, KEYS).text == TEXT
        assert open_purse(transmit, KEYS).state.balance == 0


def test_a_roll_over_interrupted_at_any_command_loses_neither_money_nor_the_card():
    both = Masters(((1, b"M" * 16), (2, b"N" * 16)))
    newest, *older = all_card_keys(both, UID)
    job = Job(UID, newest, tuple(older))
    card = Fate(issued := Classic(UID))
    list(run(personalise(transmit_to(issued), JOB, TEXT)))
    image = bytes(issued.memory.cells)
    list(run(personalise(transmit_to(card), job, TEXT)))

    for number in range(len(card.commands)):
        issued.memory.cells[:] = image
        issued.power_off()
        with pytest.raises(CardTornError):
            list(run(personalise(transmit_to(Fate(issued, unheard_at=number)), job, TEXT)))
        issued.power_off()
        transmit = transmit_to(issued)
        list(run(personalise(transmit, job, TEXT)))
        assert open_purse(transmit, both).state.key_version == 2


def test_a_second_run_writes_nothing():
    card = Classic(UID)
    transmit = transmit_to(card)
    list(run(personalise(transmit, JOB, TEXT)))
    again = Fate(card)

    done = list(run(personalise(transmit_to(again), JOB, TEXT)))

    assert all(progress.was_done for progress in done)
    assert not [command for command in again.commands if command[1] == 0xD6]


def test_a_rehearsal_writes_nothing():
    card = Fate(Classic(UID))

    plan = list(rehearse(personalise(transmit_to(card), JOB, TEXT)))

    assert [progress.was_done for progress in plan] == [False] * 4
    assert not [command for command in card.commands if command[1] == 0xD6]


def test_no_key_can_be_read_from_a_card_of_ours():
    card = Classic(UID)
    transmit = transmit_to(card)
    list(run(personalise(transmit, JOB, TEXT)))

    for keys, slot in ((JOB.keys.member.a, 0x60), (JOB.keys.member.b, 0x61)):
        card(b"\xff\x82\x00\x00\x06" + keys)
        assert (
            card(bytes.fromhex("ff860000050100 04 00 00".replace(" ", ""))[:8] + bytes((slot, 0)))
            == b"\x90\x00"
        )
        trailer = card(bytes.fromhex("ffb0000710"))
        assert trailer[:6] == trailer[10:16] == bytes(6)
