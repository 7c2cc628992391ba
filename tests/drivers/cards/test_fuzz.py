"""A short run of the fuzzer; ``python -m tests.cards.fuzz`` runs it by the million."""

import pytest

from tests.cards.fuzz import ANSWERS_PER_TALK, main


@pytest.mark.parametrize("family", ["desfire", "cpu"])
def test_bent_answers_end_in_an_error_or_in_the_truth(family: str):
    ends = main(family, 4_000, seed=7)

    talks = sum(times for end, times in ends.items() if end.startswith("purchase"))
    assert talks == 4_000 // ANSWERS_PER_TALK
    assert ends["purchase: the truth"] < talks // 4
