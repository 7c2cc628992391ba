"""Points over whole periods (月结积分): computed in the worker process, posted when the till is quiet.

A period is computed once it is over: by itself where the till has the last word on its members' points, or
when a supervisor asks. What was posted before, by schedule or by hand, is not posted again: every member's
points carry a key, and a computation that was cut short is simply begun again.
"""

import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from config.rulefile import RulesFile
from terminal.app.errands import ErrandError, Errands
from terminal.codec.pointsbook import program_of
from terminal.core.journal import Entry
from terminal.core.points.lots import Origin
from terminal.core.points.periods import Bought, Period, Result, bought, compute
from terminal.core.points.program import Computation
from terminal.store.played import PastSales

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rule to compute over which days."""

    rule: str
    period: Period


@dataclass(frozen=True, slots=True)
class Found:
    """What a computation came to: account number and points."""

    asked: Asked
    computation: Computation
    points: tuple[tuple[str, int], ...]


class Periods:
    """Has periods computed in the worker process, one after the other. Safe from any thread."""

    def __init__(self, folder: Path, errands: Errands, emit: Callable[[Found], None]) -> None:
        """``emit`` takes what was found to the loop."""
        self._folder = folder
        self._errands = errands
        self._emit = emit
        self._at_work = threading.Lock()

    def start(self, asked: Asked, file: RulesFile) -> bool:
        """Begin to compute; False while another computation is at work."""
        if not self._at_work.acquire(blocking=False):
            return False
        threading.Thread(
            target=self._run, args=(asked, file), name="points-period", daemon=True
        ).start()
        return True

    def _run(self, asked: Asked, file: RulesFile) -> None:
        try:
            argument: dict[str, object] = {
                "folder": str(self._folder),
                "rules": base64.b64encode(msgspec.msgpack.encode(file)).decode(),
                "rule": asked.rule,
                "first": asked.period.first,
                "last": asked.period.last,
            }
            rows = json.loads(self._errands.run("points_period", argument))
            computation = computation_of(file, asked.rule)
            if computation is not None:
                points = tuple((row["account"], row["points"]) for row in rows)
                self._emit(Found(asked, computation, points))
        except (ErrandError, OSError) as error:
            log.warning("points of a period are not computed: %s", error)
        finally:
            self._at_work.release()


def computation_of(file: RulesFile, rule: str) -> Computation | None:
    """Return the computed rule of this id."""
    return next((c for c in program_of(file).computations if c.rule.id == rule), None)


def results(folder: Path, computation: Computation, period: Period) -> tuple[Result, ...]:
    """Return what the sales of the ledger in ``folder`` come to.

    Raises:
        LedgerError: It cannot be read.
    """
    sales = PastSales.open(folder / "ledger.db")
    try:
        return compute(_bought(sales, period), computation.rule, period, computation.mode)
    finally:
        sales.close()


def _bought(sales: PastSales, period: Period) -> Iterator[Bought]:
    at, end = sales.between(period.first, period.last)
    while at < end:
        found, at = sales.slice(at, end)
        for sale in found:
            each = _as_bought(sale.seq, sale.entry)
            if each is not None:
                yield each


def _as_bought(seq: int, entry: Entry) -> Bought | None:
    return bought(Origin("", seq), entry, {})


def errand(argument: dict[str, object]) -> bytes:
    """Compute a period in the worker process; return rows of account, points and sales as JSON."""
    file = msgspec.msgpack.decode(base64.b64decode(str(argument["rules"])), type=RulesFile)
    computation = computation_of(file, str(argument["rule"]))
    first, last = argument["first"], argument["last"]
    assert isinstance(first, int)
    assert isinstance(last, int)
    if computation is None:
        return b"[]"
    found = results(Path(str(argument["folder"])), computation, Period(first, last))
    return json.dumps([{"account": each.account, "points": each.points} for each in found]).encode()
