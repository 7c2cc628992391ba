"""A printer's driver in the supervisor's care, for tests."""

import contextlib
import time
from collections.abc import Callable, Iterator

from drivers.api import PrintDone, PrinterStatus, PrintJob, PrintNotStarted, PrintUnknown
from drivers.supervise import Supervisor
from tests.kit.waiting import PATIENCE_S, Events

OUTCOMES = (PrintDone, PrintNotStarted, PrintUnknown)


class Running:
    """A driver that runs, and what it has said."""

    def __init__(self, driver, events: Events, stop: Callable[[], None]) -> None:
        self.driver = driver
        self.events = events
        self.stop = stop

    def submit(self, job: int, content, *, open_drawer: bool = False) -> None:
        assert self.driver.submit(PrintJob(job, content, open_drawer))

    def outcome(self):
        """How the next job ended."""
        while True:
            event = self.events.next()
            if isinstance(event, OUTCOMES):
                return event

    def print(self, job: int, content, *, open_drawer: bool = False):
        """Submit, and return how it ended."""
        self.submit(job, content, open_drawer=open_drawer)
        return self.outcome()

    def status(self, **wanted) -> PrinterStatus:
        """The next status that is as wanted."""
        while True:
            status = self.events.next_of(PrinterStatus)
            if all(getattr(status, name) == value for name, value in wanted.items()):
                return status

    def outcomes_seen(self) -> list:
        """Every outcome so far."""
        while not self.events.nothing_waits():
            self.events.next()
        return [event for event in self.events.seen if isinstance(event, OUTCOMES)]


@contextlib.contextmanager
def running(driver) -> Iterator[Running]:
    """Run ``driver`` under the real supervisor; end it, and see that it does end."""
    events = Events()
    supervisor = Supervisor(events, time.monotonic)
    supervisor.start(driver)
    try:
        yield Running(driver, events, supervisor.stop)
    finally:
        supervisor.stop()
        assert supervisor.join(PATIENCE_S) == ()
