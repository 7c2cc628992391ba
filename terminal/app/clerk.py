"""The clerk: one thread that owns the back office and answers the counter's questions, one at a time.

SQLite connections belong to the thread that opened them, and the counter asks from several.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from config.schema import Terminal
from terminal.app.office import Office

_Answer = TypeVar("_Answer")
ANSWER_LIMIT_S = 10.0


class Clerk:
    """Asks the back office from any thread."""

    def __init__(self, settings: Terminal) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "clerk")
        self._office: Office | None = None
        self._revision: tuple[object, ...] = ()

    def ask(self, question: Callable[[Office], _Answer]) -> _Answer:
        """Return the answer of ``question``, which is asked on the clerk's thread."""
        return self._thread.submit(self._answer, question).result(ANSWER_LIMIT_S)

    def close(self) -> None:
        """Send the clerk home."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _answer(self, question: Callable[[Office], _Answer]) -> _Answer:
        folder = Path(self._settings.terminal.data_dir)
        if self._office is not None and self._office.revision(folder) != self._revision:
            self._office.close()
            self._office = None
        if self._office is None:
            self._office = Office.open(self._settings)
            self._revision = self._office.revision(folder)
        return question(self._office)
