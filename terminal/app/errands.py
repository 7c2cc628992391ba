"""Errands for the worker process: what would keep a CPU busy is done outside the till.

The worker is started for the first errand and ends by itself when there has been none for a while, so that
a till that shows no pictures pays nothing. One errand at a time; a worker that dies or is silent is ended
and the errand fails, the till does not.
"""

import json
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass, field

ANSWER_MAX = 4_000_000
ERRAND_LIMIT_S = 20.0
_WAITING_MAX = 8


class ErrandError(Exception):
    """The worker could not do it; the message says why."""


class WorkerEndedError(ErrandError):
    """The worker was gone, or went, before it answered."""


@dataclass(slots=True)
class Errands:
    """Runs errands in a process of their own. Safe from any thread."""

    _worker: "subprocess.Popen[bytes] | None" = None
    _turns: "queue.Queue[None]" = field(default_factory=lambda: queue.Queue(_WAITING_MAX))
    _one: threading.Lock = field(default_factory=threading.Lock)

    def run(self, task: str, argument: dict[str, object]) -> bytes:
        """Return what ``task`` made of ``argument``.

        Raises:
            ErrandError: It cannot be done, took too long, or too many wait.
        """
        try:
            self._turns.put_nowait(None)
        except queue.Full:
            raise ErrandError("too many errands wait") from None
        try:
            with self._one:
                return self._insist(task, argument)
        finally:
            self._turns.get_nowait()

    def stop(self) -> None:
        """End the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            worker.communicate()

    def _insist(self, task: str, argument: dict[str, object]) -> bytes:
        """Send the errand; once more when the worker that was there ended just then, having been idle."""
        was_there = self._worker is not None
        try:
            return self._send(task, argument)
        except WorkerEndedError:
            if not was_there:
                raise
            return self._send(task, argument)

    def _send(self, task: str, argument: dict[str, object]) -> bytes:
        worker = self._started()
        assert worker.stdin is not None
        assert worker.stdout is not None
        watchdog = threading.Timer(ERRAND_LIMIT_S, worker.kill)
        watchdog.start()
        try:
            worker.stdin.write(json.dumps([task, argument]).encode() + b"\n")
            worker.stdin.flush()
            head = json.loads(worker.stdout.readline(1000) or b"null")
            size = head["bytes"] if head else 0
            body = worker.stdout.read(size) if 0 <= size <= ANSWER_MAX else b""
        except (OSError, ValueError) as error:
            self.stop()
            raise WorkerEndedError(f"{task}: the worker failed: {error}") from error
        finally:
            watchdog.cancel()
        if not head or len(body) != size:
            self.stop()
            raise WorkerEndedError(f"{task}: the worker ended")
        if head["error"]:
            raise ErrandError(f"{task}: {head['error']}")
        return body

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._worker is None or self._worker.poll() is not None:
            self.stop()
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "terminal.app.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._worker
