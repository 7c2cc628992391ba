"""Which number a card of a batch gets, and the log that lets a batch go on where it stopped.

The log is lines of JSON, each on the disk before the card is touched again. A number that was begun belongs
to the card it was begun on, until it is done or given up; so no two cards get one number unnoticed.
"""

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

NUMBERS_MAX = 10_000
NUMBERS_SIZE_MAX = 1_000_000
LOG_SIZE_MAX = 64_000_000
_SHOWN_MAX = 5
_NUMBER = re.compile(r"[0-9A-Z]{4,20}")
_HEADING = "number"
_LAWS = "a number has 4 to 20 digits or capital letters"


class BatchError(Exception):
    """A list of numbers or a log that cannot be used; says what to do."""


class CardOfOthersError(Exception):
    """The card on the reader gets no number of this batch; says why."""


def is_number(text: str) -> bool:
    """Return whether ``text`` can be a member number on a card."""
    return _NUMBER.fullmatch(text) is not None


def read_numbers(path: Path) -> tuple[str, ...]:
    """Return the numbers in the first column of a CSV file, in their order.

    Raises:
        BatchError: The file holds something else, or a number twice.
        OSError: It cannot be read.
    """
    if path.stat().st_size > NUMBERS_SIZE_MAX:
        raise BatchError(f"{path} is larger than {NUMBERS_SIZE_MAX} bytes; make several batches.")
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BatchError(f"{path} is no CSV in UTF-8; save it as such.") from error
    numbers: dict[str, int] = {}
    for line, row in enumerate(lines, start=1):
        number = row[0].strip() if row else ""
        if not number or (line == 1 and number.casefold() == _HEADING):
            continue
        if not is_number(number):
            raise BatchError(f"{path}, line {line}: {_LAWS}.")
        if number in numbers:
            raise BatchError(f"{path}, line {line}: stands there since line {numbers[number]}.")
        numbers[number] = line
    if not 0 < len(numbers) <= NUMBERS_MAX:
        raise BatchError(f"{path} holds {len(numbers)} numbers; there must be 1 to {NUMBERS_MAX}.")
    return tuple(numbers)


class Log:
    """What was done to which card."""

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        """Read the log, if there is one already.

        Raises:
            BatchError: It is no such log.
            OSError: It cannot be read.
        """
        self._path = path
        self._now = now
        self.begun: dict[str, str] = {}
        """Numbers begun and neither done nor given up, each with its card's identifier."""
        self.done: dict[str, str] = {}
        if path.exists():
            self._read()

    def write(self, event: str, number: str, card: str, note: str = "") -> None:
        """Append one line, and return when the disk has it."""
        said = {"at": self._now(), "event": event, "number": number, "card": card, "note": note}
        with self._path.open("ab") as file:
            file.write(json.dumps(said).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(said)

    def _read(self) -> None:
        if self._path.stat().st_size > LOG_SIZE_MAX:
            raise BatchError(f"{self._path} is larger than {LOG_SIZE_MAX} bytes; begin another.")
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        for line, raw in enumerate(content[:whole].splitlines(), start=1):
            try:
                said = json.loads(raw)
            except ValueError:
                said = None
            if not _is_line(said):
                raise BatchError(f"{self._path}, line {line}: no line of a log of cards.")
            self._take(said)
        if whole < len(content):  # A line that was being written when the power went.
            os.truncate(self._path, whole)

    def _take(self, said: dict[str, Any]) -> None:
        event, number, card = said["event"], said["number"], said["card"]
        if event == "begun":
            self.begun[number] = card
        elif event in ("done", "given up"):
            self.begun.pop(number, None)
            if event == "done":
                self.done[number] = card


def _is_line(said: object) -> bool:
    names = ("event", "number", "card")
    return isinstance(said, dict) and all(isinstance(said.get(name), str) for name in names)


def choose(log: Log, numbers: tuple[str, ...], card: str, held: str | None) -> str:
    """Return the number for the card with the identifier ``card``, empty if it has none.

    ``held`` is the number that it carries already under our keys.

    Raises:
        CardOfOthersError: It gets none.
    """
    known = {uid: number for number, uid in (log.done | log.begun).items() if uid}
    owner = held or known.get(card)
    if owner is not None:
        if owner in log.done:
            raise CardOfOthersError(f"This card is {owner} already; put on the next one.")
        if owner not in numbers:
            raise CardOfOthersError(f"This card is {owner}, which is not in the list; keep it.")
        return owner
    # A card without identifier is known by its number alone: it may be the one that was begun.
    mine = [number for number, uid in log.begun.items() if not card and not uid]
    fresh = [number for number in numbers if number not in log.begun and number not in log.done]
    if not mine and not fresh:
        waiting = [f"{number} on {uid or '?'}" for number, uid in log.begun.items()]
        raise CardOfOthersError(
            f"Numbers begun on other cards are left ({', '.join(waiting[:_SHOWN_MAX])}); "
            "put those cards on, or give a number up with --give-up."
        )
    return (mine or fresh)[0]
