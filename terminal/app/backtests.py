"""Back-tests that the page asks for: one at a time, in the worker process, with progress and an end."""

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from config.schema import Till
from terminal.app.backtest import Report, as_csv
from terminal.app.errands import ErrandError, Errands
from terminal.counter.services import BackTestState

DRAFT = "draft.toml"
KEPT_MAX = 5
"""Back-tests whose outcome can still be asked for."""


@dataclass(slots=True)
class Job:
    """One back-test."""

    state: str = "running"
    """``running``, ``done``, ``failed`` or ``cancelled``."""
    done: int = 0
    of: int = 0
    error: str = ""
    report: Report | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class BackTests:
    """Starts, follows and stops back-tests. Safe from any thread."""

    def __init__(self, till: Till, errands: Errands) -> None:
        self._till = till
        self._folder = Path(till.data_dir)
        self._errands = errands
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, draft: str, since: int, until: int) -> str | None:
        """Begin to play the sales of those business dates under ``draft``; None: one is running."""
        with self._lock:
            if any(job.state == "running" for job in self._jobs.values()):
                return None
            name = os.urandom(8).hex()
            job = self._jobs[name] = Job()
            for old in list(self._jobs)[:-KEPT_MAX]:
                del self._jobs[old]
        path = self._folder / DRAFT
        asked: dict[str, object] = {
            "job": name, "folder": str(self._folder), "draft": str(path),
            "since": since, "until": until,
            "timezone": self._till.timezone, "starts": self._till.business_day_starts,
        }  # fmt: skip
        play = threading.Thread(
            target=self._play, args=(job, asked, draft), name="back-test", daemon=True
        )
        play.start()
        return name

    def state(self, name: str) -> BackTestState | None:
        """Return how far a back-test is, and what came out; None: there is none of that name."""
        job = self._jobs.get(name)
        if job is None:
            return None
        return BackTestState(job.state, job.done, job.of, job.error, job.report)

    def csv(self, name: str) -> str:
        """Return what came out as CSV; empty where nothing did yet."""
        job = self._jobs.get(name)
        return as_csv(job.report) if job is not None and job.report is not None else ""

    def cancel(self, name: str) -> bool:
        """Stop a back-test after its slice; return whether there was one."""
        job = self._jobs.get(name)
        if job is not None:
            job.stop.set()
        return job is not None

    def _play(self, job: Job, asked: dict[str, object], draft: str) -> None:
        try:
            (self._folder / DRAFT).write_text(draft)
            while job.state == "running":
                said = json.loads(self._errands.run("backtest", asked))
                job.done, job.of = said["done"], said["of"]
                if said["error"]:
                    job.error, job.state = said["error"], "failed"
                elif said["report"] is not None:
                    job.report, job.state = said["report"], "done"
                elif job.stop.is_set():
                    self._errands.run("backtest_end", {})
                    job.state = "cancelled"
        except (ErrandError, OSError) as error:
            job.error, job.state = str(error), "failed"
        finally:
            (self._folder / DRAFT).unlink(missing_ok=True)
