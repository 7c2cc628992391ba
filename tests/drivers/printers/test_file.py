"""The printer behind a path: a plain file, and a pseudo-terminal with a printer at its end."""

import os
import pty
import select
import threading
from pathlib import Path

import pytest

from drivers.api import DeviceDown, DeviceUp, PrintDone, PrintNotStarted, PrintUnknown
from drivers.printers import job as procedure
from drivers.printers.escpos import DEFAULT, encode
from drivers.printers.file import FilePrinter
from drivers.virtual.paper import PaperRoll
from terminal.core.slip import TextLine
from tests.kit.printing import running
from tests.kit.slips import PrinterSettings, lines
from tests.kit.waiting import until


def printer_at(path, **settings) -> FilePrinter:
    return FilePrinter(PrinterSettings(path=str(path), **settings))


class PtyPrinter:
    """A printer at the far end of a pseudo-terminal."""

    def __init__(self, roll: PaperRoll) -> None:
        self.roll = roll
        self.silent = False
        self.reads = True
        self._far, self._near = pty.openpty()
        self.path = os.ttyname(self._near)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        os.close(self._near)
        os.close(self._far)

    def _serve(self):
        while not self._stop.is_set():
            if not self.reads or not select.select([self._far], [], [], 0.02)[0]:
                self._stop.wait(0.0 if self.reads else 0.02)
                continue
            said = self.roll.take(os.read(self._far, 4096))
            if said and not self.silent:
                os.write(self._far, said)


@pytest.fixture
def far():
    with PtyPrinter(PaperRoll()) as printer:
        yield printer


def test_a_plain_file_gets_the_bytes_at_its_end_and_is_done_when_they_are_on_the_disk(tmp_path):
    path = tmp_path / "slips.bin"
    path.write_bytes(b"before")
    with running(printer_at(path)) as till:
        assert till.events.next() == DeviceUp("receipt")
        till.status(online=True)
        assert till.print(1, lines("一")) == PrintDone("receipt", 1)
        assert till.print(2, lines("二")) == PrintDone("receipt", 2)

    first, second = (encode((TextLine(text),), DEFAULT) for text in "一二")
    assert path.read_bytes() == b"before" + first + second


def test_a_file_that_is_made_is_for_our_eyes_only(tmp_path):
    with running(printer_at(tmp_path / "new.bin")) as till:
        till.print(1, lines("一"))

    assert (tmp_path / "new.bin").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_deleted_is_made_anew(tmp_path):
    path = tmp_path / "slips.bin"
    with running(printer_at(path)) as till:
        till.print(1, lines("一"))
        path.unlink()
        assert isinstance(till.print(2, lines("二")), PrintNotStarted)
        assert till.events.next_of(DeviceUp)
        assert till.print(2, lines("二")) == PrintDone("receipt", 2)


def test_a_full_disk_is_a_fault_and_not_a_receipt():
    with running(printer_at("/dev/full", answers=False)) as till:
        outcome = till.print(1, lines("一"))

    assert isinstance(outcome, PrintNotStarted)
    assert "No space left" in outcome.reason


def test_a_folder_is_no_printer(tmp_path):
    with running(printer_at(tmp_path)) as till:
        assert "neither a device nor a file" in till.events.next_of(DeviceDown).reason


def test_a_missing_device_is_not_replaced_by_a_file():
    with running(printer_at("/dev/tallypoint-no-such-printer")) as till:
        assert "No such file" in till.events.next_of(DeviceDown).reason
    assert not Path("/dev/tallypoint-no-such-printer").exists()


def test_a_device_is_asked_and_answers(far):
    with running(printer_at(far.path)) as till:
        till.status(online=True)
        assert till.print(1, lines("会员", "a\tb")) == PrintDone("receipt", 1)

    assert far.roll.texts() == ["会员\nab"]
    assert far.roll.printed.endswith(
        encode((TextLine("会员"), TextLine("ab")), DEFAULT) + b"\x1dr\x01"
    )


def test_a_device_that_falls_silent_leaves_a_doubt(far, monkeypatch):
    monkeypatch.setattr(procedure, "_PRINTING_S", 0.3)
    with running(printer_at(far.path)) as till:
        till.status(online=True)
        far.silent = True
        assert isinstance(till.print(1, lines("一")), PrintUnknown)
    assert far.roll.texts() == ["一"]


def test_a_device_that_never_answers_is_believed_when_it_has_taken_all(far):
    far.silent = True
    with running(printer_at(far.path, answers=False)) as till:
        assert till.print(1, lines("一")) == PrintDone("receipt", 1)
    until(lambda: far.roll.texts() == ["一"], "the slip")


def test_a_short_write_is_counted_and_gone_on_with(far):
    long = [f"{n} " + "x" * 40 for n in range(1500)]
    far.reads = False
    with running(printer_at(far.path, answers=False)) as till:
        till.submit(1, lines(*long))
        until(till.driver._jobs.empty, "the job to begin")
        far.reads = True
        assert till.outcome() == PrintDone("receipt", 1)
    until(lambda: far.roll.texts() == ["\n".join(long)], "every line")


def test_a_device_that_takes_no_more_leaves_a_doubt(far, monkeypatch):
    monkeypatch.setattr(procedure, "_STALL_S", 0.3)
    far.reads = False
    with running(printer_at(far.path, answers=False)) as till:
        outcome = till.print(1, lines(*["x" * 40] * 1500))

    assert outcome == PrintUnknown("receipt", 1, "the printer takes no more")
