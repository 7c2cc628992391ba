"""A receipt laid out while its sale is being posted: ready sooner, and never printed by that alone."""

import pytest

from config.schema import NetworkPrinter as Settings
from drivers.api import PrintDone, PrintJob
from drivers.printers.network import NetworkPrinter
from tests.kit.printing import running
from tests.kit.slips import lines
from tests.kit.tcp_printer import TcpPrinter


@pytest.fixture
def paper():
    with TcpPrinter() as printer:
        yield printer


def driver_for(paper):
    return NetworkPrinter(Settings(name="receipt", host="127.0.0.1", port=paper.port))


def test_what_is_only_foreseen_is_never_printed(paper):
    with running(driver_for(paper)) as till:
        till.driver.foresee(PrintJob(1, lines("not posted after all")))
        assert till.print(2, lines("posted")) == PrintDone("receipt", 2)

    assert [text.split() for text in paper.texts()] == [["posted"]]


def test_what_was_foreseen_is_printed_once_when_it_comes(paper):
    job = PrintJob(7, lines("posted"))
    with running(driver_for(paper)) as till:
        till.driver.foresee(job)
        assert till.driver.submit(job)
        assert till.outcome() == PrintDone("receipt", 7)
        assert till.print(8, lines("next")) == PrintDone("receipt", 8)

    assert [text.split() for text in paper.texts()] == [["posted"], ["next"]]


def test_a_slip_that_cannot_be_laid_out_is_refused_when_it_comes(paper):
    job = PrintJob(1, lines("x" * 100_000))
    with running(driver_for(paper)) as till:
        till.driver.foresee(job)
        assert till.driver.submit(job)
        assert "x" not in "".join(paper.texts())
        assert till.outcome().job == 1
        assert till.print(2, lines("posted")) == PrintDone("receipt", 2)
