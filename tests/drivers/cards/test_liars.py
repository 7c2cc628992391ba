"""Whatever a card answers, nothing but a refusal comes of a lie. A million by hand: see ``liars``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drivers.cards.liars import FAMILIES, main, outcome

FAMILY = pytest.mark.parametrize("family", list(FAMILIES))


@FAMILY
@given(st.lists(st.binary(max_size=300), max_size=12))
def test_a_card_that_answers_anything_is_refused(family, answers):
    remaining = iter(answers)

    outcome(family, lambda _: next(remaining, b""))


@FAMILY
@given(st.integers(0, 11), st.integers(0, 300), st.integers(1, 255))
def test_one_wrong_byte_in_one_true_answer_is_refused_or_does_not_matter(family, number, at, flip):
    card = FAMILIES[family][0]()
    card.power_off()
    count = 0

    def answer(command: bytes) -> bytes:
        nonlocal count
        count += 1
        true = card(command)
        if count - 1 != number:
            return true
        at_true = at % len(true)
        return true[:at_true] + bytes((true[at_true] ^ flip,)) + true[at_true + 1 :]

    outcome(family, answer)


@FAMILY
def test_a_true_card_is_believed(family):
    card = FAMILIES[family][0]()
    card.power_off()

    assert outcome(family, card)


def test_the_run_by_hand_runs(capsys):
    main(100)

    assert capsys.readouterr().out.count(" readings believed") == len(FAMILIES)
