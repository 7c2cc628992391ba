"""A real pcscd with two virtual readers (Debian: pcscd, vsmartcard-vpcd).

Only one pcscd can run on a machine, so a lock file keeps test runs from each other's readers. A
pcscd that already runs is used as it is; only one that we started can be killed.
"""

import fcntl
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from smartcard import scard

from tests.kit.waiting import until

READERS = ("Virtual PCD 00 00", "Virtual PCD 00 01")
_SOCKET = Path("/run/pcscd/pcscd.comm")
_PID = Path("/run/pcscd/pcscd.pid")
_TRIES, _START_LIMIT_S = 10, 15.0
_LOCK = Path(tempfile.gettempdir()) / "tallypoint-tests-pcscd.lock"


class Pcscd:
    """The one pcscd of this machine, for as long as the ``with`` block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = -1

    def __enter__(self) -> Self:
        self._lock = os.open(_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if not _is_serving():
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.kill()
        os.close(self._lock)

    def start(self) -> None:
        """Start pcscd and return when it serves its readers.

        A reader of vpcd whose port was not free at that moment is missing for good; then once more.
        """
        for _ in range(_TRIES):
            self._launch()
            with suppress(AssertionError):
                until(_is_serving, "pcscd serves two virtual readers", _START_LIMIT_S)
                return
            self.kill()
        raise AssertionError("pcscd does not serve two virtual readers")

    def _launch(self) -> None:
        _SOCKET.unlink(missing_ok=True)
        _PID.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ["/usr/sbin/pcscd", "--foreground"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """Kill pcscd as a crash would: without a word to its clients."""
        assert self._process is not None, "this pcscd is not ours; stop the system's own one first"
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """Keep pcscd from answering, without ending it."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen pcscd go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def pcsc_context() -> Iterator[int]:
    """Yield a context of our own, to look at readers past the driver."""
    hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert hresult == scard.SCARD_S_SUCCESS
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def card_is_seen(slot: int) -> bool:
    """Return whether pcscd has noticed a card in the reader ``slot``."""
    with pcsc_context() as context:
        _, [(_, state, _)] = scard.SCardGetStatusChange(context, 0, [(READERS[slot], 0)])
        return bool(state & scard.SCARD_STATE_PRESENT)


def _is_serving() -> bool:
    hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if hresult != scard.SCARD_S_SUCCESS:
        return False
    try:
        hresult, readers = scard.SCardListReaders(context, [])
    finally:
        scard.SCardReleaseContext(context)
    return hresult == scard.SCARD_S_SUCCESS and set(READERS) <= set(readers)
