"""Which number a card of a batch gets, and the log that a batch goes on from."""

from pathlib import Path

import pytest

from terminal.app.card_batch import (
    BatchError,
    CardOfOthersError,
    Log,
    choose,
    read_numbers,
)

NUMBERS = ("100001", "100002", "100003")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def opened(path: Path) -> Log:
    return Log(path, lambda: "2026-11-22T00:00:00.000Z")


def test_a_number_belongs_to_the_card_it_was_begun_on_also_after_a_restart(path: Path):
    log = opened(path)
    assert choose(log, NUMBERS, "04aa", None) == "100001"
    log.write("begun", "100001", "04aa")

    log = opened(path)
    assert choose(log, NUMBERS, "04bb", None) == "100002"
    assert choose(log, NUMBERS, "04aa", None) == "100001"


def test_a_card_that_is_done_gets_no_second_number(path: Path):
    log = opened(path)
    log.write("begun", "100001", "04aa")
    log.write("done", "100001", "04aa")

    for card, held in (("04aa", None), ("", "100001")):
        with pytest.raises(CardOfOthersError, match="is 100001 already"):
            choose(log, NUMBERS, card, held)
    with pytest.raises(CardOfOthersError, match="not in the list"):
        choose(log, NUMBERS, "04cc", "900001")


def test_a_card_without_identifier_goes_on_with_the_number_that_was_begun(path: Path):
    log = opened(path)
    log.write("begun", "100002", "")

    assert choose(log, NUMBERS, "", None) == "100002"
    assert choose(log, NUMBERS, "", "100002") == "100002"
    assert choose(log, NUMBERS, "04aa", None) == "100001"


def test_a_number_on_a_lost_card_waits_until_it_is_given_up(path: Path):
    log = opened(path)
    log.write("begun", "100001", "04aa")
    with pytest.raises(CardOfOthersError, match="100001 on 04aa"):
        choose(log, ("100001",), "04bb", None)

    log.write("given up", "100001", "04aa")

    assert choose(opened(path), ("100001",), "04bb", None) == "100001"


def test_a_line_that_was_cut_off_is_forgotten_and_any_other_fault_is_named(path: Path):
    opened(path).write("begun", "100001", "04aa")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])

    assert opened(path).begun == {"100001": "04aa"}
    assert path.read_bytes() == whole

    for bad in (b"x\n", b"[]\n", b'{"event": "done", "number": 1, "card": ""}\n', b"\xff\n"):
        path.write_bytes(whole + bad)
        with pytest.raises(BatchError, match="line 2"):
            opened(path)


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        (b"number,name\n100001,A\n\n100002,B\n", ("100001", "100002")),
        (b"\xef\xbb\xbfABCD1\r\nABCD2\r\n", ("ABCD1", "ABCD2")),
    ],
)
def test_numbers_stand_in_the_first_column(tmp_path: Path, content: bytes, numbers):
    (tmp_path / "csv").write_bytes(content)

    assert read_numbers(tmp_path / "csv") == numbers


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "0 numbers"),
        (b"100001\n100001\n", "line 2: stands there since line 1"),
        (b"100001\nabc\n", "line 2"),
        (b"\xff\xfe1\x000\x00", "UTF-8"),
        (b"A" * 1_000_001, "larger"),
        (b"\n".join(b"%d" % number for number in range(100_000, 110_001)), "10001 numbers"),
    ],
)
def test_a_list_that_is_none_is_refused_in_words(tmp_path: Path, content: bytes, what: str):
    (tmp_path / "csv").write_bytes(content)

    with pytest.raises(BatchError, match=what):
        read_numbers(tmp_path / "csv")
