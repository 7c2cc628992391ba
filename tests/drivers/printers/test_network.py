"""The network printer against a real TCP printer with every fault it can have.

Whatever happens, each job ends in exactly one way, and nothing is printed twice.
"""

import socket

import pytest

from drivers.api import (
    Cover,
    DeviceDown,
    DeviceUp,
    Paper,
    PrintDone,
    PrinterStatus,
    PrintJob,
    PrintNotStarted,
    PrintUnknown,
)
from drivers.printers import driver
from drivers.printers import job as procedure
from drivers.printers.driver import JOBS_MAX
from drivers.printers.network import NetworkPrinter
from terminal.core.slip import Barcode, QrCode, TextLine
from tests.kit.printing import Running, running
from tests.kit.slips import PrinterSettings, Ready, lines
from tests.kit.tcp_printer import TcpPrinter
from tests.kit.waiting import until

LONG = lines(*(f"第 {n} 行 " + "x" * 96 for n in range(1500)))
"""160 kB: more than the printer and the sockets between can hold."""


@pytest.fixture
def printer():
    with TcpPrinter() as printer:
        yield printer


@pytest.fixture
def till(printer):
    with running(network(printer.port)) as till:
        assert till.events.next() == DeviceUp("receipt")
        yield till


@pytest.fixture
def ready(till) -> Running:
    """A till that knows its printer to be well."""
    till.status(online=True)
    return till


@pytest.fixture
def quick(monkeypatch):
    """Patience for tests: a printer that stalls is given up after a moment."""
    monkeypatch.setattr(procedure, "_STALL_S", 1.5)
    monkeypatch.setattr(procedure, "_PRINTING_S", 1.5)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Ask more often than in a shop: the tests wait for the next question."""
    monkeypatch.setattr(driver, "_ASK_EVERY_S", 0.1)
    monkeypatch.setattr(procedure, "_ASK_EVERY_S", 0.1)
    monkeypatch.setattr(procedure, "_ANSWER_S", 1.0)  # Our printer's thread may have to wait.


def network(port: int, **settings) -> NetworkPrinter:
    return NetworkPrinter(PrinterSettings(port=port, **settings))


def test_a_slip_is_printed_and_the_printer_says_so(printer, ready):
    slip = Ready((TextLine("会员 张三"), QrCode("tp:1"), Barcode("0123"), TextLine("谢谢")))

    assert ready.print(7, slip) == PrintDone("receipt", 7)
    assert printer.texts() == ["会员 张三\n[QR tp:1]\n[BARCODE 0123]\n谢谢"]


def test_the_status_is_told_once_and_again_when_it_changes(printer, till):
    assert till.status() == PrinterStatus("receipt", Paper.OK, Cover.CLOSED, online=True)
    printer.paper = "low"
    assert till.status() == PrinterStatus("receipt", Paper.LOW, Cover.CLOSED, online=True)
    printer.cover = "open"
    assert till.status() == PrinterStatus("receipt", Paper.LOW, Cover.OPEN, online=False)


def test_a_fresh_status_saves_the_question(printer, ready):
    printer.received.clear()
    assert ready.print(1, lines("一")) == PrintDone("receipt", 1)

    assert printer.received.startswith((b"\x1b@", b"\x10\x04")), "nothing but a job or an idle poll"
    job = printer.received[printer.received.index(b"\x1b@") :]
    assert job.index(b"\x1dr\x01") == job.index(b"\x1dVB\x00") + 4, "the barrier follows the cut"


def test_a_sale_that_begins_has_the_printer_asked(printer, ready):
    asked = printer.received.count(b"\x10\x04\x01")
    ready.driver.prepare()

    until(lambda: printer.received.count(b"\x10\x04\x01") > asked, "a question")


@pytest.mark.parametrize(
    ("fault", "value", "reason"),
    [
        ("paper", "out", "out of paper"),
        ("cover", "open", "cover is open"),
        ("online", False, "offline"),
    ],
)
def test_a_printer_that_cannot_print_is_not_sent_a_byte(printer, ready, fault, value, reason):
    well = getattr(printer, fault)
    setattr(printer, fault, value)
    ready.status(online=False)

    outcome = ready.print(1, lines("一"))

    assert isinstance(outcome, PrintNotStarted)
    assert reason in outcome.reason
    assert b"\x1b@" not in printer.received
    setattr(printer, fault, well)
    ready.status(online=True)  # This tells the till to offer the job again.
    assert ready.print(1, lines("一")) == PrintDone("receipt", 1)
    assert printer.texts() == ["一"]


def test_paper_that_runs_out_in_the_middle_is_a_doubt_and_nothing_is_sent_again(printer, ready):
    printer.lines_left = 2
    outcome = ready.print(1, lines("一", "二", "三"))

    assert outcome == PrintUnknown("receipt", 1, "the printer is out of paper")
    assert printer.half_slip() == "一\n二"
    printer.paper = "ok"
    ready.status(online=True)
    assert printer.texts() == ["一\n二\n三"]
    assert ready.print(2, lines("四")) == PrintDone("receipt", 2)
    assert printer.texts() == ["一\n二\n三", "四"]
    assert len(ready.outcomes_seen()) == 2


def test_a_late_answer_to_a_doubtful_job_does_not_confirm_the_next(printer, ready):
    printer.lines_left = 1
    assert isinstance(ready.print(1, lines("一", "二")), PrintUnknown)

    ready.submit(2, lines("三"))
    outcome = ready.outcome()

    assert isinstance(outcome, PrintNotStarted), "the printer is still without paper"
    printer.paper = "ok"
    ready.status(online=True)
    printer.lines_left = 1
    assert isinstance(ready.print(3, lines("四", "五")), PrintUnknown)
    assert printer.texts() == ["一\n二"]


@pytest.mark.usefixtures("quick")
def test_a_printer_that_falls_silent_while_printing_leaves_a_doubt(printer, ready):
    printer.silent = True
    outcome = ready.print(1, lines("一"))

    assert isinstance(outcome, PrintUnknown)
    assert printer.wait_for_slips(1) == ["一"]
    second = ready.print(2, lines("二"))
    assert isinstance(second, PrintNotStarted)
    printer.silent = False
    ready.status(online=True)
    assert ready.print(2, lines("二")) == PrintDone("receipt", 2)
    assert printer.texts() == ["一", "二"]


def test_a_printer_that_never_said_a_word_is_sent_nothing(printer):
    printer.silent = True
    with running(network(printer.port)) as till:
        outcome = till.print(1, lines("一"))

    assert isinstance(outcome, PrintNotStarted)
    assert "does not answer" in outcome.reason
    assert printer.texts() == []


def test_a_printer_that_answers_only_barriers_prints(printer):
    printer.deaf_to_status = True
    with running(network(printer.port)) as till:
        till.status(online=True, paper=Paper.UNKNOWN)
        assert till.print(1, lines("一")) == PrintDone("receipt", 1)
        assert till.print(2, lines("二")) == PrintDone("receipt", 2)
    assert printer.texts() == ["一", "二"]


def test_a_printer_that_never_answers_is_believed_when_the_settings_say_so(printer):
    printer.silent = True
    with running(network(printer.port, answers=False)) as till:
        till.status(online=True)
        assert till.print(1, lines("一")) == PrintDone("receipt", 1)
        assert printer.wait_for_slips(1) == ["一"]
    assert b"\x10\x04" not in printer.received


def test_a_printer_that_never_answers_is_found_again_too(printer):
    printer.silent = True
    with running(network(printer.port, answers=False)) as till:
        till.status(online=True)
        printer.switch_off()
        assert till.events.next_of(DeviceDown)
        printer.switch_on()
        till.status(online=True)
        assert till.print(1, lines("一")) == PrintDone("receipt", 1)
        assert printer.wait_for_slips(1) == ["一"]


def test_wherever_a_connection_ends_each_job_ends_once_and_prints_at_most_once(printer, ready):
    done = set()
    for job in range(12):
        printer.reset_after = printer.came + 1 + 8 * job
        outcome = ready.print(job, lines(f"job {job}"))
        printer.reset_after = None
        while isinstance(outcome, PrintNotStarted):  # As the till does, when all is well again.
            outcome = ready.print(job, lines(f"job {job}"))
        if isinstance(outcome, PrintDone):
            done.add(f"job {job}")

    texts = printer.texts()
    assert len(texts) == len(set(texts)), "nothing is printed twice"
    assert done <= set(texts), "what was called done was printed"
    assert len(done) < 12, "some were cut off in the middle"
    final = [e.job for e in ready.outcomes_seen() if not isinstance(e, PrintNotStarted)]
    assert final == list(range(12)), "each job has one end"


@pytest.mark.parametrize("fault", ["close_after", "reset_after"])
def test_a_connection_that_ends_in_the_middle_is_a_doubt(printer, ready, fault):
    setattr(printer, fault, printer.came + 5000)
    outcome = ready.print(1, LONG)

    assert isinstance(outcome, PrintUnknown)
    setattr(printer, fault, None)
    assert ready.events.next_of(DeviceDown)
    ready.status(online=True)
    assert printer.texts() == []
    assert [outcome.job for outcome in ready.outcomes_seen()] == [1]


def test_a_printer_cut_off_in_the_middle_prints_nothing_twice(printer, ready):
    printer.hold_after = printer.came + 5000
    ready.submit(1, LONG)
    until(lambda: printer.is_held, "part of the slip")
    printer.switch_off()
    assert isinstance(ready.outcome(), PrintUnknown)

    printer.release()
    printer.switch_on()
    ready.status(online=True)
    assert ready.print(2, lines("二")) == PrintDone("receipt", 2)
    assert printer.texts() == ["二"]


@pytest.mark.usefixtures("quick")
def test_a_printer_that_takes_no_more_is_given_up(printer, ready):
    printer.hold()
    outcome = ready.print(1, LONG)

    assert outcome == PrintUnknown("receipt", 1, "the printer takes no more")


def test_a_slow_reader_gets_every_byte(printer, ready):
    printer.hold()
    ready.submit(1, LONG)
    printer.release()

    assert ready.outcome() == PrintDone("receipt", 1)
    (text,) = printer.texts()
    assert text.splitlines() == [part.text for part in LONG.parts]


def test_a_printer_that_is_not_there_is_said_at_once_and_found_when_it_comes(printer, ready):
    printer.switch_off()
    assert ready.events.next_of(DeviceDown)
    outcome = ready.print(1, lines("一"))

    assert isinstance(outcome, PrintNotStarted)
    printer.switch_on()
    ready.status(online=True)
    assert ready.print(1, lines("一")) == PrintDone("receipt", 1)
    assert printer.texts() == ["一"]


def test_a_connection_is_kept_between_jobs_and_ended_without_a_reset(printer):
    with running(network(printer.port)) as till:
        for job in range(3):
            assert isinstance(till.print(job, lines(str(job))), PrintDone)
        assert printer.connections == 1
    until(lambda: printer.ended_well == 1, "the end of the connection")


def test_a_stop_in_the_middle_is_a_doubt_and_what_waits_was_not_begun(printer, ready):
    printer.hold()
    ready.submit(1, LONG)
    ready.submit(2, lines("二"))
    until(lambda: ready.driver._jobs.qsize() == 1, "the first job to begin")
    ready.stop()

    assert isinstance(ready.outcome(), PrintUnknown)
    assert isinstance(ready.outcome(), PrintNotStarted)


def test_a_full_queue_takes_no_job():
    printer = network(1)

    assert all(printer.submit(PrintJob(n, lines("x"))) for n in range(JOBS_MAX))
    assert not printer.submit(PrintJob(99, lines("x")))
    printer.prepare()


def test_a_slip_that_cannot_be_printed_is_refused_and_the_next_one_printed(printer, ready):
    outcome = ready.print(1, Ready((QrCode(""),)))

    assert isinstance(outcome, PrintNotStarted)
    assert ready.print(2, lines("二")) == PrintDone("receipt", 2)


class Broken:
    def slip(self, columns):
        raise ZeroDivisionError


def test_a_fault_in_a_layout_is_answered_too(printer, ready):
    assert isinstance(ready.print(1, Broken()), PrintNotStarted)
    assert ready.events.next_of(DeviceDown).reason.startswith("bug in the driver")
    assert ready.print(2, lines("二")) == PrintDone("receipt", 2)


def test_the_drawer_opens_only_where_there_is_one(printer):
    with running(network(printer.port)) as till:
        till.print(1, lines("一"), open_drawer=True)
        assert printer.kicks == 0
    with running(network(printer.port, drawer=True)) as till:
        till.print(2, lines("二"), open_drawer=True)
        till.print(3, lines("三"))
        assert printer.kicks == 1


def test_an_unknown_profile_is_said_in_words(printer):
    with running(network(printer.port, profile="no-such")) as till:
        assert "no-such" in till.events.next_of(DeviceDown).reason


def test_a_host_without_an_address_is_said_in_words():
    with running(NetworkPrinter(PrinterSettings(host="printer.invalid"))) as till:
        assert "printer.invalid" in till.events.next_of(DeviceDown).reason


def test_garbage_from_the_printer_is_no_answer():
    server = socket.create_server(("127.0.0.1", 0))
    with server, running(network(server.getsockname()[1])) as till, server.accept()[0] as far:
        far.sendall(b"\xff\x91\x80\xc3" * 500)
        outcome = till.print(1, lines("一"))

    assert isinstance(outcome, PrintNotStarted)
    assert "does not answer" in outcome.reason
