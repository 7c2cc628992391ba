"""Status bytes as Epson's ESC/POS reference defines them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Cover, Paper
from drivers.printers.status import (
    UNKNOWN,
    Ask,
    Status,
    barrier_paper,
    is_barrier,
    is_status,
    read_status,
)

WELL = {Ask.PRINTER: 0x12, Ask.OFFLINE: 0x12, Ask.ERROR: 0x12, Ask.PAPER: 0x12}


@pytest.mark.parametrize(
    ("answers", "status", "obstacle"),
    [
        (WELL, Status(True, Cover.CLOSED, Paper.OK), ""),
        (WELL | {Ask.PRINTER: 0x16}, Status(True, Cover.CLOSED, Paper.OK), ""),  # Drawer pin.
        (WELL | {Ask.PRINTER: 0x1A}, Status(False, Cover.CLOSED, Paper.OK), "offline"),
        (WELL | {Ask.OFFLINE: 0x16}, Status(True, Cover.OPEN, Paper.OK), "cover is open"),
        (WELL | {Ask.OFFLINE: 0x32}, Status(True, Cover.CLOSED, Paper.OUT), "out of paper"),
        (WELL | {Ask.PAPER: 0x1E}, Status(True, Cover.CLOSED, Paper.LOW), ""),
        (WELL | {Ask.PAPER: 0x7E}, Status(True, Cover.CLOSED, Paper.OUT), "out of paper"),
        ({Ask.PRINTER: 0x12}, Status(True), ""),
        ({}, UNKNOWN, ""),
    ],
)
def test_answers_say_what_the_reference_says(answers, status, obstacle):
    assert read_status(answers) == status
    assert obstacle in read_status(answers).obstacle


@pytest.mark.parametrize(
    ("byte", "words"), [(0x1A, "cutter"), (0x32, "has failed"), (0x52, "too hot")]
)
def test_other_faults_are_said_in_words(byte, words):
    assert words in read_status(WELL | {Ask.ERROR: byte}).obstacle


@pytest.mark.parametrize(
    ("byte", "paper"), [(0x00, Paper.OK), (0x03, Paper.LOW), (0x0C, Paper.OUT), (0x0F, Paper.OUT)]
)
def test_a_barrier_tells_of_the_paper(byte, paper):
    assert barrier_paper(byte) == paper


@given(st.integers(0, 255))
def test_no_byte_answers_two_questions(byte):
    assert not (is_status(byte) and is_barrier(byte))


@given(st.dictionaries(st.sampled_from(Ask), st.integers(0, 255)))
def test_any_answers_can_be_read(answers):
    assert isinstance(read_status(answers).obstacle, str)
