"""Keeps the drivers running: a thread and a back-off for each, and one watchdog for hung devices.

A call into a hung device cannot be ended from outside (with pcsc-lite, neither SCardCancel nor the
client's death freed a reader whose card had gone silent; taking the card away did). So the watchdog
*abandons* the run: it tells the shell that the device is down, and from then on nothing that run
says is heard and it is asked to stop. The thread starts afresh once the call does come back.
Threads are daemons, so a call that never comes back holds up neither the other devices nor the end
of the process.

Times are in seconds, on the clock that the caller hands in.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.api import DeviceDown, DeviceEvent, DeviceLostError, DeviceUp, Driver, Emit, Watched

HISTORY_MAX = 20
REASON_MAX = 200
STEADY_S = 10.0
"""A device that stayed up this long has earned a quick first retry again."""
_RETRY_LOST_S = (0.25, 0.5, 1.0, 2.0)
"""The last one repeats: a device that is plugged in again is back within two seconds."""
_RETRY_BUG_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_WATCH_EVERY_S = 0.25

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HealthChange:
    """One coming up or going down."""

    at_s: float
    up: bool
    reason: str
    """Why it went down, in plain words; empty when it came up."""


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """What is known of one device."""

    device: str
    up: bool
    restarts: int
    """How often the driver had to be run again since the start."""
    history: tuple[HealthChange, ...] = ()
    """The newest ups and downs, oldest first, at most ``HISTORY_MAX``."""

    @property
    def reason(self) -> str:
        """Return why the device is down, or the empty string."""
        return self.history[-1].reason if self.history else ""


class Supervisor:
    """Runs drivers until told to stop, and knows how each of them is.

    ``emit`` is called from the threads of the drivers and of the watchdog.
    """

    def __init__(self, emit: Emit, monotonic: Callable[[], float]) -> None:
        self._emit = emit
        self._stop = threading.Event()
        self._monotonic = monotonic
        self._charges: list[_Charge] = []
        self._threads: list[threading.Thread] = []
        self._watched: list[_Hang] = []

    def start(self, driver: Driver) -> None:
        """Run ``driver`` on a thread of its own, again and again until stopped."""
        charge = _Charge(driver, self._emit, self._monotonic)
        self._charges.append(charge)
        if isinstance(driver, Watched):
            self._watched.append(_Hang(driver, charge))
            if len(self._watched) == 1:
                self._spawn(self._watch, "watchdog")
        self._spawn(charge.serve, driver.device)

    def health(self) -> tuple[DeviceHealth, ...]:
        """Return how every device is, in the order they were started. From any thread."""
        return tuple(charge.health() for charge in self._charges)

    def stop(self) -> None:
        """Ask every driver to stop; they do so within a second, but for those that hang."""
        self._stop.set()
        for charge in self._charges:
            charge.stop()

    def join(self, timeout_s: float) -> tuple[str, ...]:
        """Wait for the stopped drivers; return the names of those that still hang."""
        until_s = self._monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._monotonic()))
        return tuple(thread.name for thread in self._threads if thread.is_alive())

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(_WATCH_EVERY_S):
            now_s = self._monotonic()
            for hang in tuple(self._watched):
                hang.check(now_s)


class _Hang:
    """Sees when a driver has been in one and the same call for too long."""

    def __init__(self, driver: Watched, charge: "_Charge") -> None:
        self._driver = driver
        self._charge = charge
        self._call: object = None
        self._since_s = 0.0

    def check(self, now_s: float) -> None:
        call = self._driver.in_call
        if call is not self._call:
            self._call, self._since_s = call, now_s
        elif call is not None and now_s - self._since_s > call.limit_s:
            self._charge.abandon(call.if_hung, lambda: self._driver.in_call is call)


class _Charge:
    """One driver in the supervisor's care."""

    def __init__(
        self,
        driver: Driver,
        emit: Emit,
        monotonic: Callable[[], float],
    ) -> None:
        self._driver = driver
        self._emit = emit
        self._monotonic = monotonic
        # Held while an event is handed on, so that nothing of an abandoned run comes after the
        # DeviceDown that tells of it.
        self._lock = threading.Lock()
        self._abandoned = False
        self._stopped = False
        self._halt = threading.Event()
        """Ends the present run, be it for good or because it was abandoned."""
        self._health = DeviceHealth(driver.device, up=False, restarts=0)
        self._history: deque[HealthChange] = deque(maxlen=HISTORY_MAX)

    def health(self) -> DeviceHealth:
        with self._lock:
            return replace(self._health, history=tuple(self._history))

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._halt.set()

    def abandon(self, reason: str, is_still_hung: Callable[[], bool]) -> None:
        """Stop listening to the present run and say that the device is down."""
        with self._lock:
            if self._abandoned or self._stopped or not is_still_hung():
                return
            self._abandoned = True
            self._halt.set()
            log.warning("%s: abandoned: %s", self._driver.device, reason)
            self._tell(DeviceDown(self._driver.device, reason))

    def serve(self) -> None:
        """Run the driver again whenever it fails, until stopped."""
        failures = 0
        while not self._stopped:
            failure = self._run_once()
            if self._settle(failure):
                failures = 0
            # A run that is over needs no halt: what sets it now is the end of everything.
            self._halt.wait(failure.retry_s[min(failures, len(failure.retry_s) - 1)])
            failures += 1

    def _run_once(self) -> "_Failure":
        """Run the driver until it ends; return why it did.

        A lost device is expected. Anything else is a bug in the driver: it is logged in full and
        then treated alike, because a till must go on selling without its printer.
        """
        try:
            self._driver.run(self._hear, self._halt)
        except DeviceLostError as error:
            return _Failure(str(error), _RETRY_LOST_S)
        except Exception as error:
            log.exception("%s: bug in the driver", self._driver.device)
            return _Failure(f"bug in the driver: {type(error).__name__}: {error}", _RETRY_BUG_S)
        return _Failure("the driver ended by itself", _RETRY_BUG_S)

    def _settle(self, failure: "_Failure") -> bool:
        """Tell of the end of a run and make ready for the next; return whether to retry at once."""
        with self._lock:
            if self._stopped:
                return True
            deserves_quick_retry = self._abandoned or self._was_steady()
            if not self._abandoned:
                self._tell(DeviceDown(self._driver.device, failure.reason[:REASON_MAX]))
            self._abandoned = False
            self._halt.clear()
            self._health = replace(self._health, restarts=self._health.restarts + 1)
            return deserves_quick_retry

    def _was_steady(self) -> bool:
        return self._health.up and self._monotonic() - self._history[-1].at_s >= STEADY_S

    def _hear(self, event: DeviceEvent) -> None:
        """Take an event from the run; this is the ``emit`` that drivers are given."""
        with self._lock:
            if self._abandoned:
                raise DeviceLostError("this run was abandoned")
            self._tell(event)

    def _tell(self, event: DeviceEvent) -> None:
        """Hand ``event`` to the shell, but an up or down only when it is news."""
        match event:
            case DeviceUp():
                change = HealthChange(self._monotonic(), up=True, reason="")
            case DeviceDown(reason=reason):
                change = HealthChange(self._monotonic(), up=False, reason=reason)
            case _:
                self._emit(event)
                return
        last = self._history[-1] if self._history else None
        if last is None or (last.up, last.reason) != (change.up, change.reason):
            self._history.append(change)
            self._health = replace(self._health, up=change.up)
            log.info("%s: %s", self._driver.device, change.reason or "up")
            self._emit(event)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a run ended, and how long to wait before each new try."""

    reason: str
    retry_s: tuple[float, ...]
