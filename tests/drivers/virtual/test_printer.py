"""The virtual printer behaves as a real one: the same procedure, faults and words."""

import pytest

from drivers.api import Cover, Paper, PrintDone, PrintNotStarted, PrintUnknown
from drivers.printers.escpos import DEFAULT, encode
from drivers.virtual.paper import BUFFER_MAX, SLIPS_MAX, PaperRoll
from drivers.virtual.printer import VirtualPrinter
from terminal.core.slip import Barcode, QrCode, TextLine
from tests.kit.printing import running
from tests.kit.slips import PrinterSettings, Ready, lines


@pytest.fixture
def till():
    with running(VirtualPrinter(PrinterSettings(drawer=True))) as till:
        till.status(online=True)
        yield till


def test_it_shows_what_it_printed(till):
    slip = Ready((TextLine("会员", big=True), QrCode("tp:1"), Barcode("123"), TextLine("谢谢")))

    assert till.print(1, slip, open_drawer=True) == PrintDone("receipt", 1)
    assert till.driver.texts() == ["会员\n[QR tp:1]\n[BARCODE 123]\n谢谢"]
    assert till.driver.drawer_kicks() == 1


@pytest.mark.parametrize(
    ("fault", "mend", "words"),
    [
        (lambda it: it.set_paper("out"), lambda it: it.set_paper("ok"), "out of paper"),
        (lambda it: it.set_cover("open"), lambda it: it.set_cover("closed"), "cover is open"),
        (lambda it: it.set_online(online=False), lambda it: it.set_online(online=True), "offline"),
    ],
)
def test_it_refuses_while_it_cannot_print_and_prints_when_mended(till, fault, mend, words):
    fault(till.driver)
    till.status(online=False)
    outcome = till.print(1, lines("一"))

    assert isinstance(outcome, PrintNotStarted)
    assert words in outcome.reason
    mend(till.driver)
    till.status(online=True)
    assert till.print(1, lines("一")) == PrintDone("receipt", 1)
    assert till.driver.texts() == ["一"]


def test_paper_that_runs_out_in_the_middle_leaves_a_doubt(till):
    till.driver._port.roll.lines_left = 1

    assert isinstance(till.print(1, lines("一", "二")), PrintUnknown)
    assert till.driver.texts() == []
    till.driver.set_paper("ok")
    till.status(online=True)
    assert till.driver.texts() == ["一\n二"]


def test_little_paper_is_said_and_printed_on(till):
    assert till.driver.set_paper("low")
    assert till.status(paper=Paper.LOW).cover is Cover.CLOSED
    assert till.print(1, lines("一")) == PrintDone("receipt", 1)


def test_words_it_does_not_know_change_nothing(till):
    assert not till.driver.set_paper("unknown")
    assert not till.driver.set_paper("wet")
    assert not till.driver.set_cover("ajar")
    assert till.print(1, lines("一")) == PrintDone("receipt", 1)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "cp437"])
def test_it_reads_other_character_sets(encoding):
    with running(VirtualPrinter(PrinterSettings(encoding=encoding))) as till:
        till.print(1, lines("Total 12.50"))
        assert till.driver.texts() == ["Total 12.50"]


def test_it_shows_that_a_picture_was_printed():
    with running(VirtualPrinter(PrinterSettings(encoding="picture"))) as till:
        assert till.print(1, lines("会员")) == PrintDone("receipt", 1)
        assert till.driver.texts() == ["[PICTURE]"]


def test_it_remembers_the_newest_slips_only():
    roll = PaperRoll()
    for number in range(SLIPS_MAX + 5):
        roll.take(encode((TextLine(str(number)),), DEFAULT))

    assert roll.texts()[0] == "5"
    assert len(roll.texts()) == SLIPS_MAX


def test_it_reads_commands_in_pieces_of_any_size():
    data = encode((TextLine("会员", bold=True), QrCode("tp:1"), Barcode("0123")), DEFAULT)
    whole, piecemeal = PaperRoll(), PaperRoll()
    whole.take(data)
    for byte in data:
        piecemeal.take(bytes((byte,)))

    assert piecemeal.texts() == whole.texts() == ["会员\n[QR tp:1]\n[BARCODE 0123]"]
    assert piecemeal.printed == data


def test_it_answers_while_it_cannot_print_and_keeps_what_it_was_sent():
    roll = PaperRoll()
    roll.paper = Paper.OUT

    assert roll.take(b"A\n\x1dr\x01\x10\x04\x01") == b"\x1a"
    assert roll.room == BUFFER_MAX - 5
    roll.paper = Paper.OK
    assert roll.go_on() == b"\x00"
    assert roll.half_slip() == "A"
